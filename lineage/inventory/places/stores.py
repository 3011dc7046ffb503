"""Read where storages lie and which dataset lies in which: the inputs of storage.py, each with its grade and time."""

import datetime
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import fetch
from lineage.inventory.derivations import REGION_COUNTRY
from lineage.inventory.effective import LONG_AGO, ORIGIN_GRADE, Report, effective, observed, weakest
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.merge import Entry
from lineage.inventory.places.regions import region_named

KnownBy = Literal["inventory", "facet", "cloud_api"]
"""How a location is known (dataset.location_source): by the kind of source that the country comes from."""


@dataclass(frozen=True)
class Stored:
    """A dataset lies in `storage`, because a source says so or because the namespace leads there.

    `grade` is that of the report; what a namespace leads to is graded by the place's `claim_grade` as well.
    """

    storage: uuid.UUID
    by: Literal["namespace", "report"]
    grade: str


@dataclass
class Place:
    """Where a storage lies. `country` None: not known; `countries` None: at least one member is not known."""

    uid: str
    country: str | None = None
    country_of: str = ""  # "storage", "site <uid>", or "region <name>" where that spans several countries
    country_grade: str = "A"
    known_by: KnownBy = "inventory"
    at: datetime.datetime = LONG_AGO
    replicas: list[str] | None = None  # None: not known; [] = known to have none
    grade: str = "A"
    claim_grade: str = "B"  # of the entry that leads a namespace here: a declared parameter, at best B
    countries: list[str] | None = None

    def shown(self) -> dict[str, Any]:
        """Return the place as an input that people read."""
        replicas = "not known" if self.replicas is None else self.replicas
        return {"storage": self.uid, "country": self.country, "from": self.country_of, "replica_countries": replicas}


@dataclass(frozen=True)
class Known:
    """A country as it is known of a storage, a site or a dataset itself (`of`), with its provenance."""

    value: str
    source: str
    known_by: KnownBy
    at: datetime.datetime
    grade: str
    of: str


def stores_of(datasets: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Stored]]:
    """Return the storages of each dataset that has one, in no order; one entry per storage and way of knowing."""
    rows = fetch(_STORES, [current_workspace(), list(datasets)])
    reported = sorted({dataset for dataset, _, source, own in rows if source is not None and own})
    origins = {(of, by): said for of, by, said in fetch(_ORIGINS, [current_workspace(), reported])} if reported else {}
    defaults = {row[0]: row[1] for row in fetch(_DEFAULT_ORIGINS, [current_workspace()])}
    found: dict[uuid.UUID, dict[tuple[uuid.UUID, str], Stored]] = {}
    for dataset, storage, source, _ in rows:
        by: Literal["namespace", "report"] = "namespace" if source is None else "report"
        origin = origins.get((dataset, source)) or defaults.get(source, "")
        grade = "B" if source is None else ORIGIN_GRADE.get(origin, "C")
        known = found.setdefault(dataset, {}).get((storage, by))
        if known is None or grade < known.grade:  # several sources say the same: the best of them counts
            found[dataset][storage, by] = Stored(storage, by, grade)
    return {dataset: list(several.values()) for dataset, several in found.items()}


def places_of(storages: Iterable[uuid.UUID]) -> dict[uuid.UUID, Place]:
    """Return the place of each storage, from its own facts or those of its site."""
    scope, classes = [current_workspace(), list(storages)], _classes()
    sites: dict[uuid.UUID, list[tuple[str, Known | None]]] = {}
    for storage, site_uid, document, provenance in fetch(_SITES, scope):
        known = _known(json.loads(document), json.loads(provenance), f"site {site_uid}", classes)
        sites.setdefault(storage, []).append((site_uid, known))
    rows = [
        (identifier, uid, json.loads(document), json.loads(provenance))
        for identifier, uid, document, provenance in fetch(_PLACES, scope)
    ]
    return {
        identifier: _place(uid, document, provenance, sites.get(identifier, []), classes)
        for identifier, uid, document, provenance in rows
    }


def reported_countries(datasets: Sequence[uuid.UUID]) -> dict[uuid.UUID, Known]:
    """Return the country that sources report of each dataset itself; the derived one does not count."""
    reports: dict[uuid.UUID, list[Report]] = {}
    for dataset, source, grade_class, entry in fetch(_REPORTED, [current_workspace(), list(datasets)]):
        country: Entry = json.loads(entry)
        reports.setdefault(dataset, []).append(Report(source, grade_class, {"country": country}))
    classes, kind = _classes(), load_kinds()["dataset"]
    found: dict[uuid.UUID, Known] = {}
    for dataset, several in reports.items():
        said = effective(kind, several, [])
        if (country_known := _known(said.document, said.provenance, "dataset", classes)) is not None:
            found[dataset] = country_known
    return found


