"""Derive facts of runs and of what they wrote: state, start, place; last good write, last run, producer."""

import datetime
import json
import uuid
from collections.abc import Iterable, Sequence

from accounts.workspaces.isolation import current_workspace
from lineage.graph.derivations import LAST_WRITE, RUN_COUNTRY, RUN_STATE
from lineage.graph.models import RunDataset
from lineage.graph.runs import RunRow
from lineage.inventory.bulk import chunks, fetch
from lineage.inventory.derived import Derived, set_derived
from lineage.inventory.effective import observed, weakest
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


def derive_run_countries(asset_ids: Iterable[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Derive where runs ran, for all runs that these assets (runs, jobs, clusters, sites) can move.

    The cluster is the run's own (`ran_on`) where it is reported, else that of its job. With several clusters in
    different countries, or one of unknown place, the run's country is unknown. Reads documents: settle first.
    """
    runs = [row[0] for row in fetch(_RUNS_OF, [current_workspace(), list(asset_ids)])]
    changed: set[uuid.UUID] = set()
    for part in chunks(sorted(runs)):
        found: dict[uuid.UUID, list[tuple[str, str | None, str | None]]] = {}
        for run, cluster, country, said in fetch(_COUNTRIES, [list(part), *[current_workspace()] * 5]):
            found.setdefault(run, []).append((cluster, country, said))
        rows = [row for run, several in found.items() if (row := _country(run, several)) is not None]
        changed |= set_derived(rows, rev, names=["country"], asset_ids=part)
    return changed


def _country(run: uuid.UUID, several: Sequence[tuple[str, str | None, str | None]]) -> Derived | None:
    countries = {country for _, country, _ in several}
    if len(countries) != 1 or None in countries:
        return None
    provenance = [json.loads(said) for _, _, said in several if said]
    grade = weakest(said["grade"] for said in provenance)
    at = min(observed(said) for said in provenance)
    inputs = [{"cluster": cluster, "country": country} for cluster, country, _ in sorted(several, key=str)]
    return Derived(run, "country", several[0][1], RUN_COUNTRY.label, inputs, grade, at)


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

# Runs among the assets, of the jobs among them, of the jobs that run on their clusters, of the clusters at their sites.
_RUNS_OF = """
WITH given AS (SELECT id, kind FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)),
     clusters AS (
       SELECT id FROM given WHERE kind = 'cluster'
       UNION
       SELECT r.from_asset_id FROM given JOIN "lineage_relation" r ON r.to_asset_id = given.id
       WHERE given.kind = 'site' AND r.name = 'at' AND r.rev_to IS NULL
     ),
     jobs AS (
       SELECT id FROM given WHERE kind = 'job'
       UNION
       SELECT r.from_asset_id FROM clusters JOIN "lineage_relation" r ON r.to_asset_id = clusters.id
       WHERE r.name = 'runs_on' AND r.rev_to IS NULL
     )
SELECT id FROM given WHERE kind = 'run'
UNION
SELECT r.asset_id FROM jobs JOIN "lineage_run" r ON r.job_id = jobs.id WHERE r.asset_id IS NOT NULL
UNION
SELECT r.from_asset_id FROM clusters JOIN "lineage_relation" r ON r.to_asset_id = clusters.id
WHERE r.name = 'ran_on' AND r.rev_to IS NULL
"""

_COUNTRIES = """
SELECT w.id, c.uid,
       coalesce(nullif(c.country, ''), nullif(s.country, '')),
       CASE WHEN c.country <> '' THEN c.provenance->'country' ELSE s.provenance->'country' END
FROM unnest(%s::uuid[]) AS w (id)
CROSS JOIN LATERAL (
  SELECT own.to_asset_id AS id FROM "lineage_relation" own
  WHERE own.workspace_id = %s AND own.from_asset_id = w.id AND own.name = 'ran_on' AND own.rev_to IS NULL
  UNION
  SELECT of_job.to_asset_id FROM "lineage_run" r
  JOIN "lineage_relation" of_job ON of_job.workspace_id = r.workspace_id AND of_job.from_asset_id = r.job_id
   AND of_job.name = 'runs_on' AND of_job.rev_to IS NULL
  WHERE r.workspace_id = %s AND r.asset_id = w.id
    AND NOT EXISTS (SELECT 1 FROM "lineage_relation" own
                    WHERE own.workspace_id = %s AND own.from_asset_id = w.id AND own.name = 'ran_on'
                      AND own.rev_to IS NULL)
) AS on_cluster
JOIN "lineage_asset" c ON c.workspace_id = %s AND c.id = on_cluster.id
LEFT JOIN LATERAL (
  SELECT site.country, site.provenance FROM "lineage_relation" at
  JOIN "lineage_asset" site ON site.workspace_id = at.workspace_id AND site.id = at.to_asset_id
  WHERE at.workspace_id = %s AND at.from_asset_id = c.id AND at.name = 'at' AND at.rev_to IS NULL
) AS s ON true
"""
