"""Find how data gets from one dataset to another: the shortest paths, or all simple ones up to a length.

Both are bounded: by count, by length, and by the steps that the search may take; an answer that was cut says so.
"""

import datetime
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from accounts.workspaces.isolation import current_workspace
from lineage.graph.layers import Follow, Snapshot
from lineage.graph.queries import (
    ALL_DATASETS,
    ALL_FLOWS,
    FOLLOWED,
    MAX_DEPTH,
    MAX_NODES,
    FlowFilter,
    NodeFilter,
    allowed,
    chosen,
    flows_around,
    reasons,
    unnamed,
)
from lineage.graph.snapshot import Numbers, as_uuid
from lineage.graph.walk import walk
from lineage.inventory.bulk import columns, fetch

MAX_PATHS = 1_000
MAX_LENGTH = 20
"""Steps of the longest of all paths; the shortest ones may have MAX_DEPTH."""
MAX_TRIED = 200_000
"""Steps that the search may take: some tenths of a second."""

Pair = tuple[uuid.UUID, uuid.UUID]
Onwards = Mapping[int, list[int]]


@dataclass(frozen=True)
class Path:
    """Datasets in the order in which data passes them. From a dataset to itself: a cycle."""

    datasets: tuple[uuid.UUID, ...]

    @property
    def hops(self) -> tuple[Pair, ...]:
        """Return each dataset with the next one."""
        return tuple(pairwise(self.datasets))


@dataclass(frozen=True)
class Paths:
    """Paths by length, then by the ids on them; `reasons` say why there may be others."""

    paths: tuple[Path, ...]
    revision: int
    reasons: tuple[str, ...]


class KnownFlow(NamedTuple):
    """One flow of a hop."""

    job: uuid.UUID
    basis: str
    proven: bool
    masked: bool
    first_seen_at: datetime.datetime
    last_seen_at: datetime.datetime
    runs: int


Flows = Mapping[Pair, list[KnownFlow]]


def find_paths(
    start: uuid.UUID,
    goal: uuid.UUID,
    *,
    revision: int,
    length: int | None = None,
    flows: FlowFilter = ALL_FLOWS,
    through: NodeFilter = ALL_DATASETS,
) -> Paths:
    """Return the paths from `start` to `goal` as known at `revision`: the shortest, or all of at most `length` steps.

    `through`: those alone that lead through a dataset (the ends are some) which it lists. What is not known upstream
    of `goal` could be a path as well, so the reasons are those of all that is upstream of it.
    """
    most = length or MAX_DEPTH
    snapshot = flows_around(goal, "upstream", revision, flows.seen)
    first, last = snapshot.number(start), snapshot.number(goal)
    if last is None:
        return Paths((), revision, tuple(unnamed(goal, "upstream")))
    follow = Follow("upstream", revision, allowed(flows.bases), flows.proven_only)
    back = walk(snapshot, last, follow, most, MAX_NODES)
    cut: list[str] = []
    found: list[tuple[int, ...]] = []
    if first is not None and back.step[first] >= 0:
        # The shortest need no step that leads away; of a cycle the least length is not known yet.
        within = most if length or first == last else int(back.step[first])
        onwards = _onwards(snapshot, first, back.step, follow, within)
        found = _search(onwards, back.step, first, last, length, _fitting(snapshot, onwards, last, through), cut)
    missing = reasons(snapshot, back, goal, follow, most)
    paths = tuple(Path(tuple(as_uuid(snapshot.ids[each]) for each in one)) for one in found)
    return Paths(paths, revision, (*cut, *missing))


