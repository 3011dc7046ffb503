"""Derive where runs ran: the country of the cluster, or of that cluster's site.

Asked step by step with the ids of the step before, so that every question is an index lookup: a batch of runs without
clusters ends after two of them.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from accounts.workspaces.isolation import current_workspace
from lineage.graph.derivations import RUN_COUNTRY
from lineage.inventory.bulk import chunks, fetch
from lineage.inventory.derived import Derived, set_derived
from lineage.inventory.effective import observed, weakest


@dataclass(frozen=True)
class Place:
    """A cluster with a country that is known of it or of one of its sites; None = not known."""

    cluster: str
    country: str | None
    provenance: Mapping[str, str]


def derive_run_countries(asset_ids: Iterable[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Derive the country of all runs that these assets (runs, jobs, clusters, sites) can move; return those changed.

    The cluster is the run's own (`ran_on`) where it is reported, else that of its job. With several clusters in
    different countries, or one of unknown place, the run's country is unknown. Reads documents: settle first.
    """
    changed: set[uuid.UUID] = set()
    for part in chunks(sorted(_runs_of(asset_ids))):
        clusters = _clusters_of(part)
        places = _places_of({cluster for several in clusters.values() for cluster in several})
        rows = [
            row
            for run, several in clusters.items()
            if (row := _derive(run, [place for cluster in several for place in places[cluster]])) is not None
        ]
        changed |= set_derived(rows, rev, names=["country"], asset_ids=part)
    return changed


def countries_of_jobs(jobs: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[str | None, str]]:
    """Return (country, grade) of those of these jobs that run on a cluster; None where it is not known or not one."""
    clusters: dict[uuid.UUID, set[uuid.UUID]] = {}
    for job, cluster in _targets_of(jobs, "runs_on"):
        clusters.setdefault(job, set()).add(cluster)
    places = _places_of({cluster for several in clusters.values() for cluster in several})
    found: dict[uuid.UUID, tuple[str | None, str]] = {}
    for job, several in clusters.items():
        theirs = [place for cluster in several for place in places[cluster]]
        countries = {place.country for place in theirs}
        grade = weakest(place.provenance.get("grade", "C") for place in theirs)
        found[job] = (countries.pop() if len(countries) == 1 else None, grade)
    return found


def _derive(run: uuid.UUID, places: Sequence[Place]) -> Derived | None:
    countries = {place.country for place in places}
    if len(countries) != 1 or None in countries:
        return None
    grade = weakest(place.provenance.get("grade", "C") for place in places)
    at = min(observed(place.provenance) for place in places)
    inputs = [{"cluster": cluster, "country": places[0].country} for cluster in sorted({p.cluster for p in places})]
    return Derived(run, "country", places[0].country, RUN_COUNTRY.label, inputs, grade, at)


def _runs_of(asset_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    by_kind: dict[str, list[uuid.UUID]] = {"run": [], "job": [], "cluster": [], "site": []}
    for identifier, kind in fetch(_KINDS, [current_workspace(), list(asset_ids), list(by_kind)]):
        by_kind[kind].append(identifier)
    clusters = {*by_kind["cluster"], *(start for start, _ in _sources_of(by_kind["site"], "at"))}
    jobs = {*by_kind["job"], *(start for start, _ in _sources_of(clusters, "runs_on"))}
    runs = {*by_kind["run"], *(start for start, _ in _sources_of(clusters, "ran_on"))}
    if jobs:
        runs |= {row[0] for row in fetch(_RUNS_OF_JOBS, [current_workspace(), sorted(jobs)])}
    return runs


def _clusters_of(runs: Sequence[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for run, cluster in _targets_of(runs, "ran_on"):
        found.setdefault(run, set()).add(cluster)
    pairs = fetch(_JOBS_OF_RUNS, [current_workspace(), [run for run in runs if run not in found]])
    by_job: dict[uuid.UUID, set[uuid.UUID]] = {}
    for job, cluster in _targets_of({job for _, job in pairs}, "runs_on"):
        by_job.setdefault(job, set()).add(cluster)
    for run, job in pairs:
        if job in by_job:
            found.setdefault(run, set()).update(by_job[job])
    return found


def _places_of(clusters: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Place]]:
    """Return the places of each cluster: its own, else one per site, else a single unknown one."""
    ids = sorted(clusters)
    if not ids:
        return {}
    known = {row[0]: row[1:] for row in fetch(_ASSETS, [current_workspace(), ids])}
    sites = _targets_of([one for one in ids if not known[one][1]], "at")
    located = {row[0]: row[1:] for row in fetch(_ASSETS, [current_workspace(), [site for _, site in sites]])}
    places: dict[uuid.UUID, list[Place]] = {
        one: [Place(uid, country, json.loads(said))] for one, (uid, country, said) in known.items() if country
    }
    for cluster, site in sites:
        _, country, said = located[site]
        place = Place(known[cluster][0], country or None, json.loads(said or "{}"))
        places.setdefault(cluster, []).append(place)
    return {one: places.get(one) or [Place(known[one][0], None, {})] for one in ids}


def _sources_of(targets: Iterable[uuid.UUID], name: str) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Return (from, to) of the current relations that lead to these."""
    given = sorted(targets)
    return [(row[0], row[1]) for row in fetch(_LEADING_TO, [current_workspace(), given, name])] if given else []


def _targets_of(starts: Iterable[uuid.UUID], name: str) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Return (from, to) of the current relations that start at these."""
    given = sorted(starts)
    return [(row[0], row[1]) for row in fetch(_STARTING_AT, [current_workspace(), given, name])] if given else []


_KINDS = 'SELECT id, kind FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s) AND kind = ANY(%s)'

_RUNS_OF_JOBS = """
SELECT asset_id FROM "lineage_run" WHERE workspace_id = %s AND job_id = ANY(%s) AND asset_id IS NOT NULL
"""

_JOBS_OF_RUNS = 'SELECT asset_id, job_id FROM "lineage_run" WHERE workspace_id = %s AND asset_id = ANY(%s)'

_ASSETS = """
SELECT id, uid, country, provenance->'country' FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)
"""

_LEADING_TO = """
SELECT DISTINCT from_asset_id, to_asset_id FROM "lineage_relation"
WHERE workspace_id = %s AND to_asset_id = ANY(%s) AND name = %s AND rev_to IS NULL
"""

_STARTING_AT = """
SELECT DISTINCT from_asset_id, to_asset_id FROM "lineage_relation"
WHERE workspace_id = %s AND from_asset_id = ANY(%s) AND name = %s AND rev_to IS NULL
"""
