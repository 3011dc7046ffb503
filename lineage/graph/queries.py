"""Ask the graph: what feeds a dataset, what it feeds, and how complete the answer is."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from accounts.workspaces.isolation import current_workspace
from lineage.graph.models import Flow, Run
from lineage.inventory.bulk import fetch
from lineage.inventory.models import Asset

Direction = Literal["upstream", "downstream"]
MAX_DEPTH = 50
MAX_NODES = 20_000
MAX_FLOWS = 100_000
"""Flows that are read at once; where more are reached, each step reads its own."""
Row = tuple[uuid.UUID, uuid.UUID, uuid.UUID, bool]  # from here, to there, by which job, proven
Step = Callable[[set[uuid.UUID]], Sequence[Row]]


@dataclass(frozen=True)
class Node:
    """A dataset that was reached. `proven`: also by proven flows alone."""

    asset_id: uuid.UUID
    distance: int
    proven: bool


@dataclass(frozen=True)
class Reach:
    """What is reached from one dataset at one revision; `reasons` say why the answer may not be the whole."""

    nodes: tuple[Node, ...]  # by distance, then id
    revision: int
    reasons: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is known to be missing."""
        return not self.reasons


@dataclass
class _Walk:
    """A breadth-first walk that keeps, per node, the least distance and whether proven flows reach it."""

    distance: dict[uuid.UUID, int] = field(default_factory=dict)
    proven: set[uuid.UUID] = field(default_factory=set)
    jobs: set[uuid.UUID] = field(default_factory=set)
    ends: set[uuid.UUID] = field(default_factory=set)  # nodes beyond which there is no flow
    cut: list[str] = field(default_factory=list)


def reach(start: uuid.UUID, direction: Direction, *, depth: int, proven_only: bool, revision: int) -> Reach:
    """Return every dataset upstream or downstream of `start` within `depth` steps, as known at `revision`.

    Takes a fixed number of queries, however deep the graph is; only a graph beyond the limits takes one per step.
    """
    walk = _walk(start, depth, _steps(start, direction, proven_only, revision))
    nodes = [Node(one, steps, one in walk.proven) for one, steps in walk.distance.items() if one != start]
    nodes.sort(key=lambda node: (node.distance, node.asset_id))
    return Reach(tuple(nodes), revision, tuple(_reasons(walk, start, direction)))


def _steps(start: uuid.UUID, direction: Direction, proven_only: bool, revision: int) -> Step:
    """Return what leads on from some nodes: looked up among all flows that are reached, read in one query."""
    known = [revision, revision, proven_only, proven_only]

    def from_database(frontier: set[uuid.UUID]) -> list[Row]:
        return fetch(_STEPS[direction], [current_workspace(), sorted(frontier), *known])

    workspace = current_workspace()
    rows = fetch(_REACHED[direction], [start, workspace, *known, MAX_NODES + 1, workspace, *known, MAX_FLOWS + 1])
    if len(rows) > MAX_FLOWS or len({there for _, there, *_ in rows}) >= MAX_NODES:
        return from_database  # not all of it was read
    onwards: dict[uuid.UUID, list[Row]] = defaultdict(list)
    for row in rows:
        onwards[row[0]].append(row)
    return lambda frontier: [row for here in frontier for row in onwards.get(here, ())]


def _walk(start: uuid.UUID, depth: int, onwards: Step) -> _Walk:
    walk = _Walk({start: 0}, {start})
    frontier = {start}
    for step in range(1, depth + 1):
        rows = onwards(frontier)
        walk.ends |= frontier - {here for here, *_ in rows}
        following: set[uuid.UUID] = set()
        for here, there, job, is_proven in rows:
            walk.jobs.add(job)
            if is_proven and here in walk.proven and there not in walk.proven:
                walk.proven.add(there)
                following.add(there)
            if there not in walk.distance:
                walk.distance[there] = step
                following.add(there)
        frontier = following
        if not frontier:
            return walk
        if len(walk.distance) > MAX_NODES:
            walk.cut.append(f"more than {MAX_NODES} datasets are reached; the answer stops at step {step}")
            return walk
    if onwards(frontier):
        walk.cut.append(f"there is more beyond {depth} steps")
    return walk


def _reasons(walk: _Walk, start: uuid.UUID, direction: Direction) -> Iterable[str]:
    """Say what is missing (vocabulary, lineage_completeness), as far as runs and marks tell it."""
    yield from walk.cut
    if walk.jobs and (gaps := fetch(_GAPS, [sorted(walk.jobs), current_workspace()])):
        yield f"{len(gaps)} jobs on the way admit an extraction error or name no inputs in their newest finished run"
    if direction == "upstream":
        roots = len(walk.ends) - Asset.objects.filter(pk__in=walk.ends, document__is_origin=True).count()
        if roots:
            yield f"{roots} datasets have nothing upstream and are not marked is_origin"
    if not walk.jobs and not _is_named(start):
        yield "no lineage event names this dataset"


def _is_named(dataset: uuid.UUID) -> bool:
    return bool(fetch(_NAMED, [current_workspace(), dataset]))


_KNOWN = "rev_from <= %s AND (rev_to IS NULL OR rev_to > %s) AND (NOT %s OR proven = %s)"
_STEP = f"""
SELECT DISTINCT {{here}}, {{there}}, job_id, proven FROM "lineage_flow"
WHERE workspace_id = %s AND {{here}} = ANY(%s) AND {_KNOWN}
"""  # noqa: S608 - our own names
# UNION drops nodes that are there already, so that a cycle ends; the limit stops the recursion in a graph too large.
_REACHED_BY = f"""
WITH RECURSIVE reached (id) AS (
  SELECT %s::uuid
  UNION
  SELECT {{there}} FROM reached JOIN "lineage_flow" ON {{here}} = reached.id WHERE workspace_id = %s AND {_KNOWN}
)
SELECT {{here}}, {{there}}, job_id, proven
FROM (SELECT reached.id FROM reached LIMIT %s) few JOIN "lineage_flow" ON {{here}} = few.id
WHERE workspace_id = %s AND {_KNOWN} LIMIT %s
"""  # noqa: S608 - our own names
_ENDS = {"upstream": ("to_dataset_id", "from_dataset_id"), "downstream": ("from_dataset_id", "to_dataset_id")}
_STEPS = {direction: _STEP.format(here=here, there=there) for direction, (here, there) in _ENDS.items()}
_REACHED = {direction: _REACHED_BY.format(here=here, there=there) for direction, (here, there) in _ENDS.items()}

# Jobs whose newest finished run has an extraction error or read nothing.
_GAPS = """
SELECT j.id FROM unnest(%s::uuid[]) AS j (id), LATERAL (
  SELECT r.id, r.extraction_error FROM "lineage_run" r
  WHERE r.workspace_id = %s AND r.job_id = j.id AND r.ended_at IS NOT NULL
  ORDER BY r.ended_at DESC LIMIT 1
) AS newest
WHERE newest.extraction_error
   OR NOT EXISTS (SELECT 1 FROM "lineage_rundataset" d WHERE d.run_id = newest.id AND d.direction = 'input')
"""

_NAMED = 'SELECT 1 FROM "lineage_rundataset" WHERE workspace_id = %s AND dataset_id = %s LIMIT 1'


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
