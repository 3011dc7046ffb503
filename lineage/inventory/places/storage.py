"""Derive where data lies: storage_countries, country and location_source of datasets (vocabulary, `places`).

A list with one unresolved member is missing as a whole. So it is where a storage's `replica_countries` are not known,
because nobody sent them or a member cannot be resolved: a copy may lie anywhere, and silence is no "none" (that is the
empty list). The primary country is known all the same.
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
    for part in chunks(sorted(reached_datasets(list(asset_ids)))):
        stores = stores_of(part)
        places = places_of({stored.storage for several in stores.values() for stored in several})
        fallback = reported_countries(part)
        rows: list[Derived] = []
        for dataset in part:
            mine = [(stored, places[stored.storage]) for stored in stores.get(dataset, ())]
            mine.sort(key=lambda one: (one[1].uid, one[0].by))  # by nothing that depends on which came first
            rows += _derive(dataset, mine, fallback.get(dataset))
        changed |= set_derived(rows, rev, names=NAMES, asset_ids=part)
    return changed


def _derive(dataset: uuid.UUID, mine: Sequence[tuple[Stored, Place]], reported: Known | None) -> list[Derived]:
    """Return the derived facts of one dataset; none for what there is nothing to compute from."""
    rows: list[Derived] = []
    if mine:
        inputs = [{"by": stored.by, **place.shown()} for stored, place in mine]
        grade = weakest([*_join_grades(mine), *(place.grade for _, place in mine)])
        at = min(place.at for _, place in mine)
        members = [place.countries for _, place in mine]
        countries = UNRESOLVED if None in members else sorted({one for several in members for one in several or ()})
        rows.append(Derived(dataset, "storage_countries", countries, STORAGE_COUNTRIES.label, inputs, grade, at))
        if (primary := _primary(mine)) is not None:
            label = DATASET_COUNTRY.label
            grade = weakest([primary.country_grade, *_join_grades(mine)])
            rows.append(Derived(dataset, "country", primary.country, label, inputs, grade, primary.at))
            rows.append(Derived(dataset, "location_source", primary.known_by, label, inputs, grade, primary.at))
            return rows
    if reported is not None:
        inputs = [{"by": "report", "country": reported.value, "source": reported.source}]
        label, grade = DATASET_COUNTRY.label, reported.grade
        rows.append(Derived(dataset, "location_source", reported.known_by, label, inputs, grade, reported.at))
    return rows


def _join_grades(mine: Sequence[tuple[Stored, Place]]) -> list[str]:
    """Return how well it is known, per storage, that the dataset lies there."""
    return [place.claim_grade if stored.by == "namespace" else stored.grade for stored, place in mine]


def _primary(mine: Sequence[tuple[Stored, Place]]) -> Place | None:
    """Return the place whose country is the dataset's: of its only storage, or of the one its namespace leads to."""
    by_namespace = [place for stored, place in mine if stored.by == "namespace"]
    candidates = by_namespace or [place for _, place in mine]
    countries = {place.country for place in candidates}
    return candidates[0] if len(countries) == 1 and None not in countries else None


def reached_datasets(asset_ids: list[uuid.UUID]) -> set[uuid.UUID]:
    """Return the datasets that are given, or lie in a given storage, or in one at a given site.

    Three look-ups by keys rather than one joined query: on tables whose statistics are stale, as in the middle of a
    large import, the planner's join took a minute for 1,500 assets.
    """
    by_kind: dict[str, list[uuid.UUID]] = {"dataset": [], "storage": [], "site": []}
    for identifier, kind in fetch(_GIVEN, [current_workspace(), asset_ids]):
        by_kind[kind].append(identifier)
    storages = {*by_kind["storage"], *_from_ends("at", by_kind["site"])}
    return {*by_kind["dataset"], *_from_ends("stored_in", storages)}


def _from_ends(relation: str, ends: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    return {
        row[0] for part in chunks(list(ends)) for row in fetch(_FROM_ENDS, [current_workspace(), relation, list(part)])
    }


_GIVEN = """
SELECT id, kind FROM "lineage_asset"
WHERE workspace_id = %s AND id = ANY(%s) AND kind IN ('dataset', 'storage', 'site')
"""

_FROM_ENDS = """
SELECT DISTINCT from_asset_id FROM "lineage_relation"
WHERE workspace_id = %s AND name = %s AND to_asset_id = ANY(%s) AND rev_to IS NULL
"""
