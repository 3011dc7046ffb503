"""Derive facts of runs and of what they wrote: state, start; last good write, last run, producer."""

import datetime
import uuid
from collections.abc import Collection, Sequence
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.graph.derivations import LAST_MASKING, LAST_WRITE, RUN_STATE
from lineage.graph.runs import RunRow
from lineage.inventory.bulk import chunks, fetch
from lineage.inventory.derived import Derived, set_derived
from lineage.inventory.kinds.values import format_timestamp

WRITE_NAMES = ("last_write_at", "last_run_id", "producer_job", "deid_run_id")


def derive_run_states(runs: Sequence[RunRow], rev: int) -> set[uuid.UUID]:
    """Derive `state` and `started_at` of these runs; return the assets of those that changed.

    A run id that several jobs use is one asset: its facts are those of all its runs together.
    """
    assets = list({run.asset_id for run in runs if run.asset_id is not None})
    rows: list[Derived] = []
    for row in fetch(_STATES, [current_workspace(), assets]):
        rows += state_facts(*row)
    return set_derived(rows, rev, names=["state", "started_at"], asset_ids=assets)


def state_facts(
    asset: uuid.UUID, job: str, state: str, state_at: datetime.datetime, started_at: datetime.datetime | None
) -> list[Derived]:
    """Return the facts of a run's asset; `job` is the uid of its job."""
    rows: list[Derived] = []
    if state != "other":
        inputs = [{"job": job, "state": state, "at": format_timestamp(state_at)}]
        rows.append(Derived(asset, "state", state, RUN_STATE.label, inputs, "A", state_at))
    if started_at is not None:
        began = format_timestamp(started_at)
        rows.append(Derived(asset, "started_at", began, RUN_STATE.label, [{"start": began}], "A", started_at))
    return rows


def derive_writes(runs: Sequence[RunRow], fed: Collection[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Derive last good write, last run, producer and last masking run of what these runs wrote, and of what is `fed`.

    An explicit facet may say that a run feeds, and masks, a dataset that no event names as its output. Return the
    datasets that changed.
    """
    written = sorted({dataset for run in runs for dataset in run.outputs}.union(fed))
    changed: set[uuid.UUID] = set()
    for part in chunks(written):
        rows: list[Derived] = []
        for dataset, wrote_at, run, job, seen_at in _writes(part):
            at: datetime.datetime = wrote_at or seen_at
            inputs = [{"run": run, "job": job, "completed": format_timestamp(wrote_at) if wrote_at else None}]
            rows.append(Derived(dataset, "producer_job", job, LAST_WRITE.label, inputs, "A", at))
            if wrote_at is not None:
                when = format_timestamp(wrote_at)
                rows.append(Derived(dataset, "last_write_at", when, LAST_WRITE.label, inputs, "A", at))
                rows.append(Derived(dataset, "last_run_id", run, LAST_WRITE.label, inputs, "A", at))
        for dataset, run, ended_at in fetch(_MASKED, [current_workspace(), list(part)]):
            inputs = [{"run": run, "completed": format_timestamp(ended_at)}]
            rows.append(Derived(dataset, "deid_run_id", run, LAST_MASKING.label, inputs, "A", ended_at))
        changed |= set_derived(rows, rev, names=WRITE_NAMES, asset_ids=part)
    return changed


def _writes(datasets: Sequence[uuid.UUID]) -> list[tuple[Any, ...]]:
    """Return per dataset the newest completed run that wrote it; while there is none, the run that last named it."""
    found = fetch(_COMPLETED, [current_workspace(), list(datasets)])
    rest = set(datasets) - {row[0] for row in found}
    return found + (fetch(_NAMED, [current_workspace(), list(rest)]) if rest else [])


_STATES = """
SELECT DISTINCT ON (r.asset_id) r.asset_id, j.uid, r.state, r.state_at,
       min(r.started_at) OVER (PARTITION BY r.asset_id)
FROM "lineage_run" r JOIN "lineage_asset" j ON j.workspace_id = r.workspace_id AND j.id = r.job_id
WHERE r.workspace_id = %s AND r.asset_id = ANY(%s)
ORDER BY r.asset_id, r.state_rank DESC, r.state_at DESC,
         array_position(ARRAY['failed', 'aborted'], r.state::text), j.uid
"""

# Per version the newest run by an index, then the newest of these.
_COMPLETED = """
SELECT DISTINCT ON (vd.dataset_id) vd.dataset_id, r.ended_at, r.run_id, j.uid, r.seen_at
FROM "lineage_jobversiondataset" vd CROSS JOIN LATERAL (
  SELECT r.ended_at, r.run_id, r.job_id, r.seen_at FROM "lineage_run" r
  WHERE r.workspace_id = vd.workspace_id AND r.version_id = vd.version_id AND r.state = 'complete'
  ORDER BY r.ended_at DESC, r.run_id LIMIT 1
) r JOIN "lineage_asset" j ON j.workspace_id = vd.workspace_id AND j.id = r.job_id
WHERE vd.workspace_id = %s AND vd.dataset_id = ANY(%s) AND vd.direction = 'output'
ORDER BY vd.dataset_id, r.ended_at DESC, r.run_id, j.uid
"""

# A run masks where its lineage says so of some flow into the dataset.
_MASKED = """
SELECT DISTINCT ON (f.to_dataset_id) f.to_dataset_id, r.run_id, r.ended_at
FROM "lineage_jobversionflow" f CROSS JOIN LATERAL (
  SELECT r.ended_at, r.run_id FROM "lineage_run" r
  WHERE r.workspace_id = f.workspace_id AND r.version_id = f.version_id AND r.state = 'complete' AND r.run_id <> ''
    AND r.ended_at IS NOT NULL
  ORDER BY r.ended_at DESC, r.run_id LIMIT 1
) r
WHERE f.workspace_id = %s AND f.to_dataset_id = ANY(%s) AND f.masked
ORDER BY f.to_dataset_id, r.ended_at DESC, r.run_id
"""

_NAMED = """
SELECT DISTINCT ON (vd.dataset_id) vd.dataset_id, NULL::timestamptz, r.run_id, j.uid, r.seen_at
FROM "lineage_jobversiondataset" vd CROSS JOIN LATERAL (
  SELECT r.run_id, r.job_id, r.seen_at FROM "lineage_run" r
  WHERE r.workspace_id = vd.workspace_id AND r.version_id = vd.version_id ORDER BY r.seen_at DESC, r.run_id LIMIT 1
) r JOIN "lineage_asset" j ON j.workspace_id = vd.workspace_id AND j.id = r.job_id AND j.kind = 'job'
WHERE vd.workspace_id = %s AND vd.dataset_id = ANY(%s) AND vd.direction = 'output'
ORDER BY vd.dataset_id, r.seen_at DESC, r.run_id, j.uid
"""
