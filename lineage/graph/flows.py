"""Keep flows: per (from, to, job) the strongest of what the versions of the job say, with times and counts of runs.

Only where a run leaves a version, or a new version says something else, is a flow summed up anew.
"""

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.graph.job_versions import Change, VersionChanges
from lineage.graph.merge import Joined, stronger
from lineage.graph.told import Column
from lineage.inventory.bulk import chunks, columns, execute, fetch, from_json, to_json

Pair = tuple[uuid.UUID, uuid.UUID]
FlowKey = tuple[uuid.UUID, uuid.UUID, uuid.UUID]
"""(from dataset, to dataset, job)."""


class FlowRow(NamedTuple):
    """A flow over all versions of its job."""

    joined: Joined
    first_at: datetime.datetime
    last_at: datetime.datetime
    runs: int


@dataclass
class FlowChanges:
    """What became of flows, by (from, to).

    `pairs`: those of which a job's basis, proof, masking or columns are others than before, or that came to be or went
    (`opened`, `closed`). `counted`: the others that were touched; only when and how often they were used has changed.
    """

    pairs: set[Pair] = field(default_factory=set)
    counted: set[Pair] = field(default_factory=set)
    opened: set[Pair] = field(default_factory=set)
    closed: set[Pair] = field(default_factory=set)


def settle_flows(changes: VersionChanges, rev: int) -> FlowChanges:
    """Bring the flows of the versions that changed in line; their counts and times must have been written.

    1. Read what these versions join.
    2. Add what only came to be known once more; sum up anew where something was taken back or is new.
    3. Write the flows that differ.
    """
    touched: dict[FlowKey, list[tuple[Change, Joined]]] = {}
    for version, key, joined in _joined_by(list(changes.changed)):  # 1
        touched.setdefault(key, []).append((changes.changed[version], joined))
    current = _load_flows(list(touched))
    wanted: dict[FlowKey, FlowRow | None] = {}
    for key, several in touched.items():  # 2
        if key in current and not any(change.lost or change.unused for change, _ in several):
            wanted[key] = _added(current[key][1], several)
        else:
            wanted[key] = None
    wanted |= _summed_up([key for key, row in wanted.items() if row is None])
    return _write(wanted, current, rev)  # 3


def _added(flow: FlowRow, several: Iterable[tuple[Change, Joined]]) -> FlowRow:
    """Return the flow with more runs of versions that it rests on already."""
    first, last, runs = flow.first_at, flow.last_at, flow.runs
    for change, _ in several:
        first = min(first, change.first_at) if change.first_at else first
        last = max(last, change.seen_at) if change.seen_at else last
        runs += change.added
    return FlowRow(flow.joined, first, last, runs)


def _write(
    wanted: Mapping[FlowKey, FlowRow | None], current: Mapping[FlowKey, tuple[uuid.UUID, FlowRow]], rev: int
) -> FlowChanges:
    result = FlowChanges(counted={(source, target) for source, target, _ in wanted})
    opened: list[tuple[uuid.UUID, FlowKey, FlowRow]] = []
    closed: list[uuid.UUID] = []
    updated: list[tuple[object, ...]] = []
    for key, row in wanted.items():
        identifier, old = current.get(key, (None, None))
        if row is not None and old is not None and row.joined == old.joined:
            if row != old:
                updated.append((identifier, *row[1:]))
            continue
        result.pairs.add(key[:2])
        if identifier is not None:
            closed.append(identifier)
        if row is not None:
            opened.append((new_id(), key, row))
        if row is None and old is not None:
            result.closed.add(key[:2])
        if row is not None and old is None:
            result.opened.add(key[:2])
    _store(opened, closed, updated, rev)
    result.counted -= result.pairs
    return result


def _joined_by(versions: list[uuid.UUID]) -> list[tuple[uuid.UUID, FlowKey, Joined]]:
    return [
        (version, (source, target, job), _joined(*said))
        for version, source, target, job, *said in fetch(_JOINED_BY, [current_workspace(), versions])
    ]


def _load_flows(keys: Sequence[FlowKey]) -> dict[FlowKey, tuple[uuid.UUID, FlowRow]]:
    rows = fetch(_FLOWS, [*columns(keys, 3), current_workspace()])
    return {
        (source, target, job): (identifier, FlowRow(_joined(*said), first, last, runs))
        for identifier, source, target, job, first, last, runs, *said in rows
    }


def _summed_up(keys: Sequence[FlowKey]) -> dict[FlowKey, FlowRow]:
    """Sum up what all versions say of these; a key of which none speaks any more is left out."""
    found: dict[FlowKey, list[FlowRow]] = {}
    for source, target, job, first, last, runs, *said in fetch(_SAID, [*columns(keys, 3), current_workspace()]):
        found.setdefault((source, target, job), []).append(FlowRow(_joined(*said), first, last, runs))
    return {key: reduce(_both, rows) for key, rows in found.items()}


