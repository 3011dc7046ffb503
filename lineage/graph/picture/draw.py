"""Draw the picture around a dataset or job: nodes, single or collapsed, and the flows between them, bounded.

By a fixed number of queries, however large the estate is.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from lineage.graph.layers import Follow, Snapshot
from lineage.graph.picture.cut import (
    SIGNS,
    Cut,
    Follows,
    Hidden,
    Linked,
    More,
    Wish,
    cut_out,
    datasets_of_job,
    hidden,
    jobs_between,
    linked,
    roots,
    writers,
)
from lineage.graph.picture.flows import Flows
from lineage.graph.picture.look_up import Edge, Look, edges_of, looks_of, names_of
from lineage.graph.queries import FlowFilter, allowed, gaps, open_ends, unnamed
from lineage.graph.snapshot import Ids, as_uuid
from lineage.graph.words import counted

Collapse = Literal["", "namespace", "job"]
FAN = 20
"""Neighbours of one dataset on one side, until more are asked for."""
MAX_NODES = 2_000
MAX_MEMBERS = 20_000
"""Datasets that are looked at where they are collapsed into groups."""
MAX_PAIRS = 20_000
"""Pairs of datasets whose flows are read for one picture."""


NOTHING = Hidden(0, 0)


@dataclass(frozen=True)
class Frame:
    """What is asked for."""

    up: int
    down: int
    limit: int
    collapse: Collapse = ""
    opened: frozenset[str] = frozenset()  # keys of groups whose datasets are shown one by one
    more: tuple[More, ...] = ()
    also: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True)
class Node:
    """A dataset, or a group of them: `key` is its id, or `namespace:...` or `job:...`."""

    key: str
    name: str
    level: int
    members: tuple[Look, ...]
    hidden: Hidden = NOTHING
    shown: Hidden = NOTHING  # nodes next to it that are in view

    @property
    def single(self) -> bool:
        """Whether it is one dataset and no group."""
        return ":" not in self.key


@dataclass(frozen=True)
class Picture:
    """Nodes by level, and edges between them by their positions; `reasons` say what is missing."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    jobs: Mapping[uuid.UUID, str]
    revision: int
    reasons: tuple[str, ...]


def draw(asset: uuid.UUID, kind: str, frame: Frame, *, revision: int, flows: FlowFilter) -> Picture:
    """Return the picture around a dataset or job, as known at `revision`.

    1. The flows, as far as they are looked at.
    2. What is in view, within the limit; where it is collapsed, what could be.
    3. Nodes from it, and what is hidden next to each.
    4. What each node and each edge is.
    """
    near = Flows(asset, frame.also, revision, flows.seen)  # 1
    follows: Follows = {
        side: Follow(side, revision, allowed(flows.bases), flows.proven_only) for side in SIGNS
    }  # fmt: skip
    while True:  # 2
        sight = _look(near.snapshot, asset, kind, frame, follows)
        if sight is None:
            return _alone(asset, kind, revision)
        if near.cover(sight.found.level):
            break
    view = _View(near.snapshot, follows, flows, revision, sight.found.level)
    nodes = view.nodes(frame, sight.alone)  # 3
    return view.picture(nodes, sight.found.full, sight.many)  # 4


@dataclass(frozen=True)
class _Sight:
    """What is in view. `alone`: what no group takes in; `many`: the job writes more than where it began."""

    found: Cut
    alone: set[int]
    many: bool


