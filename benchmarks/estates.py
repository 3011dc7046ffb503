"""Make lineage estates of any size and write them straight into the tables of assets and flows.

Shaped as estates are: domains (teams) whose datasets lie in layers (sources, staging, marts in many steps, reports);
jobs that read few datasets mostly and many sometimes, from their own domain mostly and from shared ones sometimes; a
few datasets that everybody reads; a few cycles. About four flows per dataset. The same size and seed give the same
estate.
"""

import datetime
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.revisions import next_revision
from lineage.inventory.bulk import columns, execute
from lineage.inventory.models import Source

SIZES = (10_000, 100_000, 1_000_000)
"""Flows of the estates that benchmarks measure."""
LAYERS = (("sources", 0), ("staging", 1), ("marts", 4), ("reports", 19))  # and the first level of each
LEVELS = 22
DOMAIN = 1_500  # datasets of one domain
CLASSES = ("public", "internal", "confidential", "restricted", "personal", "personal_special")
COUNTRIES = ("DE", "FR", "IE", "NL", "PL", "US", "IN", "SG")
BEGAN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
CHUNK = 20_000

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Estate:
    """Datasets 0..n-1 and jobs 0..m-1 by number, and flows as parallel arrays."""

    level: Numbers  # per dataset, 0 = a source
    domain: Numbers  # per dataset
    job_domain: Numbers  # per job
    label: Numbers  # per dataset: index into CLASSES, -1 = none said
    country: Numbers  # per dataset: index into COUNTRIES, -1 = not known
    source: Numbers  # per flow, a dataset
    target: Numbers  # per flow, a dataset
    job: Numbers  # per flow
    proven: Flags
    masked: Flags
    dataset_ids: list[uuid.UUID]
    job_ids: list[uuid.UUID]
    flow_ids: list[uuid.UUID]
    admits: Flags  # per job: its run admits an extraction error

    @property
    def flows(self) -> int:
        """Return how many flows there are."""
        return len(self.source)


