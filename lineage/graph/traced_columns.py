"""Derive which part of the personal columns of a dataset has lineage: some flow says from which columns they come.

Which columns are personal is told by tags of fields. Where more are known to be personal than are named, it is not
known which part is traced.
"""

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.graph.derivations import TRACED_COLUMNS
from lineage.graph.tag_facts import personal_fields
from lineage.inventory.bulk import chunks, fetch, from_json
from lineage.inventory.derived import Derived, set_derived
from lineage.inventory.effective import observed, weakest

NAME = "personal_columns_traced_share"


def derive_traced_columns(assets: Collection[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Derive the share of the datasets among these; return those that changed.

    To be asked of datasets whose personal columns were told or whose incoming columns changed, after they are settled.

    1. Which have personal columns, and which are named.
    2. Which columns have lineage.
    """
    changed: set[uuid.UUID] = set()
    for part in chunks(sorted(assets)):
        with_personal = fetch(_PERSONAL, [current_workspace(), list(part)])  # 1
        named = _named([row[0] for row in with_personal])
        traced = _traced([row[0] for row in with_personal])  # 2
        rows: list[Derived] = []
        for dataset, count, provenance in with_personal:
            names = named.get(dataset, frozenset())
            if len(names) >= count:
                rows.append(_share(dataset, names, traced.get(dataset, set()), from_json(provenance or "{}")))
        changed |= set_derived(rows, rev, names=[NAME], asset_ids=part)
    return changed


def _share(dataset: uuid.UUID, names: frozenset[str], traced: set[str], provenance: dict[str, str]) -> Derived:
    found = names & traced
    inputs: list[Any] = [{"personal": sorted(names), "without_lineage": sorted(names - found)}]
    grade = weakest(["B", provenance.get("grade", "C")])
    return Derived(dataset, NAME, len(found) / len(names), TRACED_COLUMNS.label, inputs, grade, observed(provenance))


def _named(datasets: Sequence[uuid.UUID]) -> dict[uuid.UUID, frozenset[str]]:
    """Return the personal columns by the source whose tags count, as documents choose it: the latest, by the hour."""
    found: dict[uuid.UUID, frozenset[str]] = {}
    for dataset, body in fetch(_TAGS, [current_workspace(), list(datasets)]) if datasets else ():
        facet = from_json(body)
        if dataset not in found and (names := personal_fields(facet)) is not None:
            found[dataset] = names
    return found


def _traced(datasets: Sequence[uuid.UUID]) -> dict[uuid.UUID, set[str]]:
    found: dict[uuid.UUID, set[str]] = {}
    for dataset, column in fetch(_TRACED, [current_workspace(), list(datasets)]) if datasets else ():
        found.setdefault(dataset, set()).add(column)
    return found


_PERSONAL = """
SELECT id, (document->>'personal_columns')::numeric, provenance->'personal_columns' FROM "lineage_asset"
WHERE workspace_id = %s AND id = ANY(%s) AND kind = 'dataset' AND jsonb_typeof(document->'personal_columns') = 'number'
  AND document->'personal_columns' <> '0'
"""

_TAGS = """
SELECT f.about_id, f.body FROM "lineage_facet" f
JOIN "lineage_source" s ON s.workspace_id = f.workspace_id AND s.id = f.source_id
WHERE f.workspace_id = %s AND f.about_id = ANY(%s) AND f.part = 'dataset' AND f.name = 'tags' AND f.body IS NOT NULL
ORDER BY f.about_id, date_trunc('hour', f.at, 'UTC') DESC, s.name
"""

_TRACED = """
SELECT DISTINCT f.to_dataset_id, c.one->>1 FROM "lineage_flow" f
JOIN "lineage_flowcolumns" k ON k.workspace_id = f.workspace_id AND k.flow_id = f.id
CROSS JOIN LATERAL jsonb_array_elements(k.columns) AS c (one)
WHERE f.workspace_id = %s AND f.to_dataset_id = ANY(%s) AND f.rev_to IS NULL AND c.one->>0 <> '' AND c.one->>1 <> ''
"""
