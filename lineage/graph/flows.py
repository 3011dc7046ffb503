"""Keep flows: what each run joins, and per (from, to, job) the strongest of it over all runs.

A run that only adds costs the same however many runs came before it; only where a run takes something back (a guess
that a later facet replaces) is its flow summed up anew.
"""

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.graph.merge import Joined, Settled, settle, stronger
from lineage.graph.models import RunDataset
from lineage.graph.runs import RunRow
from lineage.inventory.bulk import chunks, columns, execute, fetch

FlowKey = tuple[uuid.UUID, uuid.UUID, uuid.UUID]
"""(from dataset, to dataset, job)."""


class RunFlowRow(NamedTuple):
    """What one run says of a pair of datasets."""

    joined: Joined
    counts: bool
    first_at: datetime.datetime
    seen_at: datetime.datetime


@dataclass(frozen=True)
class FlowRow:
    """A flow over all runs of its job."""

    joined: Joined
    first_at: datetime.datetime
    last_at: datetime.datetime
    runs: int


@dataclass
class FlowChanges:
    """What became of flows. `pairs`: (from, to) that were touched; of these, those that came to be or went."""

    pairs: set[tuple[uuid.UUID, uuid.UUID]] = field(default_factory=set)
    opened: set[tuple[uuid.UUID, uuid.UUID]] = field(default_factory=set)
    closed: set[tuple[uuid.UUID, uuid.UUID]] = field(default_factory=set)


Change = tuple[RunFlowRow | None, RunFlowRow | None]


def settle_flows(runs: Sequence[RunRow], dataset_uids: Mapping[uuid.UUID, str], rev: int) -> FlowChanges:
    """Settle what these runs join and bring the flows in line; `dataset_uids` names every dataset that they touch.

    1. Settle each run as a whole (merge.settle) and compare with what it said before.
    2. Write its rows that differ.
    3. Bring the flows of these (from, to, job) in line.
    """
    by_uid = {uid: identifier for identifier, uid in dataset_uids.items()}
    known = _load_run_flows([run.id for run in runs])
    changes: dict[FlowKey, list[Change]] = {}
    put: list[tuple[object, ...]] = []
    gone: list[tuple[uuid.UUID, uuid.UUID, uuid.UUID]] = []
    for run in runs:
        said, before = _said(run, dataset_uids, by_uid), known.get(run.id, {})  # 1
        for pair in said.keys() | before.keys():
            new, old = said.get(pair), before.get(pair)
            if new == old:
                continue
            changes.setdefault((*pair, run.job_id), []).append((old, new))
            if new is None:
                gone.append((run.id, *pair))
            else:
                put.append((new_id(), run.id, run.job_id, *pair, *new.joined, *new[1:]))
    _write_run_flows(put, gone)  # 2
    return _bring_in_line(changes, rev)  # 3


def _said(
    run: RunRow, uids: Mapping[uuid.UUID, str], by_uid: Mapping[str, uuid.UUID]
) -> dict[tuple[uuid.UUID, uuid.UUID], RunFlowRow]:
    facets = [
        Settled(uids.get(carrier, ""), name, facet.of_job, facet.pairs)
        for (carrier, name), facet in run.facets.items()
        if facet.pairs is not None
    ]
    inputs = [uids[dataset] for dataset in run.datasets(RunDataset.Direction.INPUT.value)]
    outputs = [uids[dataset] for dataset in run.datasets(RunDataset.Direction.OUTPUT.value)]
    counts = run.asset_id is not None
    return {
        (by_uid[source], by_uid[target]): RunFlowRow(joined, counts, run.state.first_at, run.state.seen_at)
        for (source, target), joined in settle(inputs, outputs, facets).items()
    }


