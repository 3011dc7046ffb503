"""Ask the graph: what feeds a dataset, what it feeds, and how complete the answer is.

For recent revisions answers come from the flows that this process keeps (recent.py), for older ones and for spans of
time from the database: the same walk over the same rows.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, overload
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from accounts.workspaces.isolation import current_workspace
from lineage.graph.gaps import count_gaps
from lineage.graph.layers import Follow, Snapshot, snapshot_of
from lineage.graph.models import Flow, Run
from lineage.graph.recent import RECENT
from lineage.graph.snapshot import (
    ALWAYS,
    BASES,
    KNOWN,
    Direction,
    Ids,
    Numbers,
    Seen,
    as_uuid,
    id_list,
    known,
    load_flows,
    load_reached,
)
from lineage.graph.walk import Walk, walk
from lineage.graph.words import counted
from lineage.inventory.bulk import fetch

MAX_DEPTH = 50
MAX_NODES = 100_000
MAX_FLOWS = 20_000
"""Flows of the past that are read by following them; where more are reached, all of that time are read."""


@dataclass(frozen=True)
class FlowFilter:
    """Which flows are followed: those alone make the answer, and what only others lead to is not in it."""

    bases: frozenset[str] = frozenset(BASES)
    proven_only: bool = False
    seen: Seen = ALWAYS

    def known(self, revision: int) -> list[Any]:
        """Return the parameters of FOLLOWED: the flows that are followed, as known at `revision`."""
        return [*known(revision, self.seen), sorted(self.bases), self.proven_only]


FOLLOWED = f"{KNOWN} AND basis = ANY(%s) AND (proven OR NOT %s)"
"""Condition on flows, for FlowFilter.known."""


@dataclass(frozen=True)
class NodeFilter:
    """Which of the nodes that were reached are listed; the others are walked through all the same."""

    kind: str = "dataset"  # or job: the jobs on the way
    namespace: str = ""  # how it begins
    classification: str = ""
    country: str = ""

    def __bool__(self) -> bool:
        """Tell whether it leaves any dataset out."""
        return self != NodeFilter()


ALL_FLOWS, ALL_DATASETS = FlowFilter(), NodeFilter()


@dataclass(frozen=True)
class Node:
    """A dataset that was reached, or a job on the way. `proven`: also by proven flows alone."""

    asset_id: uuid.UUID
    distance: int
    proven: bool


@dataclass(frozen=True, eq=False)
class Nodes(Sequence[Node]):
    """Nodes by distance, then id; each is made when it is asked for."""

    ids: Ids
    distances: NDArray[np.int16]
    proven: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> Node: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Node]: ...
    def __getitem__(self, index: int | slice) -> Node | Sequence[Node]:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        return Node(as_uuid(self.ids[index]), int(self.distances[index]), bool(self.proven[index]))


@dataclass(frozen=True)
class Reach:
    """What is reached from one dataset at one revision; `reasons` say why the answer may not be the whole."""

    nodes: Sequence[Node]  # by distance, then id
    revision: int
    reasons: tuple[str, ...]
    reached: int = 0  # datasets, also those that are not listed

    @property
    def complete(self) -> bool:
        """Whether nothing is known to be missing."""
        return not self.reasons


def reach(
    start: uuid.UUID,
    direction: Direction,
    *,
    depth: int,
    revision: int,
    proven_only: bool = False,
    flows: FlowFilter = ALL_FLOWS,
    listed: NodeFilter = ALL_DATASETS,
) -> Reach:
    """Return every dataset upstream or downstream of `start` within `depth` steps, as known at `revision`.

    Takes a fixed number of queries, however deep the graph is.
    """
    snapshot = flows_around(start, direction, revision, flows.seen)
    number = snapshot.number(start)
    if number is None:
        return Reach((), revision, tuple(unnamed(start, direction)))
    follow = Follow(direction, revision, allowed(flows.bases), flows.proven_only or proven_only)
    found = walk(snapshot, number, follow, depth, MAX_NODES)
    missing = tuple(reasons(snapshot, found, start, follow, depth))
    return Reach(_nodes(snapshot, found, listed), revision, missing, int((found.step > 0).sum()))


def flows_around(start: uuid.UUID, direction: Direction, revision: int, seen: Seen) -> Snapshot:
    """Return flows that hold at least all that `start` reaches in this direction, as known at `revision`."""
    if not seen and (kept := RECENT.at(revision)) is not None:
        return kept
    reached = load_reached(start, direction, revision, seen, MAX_FLOWS)
    return snapshot_of(load_flows(revision, seen) if reached is None else reached)


def allowed(bases: Collection[str]) -> NDArray[np.bool_]:
    """Return for each of BASES whether it is among these."""
    return np.array([basis in bases for basis in BASES])


def _nodes(snapshot: Snapshot, found: Walk, listed: NodeFilter) -> Nodes:
    steps, proven = (found.job_step, found.job_proven) if listed.kind == "job" else (found.step, found.proven)
    numbers = np.flatnonzero(steps > 0).astype(np.int32)
    if listed:
        numbers = chosen(snapshot, numbers, listed)
    ids = snapshot.ids[numbers]
    halves = ids.view(">u8").astype(np.uint64)
    order = np.lexsort((halves[1::2], halves[::2], steps[numbers]))
    return Nodes(ids[order], steps[numbers][order], proven[numbers][order])


def chosen(snapshot: Snapshot, numbers: Numbers, listed: NodeFilter) -> Numbers:
    """Return those that the filter lists, in one query."""
    ids = id_list(snapshot.ids[numbers])
    given = [
        listed.kind,
        quote(listed.namespace, safe=""),  # as uids hold it
        listed.classification,
        listed.classification,
        listed.country,
        listed.country,
    ]
    rows = fetch(_LISTED, [ids, current_workspace(), *given])
    return numbers[np.array([row[0] for row in rows], dtype=np.int64) - 1]


_LISTED = """
SELECT w.at FROM unnest(%s::uuid[]) WITH ORDINALITY AS w (id, at) JOIN "lineage_asset" a ON a.id = w.id
WHERE a.workspace_id = %s AND a.kind = %s AND a.uid ^@ %s
  AND (%s = '' OR a.document->>'classification' = %s) AND (%s = '' OR a.country = %s)