def _place(
    uid: str,
    document: Mapping[str, Any],
    provenance: Mapping[str, Mapping[str, str]],
    sites: Sequence[tuple[str, Known | None]],
    classes: Mapping[str, KnownBy],
) -> Place:
    own = _known(document, provenance, "storage", classes)
    if own is None and (spanned := _spanned(document, provenance, classes)):
        known: list[Known | None] = list(spanned)
    else:
        known = [own] if own is not None else [country for _, country in sites]
    resolved = [country for country in known if country is not None]
    values = sorted({country.value for country in resolved})
    place = Place(uid, country=values[0] if len(values) == 1 and len(resolved) == len(known) else None)
    if resolved:
        place.country_of = ", ".join(dict.fromkeys(country.of for country in resolved))
        place.country_grade = weakest(country.grade for country in resolved)
        place.known_by = resolved[0].known_by
        place.at = min(country.at for country in resolved)
    place.claim_grade = weakest(["B", *(where["grade"] for where in [provenance.get("lineage_namespaces")] if where)])
    replicas = document.get("replica_countries")
    place.replicas, place.grade = replicas, place.country_grade
    if replicas is not None:
        place.grade = weakest([place.country_grade, provenance["replica_countries"]["grade"]])
        if resolved and len(resolved) == len(known):
            place.countries = sorted({*values, *replicas})
    return place


def _spanned(
    document: Mapping[str, Any], provenance: Mapping[str, Mapping[str, str]], classes: Mapping[str, KnownBy]
) -> list[Known]:
    """Return the countries of a region that lies in several: each of them holds what the storage keeps."""
    region = region_named(document.get("provider"), document.get("region"))
    if region is None or len(region.countries) < 2:
        return []
    said = [provenance["provider"], provenance["region"]]
    known_by = classes.get(provenance["region"]["source"], "inventory")
    at, grade = min(observed(where) for where in said), weakest(["B", *(where["grade"] for where in said)])
    of = f"region {region.region}"
    return [Known(one, REGION_COUNTRY.label, known_by, at, grade, of) for one in region.countries]


def _known(
    document: Mapping[str, Any], provenance: Mapping[str, Mapping[str, str]], of: str, classes: Mapping[str, KnownBy]
) -> Known | None:
    if not (country := document.get("country")):
        return None
    where = provenance["country"]
    by_region = where["source"] == REGION_COUNTRY.label  # known as the region is
    known_by = classes.get((provenance["region"] if by_region else where)["source"], "inventory")
    return Known(country, where["source"], known_by, observed(where), where["grade"], of)


def _classes() -> dict[str, KnownBy]:
    """Return how a country is known by the name of its source; inventories go before lineage of the same name."""
    found: dict[str, KnownBy] = {}
    for name, door, grade_class in fetch(_SOURCES, [current_workspace()]):
        cloud: KnownBy = "cloud_api" if grade_class in ("cloud_api", "device") else "inventory"
        found[name] = "facet" if door == "lineage" else cloud
    return found


_SOURCES = """
SELECT name, door, grade_class FROM "lineage_source" WHERE workspace_id = %s ORDER BY door = 'inventory'
"""

_STORES = """
SELECT from_asset_id, to_asset_id, source_id, reported_from FROM "lineage_relation"
WHERE workspace_id = %s AND from_asset_id = ANY(%s) AND name = 'stored_in' AND rev_to IS NULL
"""

_ORIGINS = """
SELECT asset_id, source_id, relations->'stored_in'->>'o' FROM "lineage_factset"
WHERE workspace_id = %s AND asset_id = ANY(%s) AND rev_to IS NULL
"""

_DEFAULT_ORIGINS = 'SELECT id, default_origin FROM "lineage_source" WHERE workspace_id = %s'

_PLACES = 'SELECT id, uid, document, provenance FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)'

_SITES = """
SELECT DISTINCT ON (r.from_asset_id, a.uid) r.from_asset_id, a.uid, a.document, a.provenance
FROM "lineage_relation" r JOIN "lineage_asset" a ON a.id = r.to_asset_id
WHERE r.workspace_id = %s AND r.from_asset_id = ANY(%s) AND r.name = 'at' AND r.rev_to IS NULL
ORDER BY r.from_asset_id, a.uid
"""

_REPORTED = """
SELECT f.asset_id, s.name, s.grade_class, f.facts->'country'
FROM "lineage_factset" f JOIN "lineage_source" s ON s.id = f.source_id
WHERE f.workspace_id = %s AND f.asset_id = ANY(%s) AND f.rev_to IS NULL AND f.facts->'country' ? 'v'
"""
