"""Make the assets of new runs, whole: a run that only lineage speaks of needs no projection of several sources.

Most of what a busy workspace receives are runs that nobody knew. Their facts follow from their state alone, so asset,
derived facts and document are written in one go, equal to what `settle` would make of them. A run that was known
before, that several jobs share, or of which a facet or an inventory says something, takes the general way.
"""

import datetime
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.graph.derivations import RUN_STATE
from lineage.graph.derive_runs import state_facts
from lineage.graph.runs import RunRow
from lineage.graph.told import Ref
from lineage.inventory.bulk import chunks, execute, fetch, records
from lineage.inventory.derived import Derived, inputs_digest
from lineage.inventory.kinds.values import format_timestamp
from lineage.inventory.sending import sending

AT_ONCE = 1000
"""Runs per statement: while PostgreSQL makes these, the next ones are prepared."""


def find_runs(
    refs: Iterable[Ref], seen_at: datetime.datetime, rev: int
) -> tuple[dict[str, uuid.UUID], dict[str, uuid.UUID]]:
    """Return the assets of runs by uid: those that exist, and ids for those that have to be made.

    One that an inventory only mentioned, or has dropped, is reported from now on.
    """
    uids = list({ref.uid for ref in refs})
    known = dict(fetch(_FIND, [uids, current_workspace()]))
    if known:
        execute(_REPORTED, [seen_at, rev, current_workspace(), list(known.values())])
    return known, {uid: new_id() for uid in uids if uid not in known}


def make_run_assets(
    fresh: Mapping[str, uuid.UUID],
    runs: Sequence[RunRow],
    job_uids: Mapping[uuid.UUID, str],
    seen_at: datetime.datetime,
    rev: int,
) -> set[uuid.UUID]:
    """Write the assets of new runs (uid -> id) with their documents; return those that have to be settled all the same.

    `job_uids` names the jobs of these runs. The assets of runs that several jobs share, or that tell the versions of
    what they read, are written without facts.
    """
    if not fresh:
        return set()
    of = Counter(run.asset_id for run in runs if run.asset_id is not None)
    mine = {
        run.asset_id: run
        for run in runs
        if run.asset_id is not None and of[run.asset_id] == 1 and not run.tells_versions
    }
    workspace = current_workspace()
    with sending() as send:
        for part in chunks(list(fresh.items()), AT_ONCE):
            assets: list[dict[str, Any]] = []
            derived: list[dict[str, Any]] = []
            for uid, identifier in part:
                run = mine.get(identifier)
                facts = _facts(run, job_uids)
                assets.append(_asset(identifier, uid, facts, run))
                derived += [_row(fact) for fact in facts]
            send(_MAKE, [workspace, seen_at, rev, records(assets)])
            send(_DERIVE, [workspace, RUN_STATE.label, rev, records(derived)])
    return {identifier for identifier in fresh.values() if identifier not in mine}


def _facts(run: RunRow | None, job_uids: Mapping[uuid.UUID, str]) -> list[Derived]:
    if run is None or run.asset_id is None:
        return []
    return state_facts(run.asset_id, job_uids[run.job_id], run.state.state, run.state.state_at, run.state.started_at)


def _provenance(fact: Derived) -> dict[str, str]:
    at = format_timestamp(fact.observed_at)
    return {"origin": "derived", "source": fact.derivation, "at": at, "event": "", "grade": fact.grade}


def _asset(identifier: uuid.UUID, uid: str, facts: Sequence[Derived], run: RunRow | None) -> dict[str, Any]:
    document, provenance = {"uid": uid}, {}
    for fact in facts:
        document[fact.name], provenance[fact.name] = fact.value, _provenance(fact)
    return {"id": identifier, "uid": uid, "document": document, "provenance": provenance, "known": _relations(run)}


def _row(fact: Derived) -> dict[str, Any]:
    return {
        "id": new_id(),
        "asset": fact.asset_id,
        "name": fact.name,
        "value": fact.value,
        "digest": inputs_digest(fact.inputs),
        "inputs": fact.inputs,
        "at": fact.observed_at,
    }


def _relations(run: RunRow | None) -> list[str]:
    if run is None:
        return []
    return [*(["inputs"] if run.inputs else []), "of_job", *(["outputs"] if run.outputs else [])]


def jobs_with_cluster(jobs: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of these jobs that run on a cluster: their runs have its place."""
    return {row[0] for row in fetch(_PLACED, [current_workspace(), list(jobs)])}


# One look into the index per run, however many rows a join is taken to have (inventory/derived.py).
_FIND = """
SELECT w.uid, a.id FROM unnest(%s::text[]) AS w (uid) CROSS JOIN LATERAL (
  SELECT a.id FROM "lineage_asset" a WHERE a.workspace_id = %s AND a.kind = 'run' AND a.uid = w.uid LIMIT 1
) a
"""

_REPORTED = """
UPDATE "lineage_asset" SET state = 'reported', last_seen_at = greatest(last_seen_at, %s), rev_changed = %s
WHERE workspace_id = %s AND id = ANY(%s) AND state <> 'reported'
"""

_MAKE = """
INSERT INTO "lineage_asset" (id, workspace_id, kind, uid, name, state, document, provenance, known_relations, conflicts,
                             environment, country, owner, first_seen_at, last_seen_at, rev_changed)
SELECT w.id, c.workspace, 'run', w.uid, w.uid, 'reported', w.document, w.provenance, w.known, '{}', '', '', '',
       c.seen_at, c.seen_at, c.rev
FROM (SELECT %s::uuid, %s::timestamptz, %s::bigint) AS c (workspace, seen_at, rev),
     jsonb_to_recordset(%s::jsonb) AS w (id uuid, uid text, document jsonb, provenance jsonb, known jsonb)
"""

_DERIVE = """
INSERT INTO "lineage_derivedfact" (id, workspace_id, asset_id, name, value, derivation, inputs_digest, inputs, grade,
                                   observed_at, rev_from)
SELECT w.id, c.workspace, w.asset, w.name, w.value, c.derivation, w.digest, w.inputs, 'A', w.at, c.rev
FROM (SELECT %s::uuid, %s::text, %s::bigint) AS c (workspace, derivation, rev),
     jsonb_to_recordset(%s::jsonb) AS w (id uuid, asset uuid, name text, value jsonb, digest bytea, inputs jsonb,
                                         at timestamptz)
"""

_PLACED = """
SELECT DISTINCT from_asset_id FROM "lineage_relation"
WHERE workspace_id = %s AND from_asset_id = ANY(%s) AND name = 'runs_on' AND rev_to IS NULL
"""
