"""Read lineage facts: of assets as rules see them, now or at a revision."""

import datetime
import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.graph.derivations import TRACED
from lineage.graph.labels.graph import MISSING, document
from lineage.graph.labels.models import Traced
from lineage.inventory.bulk import fetch
from lineage.inventory.kinds.load import load_lineage_facts
from lineage.inventory.kinds.values import format_timestamp


@dataclass(frozen=True)
class Lineage:
    """The lineage facts of an asset. `possible` None: the same as `proven`. `seen_at`: of the newest flow at it."""

    proven: Mapping[str, Any]
    possible: Mapping[str, Any] | None
    seen_at: datetime.datetime | None

    def provenance(self) -> dict[str, dict[str, str]]:
        """Return where each fact comes from, under the names that rules give as keys."""
        at = format_timestamp(self.seen_at) if self.seen_at is not None else ""
        return {
            f"lineage.{name}": {
                "origin": "derived", "source": TRACED.label, "at": at, "event": "",
                "grade": load_lineage_facts()[name].best_grade,
            }
            for name in {*self.proven, *(self.possible or {})}
        }  # fmt: skip


def lineage_of(assets: Collection[uuid.UUID], revision: int | None = None) -> dict[uuid.UUID, Lineage]:
    """Return the lineage facts of those of these assets that have some, in two queries. None: the current."""
    among = sorted(assets)
    sides: dict[uuid.UUID, dict[str, dict[str, Any]]] = {}
    rows = fetch(_FACTS, [current_workspace(), among, revision, revision, revision]) if among else []
    for asset, basis, up, down, count, untraced, below, over in rows:
        facts = document(
            json.loads(up), json.loads(down), (count, untraced), (below, MISSING if over is None else over)
        )
        sides.setdefault(asset, {})[basis] = facts
    seen = dict(fetch(_SEEN, [current_workspace(), sorted(sides)] * 2)) if sides else {}
    proven, possible = Traced.Basis.PROVEN.value, Traced.Basis.POSSIBLE.value
    return {asset: Lineage(of[proven], of.get(possible), seen.get(asset)) for asset, of in sides.items()}


_FACTS = """
SELECT t.asset_id, t.basis, u.facts, d.facts, t.upstream_count, t.untraced_inputs, t.downstream_count,
       t.downstream_over_retention
FROM "lineage_traced" t
JOIN "lineage_labelset" u ON u.workspace_id = t.workspace_id AND u.id = t.up
JOIN "lineage_labelset" d ON d.workspace_id = t.workspace_id AND d.id = t.down
WHERE t.workspace_id = %s AND t.asset_id = ANY(%s)
  AND CASE WHEN %s::bigint IS NULL THEN t.rev_to IS NULL
           ELSE t.rev_from <= %s AND (t.rev_to IS NULL OR t.rev_to > %s) END
"""

_SEEN = """
SELECT asset, max(seen_at) FROM (
  SELECT to_dataset_id AS asset, last_seen_at AS seen_at FROM "lineage_flow"
  WHERE workspace_id = %s AND to_dataset_id = ANY(%s) AND rev_to IS NULL
  UNION ALL
  SELECT from_dataset_id, last_seen_at FROM "lineage_flow"
  WHERE workspace_id = %s AND from_dataset_id = ANY(%s) AND rev_to IS NULL
) AS flows GROUP BY asset
"""