def _bring_in_line(changes: Mapping[FlowKey, Sequence[Change]], rev: int) -> FlowChanges:
    current = _load_flows(list(changes))
    taken_back = [key for key, several in changes.items() if any(_weakens(*change) for change in several)]
    wanted: dict[FlowKey, FlowRow | None] = dict.fromkeys(taken_back)
    wanted |= _summed_up(taken_back)
    for key, several in changes.items():
        if key not in wanted:
            wanted[key] = _added(current[key][1] if key in current else None, several)
    result = FlowChanges(pairs={(source, target) for source, target, _ in changes})
    opened: list[tuple[object, ...]] = []
    closed: list[uuid.UUID] = []
    updated: list[tuple[object, ...]] = []
    for key, row in sorted(wanted.items(), key=lambda item: str(item[0])):
        identifier, old = current.get(key, (None, None))
        if row is not None and old is not None and row.joined == old.joined:
            updated.append((identifier, row.first_at, row.last_at, row.runs))
            continue
        if identifier is not None:
            closed.append(identifier)
        if row is not None:
            opened.append((new_id(), *key, *row.joined, row.first_at, row.last_at, row.runs))
        if row is None and old is not None:
            result.closed.add(key[:2])
        if row is not None and old is None:
            result.opened.add(key[:2])
    _write_flows(opened, closed, updated, rev)
    return result


def _weakens(old: RunFlowRow | None, new: RunFlowRow | None) -> bool:
    """Tell whether a run takes back something that the flow may rest on."""
    return old is not None and (new is None or new.joined != old.joined)


def _added(flow: FlowRow | None, several: Iterable[Change]) -> FlowRow | None:
    """Return the flow with what was only added: new runs, and later times of known ones."""
    for old, new in several:
        if new is None:
            continue
        one = FlowRow(new.joined, new.first_at, new.seen_at, int(new.counts and old is None))
        flow = one if flow is None else FlowRow(
            stronger(flow.joined, one.joined),
            min(flow.first_at, one.first_at),
            max(flow.last_at, one.last_at),
            flow.runs + one.runs,
        )  # fmt: skip
    return flow


def _load_run_flows(runs: list[uuid.UUID]) -> dict[uuid.UUID, dict[tuple[uuid.UUID, uuid.UUID], RunFlowRow]]:
    found: dict[uuid.UUID, dict[tuple[uuid.UUID, uuid.UUID], RunFlowRow]] = {}
    for run, source, target, basis, proven, masked, *rest in fetch(_RUN_FLOWS, [current_workspace(), runs]):
        found.setdefault(run, {})[source, target] = RunFlowRow(Joined(basis, proven, masked), *rest)
    return found


def _load_flows(keys: Sequence[FlowKey]) -> dict[FlowKey, tuple[uuid.UUID, FlowRow]]:
    rows = fetch(_FLOWS, [*columns(keys, 3), current_workspace()])
    return {
        (source, target, job): (identifier, FlowRow(Joined(basis, proven, masked), first, last, runs))
        for identifier, source, target, job, basis, proven, masked, first, last, runs in rows
    }


def _summed_up(keys: Sequence[FlowKey]) -> dict[FlowKey, FlowRow | None]:
    """Sum up anew what all runs say of these; a key that no run speaks of any more is left out."""
    rows = fetch(_SUM, [*columns(keys, 3), current_workspace()])
    return {
        (source, target, job): FlowRow(Joined(basis, proven, masked), first, last, runs)
        for source, target, job, basis, proven, masked, first, last, runs in rows
    }


def _write_run_flows(put: list[tuple[object, ...]], gone: list[tuple[uuid.UUID, uuid.UUID, uuid.UUID]]) -> None:
    if gone:
        execute(_DROP_RUN_FLOWS, [*columns(gone, 3), current_workspace()])
    for part in chunks(put):
        execute(_PUT_RUN_FLOWS, [current_workspace(), *columns(part, 11)])


def _write_flows(
    opened: list[tuple[object, ...]], closed: list[uuid.UUID], updated: list[tuple[object, ...]], rev: int
) -> None:
    workspace = current_workspace()
    if closed:
        execute(_DROP_OF_SAME_REVISION, [workspace, closed, rev])
        execute(_CLOSE, [rev, workspace, closed])
    for part in chunks(opened):
        execute(_OPEN, [workspace, rev, *columns(part, 10)])
    for part in chunks(updated):
        execute(_KEEP_UP, [*columns(part, 4), workspace])


