"""Derive data flows: one asset per pair of datasets that a job joins, with where it goes and under which rules.

Every pair has a row, also inside one country: whether its ends lie in different places or hands is what the facts say,
and moving a storage must not make rows appear. Reads documents of datasets, so settle these first.
"""

import datetime
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from accounts.workspaces.isolation import current_workspace
from lineage.graph.data_flow_facts import End, PairFacts, facts_of_pair, flow_uid, runs_fact
from lineage.inventory.assets import default_name, ensure_assets, fit
from lineage.inventory.bulk import chunks, columns, execute, fetch
from lineage.inventory.derived import Derived, set_derived
from lineage.inventory.kinds.values import format_timestamp
from lineage.inventory.models import Asset
from lineage.inventory.relations import Edge, set_edges

Pair = tuple[uuid.UUID, uuid.UUID]


@dataclass(frozen=True)
class _Joined:
    """A pair with its current flows over all jobs."""

    pair: Pair
    source: End
    target: End
    jobs: list[uuid.UUID]
    proven: bool
    last_at: datetime.datetime
    last_run_at: datetime.datetime | None
    runs_90d: int


def pairs_reached(asset_ids: Iterable[uuid.UUID]) -> set[Pair]:
    """Return the pairs whose data flow these assets can change: their datasets, the row itself, its recipient.

    Asked step by step with ids, so that each question is an index lookup.
    """
    by_kind: dict[str, list[uuid.UUID]] = {"dataset": [], "data_flow": [], "vendor": []}
    for identifier, kind in fetch(_KINDS, [current_workspace(), list(asset_ids), list(by_kind)]):
        by_kind[kind].append(identifier)
    flows = {*by_kind["data_flow"]}
    if by_kind["vendor"]:
        flows |= {row[0] for row in fetch(_RECEIVED_BY, [current_workspace(), by_kind["vendor"]])}
    pairs = _pairs_of(by_kind["dataset"])
    if flows:
        ends: dict[uuid.UUID, dict[str, uuid.UUID]] = {}
        for flow, name, dataset in fetch(_ENDS_OF, [current_workspace(), sorted(flows)]):
            ends.setdefault(flow, {})[name] = dataset
        pairs |= {(found["from"], found["to"]) for found in ends.values() if len(found) == 2}
    return pairs


def _pairs_of(datasets: Iterable[uuid.UUID]) -> set[Pair]:
    given = sorted(datasets)
    return {(row[0], row[1]) for row in fetch(_PAIRS_OF, [current_workspace(), given] * 2)} if given else set()


def derive_pairs(pairs: Iterable[Pair], rev: int) -> set[uuid.UUID]:
    """Derive these pairs' rows; return the data_flow assets that changed, whose documents have to be rebuilt.

    1. Load what joins each pair, and its ends. A pair that nothing joins any more retires its row.
    2. Make the assets of those that are joined, named after their ends.
    3. Write their relations (from, to, by_job).
    4. Read what is reported of them and their recipients, and derive their facts.
    """
    touched: set[uuid.UUID] = set()
    for part in chunks(sorted(set(pairs))):
        joined = _load(part)  # 1
        touched |= _retire([pair for pair in part if pair not in joined], rev)
        if joined:
            touched |= _derive_part(joined, rev)
    return touched


def _derive_part(joined: Mapping[Pair, _Joined], rev: int) -> set[uuid.UUID]:
    uids = {pair: flow_uid(row.source.uid, row.target.uid) for pair, row in joined.items()}
    wanted = [("data_flow", uids[pair], f"{row.source.name} → {row.target.name}") for pair, row in joined.items()]
    made = ensure_assets(wanted, rev, timezone.now(), Asset.State.REPORTED)  # 2
    ids = {pair: made["data_flow", uid].id for pair, uid in uids.items()}
    names = [(made["data_flow", uid].id, fit(name)) for _, uid, name in wanted]
    execute(_RENAME, [*columns(names, 2), current_workspace()])
    edges = [edge for pair, row in joined.items() for edge in _edges(ids[pair], row)]
    changed = set_edges(None, sorted(ids.values()), edges, rev, names=["from", "to", "by_job"])  # 3
    reported = _reported(list(ids.values()))
    rows: list[Derived] = []
    for pair, row in joined.items():  # 4
        tool, said, recipients = reported.get(ids[pair], (None, {}, []))
        ends = (row.source, row.target)
        about = PairFacts(
            ids[pair], *ends, row.proven, row.last_at, row.last_run_at, row.runs_90d, tool, said, recipients
        )
        rows += facts_of_pair(about)
    changed |= set_derived(rows, rev, names=sorted(PairFacts.names()), asset_ids=ids.values())
    return (changed & set(ids.values())) | {ref.id for ref in made.values() if ref.created}


