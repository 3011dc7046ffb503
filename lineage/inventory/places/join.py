"""Join datasets to the storage that serves their namespace: derived `stored_in` relations.

The longest of a storage's `lineage_namespaces` that matches decides. An entry matches a namespace that it equals, and
one that it begins where it ends at a boundary: `s3://lake` serves `s3://lake` and `s3://lake/raw`, not `s3://lake-eu`,
which is another bucket (a place that is wrong would pass a check; one that is missing does not). An entry that itself
ends in a separator (`s3://bank-`) is a prefix as it stands. Where two storages claim the same entry both are joined.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote, unquote

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import chunks, fetch
from lineage.inventory.relations import Edge, set_edges

FOLLOWS = "/:"
"""What may follow an entry inside a namespace that it serves."""
ENDS = "/:.-_@"
"""What an entry may end in to be a prefix as it stands."""
FEW = 50
"""Up to so many changed prefixes are looked up by index; for more, all data sets are read once."""

Claims = Mapping[str, Sequence[uuid.UUID]]
"""Namespace entry -> the storages that claim it."""


def join_storages(asset_ids: Iterable[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Join again whatever these assets (data sets, storages) can change; return both ends of what did change."""
    rows = fetch(_CHANGED, [current_workspace(), list(asset_ids)])
    storages = [identifier for identifier, kind, _, _ in rows if kind == "storage"]
    prefixes = {name for _, _, _, names in rows for name in json.loads(names or "[]")}
    datasets = {identifier: uid for identifier, kind, uid, _ in rows if kind == "dataset"}
    datasets |= dict(fetch(_JOINED, [current_workspace(), storages])) | _under(sorted(prefixes))
    if not datasets:
        return set()
    claims = claims_now()
    touched: set[uuid.UUID] = set()
    for part in chunks(sorted(datasets)):
        edges: list[Edge] = []
        for dataset in part:
            for storage in serving(namespace_of(datasets[dataset]), claims):
                edges += [(dataset, "stored_in", storage, True), (storage, "holds", dataset, False)]
        touched |= set_edges(None, part, edges, rev, names=["stored_in", "holds"])
    return touched


def serving(namespace: str, claims: Claims) -> Sequence[uuid.UUID]:
    """Return the storages that claim the longest entry matching `namespace`; empty where none does."""
    for end in range(len(namespace), 0, -1):
        at_boundary = end == len(namespace) or namespace[end] in FOLLOWS or namespace[end - 1] in ENDS
        if at_boundary and (found := claims.get(namespace[:end])):
            return found
    return ()


def namespace_of(uid: str) -> str:
    """Return the namespace inside a data set's uid."""
    return unquote(uid.partition("/")[0])


def claims_now() -> Claims:
    """Read every storage's entries: one scan of the storages per batch, which are few beside data sets."""
    claims: dict[str, list[uuid.UUID]] = {}
    for identifier, names in fetch(_CLAIMS, [current_workspace()]):
        for name in set(json.loads(names)):
            claims.setdefault(name, []).append(identifier)
    return claims


def _under(prefixes: Sequence[str]) -> dict[uuid.UUID, str]:
    """Return the data sets whose namespace begins with one of these (a superset of what matches)."""
    if not prefixes:
        return {}
    if len(prefixes) > FEW:
        return dict(fetch(_DATASETS, [current_workspace()]))
    clause = " OR ".join("uid ^@ %s" for _ in prefixes)
    return dict(
        fetch(f"{_DATASETS} AND ({clause})", [current_workspace(), *(quote(name, safe="") for name in prefixes)])
    )


_CHANGED = """
SELECT id, kind, uid, document->>'lineage_namespaces' FROM "lineage_asset"
WHERE workspace_id = %s AND id = ANY(%s) AND kind IN ('dataset', 'storage')
"""

_JOINED = """
SELECT d.id, d.uid FROM "lineage_relation" r
JOIN "lineage_asset" d ON d.id = r.from_asset_id AND d.workspace_id = r.workspace_id
WHERE r.workspace_id = %s AND r.to_asset_id = ANY(%s) AND r.name = 'stored_in' AND r.source_id IS NULL
  AND r.rev_to IS NULL
"""

_CLAIMS = """
SELECT id, document->>'lineage_namespaces' FROM "lineage_asset"
WHERE workspace_id = %s AND kind = 'storage' AND state <> 'retired' AND document ? 'lineage_namespaces' ORDER BY id
"""

_DATASETS = """SELECT id, uid FROM "lineage_asset" WHERE workspace_id = %s AND kind = 'dataset'"""