def make(flows: int, seed: int = 1) -> Estate:
    """Return an estate with `flows` flows (a few less where it is tiny)."""
    random = np.random.default_rng(seed)
    datasets = max(flows // 4, 20)
    domain = np.sort(random.integers(0, max(datasets // DOMAIN, 1), datasets))
    level = np.minimum((random.beta(0.8, 1.2, datasets) * LEVELS).astype(np.int64), LEVELS - 1)
    source, target, job = _wire(random, flows, domain, level)
    jobs = int(job[-1]) + 1
    job_domain = np.zeros(jobs, dtype=np.int64)
    job_domain[job] = domain[target]
    said = random.random(datasets)
    roots = level == 0
    return Estate(
        level=level,
        domain=domain,
        job_domain=job_domain,
        label=np.where(said < np.where(roots, 0.8, 0.05), random.integers(0, len(CLASSES), datasets), -1),
        country=np.where(said < np.where(roots, 0.9, 0.3), random.integers(0, len(COUNTRIES), datasets), -1),
        source=source,
        target=target,
        job=job,
        proven=(random.random(jobs) < 0.8)[job],  # a job's lineage is known in one way
        masked=(random.random(jobs) < 0.02)[job],
        dataset_ids=_ids(random, datasets),
        job_ids=_ids(random, jobs),
        flow_ids=_ids(random, len(source)),
        admits=random.random(jobs) < 0.03,
    )


def _wire(random: np.random.Generator, flows: int, domain: Numbers, level: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return (source, target, job) of each flow: a job writes one dataset and reads 1 to some dozens."""
    order = np.lexsort((random.random(len(level)), level, domain))  # datasets by domain and level
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    reads = np.minimum(1 + random.pareto(1.1, flows), 60).astype(np.int64)
    jobs = int(np.searchsorted(np.cumsum(reads), flows * 3 // 2)) + 1  # some coincide: below
    reads = reads[:jobs]
    written = random.choice(np.flatnonzero(level > 0), jobs)
    job = np.repeat(np.arange(jobs), reads)
    target = written[job]
    # Most inputs lie shortly before the output in its own domain, so that chains are as deep as there are levels.
    first = np.searchsorted(domain[order], np.arange(domain.max() + 2))
    size = np.diff(first)[domain[target]]
    back = 1 + (random.pareto(2.0, len(job)) * size / LEVELS).astype(np.int64)
    source = order[np.maximum(place[target] - back, first[domain[target]])]
    shared = np.flatnonzero((random.random(len(job)) < 0.01) & (level[target] > 3))  # of another domain, skewed
    popular = order[(len(order) * random.random(len(shared)) ** 4).astype(np.int64)]
    source[shared] = np.where(level[popular] < level[target[shared]], popular, source[shared])
    late = np.flatnonzero(random.random(len(job)) < 0.001)  # read from what comes later: cycles
    ahead = first[domain[target[late]] + 1] - place[target[late]]
    source[late] = order[place[target[late]] + (ahead * random.random(len(late))).astype(np.int64)]
    keep = source != target
    _, unique = np.unique(job[keep] * len(level) + source[keep], return_index=True)  # job gives target
    unique = unique[:flows]
    return source[keep][unique], target[keep][unique], job[keep][unique]


def _ids(random: np.random.Generator, count: int) -> list[uuid.UUID]:
    """Return UUIDv7s in order of time, a hundred of each millisecond, that the seed decides."""
    noise = random.bytes(9 * count)
    began = int(BEGAN.timestamp() * 1000)
    return [
        uuid.UUID(int=_uuid7(began + index // 100, int.from_bytes(noise[index * 9 : index * 9 + 9], "big")))
        for index in range(count)
    ]


def _uuid7(millis: int, noise: int) -> int:
    """Return version, variant and 72 random bits behind a time."""
    return millis << 80 | 0x7 << 76 | (noise >> 62) << 64 | 0x2 << 62 | noise & ((1 << 62) - 1)


def write(estate: Estate) -> int:
    """Write the estate into the entered workspace at a revision of its own; return that revision."""
    rev = next_revision("benchmark")
    workspace = current_workspace()
    for part in _parts(len(estate.dataset_ids)):
        execute(_DATASETS, [workspace, rev, BEGAN, *_dataset_columns(estate, part)])
    for part in _parts(len(estate.job_ids)):
        execute(_JOBS, [workspace, rev, BEGAN, *_job_columns(estate, part)])
    for part in _parts(estate.flows):
        execute(_FLOWS, [workspace, rev, BEGAN, *_flow_columns(estate, part)])
    _write_runs(estate, workspace, rev)
    return rev


def _write_runs(estate: Estate, workspace: uuid.UUID, rev: int) -> None:
    """Write one finished run per job with one of its inputs, and the gaps that some admit: what completeness is."""
    source = Source.objects.create(workspace_id=workspace, door=Source.Door.LINEAGE, name="estate")
    jobs, first = np.unique(estate.job, return_index=True)
    inputs = dict(zip(jobs.tolist(), estate.source[first].tolist(), strict=True))
    for part in _parts(len(estate.job_ids)):
        ids = [estate.job_ids[index] for index in part]
        execute(_VERSIONS, [workspace, BEGAN, ids])
        execute(_RUNS, [workspace, BEGAN, source.pk, ids, estate.admits[part.start : part.stop].tolist()])
        execute(_GAPS, [workspace, rev, [estate.job_ids[index] for index in part if estate.admits[index]]])
        reads = [(estate.job_ids[index], estate.dataset_ids[inputs[index]]) for index in part if index in inputs]
        execute(_READS, [workspace, *columns(reads, 2)])


def analyze(connection: object) -> None:
    """Let the planner know the sizes, as autovacuum would after a while. `connection`: the owner's psycopg one."""
    tables = "lineage_asset, lineage_flow, lineage_run, lineage_jobversion, lineage_jobversiondataset, lineage_jobgap"
    connection.execute(f"ANALYZE {tables}")  # type: ignore[attr-defined]


def _parts(count: int) -> Iterator[range]:
    for start in range(0, count, CHUNK):
        yield range(start, min(start + CHUNK, count))


def _dataset_columns(estate: Estate, part: range) -> list[list[object]]:
    layers = [_layer(int(estate.level[index])) for index in part]
    return [
        [estate.dataset_ids[index] for index in part],
        [f"warehouse://team{estate.domain[index]:04d}" for index in part],
        [f"{layer}.{layer[:3]}_{index}" for layer, index in zip(layers, part, strict=True)],
        [CLASSES[each] if each >= 0 else None for each in estate.label[part.start : part.stop]],
        [COUNTRIES[each] if each >= 0 else None for each in estate.country[part.start : part.stop]],
        [bool(each == 0) for each in estate.level[part.start : part.stop]],
    ]


def _layer(level: int) -> str:
    return [name for name, first in LAYERS if first <= level][-1]


def _job_columns(estate: Estate, part: range) -> list[list[object]]:
    return [
        [estate.job_ids[index] for index in part],
        [f"airflow-team{estate.job_domain[index]:04d}" for index in part],
        [f"load.task_{index}" for index in part],
    ]


def _flow_columns(estate: Estate, part: range) -> list[list[object]]:
    chosen = slice(part.start, part.stop)
    return [
        [estate.flow_ids[index] for index in part],
        [estate.dataset_ids[index] for index in estate.source[chosen]],
        [estate.dataset_ids[index] for index in estate.target[chosen]],
        [estate.job_ids[index] for index in estate.job[chosen]],
        ["column" if each else "cartesian" for each in estate.proven[chosen]],
        estate.proven[chosen].tolist(),
        estate.masked[chosen].tolist(),
    ]


_DATASETS = """
INSERT INTO "lineage_asset" (id, workspace_id, kind, uid, name, state, document, provenance, known_relations, conflicts,
                             environment, country, owner, first_seen_at, last_seen_at, rev_changed)
SELECT w.id, c.workspace, 'dataset', replace(replace(w.namespace, ':', '%%3A'), '/', '%%2F') || '/' || w.name, w.name,
       'reported', jsonb_strip_nulls(jsonb_build_object('namespace', w.namespace, 'classification', w.class,
       'country', w.country, 'is_origin', CASE WHEN w.origin THEN true END)), '{}', '[]', '{}', '',
       coalesce(w.country, ''), '', c.at, c.at, c.rev
FROM (SELECT %s::uuid, %s::bigint, %s::timestamptz) AS c (workspace, rev, at),
     unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bool[])
       AS w (id, namespace, name, class, country, origin)
"""

_JOBS = """
INSERT INTO "lineage_asset" (id, workspace_id, kind, uid, name, state, document, provenance, known_relations, conflicts,
                             environment, country, owner, first_seen_at, last_seen_at, rev_changed)
SELECT w.id, c.workspace, 'job', w.namespace || '/' || w.name, w.name, 'reported',
       jsonb_build_object('namespace', w.namespace), '{}', '[]', '{}', '', '', '', c.at, c.at, c.rev
FROM (SELECT %s::uuid, %s::bigint, %s::timestamptz) AS c (workspace, rev, at),
     unnest(%s::uuid[], %s::text[], %s::text[]) AS w (id, namespace, name)
"""

_FLOWS = """
INSERT INTO "lineage_flow" (id, workspace_id, rev_from, from_dataset_id, to_dataset_id, job_id, basis, proven, masked,
                            first_seen_at, last_seen_at, runs)
SELECT w.id, c.workspace, c.rev, w.source, w.target, w.job, w.basis, w.proven, w.masked, c.at, c.at, 1
FROM (SELECT %s::uuid, %s::bigint, %s::timestamptz) AS c (workspace, rev, at),
     unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::bool[], %s::bool[])
       AS w (id, source, target, job, basis, proven, masked)
"""

# Version and run of a job bear its id: one of each.
_VERSIONS = """
INSERT INTO "lineage_jobversion" (id, workspace_id, job_id, digest, facets, runs, designs, first_at, seen_at)
SELECT w.job, c.workspace, w.job, sha256(uuid_send(w.job)), '[]', 1, 0, c.at, c.at
FROM (SELECT %s::uuid, %s::timestamptz) AS c (workspace, at), unnest(%s::uuid[]) AS w (job)
"""

_RUNS = """
INSERT INTO "lineage_run" (id, workspace_id, job_id, version_id, source_id, run_id, state, state_rank, state_at,
                           first_at, seen_at, started_at, ended_at, extraction_error, facet_versions)
SELECT w.job, c.workspace, w.job, w.job, c.source, '', 'complete', 1, c.at, c.at, c.at, c.at, c.at, w.error, '{}'
FROM (SELECT %s::uuid, %s::timestamptz, %s::uuid) AS c (workspace, at, source),
     unnest(%s::uuid[], %s::bool[]) AS w (job, error)
"""

_GAPS = """
INSERT INTO "lineage_jobgap" (id, workspace_id, job_id, rev_from)
SELECT w.job, c.workspace, w.job, c.rev
FROM (SELECT %s::uuid, %s::bigint) AS c (workspace, rev), unnest(%s::uuid[]) AS w (job)
"""

_READS = """
INSERT INTO "lineage_jobversiondataset" (id, workspace_id, version_id, dataset_id, direction)
SELECT w.job, c.workspace, w.job, w.dataset, 'input'
FROM (SELECT %s::uuid) AS c (workspace), unnest(%s::uuid[], %s::uuid[]) AS w (job, dataset)
"""