def _look(snapshot: Snapshot, asset: uuid.UUID, kind: str, frame: Frame, follows: Follows) -> _Sight | None:
    """Return what is in view; None where no flow touches the asset.

    A job begins with what it writes, and has what it reads in view.
    """
    number = snapshot.number(asset)
    if number is None:
        return None
    reads, writes = datasets_of_job(snapshot, number, follows["upstream"]) if kind == "job" else ([], [number])
    also = (*(as_uuid(snapshot.ids[each]) for each in reads[: frame.limit // 4]), *frame.also)
    starts = writes[: frame.limit // 2]
    wish = Wish(
        {"upstream": frame.up, "downstream": frame.down},
        MAX_MEMBERS if frame.collapse else FAN,
        MAX_MEMBERS if frame.collapse else frame.limit,
        frame.more,
        also,
    )
    found = cut_out(snapshot, starts, follows, wish)
    alone = {*starts, *(each for one in frame.also if (each := snapshot.number(one)) is not None)}
    return _Sight(found, alone, len(starts) < len(writes))


def _alone(asset: uuid.UUID, kind: str, revision: int) -> Picture:
    """Return the picture of what no flow touches."""
    if kind == "job":
        return Picture((), (), {}, revision, ("no flow of this job is known",))
    looks = looks_of(np.frombuffer(asset.bytes, dtype="V16"))
    nodes = tuple(Node(str(look.id), look.name, 0, (look,)) for look in looks.values())
    return Picture(nodes, (), {}, revision, (*unnamed(asset, "upstream"), "no flow touches this dataset"))


@dataclass(frozen=True)
class _Draft:
    """A node before it is known what it shows."""

    key: str
    level: int
    numbers: tuple[int, ...]


@dataclass
class _View:
    """What is in view, on its way to a picture."""

    snapshot: Snapshot
    follows: Follows
    flows: FlowFilter
    revision: int
    level: Mapping[int, int]

    def ids(self, numbers: Sequence[int]) -> Ids:
        """Return the ids of these."""
        return self.snapshot.ids[np.array(numbers, dtype=np.int64)]

    def nodes(self, frame: Frame, alone: set[int]) -> list[_Draft]:
        """Return the nodes, nearest first, as many as there is room for; a group of one is no group."""
        groups: dict[str, list[int]] = {}
        for number, key in self._keys(frame.collapse).items():
            single = number in alone or key in frame.opened or key.endswith(":")
            groups.setdefault(str(number) if single else key, []).append(number)
        drafts = [
            _Draft(
                key if len(numbers) > 1 else str(as_uuid(self.snapshot.ids[numbers[0]])),
                min((self.level[each] for each in numbers), key=abs),
                tuple(numbers),
            )
            for key, numbers in groups.items()
        ]
        drafts.sort(key=lambda draft: (abs(draft.level), draft.level, draft.key))
        return drafts[: frame.limit]

    def _keys(self, collapse: Collapse) -> Mapping[int, str]:
        """Return the group of each dataset in view; `namespace:` or `job:` alone where it has none."""
        numbers = sorted(self.level)
        if collapse == "namespace":
            looks = looks_of(self.ids(numbers))
            return {
                number: f"namespace:{looks[at].uid.partition('/')[0] if at in looks else ''}"
                for at, number in enumerate(numbers)
            }
        if collapse == "job":
            by = writers(self.snapshot, np.array(numbers, dtype=np.int32), self.follows["upstream"])
            return {
                number: f"job:{as_uuid(self.snapshot.ids[by[number]]) if number in by else ''}" for number in numbers
            }
        return dict.fromkeys(numbers, ":")

    def picture(self, drafts: Sequence[_Draft], full: bool, many: bool) -> Picture:
        """Return the picture of these nodes."""
        node_of = np.full(len(self.snapshot.ids), -1, dtype=np.int32)
        for at, draft in enumerate(drafts):
            node_of[list(draft.numbers)] = at
        out = hidden(self.snapshot, node_of, len(drafts), self.follows)
        links = linked(self.snapshot, node_of, self.follows["downstream"])
        edges = edges_of(self.snapshot.ids, _first(links), self.revision, self.flows)
        groups = [uuid.UUID(draft.key[4:]) for draft in drafts if draft.key.startswith("job:")]
        jobs = names_of({*groups, *(job for edge in edges for job in edge.jobs)})
        reasons = [
            *_cuts(full, many, len(links.source)),
            *self._reasons(node_of, out),
        ]
        return Picture(
            self._shown(drafts, out, _beside(links, len(drafts)), jobs), edges, jobs, self.revision, tuple(reasons)
        )

    def _shown(
        self, drafts: Sequence[_Draft], out: Sequence[Hidden], beside: Sequence[Hidden], jobs: Mapping[uuid.UUID, str]
    ) -> tuple[Node, ...]:
        numbers = [number for draft in drafts for number in draft.numbers]
        looks = looks_of(self.ids(numbers))
        nodes, at = [], 0
        for draft, unseen, seen in zip(drafts, out, beside, strict=True):
            end = at + len(draft.numbers)
            members = tuple(looks[each] for each in range(at, end) if each in looks)
            nodes.append(Node(draft.key, _name(draft.key, members, jobs), draft.level, members, unseen, seen))
            at = end
        return tuple(nodes)

    def _reasons(self, node_of: NDArray[np.int32], out: Sequence[Hidden]) -> list[str]:
        found = []
        beside = sum(sum(each) for each in out)
        if beside:
            found.append(
                counted(
                    beside,
                    "dataset next to those shown is not in view",
                    "datasets next to those shown are not in view",
                )
            )
        near = np.array(
            [n for n, level in sorted(self.level.items()) if level <= 0 and node_of[n] >= 0], dtype=np.int32
        )
        jobs = jobs_between(self.snapshot, node_of, self.follows["downstream"])
        found.extend(gaps(self.snapshot.ids[jobs], self.revision))
        found.extend(open_ends(self.snapshot.ids[roots(self.snapshot, near, self.follows["upstream"])]))
        return found


def _cuts(full: bool, many: bool, pairs: int) -> Iterable[str]:
    if many:
        yield "the job writes more datasets than are shown"
    if full:
        yield "the view is full: more lies within these steps"
    if pairs > MAX_PAIRS:
        yield f"the flows between {pairs - MAX_PAIRS} pairs of datasets are left out"


def _beside(links: Linked, nodes: int) -> list[Hidden]:
    """Return how many datasets in view lie next to each node, told by pairs of datasets."""
    up, down = (np.bincount(each, minlength=nodes).tolist() for each in (links.to_node, links.from_node))
    return [Hidden(*both) for both in zip(up, down, strict=True)]


def _first(links: Linked) -> Linked:
    return Linked(*(each[:MAX_PAIRS] for each in (links.source, links.target, links.from_node, links.to_node)))


def _name(key: str, members: Sequence[Look], jobs: Mapping[uuid.UUID, str]) -> str:
    if key.startswith("namespace:"):
        return unquote(key.removeprefix("namespace:"))
    if key.startswith("job:"):
        return jobs.get(uuid.UUID(key[4:]), "")
    return members[0].name if members else ""
