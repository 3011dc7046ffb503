"""Derive in which country an asset lies from its provider's region, by the region table.

The table stands in for a source of the class that reported the region. So a cloud interface's region decides over the
country in a spreadsheet, while a country from the cloud interface itself, or from a better source, decides over the
table (effective.py); what differs is shown as a conflict. The table is a declared parameter: at best grade B.

A region that spans several countries gives no country: where it is a storage's, storage.py takes all of them.
"""

import json
import uuid
from collections.abc import Iterable

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import chunks, fetch
from lineage.inventory.derivations import REGION_COUNTRY
from lineage.inventory.derived import Derived, set_derived
from lineage.inventory.effective import observed, weakest
from lineage.inventory.places.regions import region_named


def derive_region_countries(asset_ids: Iterable[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Derive `country` of these assets; return those changed. Datasets and runs have derivations of their own."""
    changed: set[uuid.UUID] = set()
    for part in chunks(sorted(asset_ids)):
        rows, assets = [], []
        for asset_id, provider, region, of_provider, of_region in fetch(_PLACED, [current_workspace(), list(part)]):
            assets.append(asset_id)
            found = region_named(provider, region)
            if found is None or len(found.countries) != 1:
                continue
            said = [json.loads(of_provider), json.loads(of_region)]
            grade = weakest(["B", *(where["grade"] for where in said)])
            inputs = [{"provider": provider, "region": region, "table": found.source, "checked": str(found.checked)}]
            at = min(observed(where) for where in said)
            rows.append(Derived(asset_id, "country", found.countries[0], REGION_COUNTRY.label, inputs, grade, at))
        changed |= set_derived(rows, rev, names=["country"], asset_ids=assets)
    return changed


# What has a region, and what had one when its country was derived.
_PLACED = """
SELECT a.id, a.document->>'provider', a.document->>'region', a.provenance->'provider', a.provenance->'region'
FROM "lineage_asset" a
WHERE a.workspace_id = %s AND a.id = ANY(%s) AND a.kind NOT IN ('dataset', 'run') AND (
  a.document ? 'region' OR EXISTS (
    SELECT 1 FROM "lineage_derivedfact" d
    WHERE d.workspace_id = a.workspace_id AND d.asset_id = a.id AND d.name = 'country' AND d.rev_to IS NULL))
"""
