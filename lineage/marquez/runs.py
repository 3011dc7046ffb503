"""Read runs, and which runs wrote which datasets. Each function takes a fixed number of queries."""

import datetime
import uuid
from collections.abc import Collection, Sequence
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import columns, fetch
from lineage.marquez.known import Joins, RunKnown
from lineage.marquez.queries import Window, joins_of

LATEST_RUNS = 10
"""Of a job, as there."""


def runs_of(jobs: Collection[uuid.UUID], window: Window) -> dict[uuid.UUID, list[RunKnown]]:
    """Return runs of each job, those heard of last first; one query.

    Versions are looked at by when they were heard of: the first n runs have one of the first n versions.
    """
    found: dict[uuid.UUID, list[RunKnown]] = {job: [] for job in jobs}
    if jobs:
        workspace = current_workspace()
        given = [list(jobs), workspace, window.end, workspace, window.end, window.limit, window.offset, workspace]
        for run in _runs(_RUNS_OF_JOBS, given):
            found[run.job_id].append(run)
    return found


def runs_with_id(run_id: str) -> list[RunKnown]:
    """Return the run of this id, once per job that names it, the newest first."""
    workspace = current_workspace()
    return _runs(_RUNS_BY_ID, [workspace, run_id.lower(), workspace])


def runs_by_row(rows: Collection[uuid.UUID]) -> dict[uuid.UUID, RunKnown]:
    """Return runs by the id of their row."""
    found = _runs(_RUNS_BY_ROW, [list(rows), current_workspace()]) if rows else []
    return {run.id: run for run in found}


def newest_of(versions: Collection[uuid.UUID]) -> dict[uuid.UUID, RunKnown]:
    """Return the run of each version that was heard of last; those that only designs have are left out."""
    workspace = current_workspace()
    return {run.version: run for run in _runs(_NEWEST_OF, [list(versions), workspace, workspace])}


def count_runs(job: uuid.UUID) -> int:
    """Return how many runs a job has, from the counts of its versions."""
    return int(fetch(_COUNT_RUNS, [current_workspace(), job])[0][0])


def _runs(sql: str, given: Sequence[Any]) -> list[RunKnown]:
    return [RunKnown(*row) for row in fetch(sql, given)]


def with_datasets(runs: Collection[RunKnown]) -> None:
    """Fill in which versions of which datasets the runs read and wrote; three queries, however many runs.

    A run read what the newest completed run had written before it began; only a completed run writes a version.
    """
    joins = joins_of({run.version for run in runs})
    reads = {(uid, _begin(run)) for run in runs for uid in joins.get(run.version, Joins(run.version)).inputs}
    ids = ids_of({uid for uid, _ in reads})
    versions = newest_writes([(ids[uid], at) for uid, at in reads])
    for run in runs:
        sides = joins.get(run.version, Joins(run.version))
        run.inputs = [(uid, versions.get((ids[uid], _begin(run)), ids[uid])) for uid in sides.inputs]
        run.outputs = [(uid, run.id) for uid in sides.outputs] if run.state == "complete" else []


def _begin(run: RunKnown) -> datetime.datetime:
    return run.started_at or run.first_at


def ids_of(uids: Collection[str]) -> dict[str, uuid.UUID]:
    """Return the ids of datasets by uid."""
    rows = fetch(_DATASET_IDS, [list(uids), current_workspace()]) if uids else []
    return dict(rows)


Write = tuple[uuid.UUID, datetime.datetime | None]
"""A dataset, and the instant before which it was written (None = now)."""


def newest_writes(wanted: Sequence[Write]) -> dict[Write, uuid.UUID]:
    """Return the row of the newest completed run that wrote each dataset by then; one query."""
    if not wanted:
        return {}
    workspace = current_workspace()
    rows = fetch(_NEWEST_WRITES, [*columns(wanted, 2), workspace, workspace])
    return {wanted[number - 1]: run for number, run in rows}


def writes_of(dataset: uuid.UUID, window: Window) -> list[uuid.UUID]:
    """Return the rows of completed runs that wrote a dataset, the newest first."""
    workspace = current_workspace()
    given = [workspace, dataset, workspace, window.end, window.limit, window.offset]
    return [row[0] for row in fetch(_WRITES, given)]


def count_writes(dataset: uuid.UUID) -> int:
    """Return how many completed runs wrote a dataset."""
    workspace = current_workspace()
    return int(fetch(_COUNT_WRITES, [workspace, workspace, dataset])[0][0])


