"""Tell which assets a batch of events changed in a way that lineage facts may notice."""

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.graph.labels.graph import FEEDING
from lineage.inventory.bulk import fetch

CARRIED = (
    "classification", "effective_class_rank", "environment", "storage_countries", "residency_limited",
    "allowed_countries", "contains_personal_data", "is_origin", "serving_countries", "risk_tier", "retention_days",
    "oldest_record_at", "oldest_record_never", "oldest_record_none",
)  # fmt: skip
"""Attributes from which lineage facts are computed (carried.py, load.py)."""


def to_trace(
    changed: Collection[uuid.UUID],
    before: Mapping[uuid.UUID, Mapping[str, Any]],
    named: Collection[uuid.UUID],
    pairs: Iterable[tuple[uuid.UUID, uuid.UUID]],
    rev: int,
) -> set[uuid.UUID]:
    """Return the assets around which lineage has to be traced anew.

    1. Ends of flows whose basis, proof or masking changed (`pairs`).
    2. Assets that carry something else than in their document `before`; without one: all that changed.
    3. Ends of relations that opened or closed at `rev`.
    4. Assets that an event `named` and that have no lineage facts yet.
    """
    found = {end for pair in pairs for end in pair}  # 1
    ids = sorted(changed)
    for asset, document in fetch(_DOCUMENTS, [current_workspace(), ids]):  # 2
        old, new = before.get(asset), json.loads(document)
        if old is None or any(old.get(name) != new.get(name) for name in CARRIED):
            found.add(asset)
    found |= {end for row in fetch(_RELATED, [current_workspace(), ids, rev, rev]) for end in row}  # 3
    return found | {row[0] for row in fetch(_UNTRACED, [current_workspace(), sorted(named)])}  # 4


_DOCUMENTS = """
SELECT id, document FROM "lineage_asset"
WHERE workspace_id = %s AND id = ANY(%s) AND kind IN ('dataset', 'job', 'model', 'ai_system', 'service')
"""

_RELATED = f"""
SELECT from_asset_id, to_asset_id FROM "lineage_relation"
WHERE workspace_id = %s AND from_asset_id = ANY(%s) AND (rev_from = %s OR rev_to = %s)
  AND (name IN {FEEDING} OR name = 'writes')
"""  # noqa: S608 - our own names

_UNTRACED = """
SELECT a.id FROM "lineage_asset" a
WHERE a.workspace_id = %s AND a.id = ANY(%s) AND a.kind IN ('dataset', 'job')
  AND NOT EXISTS (SELECT 1 FROM "lineage_traced" t
                  WHERE t.workspace_id = a.workspace_id AND t.asset_id = a.id AND t.rev_to IS NULL)
"""
