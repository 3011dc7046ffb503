"""Derive where data lies: storage_countries, country and location_source of datasets (vocabulary, `places`).

A list with one unresolved member is missing as a whole. A storage of which nobody reported `replica_countries` counts
as one without replicas, at no better grade than C: that there is no copy elsewhere is then believed, not known. One
whose list was sent with an unresolved member stays unresolved.
"""

import uuid
from collections.abc import Iterable, Sequence

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import chunks, fetch
from lineage.inventory.derivations import DATASET_COUNTRY, STORAGE_COUNTRIES
from lineage.inventory.derived import UNRESOLVED, Derived, set_derived
from lineage.inventory.effective import weakest
from lineage.inventory.places.stores import Known, Place, Stored, places_of, reported_countries, stores_of

NAMES = ("storage_countries", "country", "location_source")


def derive_storage_countries(asset_ids: Iterable[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Derive again for all datasets that these assets (datasets, storages, sites) can reach; return those changed.

    Reads documents and current relations, so rebuild and join first.
    """
    changed: set[uuid.UUID] = set()
    for part in chunks(sorted(_reached(list(asset_ids)))):
        stores = stores_of(part)
        places = places_of({stored.storage for several in stores.values() for stored in several})
        fallback = reported_countries(part)
        rows: list[Derived] = []
        for dataset in part:
            mine = [(stored, places[stored.storage]) for stored in stores.get(dataset, ())]
            rows += _derive(dataset, mine, fallback.get(dataset))
        changed |= set_derived(rows, rev, names=NAMES, asset_ids=part)
    return changed


def _derive(dataset: uuid.UUID, mine: Sequence[tuple[Stored, Place]], reported: Known | None) -> list[Derived]:
    """Return the derived facts of one dataset; none for what there is nothing to compute from."""
    rows: list[Derived] = []
    if mine:
        inputs = [{"by": stored.by, **place.shown()} for stored, place in mine]
        grade = weakest(grade for stored, place in mine for grade in (stored.grade, place.grade))
        at = min(place.at for _, place in mine)
        members = [place.countries for _, place in mine]
        countries = UNRESOLVED if None in members else sorted({one for several in members for one in several or ()})
        rows.append(Derived(dataset, "storage_countries", countries, STORAGE_COUNTRIES.label, inputs, grade, at))
        if (primary := _primary(mine)) is not None:
            label = DATASET_COUNTRY.label
            grade = weakest([primary.country_grade, *(stored.grade for stored, _ in mine)])
            rows.append(Derived(dataset, "country", primary.country, label, inputs, grade, primary.at))
            rows.append(Derived(dataset, "location_source", primary.known_by, label, inputs, grade, primary.at))
            return rows
    if reported is not None:
        inputs = [{"by": "report", "country": reported.value, "source": reported.source}]
        label, grade = DATASET_COUNTRY.label, reported.grade
        rows.append(Derived(dataset, "location_source", reported.known_by, label, inputs, grade, reported.at))
    return rows


def _primary(mine: Sequence[tuple[Stored, Place]]) -> Place | None:
    """Return the place whose country is the dataset's: of its only storage, or of the one its namespace leads to."""
    by_namespace = [place for stored, place in mine if stored.by == "namespace"]
    candidates = by_namespace or [place for _, place in mine]
    countries = {place.country for place in candidates}
    return candidates[0] if len(countries) == 1 and None not in countries else None


def _reached(asset_ids: list[uuid.UUID]) -> set[uuid.UUID]:
    rows = fetch(_REACHED, [current_workspace(), asset_ids, current_workspace()])
    return {row[0] for row in rows}


_REACHED = """
WITH given AS (SELECT id, kind FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)),
storages AS (
  SELECT id FROM given WHERE kind = 'storage'
  UNION
  SELECT r.from_asset_id FROM given JOIN "lineage_relation" r ON r.to_asset_id = given.id
  WHERE given.kind = 'site' AND r.name = 'at' AND r.rev_to IS NULL
)
SELECT id FROM given WHERE kind = 'dataset'
UNION
SELECT r.from_asset_id FROM "lineage_relation" r
WHERE r.workspace_id = %s AND r.name = 'stored_in' AND r.rev_to IS NULL AND r.to_asset_id IN (SELECT id FROM storages)
"""