def count_pairs(pairs: Iterable[Pair], rev: int) -> set[uuid.UUID]:
    """Derive anew how often these pairs were used, of which all else is as it was; return the assets that changed.

    A pair whose newest run is of another day than before is derived whole: it is judged by the rules of that day.
    """
    changed: set[uuid.UUID] = set()
    for part in chunks(sorted(set(pairs))):
        counted = {
            flow_uid(source, target): rest
            for source, target, *rest in fetch(_COUNTED, [*columns(part, 2), *[current_workspace()] * 4])
        }
        rows: list[Derived] = []
        moved: list[Pair] = []
        for uid, identifier, judged_at in fetch(_FIND, [current_workspace(), list(counted)]):
            *pair, proven, last_at, last_run_at, runs = counted[uid]
            fact = runs_fact(identifier, proven, last_run_at or last_at, runs)
            if judged_at == format_timestamp(fact.observed_at):
                rows.append(fact)
            else:
                moved.append((pair[0], pair[1]))
        changed |= set_derived(rows, rev) | derive_pairs(moved, rev)
    return changed


def _edges(flow: uuid.UUID, row: _Joined) -> list[Edge]:
    source, target = row.pair
    return [
        (flow, "from", source, True),
        (flow, "to", target, True),
        *((flow, "by_job", job, True) for job in row.jobs),
    ]


def _load(pairs: Sequence[Pair]) -> dict[Pair, _Joined]:
    joined: dict[Pair, _Joined] = {}
    for row in fetch(_JOINED, [*columns(pairs, 2), *[current_workspace()] * 4]):
        source, target, jobs, proven, last_at, last_run_at, runs, *ends = row
        start, end = End.read(*ends[:4]), End.read(*ends[4:])
        joined[source, target] = _Joined((source, target), start, end, jobs or [], proven, last_at, last_run_at, runs)
    return joined


def _reported(flows: list[uuid.UUID]) -> dict[uuid.UUID, tuple[str | None, dict[str, Any], list[End]]]:
    """Return, per flow, the transfer tool on record with its provenance, and its recipients."""
    found: dict[uuid.UUID, tuple[str | None, dict[str, Any], list[End]]] = {
        flow: (tool, json.loads(said or "{}"), []) for flow, tool, said in fetch(_TOOLS, [current_workspace(), flows])
    }
    for flow, *vendor in fetch(_RECIPIENTS, [current_workspace(), flows]):
        found[flow][2].append(End.read(*vendor))
    return found


def _retire(pairs: Sequence[Pair], rev: int) -> set[uuid.UUID]:
    """Take the facts from rows of pairs that nothing joins any more, and retire those that nobody reports."""
    if not pairs:
        return set()
    rows = fetch(_ROWS_OF, [*columns(pairs, 2), current_workspace(), current_workspace()])
    ids = [row[0] for row in rows]
    if not ids:
        return set()
    set_edges(None, ids, [], rev, names=["from", "to", "by_job"])
    set_derived([], rev, names=[*PairFacts.names(), "volume_gb_30d"], asset_ids=ids)
    execute(_RETIRE, [rev, current_workspace(), ids])
    names = [(identifier, fit(default_name("data_flow", uid))) for identifier, uid in rows]
    execute(_RENAME, [*columns(names, 2), current_workspace()])
    return set(ids)


_PAIRS_OF = """
SELECT from_dataset_id, to_dataset_id FROM "lineage_flow"
WHERE workspace_id = %s AND from_dataset_id = ANY(%s) AND rev_to IS NULL
UNION
SELECT from_dataset_id, to_dataset_id FROM "lineage_flow"
WHERE workspace_id = %s AND to_dataset_id = ANY(%s) AND rev_to IS NULL
"""

_KINDS = 'SELECT id, kind FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s) AND kind = ANY(%s)'

_RECEIVED_BY = """
SELECT from_asset_id FROM "lineage_relation"
WHERE workspace_id = %s AND to_asset_id = ANY(%s) AND name = 'recipient' AND rev_to IS NULL
"""

_ENDS_OF = """
SELECT from_asset_id, name, to_asset_id FROM "lineage_relation"
WHERE workspace_id = %s AND from_asset_id = ANY(%s) AND name IN ('from', 'to') AND rev_to IS NULL
  AND source_id IS NULL
"""