def _both(one: FlowRow, other: FlowRow) -> FlowRow:
    return FlowRow(
        stronger(one.joined, other.joined),
        min(one.first_at, other.first_at),
        max(one.last_at, other.last_at),
        one.runs + other.runs,
    )


def _joined(basis: str, proven: bool, masked: bool, said: str | None) -> Joined:
    found = tuple(Column(*column) for column in from_json(said)) if said and said != "[]" else ()
    return Joined(basis, proven, masked, found)  # type: ignore[arg-type]


def _store(
    opened: Sequence[tuple[uuid.UUID, FlowKey, FlowRow]],
    closed: list[uuid.UUID],
    updated: list[tuple[object, ...]],
    rev: int,
) -> None:
    workspace = current_workspace()
    if closed:
        execute(_DROP_COLUMNS, [workspace, workspace, closed, rev])
        execute(_DROP_OF_SAME_REVISION, [workspace, closed, rev])
        execute(_CLOSE, [rev, workspace, closed])
    for part in chunks(opened):
        new = [(identifier, *key, *row.joined[:3], *row[1:]) for identifier, key, row in part]
        execute(_OPEN, [workspace, rev, *columns(new, 10)])
        with_columns = [
            (new_id(), identifier, to_json(row.joined.columns)) for identifier, _, row in part if row.joined.columns
        ]
        if with_columns:
            execute(_OPEN_COLUMNS, [workspace, *columns(with_columns, 3)])
    for rows in chunks(updated):
        execute(_KEEP_UP, [*columns(rows, 4), workspace])


_JOINED_BY = """
SELECT f.version_id, f.from_dataset_id, f.to_dataset_id, f.job_id, f.basis, f.proven, f.masked, f.columns
FROM "lineage_jobversionflow" f WHERE f.workspace_id = %s AND f.version_id = ANY(%s)
"""

_FLOWS = """
SELECT f.id, f.from_dataset_id, f.to_dataset_id, f.job_id, f.first_seen_at, f.last_seen_at, f.runs, f.basis, f.proven,
       f.masked, c.columns
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS w (source, target, job)
JOIN "lineage_flow" f ON f.from_dataset_id = w.source AND f.to_dataset_id = w.target AND f.job_id = w.job
LEFT JOIN "lineage_flowcolumns" c ON c.workspace_id = f.workspace_id AND c.flow_id = f.id
WHERE f.workspace_id = %s AND f.rev_to IS NULL
"""

_SAID = """
SELECT f.from_dataset_id, f.to_dataset_id, f.job_id, v.first_at, v.seen_at, v.runs, f.basis, f.proven, f.masked,
       f.columns
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS w (source, target, job)
JOIN "lineage_jobversionflow" f ON f.from_dataset_id = w.source AND f.to_dataset_id = w.target AND f.job_id = w.job
JOIN "lineage_jobversion" v ON v.workspace_id = f.workspace_id AND v.id = f.version_id
WHERE f.workspace_id = %s AND (v.runs > 0 OR v.designs > 0)
"""

# A row that this very revision opened was never visible: it is replaced, not closed.
_DROP_OF_SAME_REVISION = 'DELETE FROM "lineage_flow" WHERE workspace_id = %s AND id = ANY(%s) AND rev_from = %s'

_DROP_COLUMNS = """
DELETE FROM "lineage_flowcolumns" WHERE workspace_id = %s AND flow_id IN
  (SELECT id FROM "lineage_flow" WHERE workspace_id = %s AND id = ANY(%s) AND rev_from = %s)
"""

_CLOSE = 'UPDATE "lineage_flow" SET rev_to = %s WHERE workspace_id = %s AND id = ANY(%s)'

_OPEN = """
INSERT INTO "lineage_flow" (id, workspace_id, rev_from, from_dataset_id, to_dataset_id, job_id, basis, proven, masked,
                            first_seen_at, last_seen_at, runs)
SELECT w.id, c.workspace, c.rev, w.source, w.target, w.job, w.basis, w.proven, w.masked, w.first_at, w.last_at, w.runs
FROM (SELECT %s::uuid, %s::bigint) AS c (workspace, rev),
     unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::bool[], %s::bool[], %s::timestamptz[],
            %s::timestamptz[], %s::int[]) AS w (id, source, target, job, basis, proven, masked, first_at, last_at, runs)
"""

_OPEN_COLUMNS = """
INSERT INTO "lineage_flowcolumns" (id, workspace_id, flow_id, columns)
SELECT w.id, %s, w.flow, w.columns::jsonb FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS w (id, flow, columns)
"""

_KEEP_UP = """
UPDATE "lineage_flow" f SET first_seen_at = w.first_at, last_seen_at = w.last_at, runs = w.runs
FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::int[]) AS w (id, first_at, last_at, runs)
WHERE f.workspace_id = %s AND f.id = w.id
"""
