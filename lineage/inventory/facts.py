"""Keep what sources report, over revisions: FactSet rows, one current per asset and source."""

import datetime
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils import timezone

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.assets import Key, ensure_assets
from lineage.inventory.bulk import chunks, execute, fetch, from_json, in_order, records
from lineage.inventory.merge import ReportedRow, Said, merge, unnamed
from lineage.inventory.models import Asset, Source
from lineage.inventory.relations import Reporter, sync_relations


@dataclass(frozen=True)
class _Current:
    """A current FactSet row and what it says."""

    id: uuid.UUID | None  # None = there is no row yet
    asset_id: uuid.UUID
    said: Said


def report_facts(source: Source, rows: Iterable[ReportedRow], rev: int) -> set[uuid.UUID]:
    """Merge reports of one source into what it said before; return the assets that this touches.

    These are the assets whose facts or relations changed, and the other ends of relations that changed. Targets that
    do not exist yet are made as mentioned. The result does not depend on the order of the rows, nor on how they are
    spread over calls (merge.py). A row that adds nothing writes nothing. Lineage says the same with every run: what it
    only confirms within an hour is noted in the row that stands, and touches nothing (documents show its hour).
    """
    by_asset: dict[uuid.UUID, list[ReportedRow]] = {}
    for row in rows:
        by_asset.setdefault(row.asset_id, []).append(row)
    touched: set[uuid.UUID] = set()
    overruled: set[Key] = set()
    for part in chunks(in_order(by_asset)):
        changes: list[tuple[_Current, Said]] = []
        confirmed: list[tuple[_Current, Said]] = []
        for current in _load(source.pk, part):
            said = current.said
            for row in by_asset[current.asset_id]:
                said = merge(said, row, source.full_at)
            overruled |= _overruled(by_asset[current.asset_id], said)
            if said is not current.said:
                by_the_hour = source.door == Source.Door.LINEAGE and said.same_by_the_hour(current.said)
                (confirmed if by_the_hour else changes).append((current, said))
        touched |= _store(source.pk, changes, rev)
        _confirm(confirmed)
    return touched | _mention(overruled, rev)


def _overruled(rows: Iterable[ReportedRow], said: Said) -> set[Key]:
    """Return the targets of these rows that are not current: something newer is known, now or already before."""
    return {
        key
        for row in rows
        for name, keys in row.relations.items()
        for key in keys or ()
        if list(key) not in said.relations.get(name, {}).get("v", ())
    }


def _mention(keys: Iterable[Key], rev: int) -> set[uuid.UUID]:
    """Make these assets as mentioned; return the new ones. Else what came first would decide whether they exist."""
    wanted = [(*key, "") for key in keys]
    found = ensure_assets(wanted, rev, timezone.now(), Asset.State.MENTIONED) if wanted else {}
    return {ref.id for ref in found.values() if ref.created}