_RUN = """
SELECT r.id, r.run_id, r.job_id, j.uid, r.version_id, r.state, r.first_at, r.seen_at, r.started_at, r.ended_at
"""
_RUNS_OF_JOBS = f"""{_RUN}
FROM unnest(%s::uuid[]) AS w (job) JOIN "lineage_asset" j ON j.id = w.job CROSS JOIN LATERAL (
  SELECT run.* FROM (
    SELECT id FROM "lineage_jobversion"
    WHERE workspace_id = %s AND job_id = w.job AND runs > 0 ORDER BY seen_at DESC LIMIT %s
  ) v CROSS JOIN LATERAL (
    SELECT * FROM "lineage_run"
    WHERE workspace_id = %s AND version_id = v.id AND run_id <> '' ORDER BY seen_at DESC LIMIT %s
  ) run ORDER BY run.seen_at DESC, run.run_id DESC LIMIT %s OFFSET %s
) r WHERE j.workspace_id = %s ORDER BY r.job_id, r.seen_at DESC, r.run_id DESC
"""  # noqa: S608 - our own names
_RUNS_BY_ID = f"""{_RUN}
FROM "lineage_asset" a JOIN "lineage_run" r ON r.asset_id = a.id JOIN "lineage_asset" j ON j.id = r.job_id
WHERE a.workspace_id = %s AND a.kind = 'run' AND a.uid = %s AND r.workspace_id = %s ORDER BY r.seen_at DESC, j.uid
"""
_RUNS_BY_ROW = f"""{_RUN}
FROM "lineage_run" r JOIN "lineage_asset" j ON j.id = r.job_id WHERE r.id = ANY(%s) AND r.workspace_id = %s
"""
_NEWEST_OF = f"""{_RUN}
FROM unnest(%s::uuid[]) AS w (version) CROSS JOIN LATERAL (
  SELECT * FROM "lineage_run" WHERE workspace_id = %s AND version_id = w.version AND run_id <> ''
  ORDER BY seen_at DESC, run_id DESC LIMIT 1
) r JOIN "lineage_asset" j ON j.id = r.job_id WHERE j.workspace_id = %s
"""  # noqa: S608 - our own names
_COUNT_RUNS = """
SELECT coalesce(sum(runs), 0) FROM "lineage_jobversion" WHERE workspace_id = %s AND job_id = %s
"""
_DATASET_IDS = """
SELECT a.uid, a.id FROM unnest(%s::text[]) AS w (uid) JOIN "lineage_asset" a ON a.kind = 'dataset' AND a.uid = w.uid
WHERE a.workspace_id = %s
"""
_NEWEST_WRITES = """
SELECT w.number, newest.id
FROM unnest(%s::uuid[], %s::timestamptz[]) WITH ORDINALITY AS w (dataset, at, number) CROSS JOIN LATERAL (
  SELECT run.id FROM "lineage_jobversiondataset" d CROSS JOIN LATERAL (
    SELECT r.id, r.ended_at, r.run_id FROM "lineage_run" r
    WHERE r.workspace_id = %s AND r.version_id = d.version_id AND r.state = 'complete'
      AND (w.at IS NULL OR r.ended_at <= w.at)
    ORDER BY r.ended_at DESC, r.run_id DESC LIMIT 1
  ) run
  WHERE d.workspace_id = %s AND d.dataset_id = w.dataset AND d.direction = 'output'
  ORDER BY run.ended_at DESC, run.run_id DESC LIMIT 1
) newest
"""
_WRITES = """
SELECT run.id FROM (
  SELECT v.id FROM "lineage_jobversiondataset" d JOIN "lineage_jobversion" v ON v.id = d.version_id
  WHERE d.workspace_id = %s AND d.dataset_id = %s AND d.direction = 'output' AND v.runs > 0
) v CROSS JOIN LATERAL (
  SELECT id, ended_at, run_id FROM "lineage_run"
  WHERE workspace_id = %s AND version_id = v.id AND state = 'complete' ORDER BY ended_at DESC LIMIT %s
) run ORDER BY run.ended_at DESC, run.run_id DESC LIMIT %s OFFSET %s
"""
_COUNT_WRITES = """
SELECT count(*) FROM "lineage_jobversiondataset" d JOIN "lineage_run" r ON r.version_id = d.version_id
WHERE d.workspace_id = %s AND r.workspace_id = %s AND d.dataset_id = %s AND d.direction = 'output'
  AND r.state = 'complete'
"""