"""


# ---- completeness


def reasons(snapshot: Snapshot, found: Walk, start: uuid.UUID, follow: Follow, depth: int) -> Iterable[str]:
    """Say what is missing (vocabulary, lineage_completeness), as far as runs and marks tell it."""
    if found.stopped is not None:
        yield f"more than {MAX_NODES} datasets are reached; the answer stops at step {found.stopped}"
    if found.more:
        yield f"there is more beyond {depth} steps"
    jobs = np.flatnonzero(found.job_step >= 0)
    yield from gaps(snapshot.ids[jobs], follow.revision)
    if follow.direction == "upstream":
        yield from open_ends(snapshot.ids[found.ends])
    if not len(jobs):
        yield from _unmentioned(start)


def gaps(jobs: Ids, revision: int) -> Iterable[str]:
    """Say how many of these jobs were known at `revision` to leave something out."""
    if found := count_gaps(jobs, revision):
        yield counted(
            found,
            "job on the way admits an extraction error or names no inputs in its newest finished run",
            "jobs on the way admit an extraction error or name no inputs in their newest finished run",
        )


def open_ends(datasets: Ids) -> Iterable[str]:
    """Say how many of these datasets, which nothing feeds, are not said to be where data comes from."""
    marked = fetch(_ORIGINS, [id_list(datasets), current_workspace()])[0][0] if len(datasets) else 0
    if roots := len(datasets) - marked:
        yield counted(
            roots,
            "dataset has nothing upstream and is not marked is_origin",
            "datasets have nothing upstream and are not marked is_origin",
        )


def unnamed(start: uuid.UUID, direction: Direction) -> Iterable[str]:
    """Say what is missing of a dataset that no flow touches."""
    if direction == "upstream":
        yield from open_ends(np.frombuffer(start.bytes, dtype="V16"))
    yield from _unmentioned(start)


def _unmentioned(start: uuid.UUID) -> Iterable[str]:
    if not fetch(_NAMED, [current_workspace(), start]):
        yield "no lineage event names this dataset"


_ORIGINS = """
SELECT count(*) FROM unnest(%s::uuid[]) AS w (id) JOIN "lineage_asset" a ON a.id = w.id
WHERE a.workspace_id = %s AND a.document->'is_origin' = 'true'
"""

_NAMED = 'SELECT 1 FROM "lineage_jobversiondataset" WHERE workspace_id = %s AND dataset_id = %s LIMIT 1'


def direct_flows(dataset: uuid.UUID, direction: Direction, limit: int) -> list[Flow]:
    """Return the current flows into or out of a dataset, seen last first, with both ends and the job."""
    here = "to_dataset" if direction == "upstream" else "from_dataset"
    rows = Flow.objects.filter(rev_to__isnull=True, **{here: dataset})
    return list(rows.select_related("from_dataset", "to_dataset", "job").order_by("-last_seen_at", "id")[:limit])


def jobs_of(runs: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[uuid.UUID, str]]:
    """Return id and name of the job of each of these assets of kind `run`; one query, none for no runs."""
    if not runs:
        return {}
    rows = Run.objects.filter(asset__in=runs).values_list("asset_id", "job_id", "job__name")
    return {run: (job, name) for run, job, name in rows}
