"""Keep relation rows in line with what is reported: temporal, both directions where the name has an inverse."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.assets import AssetRef, Key, ensure_assets
from lineage.inventory.bulk import columns, fetch
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
    workspace, touched = current_workspace(), set[uuid.UUID]()
    wanted = columns(sorted(set(edges)), 4)
    for reported_from, end in ((True, "from_asset_id"), (False, "to_asset_id")):
        which = [workspace, source_id, reported_from, list(owners), names, names, *wanted]
        for row in fetch(_DROP_OF_SAME_REVISION.format(end=end), [rev, *which]):
            touched.update(row)
        for row in fetch(_CLOSE.format(end=end), [rev, *which]):
            touched.update(row)
    for row in fetch(_OPEN, [workspace, source_id, rev, [new_id() for _ in wanted[0]], *wanted]):
        touched.update(row)
    return touched


_KINDS = 'SELECT id, kind FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)'

_GONE = """
  r.workspace_id = %s AND r.source_id IS NOT DISTINCT FROM %s AND r.rev_to IS NULL AND r.reported_from = %s
  AND r.{end} = ANY(%s) AND (%s::text[] IS NULL OR r.name = ANY(%s::text[]))
  AND NOT EXISTS (
    SELECT 1 FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::bool[]) AS w (from_id, name, to_id, reported_from)
    WHERE w.from_id = r.from_asset_id AND w.name = r.name AND w.to_id = r.to_asset_id
      AND w.reported_from = r.reported_from)
RETURNING r.from_asset_id, r.to_asset_id
"""

# A row that this very revision opened was never visible: it is dropped, not closed.
_DROP_OF_SAME_REVISION = 'DELETE FROM "lineage_relation" r WHERE r.rev_from = %s AND' + _GONE  # noqa: S608 - constants

_CLOSE = 'UPDATE "lineage_relation" r SET rev_to = %s WHERE' + _GONE  # noqa: S608 - constants

_OPEN = """
INSERT INTO "lineage_relation" (id, workspace_id, source_id, rev_from, from_asset_id, name, to_asset_id, reported_from)
SELECT w.id, c.workspace, c.source, c.rev, w.from_id, w.name, w.to_id, w.reported_from
FROM (SELECT %s::uuid, %s::uuid, %s::bigint) AS c (workspace, source, rev),
     unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::bool[])
       AS w (id, from_id, name, to_id, reported_from)
WHERE NOT EXISTS (
  SELECT 1 FROM "lineage_relation" r
  WHERE r.workspace_id = c.workspace AND r.rev_to IS NULL AND r.from_asset_id = w.from_id AND r.name = w.name
    AND r.to_asset_id = w.to_id AND r.source_id IS NOT DISTINCT FROM c.source AND r.reported_from = w.reported_from)
RETURNING from_asset_id, to_asset_id
"""