def _onwards(snapshot: Snapshot, first: int, left: NDArray[np.int16], follow: Follow, most: int) -> Onwards:
    """Return for each dataset on a way to the goal those that come next, by id. `left`: steps to the goal, or -1."""
    down = Follow("downstream", follow.revision, follow.allowed, follow.proven_only)
    onwards: dict[int, list[int]] = {}
    frontier, taken = np.array([first], dtype=np.int32), 0
    while len(frontier) and taken < most:
        hops = snapshot.hops(down, frontier)
        near = (left[hops.there] >= 0) & (left[hops.there] + taken < most)
        pairs = np.unique(np.stack([hops.here[near], hops.there[near]], axis=1), axis=0)
        for here in frontier.tolist():
            onwards[here] = []
        for here, there in pairs.tolist():
            onwards[here].append(there)
        fresh = [each for each in np.unique(pairs[:, 1]).tolist() if each not in onwards]
        frontier, taken = np.array(fresh, dtype=np.int32), taken + 1
    for several in onwards.values():
        several.sort(key=lambda each: snapshot.ids[each].tobytes())
    return onwards


def _fitting(snapshot: Snapshot, onwards: Onwards, last: int, through: NodeFilter) -> set[int] | None:
    """Return the datasets of which a path must pass one; None where it may pass any."""
    if not through:
        return None
    numbers: Numbers = np.array(sorted({*onwards, last}), dtype=np.int32)
    return set(chosen(snapshot, numbers, through).tolist())


def _search(
    onwards: Onwards,
    left: NDArray[np.int16],
    first: int,
    last: int,
    length: int | None,
    fitting: set[int] | None,
    cut: list[str],
) -> list[tuple[int, ...]]:
    """Return simple paths, shortest first; `length` None: of the least length alone. Notes in `cut` why it stopped."""
    far = {each: int(left[each]) for each in {*onwards, last, *(there for row in onwards.values() for there in row)}}
    least = min((far[each] + 1 for each in onwards[first]), default=0)
    found: list[tuple[int, ...]] = []
    budget = [MAX_TRIED]
    for steps in range(least, (length or least) + 1) if least else ():
        for path in _of_length(onwards, far, first, last, steps, budget):
            if fitting is not None and fitting.isdisjoint(path):
                continue
            if len(found) == MAX_PATHS:
                cut.append(f"there are more than {MAX_PATHS} paths; the shortest are listed, up to {steps} steps")
                return found
            found.append(path)
        if budget[0] <= 0:
            cut.append(f"the search stopped after {MAX_TRIED} tries, among paths of {steps} steps")
            return found
    return found


def _of_length(
    onwards: Onwards, far: Mapping[int, int], first: int, last: int, steps: int, budget: list[int]
) -> Iterator[tuple[int, ...]]:
    """Yield the simple paths of exactly so many steps, in order of ids, while the budget lasts."""
    path, passed = [first], {first}
    waiting: list[Iterator[int]] = [iter(onwards[first])]
    while waiting:
        following = next(waiting[-1], None)
        budget[0] -= 1
        if budget[0] <= 0:
            return
        if following is None:
            waiting.pop()
            passed.discard(path.pop())
            continue
        remaining = steps - len(path)  # after this step
        if following == last:
            if remaining == 0:
                yield (*path, last)
        elif following not in passed and far[following] <= remaining and following in onwards:
            path.append(following)
            passed.add(following)
            waiting.append(iter(onwards[following]))


def flows_of(pairs: Collection[Pair], revision: int, flows: FlowFilter) -> Flows:
    """Return the flows between these datasets that are followed, strongest first, as known at `revision`; one query."""
    found: dict[Pair, list[KnownFlow]] = defaultdict(list)
    given = [*columns(sorted(pairs), 2), current_workspace(), *flows.known(revision)]
    rows = fetch(_FLOWS, given) if pairs else []
    for source, target, job, basis, proven, masked, first, last, runs in rows:
        found[source, target].append(KnownFlow(job, basis, proven, masked, first, last, runs))
    return found


_FLOWS = f"""
SELECT f.from_dataset_id, f.to_dataset_id, f.job_id, f.basis, f.proven, f.masked, f.first_seen_at, f.last_seen_at,
       f.runs
FROM unnest(%s::uuid[], %s::uuid[]) AS w (source, target)
JOIN "lineage_flow" f ON f.from_dataset_id = w.source AND f.to_dataset_id = w.target
WHERE f.workspace_id = %s AND {FOLLOWED}
ORDER BY f.proven DESC, f.last_seen_at DESC, f.job_id
"""  # noqa: S608 - our own names
