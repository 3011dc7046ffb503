"""Derive facts of runs and of what they wrote: state, start; last good write, last run, producer."""

import datetime
import uuid
from collections.abc import Sequence

from accounts.workspaces.isolation import current_workspace
from lineage.graph.derivations import LAST_WRITE, RUN_STATE
from lineage.graph.models import RunDataset
from lineage.graph.runs import RunRow
from lineage.inventory.bulk import chunks, fetch
from lineage.inventory.derived import Derived, set_derived
from lineage.inventory.kinds.values import format_timestamp

WRITE_NAMES = ("last_write_at", "last_run_id", "producer_job")


def derive_run_states(runs: Sequence[RunRow], rev: int) -> set[uuid.UUID]:
    """Derive `state` and `started_at` of these runs; return the assets of those that changed.

    A run id that several jobs use is one asset: its facts are those of all its runs together.
    """
    assets = sorted({run.asset_id for run in runs if run.asset_id is not None})
    rows: list[Derived] = []
    for asset, job, state, state_at, started_at in fetch(_STATES, [current_workspace(), assets]):
        inputs = [{"job": job, "state": state, "at": format_timestamp(state_at)}]
        if state != "other":
            rows.append(Derived(asset, "state", state, RUN_STATE.label, inputs, "A", state_at))
        if started_at is not None:
            began = format_timestamp(started_at)
            rows.append(Derived(asset, "started_at", began, RUN_STATE.label, [{"start": began}], "A", started_at))
    return set_derived(rows, rev, names=["state", "started_at"], asset_ids=assets)


def derive_writes(runs: Sequence[RunRow], rev: int) -> set[uuid.UUID]:
    """Derive last good write, last run and producer of what these runs wrote; return the datasets that changed."""
    written = sorted({dataset for run in runs for dataset in run.datasets(RunDataset.Direction.OUTPUT.value)})
    changed: set[uuid.UUID] = set()
    for part in chunks(written):
        rows: list[Derived] = []
        for dataset, wrote_at, run, job, seen_at in fetch(_WRITES, [list(part), *[current_workspace()] * 3]):
            at: datetime.datetime = wrote_at or seen_at
            inputs = [{"run": run, "job": job, "completed": format_timestamp(wrote_at) if wrote_at else None}]
            rows.append(Derived(dataset, "producer_job", job, LAST_WRITE.label, inputs, "A", at))
            if wrote_at is not None:
                when = format_timestamp(wrote_at)
                rows.append(Derived(dataset, "last_write_at", when, LAST_WRITE.label, inputs, "A", at))
                rows.append(Derived(dataset, "last_run_id", run, LAST_WRITE.label, inputs, "A", at))
        changed |= set_derived(rows, rev, names=WRITE_NAMES, asset_ids=part)
    return changed


_STATES = """
SELECT DISTINCT ON (r.asset_id) r.asset_id, j.uid, r.state, r.state_at,
       min(r.started_at) OVER (PARTITION BY r.asset_id)
FROM "lineage_run" r JOIN "lineage_asset" j ON j.workspace_id = r.workspace_id AND j.id = r.job_id
WHERE r.workspace_id = %s AND r.asset_id = ANY(%s)
ORDER BY r.asset_id, r.state_rank DESC, r.state_at DESC,
         array_position(ARRAY['failed', 'aborted'], r.state::text), j.uid
"""

# The newest completed run that wrote it; while there is none, the run that last named it as an output.
_WRITES = """
SELECT d.id, w.wrote_at, w.run_id, w.uid, w.seen_at
FROM unnest(%s::uuid[]) AS d (id),
     LATERAL (
       (SELECT 0 AS choice, rd.wrote_at, r.run_id, j.uid, rd.seen_at
        FROM "lineage_rundataset" rd
        JOIN "lineage_run" r ON r.workspace_id = rd.workspace_id AND r.id = rd.run_id
        JOIN "lineage_asset" j ON j.workspace_id = r.workspace_id AND j.id = r.job_id
        WHERE rd.workspace_id = %s AND rd.dataset_id = d.id AND rd.wrote_at IS NOT NULL
        ORDER BY rd.wrote_at DESC, r.run_id, j.uid LIMIT 1)
       UNION ALL
       (SELECT 1, NULL, r.run_id, j.uid, rd.seen_at
        FROM "lineage_rundataset" rd
        JOIN "lineage_run" r ON r.workspace_id = rd.workspace_id AND r.id = rd.run_id
        JOIN "lineage_asset" j ON j.workspace_id = r.workspace_id AND j.id = r.job_id AND j.kind = 'job'
        WHERE rd.workspace_id = %s AND rd.dataset_id = d.id AND rd.direction = 'output'
          AND NOT EXISTS (SELECT 1 FROM "lineage_rundataset" good
                          WHERE good.workspace_id = %s AND good.dataset_id = d.id AND good.wrote_at IS NOT NULL)
        ORDER BY rd.seen_at DESC, r.run_id, j.uid LIMIT 1)
       ORDER BY choice LIMIT 1
     ) AS w
"""