_RUN_FLOWS = """
SELECT run_id, from_dataset_id, to_dataset_id, basis, proven, masked, counts, first_at, seen_at
FROM "lineage_runflow" WHERE workspace_id = %s AND run_id = ANY(%s)
"""

_FLOWS = """
SELECT f.id, f.from_dataset_id, f.to_dataset_id, f.job_id, f.basis, f.proven, f.masked, f.first_seen_at,
       f.last_seen_at, f.runs
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS w (source, target, job)
JOIN "lineage_flow" f ON f.from_dataset_id = w.source AND f.to_dataset_id = w.target AND f.job_id = w.job
WHERE f.workspace_id = %s AND f.rev_to IS NULL
"""

_SUM = """
SELECT r.from_dataset_id, r.to_dataset_id, r.job_id,
       (array_agg(r.basis ORDER BY array_position(ARRAY['explicit', 'column', 'cartesian'], r.basis::text)))[1],
       bool_or(r.proven), bool_and(r.masked), min(r.first_at), max(r.seen_at), count(*) FILTER (WHERE r.counts)
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS w (source, target, job)
JOIN "lineage_runflow" r ON r.from_dataset_id = w.source AND r.to_dataset_id = w.target AND r.job_id = w.job
WHERE r.workspace_id = %s
GROUP BY 1, 2, 3
"""

_DROP_RUN_FLOWS = """
DELETE FROM "lineage_runflow" r
USING unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS w (run, source, target)
WHERE r.workspace_id = %s AND r.run_id = w.run AND r.from_dataset_id = w.source AND r.to_dataset_id = w.target
"""

_PUT_RUN_FLOWS = """
INSERT INTO "lineage_runflow" (id, workspace_id, run_id, job_id, from_dataset_id, to_dataset_id, basis, proven, masked,
                               counts, first_at, seen_at)
SELECT w.id, %s, w.run, w.job, w.source, w.target, w.basis, w.proven, w.masked, w.counts, w.first_at, w.seen_at
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::bool[], %s::bool[], %s::bool[],
            %s::timestamptz[], %s::timestamptz[])
  AS w (id, run, job, source, target, basis, proven, masked, counts, first_at, seen_at)
ON CONFLICT (workspace_id, run_id, from_dataset_id, to_dataset_id) DO UPDATE SET
  basis = EXCLUDED.basis, proven = EXCLUDED.proven, masked = EXCLUDED.masked, first_at = EXCLUDED.first_at,
  seen_at = EXCLUDED.seen_at
"""

# A row that this very revision opened was never visible: it is replaced, not closed.
_DROP_OF_SAME_REVISION = 'DELETE FROM "lineage_flow" WHERE workspace_id = %s AND id = ANY(%s) AND rev_from = %s'

_CLOSE = 'UPDATE "lineage_flow" SET rev_to = %s WHERE workspace_id = %s AND id = ANY(%s)'

_OPEN = """
INSERT INTO "lineage_flow" (id, workspace_id, rev_from, from_dataset_id, to_dataset_id, job_id, basis, proven, masked,
                            first_seen_at, last_seen_at, runs)
SELECT w.id, c.workspace, c.rev, w.source, w.target, w.job, w.basis, w.proven, w.masked, w.first_at, w.last_at, w.runs
FROM (SELECT %s::uuid, %s::bigint) AS c (workspace, rev),
     unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::bool[], %s::bool[], %s::timestamptz[],
            %s::timestamptz[], %s::int[]) AS w (id, source, target, job, basis, proven, masked, first_at, last_at, runs)
"""

_KEEP_UP = """
UPDATE "lineage_flow" f SET first_seen_at = w.first_at, last_seen_at = w.last_at, runs = w.runs
FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::int[]) AS w (id, first_at, last_at, runs)
WHERE f.workspace_id = %s AND f.id = w.id
"""
