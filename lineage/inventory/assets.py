"""Make sure that assets exist: set-based, idempotent, independent of the order of arrival."""

import datetime
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import chunks, columns, execute, fetch
from lineage.inventory.models import Asset

Key = tuple[str, str]
"""(kind, uid): what an asset is known by inside its workspace."""

UID_LIMIT = 2500
"""Bytes of UTF-8: what the unique index on (workspace, kind, uid) can hold in one of its pages."""


SEEN_AGAIN = datetime.timedelta(minutes=1)
"""What was seen so shortly before is not written anew: busy jobs would be, with every batch."""


@dataclass(frozen=True)
class AssetRef:
    """An asset that exists. By this very call `created`, or `revived`: reported, where it was mentioned or retired."""

    id: uuid.UUID
    kind: str
    uid: str
    created: bool
    revived: bool = False


def ensure_assets(
    wanted: Iterable[tuple[str, str, str]], rev: int, seen_at: datetime.datetime, state: Asset.State
) -> dict[Key, AssetRef]:
    """Create what is missing of `wanted` (kind, uid, name; '' = a name from the uid) and return all by (kind, uid).

    A reported asset never becomes a mentioned one again; reporting brings a retired one back, mentioning does not.
    `seen_at` widens first and last seen, the latter by steps of SEEN_AGAIN. The name counts at creation alone: a
    reported name is a fact, and wins when documents are rebuilt.
    """
    names: dict[Key, str] = {}
    for kind, uid, name in wanted:
        names.setdefault((kind, uid), name)
    rows = sorted((kind, uid, fit(name or default_name(kind, uid))) for (kind, uid), name in names.items())
    found: dict[Key, AssetRef] = {}
    for part in chunks(rows):
        kinds, uids, titles = columns(part, 3)
        ids = [new_id() for _ in part]
        workspace = current_workspace()
        made = {row[0] for row in fetch(_INSERT, [workspace, state, seen_at, seen_at, rev, ids, kinds, uids, titles])}
        revived = set[uuid.UUID]()
        if state == Asset.State.REPORTED:
            revived = {row[0] for row in fetch(_REVIVE, [rev, kinds, uids, workspace])}
        execute(_SEEN, [seen_at, seen_at, kinds, uids, workspace, seen_at, seen_at - SEEN_AGAIN])
        for identifier, kind, uid in fetch(_FIND, [kinds, uids, workspace]):
            found[kind, uid] = AssetRef(identifier, kind, uid, identifier in made, identifier in revived)
    return found


def default_name(kind: str, uid: str) -> str:
    """Return a name for people where none was reported: of data sets and jobs the part after the namespace.

    Of a data flow those of its ends, unless its uid is a digest.
    """
    if kind in ("dataset", "job") and "/" in uid:
        return unquote(uid.partition("/")[2])
    if kind == "data_flow" and "/" in uid:
        return " → ".join(default_name("dataset", unquote(end)) for end in uid.split("/", 1))
    return uid


def fit(name: str) -> str:
    """Cut a name to what its index can hold; uids are never cut, they are refused at the door."""
    return name.encode()[:UID_LIMIT].decode(errors="ignore")


# Rows are sorted by key, so that two transactions lock in the same order.
_INSERT = """
INSERT INTO "lineage_asset" (id, workspace_id, kind, uid, name, state, document, provenance, known_relations, conflicts,
                             environment, country, owner, first_seen_at, last_seen_at, rev_changed)
SELECT w.id, %s, w.kind, w.uid, w.name, %s, '{}', '{}', '[]', '{}', '', '', '', %s, %s, %s
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) AS w (id, kind, uid, name)
ON CONFLICT (workspace_id, kind, uid) DO NOTHING
RETURNING id
"""

_REVIVE = """
UPDATE "lineage_asset" a SET state = 'reported', rev_changed = %s
FROM unnest(%s::text[], %s::text[]) AS w (kind, uid)
WHERE a.workspace_id = %s AND a.kind = w.kind AND a.uid = w.uid AND a.state <> 'reported'
RETURNING a.id
"""

_SEEN = """
UPDATE "lineage_asset" a
SET first_seen_at = LEAST(a.first_seen_at, %s), last_seen_at = GREATEST(a.last_seen_at, %s)
FROM unnest(%s::text[], %s::text[]) AS w (kind, uid)
WHERE a.workspace_id = %s AND a.kind = w.kind AND a.uid = w.uid AND (a.first_seen_at > %s OR a.last_seen_at < %s)
"""

_FIND = """
SELECT a.id, a.kind, a.uid
FROM unnest(%s::text[], %s::text[]) AS w (kind, uid)
JOIN "lineage_asset" a ON a.kind = w.kind AND a.uid = w.uid
WHERE a.workspace_id = %s
"""
