"""Derive which share of what was read of a dataset in 30 days was read from another country.

Known only where every good run of these days that read it said how much (volumes.py), and where it is known where these
run and where the dataset lies. Rounded up to a thousandth.
"""

import datetime
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from accounts.workspaces.isolation import current_workspace
from lineage.graph.derivations import FOREIGN_READS
from lineage.graph.run_places import countries_of_jobs
from lineage.graph.volumes import midnight, said_of_days
from lineage.inventory.bulk import fetch, from_json
from lineage.inventory.derived import Derived, set_derived
from lineage.inventory.effective import weakest


class _Where(NamedTuple):
    """A country, None where it is not known, with its grade."""

    country: str | None
    grade: str


class _Read(NamedTuple):
    """What the runs of one version read of a dataset. `asked` runs have to say how much, `told` of these do."""

    job: uuid.UUID
    version: uuid.UUID
    until: datetime.date
    asked: int
    told: int
    bytes: int


def derive_foreign_reads(datasets: Sequence[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Derive the share of these datasets; return those that changed.

    1. What each version of a job read of them.
    2. Where its runs run: where its clusters are, else where all lies that it writes.
    3. Where the datasets lie.
    """
    workspace = current_workspace()
    reads: dict[uuid.UUID, list[_Read]] = {}
    for dataset, job, version, until, asked, told, size in fetch(_READ, [list(datasets), *[workspace] * 2]):  # 1
        reads.setdefault(dataset, []).append(_Read(job, version, until, int(asked), int(told or 0), int(size or 0)))
    several = [each for those in reads.values() for each in those]
    at = _readers({each.version: each.job for each in several})  # 2
    rows: list[Derived] = []
    for dataset, country, countries, grade in fetch(_LIES, [workspace, list(reads)]):  # 3
        known = from_json(countries) if countries else [country] if country else []
        if known and (row := _share(dataset, reads[dataset], at, (frozenset(known), grade or "C"))) is not None:
            rows.append(row)
    return set_derived(rows, rev, names=["cross_border_read_share_30d"], asset_ids=datasets)


def _share(
    dataset: uuid.UUID, reads: Sequence[_Read], at: dict[uuid.UUID, _Where], lies: tuple[frozenset[str], str]
) -> Derived | None:
    if any(each.told < each.asked for each in reads):
        return None
    weighing = [(each, at[each.version]) for each in reads if each.bytes]
    if any(where.country is None for _, where in weighing):
        return None
    countries, grade = lies
    foreign = [(each, where) for each, where in weighing if where.country not in countries]
    every, abroad = sum(each.bytes for each, _ in weighing), sum(each.bytes for each, _ in foreign)
    share = -(-abroad * 1000 // every) / 1000 if every else 0.0
    until = reads[0].until
    inputs = [
        {
            "share": share,
            "from": sorted({str(where.country) for _, where in foreign}),
            "lies_in": sorted(countries),
            "until": until.isoformat(),
        }
    ]
    grade = weakest(["B", grade, *(where.grade for _, where in weighing)])
    label = FOREIGN_READS.label
    return Derived(dataset, "cross_border_read_share_30d", share, label, inputs, grade, midnight(until))


def _readers(jobs: dict[uuid.UUID, uuid.UUID]) -> dict[uuid.UUID, _Where]:
    """Return where the runs of each version (version -> job) run."""
    by_job = countries_of_jobs(set(jobs.values()))
    written: dict[uuid.UUID, list[_Where]] = {}
    for version, country, grade in fetch(_WRITTEN, [current_workspace(), sorted(jobs)]):
        written.setdefault(version, []).append(_Where(country or None, grade or "C"))
    found: dict[uuid.UUID, _Where] = {}
    for version, job in jobs.items():
        places = [_Where(*by_job[job])] if job in by_job else written.get(version, [])
        one = {place.country for place in places}
        grade = weakest(place.grade for place in places)
        found[version] = _Where(one.pop(), grade) if len(one) == 1 else _Where(None, grade)
    return found


_READERS = """
SELECT r.workspace_id, r.version_id FROM "lineage_jobversiondataset" r
WHERE r.workspace_id = %s AND r.dataset_id = w.dataset AND r.direction = 'input' OFFSET 0
"""

_READ = f"""
SELECT w.dataset, v.job_id, f.version_id, newest.until, of_days.asked, took.told, took.bytes
FROM unnest(%s::uuid[]) AS w (dataset)
{said_of_days(_READERS, took=("w.dataset", "input"))}
"""  # noqa: S608 - our own words

_WRITTEN = """
SELECT d.version_id, a.country, a.provenance->'country'->>'grade' FROM "lineage_jobversiondataset" d
JOIN "lineage_asset" a ON a.workspace_id = d.workspace_id AND a.id = d.dataset_id
WHERE d.workspace_id = %s AND d.version_id = ANY(%s) AND d.direction = 'output'
"""

_LIES = """
SELECT id, country, document->'storage_countries',
       coalesce(provenance->'storage_countries', provenance->'country')->>'grade'
FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)
"""
