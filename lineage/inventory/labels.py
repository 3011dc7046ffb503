"""Derive what follows from one or two facts of an asset: the rank of its class, and whether its owner is active."""

import json
import uuid
from collections.abc import Iterable

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import chunks, fetch, in_order
from lineage.inventory.derivations import CLASS_RANK, OWNER_ACTIVE
from lineage.inventory.derived import Derived, set_derived
from lineage.inventory.effective import observed, weakest

RANKS = {"public": 0, "internal": 1, "confidential": 2, "restricted": 3, "personal": 4, "personal_special": 5}


def derive_class_ranks(asset_ids: Iterable[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Derive `effective_class_rank` of the datasets among these; a class without a rank gives none."""
    changed: set[uuid.UUID] = set()
    for part in chunks(in_order(asset_ids)):
        rows, datasets = [], []
        for asset_id, label, where in fetch(_CLASSES, [current_workspace(), list(part)]):
            datasets.append(asset_id)
            if label in RANKS:
                said = json.loads(where)
                inputs = [{"classification": label}]
                grade, at = weakest(["B", said["grade"]]), observed(said)
                rows.append(
                    Derived(asset_id, "effective_class_rank", RANKS[label], CLASS_RANK.label, inputs, grade, at)
                )
        changed |= set_derived(rows, rev, names=["effective_class_rank"], asset_ids=datasets)
    return changed


def derive_owner_active(asset_ids: Iterable[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Derive `owner_active` of these assets and of those whose owner (a person's uid) is among them."""
    given = list(asset_ids)
    owned = [row[0] for row in fetch(_OWNED, [current_workspace(), given])]
    changed: set[uuid.UUID] = set()
    for part in chunks(in_order({*given, *owned})):
        rows = []
        for asset_id, owner, of_owner, active, of_active in fetch(_OWNERS, [current_workspace(), list(part)]):
            first, second = json.loads(of_owner), json.loads(of_active)
            at = min(observed(said) for said in (first, second))
            grade = weakest(["B", first["grade"], second["grade"]])
            inputs = [{"owner": owner, "active": json.loads(active)}]
            rows.append(Derived(asset_id, "owner_active", json.loads(active), OWNER_ACTIVE.label, inputs, grade, at))
        changed |= set_derived(rows, rev, names=["owner_active"], asset_ids=part)
    return changed


_CLASSES = """
SELECT id, document->>'classification', provenance->'classification' FROM "lineage_asset"
WHERE workspace_id = %s AND id = ANY(%s) AND kind = 'dataset'
"""

_OWNED = """
SELECT a.id FROM "lineage_asset" p JOIN "lineage_asset" a ON a.workspace_id = p.workspace_id AND a.owner = p.uid
WHERE p.workspace_id = %s AND p.id = ANY(%s) AND p.kind = 'person' AND a.owner <> ''
"""

_OWNERS = """
SELECT a.id, a.owner, a.provenance->'owner', p.document->'active', p.provenance->'active'
FROM "lineage_asset" a
JOIN "lineage_asset" p ON p.workspace_id = a.workspace_id AND p.kind = 'person' AND p.uid = a.owner
WHERE a.workspace_id = %s AND a.id = ANY(%s) AND a.owner <> '' AND p.state <> 'retired' AND p.document ? 'active'
"""
