"""Tell which assets a batch of events changed in a way that lineage facts may notice."""

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.graph.labels.graph import FEEDING, KNOWS
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
    knew: Collection[uuid.UUID],
    named: Collection[uuid.UUID],
    pairs: Iterable[tuple[uuid.UUID, uuid.UUID]],
    rev: int,
) -> set[uuid.UUID]:
    """Return the assets around which lineage has to be traced anew.

    1. Ends of flows whose basis, proof or masking changed (`pairs`).
    2. Assets that carry something else than in their document `before`; without one: all that changed.
    3. Ends of relations that opened or closed at `rev`.
    4. Assets that an event `named` and that have no lineage facts yet.
    5. Those of `before` of which it became known what feeds them, or is known no more (`knew`: it was known). That
       nothing feeds a model opens no relation.
    """
    found = {end for pair in pairs for end in pair}  # 1
    ids = sorted(changed)
    for asset, document in fetch(_DOCUMENTS, [current_workspace(), ids]):  # 2
        old, new = before.get(asset), json.loads(document)
        if old is None or any(old.get(name) != new.get(name) for name in CARRIED):
            found.add(asset)
    found |= {end for row in fetch(_RELATED, [current_workspace(), ids, rev, rev]) for end in row}  # 3
    return found | _untraced(named) | (set(knew) ^ knowing_what_feeds(before))  # 4, 5


def knowing_what_feeds(assets: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return the models and AI systems among these of which somebody reported what feeds them, be it nothing."""
    return {row[0] for row in fetch(_KNOWING, [current_workspace(), list(assets)])}


def _untraced(named: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return the datasets and jobs among these that have no lineage facts yet.

    In two steps: as one question, it was answered by comparing each of them with each that has some.
    """
    rest = set(named) - {row[0] for row in fetch(_TRACED, [sorted(named), current_workspace()])}
    kinds = fetch(_KINDS, [current_workspace(), sorted(rest)]) if rest else []
    return {asset for asset, kind in kinds if kind in ("dataset", "job")}


_DOCUMENTS = """
SELECT id, document FROM "lineage_asset"
WHERE workspace_id = %s AND id = ANY(%s) AND kind IN ('dataset', 'job', 'model', 'ai_system', 'service')
"""

_RELATED = f"""
SELECT from_asset_id, to_asset_id FROM "lineage_relation"
WHERE workspace_id = %s AND from_asset_id = ANY(%s) AND (rev_from = %s OR rev_to = %s)
  AND (name IN {FEEDING} OR name = 'writes')
"""  # noqa: S608 - our own names

_TRACED = """
SELECT w.id FROM unnest(%s::uuid[]) AS w (id), LATERAL (
  SELECT 1 FROM "lineage_traced" t WHERE t.workspace_id = %s AND t.asset_id = w.id AND t.rev_to IS NULL LIMIT 1
) AS traced
"""

_KNOWING = f"""
SELECT a.id FROM "lineage_asset" a WHERE a.workspace_id = %s AND a.id = ANY(%s) AND ({KNOWS})
"""  # noqa: S608 - our own names

_KINDS = """SELECT id, kind FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)"""