# runs_90d: runs of the 90 days (UTC) up to that of the newest run of the pair, so that the number depends on events
# alone.
_OF_PAIRS = """
FROM unnest(%s::uuid[], %s::uuid[]) AS w (source, target)
JOIN LATERAL (
  SELECT array_agg(DISTINCT f.job_id) FILTER (WHERE j.kind = 'job') AS jobs, bool_or(f.proven) AS proven,
         max(f.last_seen_at) AS last_at
  FROM "lineage_flow" f JOIN "lineage_asset" j ON j.workspace_id = f.workspace_id AND j.id = f.job_id
  WHERE f.workspace_id = %s AND f.from_dataset_id = w.source AND f.to_dataset_id = w.target AND f.rev_to IS NULL
) AS f ON f.last_at IS NOT NULL
LEFT JOIN LATERAL (
  SELECT max(v.seen_at) AS last_at, array_agg(v.id) AS versions
  FROM "lineage_jobversionflow" vf
  JOIN "lineage_jobversion" v ON v.workspace_id = vf.workspace_id AND v.id = vf.version_id
  WHERE vf.workspace_id = %s AND vf.from_dataset_id = w.source AND vf.to_dataset_id = w.target AND v.runs > 0
) AS runs ON true
LEFT JOIN LATERAL (
  SELECT sum(d.runs)::int AS count FROM "lineage_jobversionday" d
  WHERE d.workspace_id = %s AND d.version_id = ANY(runs.versions)
    AND d.day > (runs.last_at AT TIME ZONE 'UTC')::date - 90
) AS recent ON true
JOIN "lineage_asset" s ON s.id = w.source
JOIN "lineage_asset" t ON t.id = w.target AND t.workspace_id = s.workspace_id
WHERE s.workspace_id = %s
"""

_JOINED = f"""
SELECT w.source, w.target, f.jobs, f.proven, f.last_at, runs.last_at, coalesce(recent.count, 0),
       s.uid, s.name, s.document, s.provenance, t.uid, t.name, t.document, t.provenance
{_OF_PAIRS}"""

_COUNTED = f"""
SELECT s.uid, t.uid, w.source, w.target, f.proven, f.last_at, runs.last_at, coalesce(recent.count, 0)
{_OF_PAIRS}"""

# An inventory may have named the flow before, and its ends may have got other names since.
_RENAME = """
UPDATE "lineage_asset" a SET name = w.name FROM unnest(%s::uuid[], %s::text[]) AS w (id, name)
WHERE a.workspace_id = %s AND a.id = w.id AND a.name <> w.name AND NOT a.document ? 'name'
"""

_FIND = """
SELECT uid, id, provenance->'basis'->>'at' FROM "lineage_asset"
WHERE workspace_id = %s AND kind = 'data_flow' AND uid = ANY(%s)
"""

_TOOLS = """
SELECT id, document->>'transfer_tool', provenance->'transfer_tool' FROM "lineage_asset"
WHERE workspace_id = %s AND id = ANY(%s)
"""

_RECIPIENTS = """
SELECT DISTINCT ON (r.from_asset_id, v.uid) r.from_asset_id, v.uid, v.name, v.document, v.provenance
FROM "lineage_relation" r JOIN "lineage_asset" v ON v.workspace_id = r.workspace_id AND v.id = r.to_asset_id
WHERE r.workspace_id = %s AND r.from_asset_id = ANY(%s) AND r.name = 'recipient' AND r.rev_to IS NULL
ORDER BY r.from_asset_id, v.uid
"""

_ROWS_OF = """
SELECT a.id, a.uid FROM unnest(%s::uuid[], %s::uuid[]) AS w (source, target)
JOIN "lineage_relation" s ON s.to_asset_id = w.source AND s.name = 'from' AND s.rev_to IS NULL
  AND s.source_id IS NULL
JOIN "lineage_relation" t ON t.workspace_id = s.workspace_id AND t.from_asset_id = s.from_asset_id AND t.name = 'to'
  AND t.to_asset_id = w.target AND t.rev_to IS NULL AND t.source_id IS NULL
JOIN "lineage_asset" a ON a.workspace_id = s.workspace_id AND a.id = s.from_asset_id
WHERE s.workspace_id = %s AND t.workspace_id = %s
"""

# One that an inventory reports stays: its place and rules are then unknown.
_RETIRE = """
UPDATE "lineage_asset" a SET state = 'retired', rev_changed = %s WHERE a.workspace_id = %s AND a.id = ANY(%s)
  AND NOT EXISTS (SELECT 1 FROM "lineage_factset" f WHERE f.asset_id = a.id AND f.rev_to IS NULL)
"""
