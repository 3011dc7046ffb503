"""Rebuild the projection of assets: document, provenance, conflicts, known relations and the columns for lists."""

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.assets import default_name, fit
from lineage.inventory.bulk import chunks, execute, fetch, from_json, in_order, records
from lineage.inventory.effective import Computed, Report, effective, leading_source, newest
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.kinds.values import format_timestamp
from lineage.inventory.merge import Entry, hour


@dataclass
class Known:
    """An asset with all that is known about it, now or at a revision (history.py)."""

    id: uuid.UUID
    kind: str
    uid: str
    name: str
    first_seen_at: datetime.datetime
    reports: list[Report] = field(default_factory=list)
    computed: list[Computed] = field(default_factory=list)
    relations: set[str] = field(default_factory=set)
    organisation: uuid.UUID | None = None


@dataclass
class _Row(Known):
    """One with the projection that it has now."""

    projected: tuple[Any, ...] = ()  # document, provenance, known_relations, conflicts, organisation
    relations_changed: bool = False


def rebuild_documents(asset_ids: Iterable[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Project the current FactSets, derived facts and relations of these assets; return those that changed.

    Changed = another document, provenance, conflict or organisation, or relation rows that `rev` opened or closed.
    A provenance that is newer counts: whether a verdict is stale depends on it. An unchanged asset is not written.
    """
    changed: set[uuid.UUID] = set()
    for part in chunks(in_order(asset_ids)):
        rows = _load(part, rev)
        writes = [write for row in rows if (write := _write(row)) is not None]
        if writes:
            execute(_WRITE, [rev, records(writes), current_workspace()])
        changed |= {write["id"] for write in writes} | {row.id for row in rows if row.relations_changed}
    return changed


def _load(asset_ids: Sequence[uuid.UUID], rev: int) -> list[_Row]:
    scope = [current_workspace(), list(asset_ids)]
    rows: dict[uuid.UUID, _Row] = {}
    for identifier, kind, uid, name, first, *projected, organisation in fetch(_ASSETS, scope):
        rows[identifier] = _Row(
            identifier,
            kind,
            uid,
            name,
            first,
            projected=(*(from_json(text) for text in projected), organisation),
        )
    for asset_id, source, grade_class, facts, relations in fetch(_REPORTS, scope):
        rows[asset_id].reports.append(report_of(source, grade_class, from_json(facts)))
        rows[asset_id].relations.update(relations)
    for asset_id, name, value, derivation, grade, at in fetch(_COMPUTED, scope):
        rows[asset_id].computed.append(Computed(name, from_json(value), derivation, grade, format_timestamp(at)))
    for asset_id, name, is_current, organisation, is_changed in fetch(_RELATIONS, [rev, rev, *scope, rev]):
        row = rows[asset_id]
        if is_current:
            row.relations.add(name)
        row.organisation = organisation or row.organisation
        row.relations_changed |= is_changed
    for kind, query in _FROM_RUNS.items():
        if of_kind := [row.id for row in rows.values() if row.kind == kind]:
            for asset_id, name in fetch(query, [current_workspace(), of_kind]):
                rows[asset_id].relations.add(name)
    return list(rows.values())


def report_of(source: str, grade_class: str, facts: Mapping[str, Entry]) -> Report:
    """Return what a source says, as documents show it: what lineage says is confirmed with every run.

    Within an hour that is not projected anew (facts.py).
    """
    if grade_class == "lineage":
        facts = {name: {**entry, "t": hour(entry["t"])} for name, entry in facts.items()}
    return Report(source, grade_class, facts)


def _write(row: _Row) -> dict[str, Any] | None:
    """Return the new values of the row's columns, None where nothing is new."""
    new = projection(row)
    if new is None or row.projected == (
        new["document"], new["provenance"], new["known"], new["conflicts"], new["organisation"]
    ):  # fmt: skip
        return None
    return new


def projection(known: Known) -> dict[str, Any] | None:
    """Return what follows from all that is known, by column; None for a kind that the vocabulary no longer has."""
    kind = load_kinds().get(known.kind)
    if kind is None:  # what is stored stays as it is
        return None
    result = effective(kind, known.reports, known.computed)
    document = result.document | {"uid": known.uid} | _receipts(known)
    country = str(document.get("country", ""))
    plain = known.name if known.kind == "data_flow" else default_name(known.kind, known.uid)
    return {
        "id": known.id,
        # A name that is no longer reported goes; that of a data flow comes from its ends (graph/data_flows.py).
        "name": fit(document.get("name") or plain),
        "document": document,
        "provenance": result.provenance,
        "known": sorted(known.relations),
        "conflicts": result.conflicts,
        "environment": str(document.get("environment", ""))[:40],
        "country": country if len(country) == 2 else "",
        "owner": str(document.get("owner", ""))[:400],
        "organisation": known.organisation,
    }


def _receipts(row: Known) -> dict[str, str]:
    """Return what follows from its being reported; nothing for an asset that nobody reports (any more)."""
    if not row.reports:
        return {}
    receipts = {"source": leading_source(row.reports), "first_seen_at": format_timestamp(row.first_seen_at)}
    if last := newest(row.reports):
        receipts["last_seen_at"] = last
    return receipts


_ASSETS = """
SELECT id, kind, uid, name, first_seen_at, document, provenance, known_relations, conflicts,
       organisation_id
FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)
"""

_REPORTS = """
SELECT f.asset_id, s.name, s.grade_class, f.facts,
       ARRAY(SELECT r.key FROM jsonb_each(f.relations) AS r WHERE r.value ? 'v')
FROM "lineage_factset" f JOIN "lineage_source" s ON s.id = f.source_id AND s.workspace_id = f.workspace_id
WHERE f.workspace_id = %s AND f.asset_id = ANY(%s) AND f.rev_to IS NULL
"""

_COMPUTED = """
SELECT asset_id, name, value, derivation, grade, observed_at FROM "lineage_derivedfact"
WHERE workspace_id = %s AND asset_id = ANY(%s) AND rev_to IS NULL
"""

# Of several organisations the first by uid counts, whichever was known first.
_RELATIONS = """
SELECT from_asset_id, name, bool_or(rev_to IS NULL),
       (array_agg(to_asset_id ORDER BY (
         SELECT o.uid FROM "lineage_asset" o WHERE o.workspace_id = r.workspace_id AND o.id = r.to_asset_id
       )) FILTER (WHERE name = 'organisation' AND rev_to IS NULL))[1],
       bool_or(rev_from = %s OR coalesce(rev_to = %s, false))
FROM "lineage_relation" r
WHERE workspace_id = %s AND from_asset_id = ANY(%s) AND (rev_to IS NULL OR rev_to = %s)
GROUP BY from_asset_id, name
"""

# Relations that follow from runs and are not stored (Related). Of a job it is enough that there is one run, which an
# index tells for each; through the view, the planner may look at all of a workspace for each.
_FROM_RUNS = {
    "run": """
SELECT DISTINCT from_asset_id, name FROM "lineage_related"
WHERE workspace_id = %s AND from_asset_id = ANY(%s) AND name IN ('of_job', 'inputs', 'outputs') AND rev_to IS NULL
""",
    "job": """
SELECT w.id, 'runs' FROM (SELECT %s::uuid) AS c (workspace), unnest(%s::uuid[]) AS w (id), LATERAL (
  SELECT 1 FROM "lineage_run" r
  WHERE r.workspace_id = c.workspace AND r.job_id = w.id AND r.asset_id IS NOT NULL LIMIT 1
) AS r
""",
}

_WRITE = """
UPDATE "lineage_asset" a
SET name = w.name, document = w.document, provenance = w.provenance, known_relations = w.known,
    conflicts = w.conflicts, environment = w.environment, country = w.country, owner = w.owner,
    organisation_id = w.organisation, rev_changed = c.rev
FROM (SELECT %s::bigint) AS c (rev),
     jsonb_to_recordset(%s::jsonb)
       AS w (id uuid, name text, document jsonb, provenance jsonb, known jsonb, conflicts jsonb, environment text,
             country text, owner text, organisation uuid)
WHERE a.workspace_id = %s AND a.id = w.id
"""
