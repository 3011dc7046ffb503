"""Keep relation rows in line with what is reported: temporal, both directions where the name has an inverse."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.assets import AssetRef, Key, ensure_assets
from lineage.inventory.bulk import columns, execute, fetch
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.models import Asset


@dataclass(frozen=True)
class Reporter:
    """All relations that one source reports of one asset: name -> [[kind, uid], ...]."""

    asset_id: uuid.UUID
    relations: Mapping[str, Sequence[Sequence[str]]]


Edge = tuple[uuid.UUID, str, uuid.UUID, bool]
"""(from, name, to, reported_from) of a Relation row."""


def sync_relations(source_id: uuid.UUID, reporters: Sequence[Reporter], rev: int) -> set[uuid.UUID]:
    """Make the rows that rest on these reporters' reports equal to them; return both ends of all rows that changed.

    Targets that do not exist are made as mentioned. A row rests on exactly one report (its source and the end that
    said it), so that taking one back leaves what others say untouched.
    """
    if not reporters:
        return set()
    targets = {(kind, uid) for reporter in reporters for keys in reporter.relations.values() for kind, uid in keys}
    found = ensure_assets([(*key, "") for key in targets], rev, timezone.now(), Asset.State.MENTIONED)
    kinds = dict(fetch(_KINDS, [current_workspace(), [reporter.asset_id for reporter in reporters]]))
    edges = [edge for reporter in reporters for edge in _edges(reporter, kinds[reporter.asset_id], found)]
    return set_edges(source_id, [reporter.asset_id for reporter in reporters], edges, rev)


def _edges(reporter: Reporter, kind: str, found: Mapping[Key, AssetRef]) -> list[Edge]:
    declared = load_kinds()[kind].relations
    edges: list[Edge] = []
    for name, keys in reporter.relations.items():
        for target_kind, uid in keys:
            target = found[target_kind, uid].id
            edges.append((reporter.asset_id, name, target, True))
            if (inverse := declared[name].inverse) is not None:
                edges.append((target, inverse, reporter.asset_id, False))
    return edges


def set_edges(
    source_id: uuid.UUID | None,
    owners: Sequence[uuid.UUID],
    edges: Sequence[Edge],
    rev: int,
    names: Sequence[str] | None = None,
) -> set[uuid.UUID]:
    """Close the owners' current rows that `edges` lack, open those that are new; return both ends of all of these.

    A row is its owner's where the owner reported it: that is its from end with `reported_from`, else its to end.
    `source_id` None: derived rows. `names`: the only relation names (inverses too) to look at; None = all.
    """
    workspace, wanted = current_workspace(), set(edges)
    current: dict[Edge, tuple[uuid.UUID, int]] = {}
    for sql in (_OWN_SIDE, _OTHER_SIDE):
        for row_id, rev_from, *edge in fetch(sql, [workspace, list(owners), source_id, names, names]):
            current[edge[0], edge[1], edge[2], edge[3]] = (row_id, rev_from)
    gone = [edge for edge in current if edge not in wanted]
    # A row that this very revision opened was never visible: it is dropped, not closed.
    if dropped := [current[edge][0] for edge in gone if current[edge][1] == rev]:
        execute(_DROP, [workspace, dropped])
    if closed := [current[edge][0] for edge in gone if current[edge][1] != rev]:
        execute(_CLOSE, [rev, workspace, closed])
    if new := sorted(wanted - current.keys(), key=_in_order):
        execute(_OPEN, [workspace, source_id, rev, [new_id() for _ in new], *columns(new, 4)])
    return {end for from_id, _, to_id, _ in [*gone, *new] for end in (from_id, to_id)}


def _in_order(edge: Edge) -> tuple[int, str, int, bool]:
    return edge[0].int, edge[1], edge[2].int, edge[3]


_KINDS = 'SELECT id, kind FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)'

_OWN_SIDE = """
SELECT id, rev_from, from_asset_id, name, to_asset_id, reported_from FROM "lineage_relation"
WHERE workspace_id = %s AND from_asset_id = ANY(%s) AND rev_to IS NULL AND reported_from
  AND source_id IS NOT DISTINCT FROM %s AND (%s::text[] IS NULL OR name = ANY(%s::text[]))
"""

_OTHER_SIDE = """
SELECT id, rev_from, from_asset_id, name, to_asset_id, reported_from FROM "lineage_relation"
WHERE workspace_id = %s AND to_asset_id = ANY(%s) AND rev_to IS NULL AND NOT reported_from
  AND source_id IS NOT DISTINCT FROM %s AND (%s::text[] IS NULL OR name = ANY(%s::text[]))
"""

_DROP = 'DELETE FROM "lineage_relation" WHERE workspace_id = %s AND id = ANY(%s)'

_CLOSE = 'UPDATE "lineage_relation" SET rev_to = %s WHERE workspace_id = %s AND id = ANY(%s)'

_OPEN = """
INSERT INTO "lineage_relation" (id, workspace_id, source_id, rev_from, from_asset_id, name, to_asset_id, reported_from)
SELECT w.id, c.workspace, c.source, c.rev, w.from_id, w.name, w.to_id, w.reported_from
FROM (SELECT %s::uuid, %s::uuid, %s::bigint) AS c (workspace, source, rev),
     unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::bool[])
       AS w (id, from_id, name, to_id, reported_from)
"""