def unnamed_by_batch(source: Source, named: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """Return the assets of which `source` says something and that are not among `named`."""
    return [row[0] for row in fetch(_UNNAMED, [current_workspace(), source.pk, list(set(named))])]


def unnamed_by_parts(source: Source, import_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the assets of which `source` says something and that no part of an import names."""
    workspace = current_workspace()
    return [row[0] for row in fetch(_UNNAMED_BY_PARTS, [workspace, source.pk, workspace, import_id])]


def withdraw_unnamed(
    source: Source, asset_ids: Sequence[uuid.UUID], full_at: datetime.datetime, rev: int, *, stated: bool
) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """Apply a complete full inventory: close what `source` said before of these assets, which it does not name.

    What was said since `full_at` stays; `stated` as `unnamed` has it. Returns (assets of which nothing does, assets
    touched by that).
    """
    withdrawn: set[uuid.UUID] = set()
    touched: set[uuid.UUID] = set()
    for part in chunks(asset_ids):
        left = [(current, unnamed(current.said, full_at, stated=stated)) for current in _load(source.pk, part)]
        withdrawn |= {current.asset_id for current, said in left if not said.facts}
        touched |= _store(source.pk, [(old, said) for old, said in left if not said.same_content(old.said)], rev)
    return withdrawn, touched


def _load(source_id: uuid.UUID, asset_ids: Sequence[uuid.UUID]) -> list[_Current]:
    """Return the current rows of these assets, an empty one where there is none."""
    found = {
        asset_id: _Current(row_id, asset_id, Said(from_json(facts), from_json(relations), full_at, event))
        for row_id, asset_id, facts, relations, full_at, event in fetch(
            _CURRENT, [current_workspace(), source_id, list(asset_ids)]
        )
    }
    return [found.get(asset_id) or _Current(None, asset_id, Said()) for asset_id in asset_ids]


def _store(source_id: uuid.UUID, changes: Sequence[tuple[_Current, Said]], rev: int) -> set[uuid.UUID]:
    """Close the rows that changed and open their successors; then bring the relations in line."""
    if not changes:
        return set()
    workspace = current_workspace()
    old = [current.id for current, _ in changes if current.id is not None]
    execute(_DROP_OF_SAME_REVISION, [workspace, old, rev])
    execute(_CLOSE, [rev, workspace, old])
    opened = [
        {
            "id": new_id(),
            "asset": current.asset_id,
            "event": said.event,
            "facts": said.facts,
            "relations": said.relations,
            "full_at": said.full_at,
        }
        for current, said in changes
        if said.event is not None
    ]
    execute(_OPEN, [workspace, source_id, rev, records(opened)])
    reporters = [
        Reporter(current.asset_id, _targets(said))
        for current, said in changes
        if _targets(said) != _targets(current.said)
    ]
    return {current.asset_id for current, _ in changes} | sync_relations(source_id, reporters, rev)


def _confirm(confirmed: Sequence[tuple[_Current, Said]]) -> None:
    rows = [{"id": current.id, "event": said.event, "facts": said.facts, "relations": said.relations}
            for current, said in confirmed]  # fmt: skip
    if rows:
        execute(_CONFIRM, [records(rows), current_workspace()])


def _targets(said: Said) -> dict[str, list[list[str]]]:
    return {name: entry["v"] for name, entry in said.relations.items() if "v" in entry}


_CURRENT = """
SELECT id, asset_id, facts, relations, full_at, event FROM "lineage_factset"
WHERE workspace_id = %s AND source_id = %s AND asset_id = ANY(%s) AND rev_to IS NULL
"""

_UNNAMED = """
SELECT f.asset_id FROM "lineage_factset" f
WHERE f.workspace_id = %s AND f.source_id = %s AND f.rev_to IS NULL
  AND NOT EXISTS (SELECT 1 FROM unnest(%s::uuid[]) AS n (id) WHERE n.id = f.asset_id)
ORDER BY f.asset_id
"""

_UNNAMED_BY_PARTS = """
SELECT f.asset_id FROM "lineage_factset" f
WHERE f.workspace_id = %s AND f.source_id = %s AND f.rev_to IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM (
      SELECT unnest(p.named) AS id FROM "lineage_importpart" p WHERE p.workspace_id = %s AND p.of_import_id = %s
    ) n WHERE n.id = f.asset_id)
ORDER BY f.asset_id
"""

# A row that this very revision opened was never visible: it is replaced, not closed.
_DROP_OF_SAME_REVISION = 'DELETE FROM "lineage_factset" WHERE workspace_id = %s AND id = ANY(%s) AND rev_from = %s'

_CLOSE = 'UPDATE "lineage_factset" SET rev_to = %s WHERE workspace_id = %s AND id = ANY(%s)'

_CONFIRM = """
UPDATE "lineage_factset" f SET event = w.event, facts = w.facts, relations = w.relations
FROM jsonb_to_recordset(%s::jsonb) AS w (id uuid, event uuid, facts jsonb, relations jsonb)
WHERE f.workspace_id = %s AND f.id = w.id
"""

_OPEN = """
INSERT INTO "lineage_factset" (id, workspace_id, asset_id, source_id, event, facts, relations, full_at, rev_from)
SELECT w.id, c.workspace, w.asset, c.source, w.event, w.facts, w.relations, w.full_at, c.rev
FROM (SELECT %s::uuid, %s::uuid, %s::bigint) AS c (workspace, source, rev),
     jsonb_to_recordset(%s::jsonb)
       AS w (id uuid, asset uuid, event uuid, facts jsonb, relations jsonb, full_at timestamptz)
"""
