"""Keep runs: read what is known, join what events say, write what differs.

`project` is alone in its workspace, so reading before writing is safe. What a run joins is kept once per version of its
job (job_versions.py).
"""

import datetime
import hashlib
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.graph.merge import RunState, Version, join, state_of
from lineage.graph.models import JobVersionDataset
from lineage.graph.told import Column, Declared, Pair, Statistic, Told
from lineage.inventory.assets import Key
from lineage.inventory.bulk import chunks, columns, fetch, from_json, to_json
from lineage.inventory.sending import sending

RunKey = tuple[uuid.UUID, str]
"""(job asset, run id); the run id '' stands for the design of a job or dataset."""

Carried = tuple[uuid.UUID, str]
"""(carrier, facet name): the job or dataset that a lineage facet was attached to."""

AT_ONCE = 2000
"""Runs per statement: while PostgreSQL writes these, the next ones are prepared."""


@dataclass(slots=True)
class Facet:
    """A lineage facet in its latest version. `pairs` None: deleted."""

    version: Version
    pairs: Sequence[Pair] | None
    of_job: bool


class Size(NamedTuple):
    """What the latest statistic of its kind says (told.py, Statistic); None: it says so no more."""

    version: Version
    bytes: int | None


Sizes = dict[tuple[uuid.UUID, str], Size]
"""By dataset, and what of it: input, output or version."""


@dataclass(slots=True)
class RunRow:
    """A run with all that is known of it after this batch."""

    id: uuid.UUID
    key: RunKey
    asset_id: uuid.UUID | None
    source_id: uuid.UUID
    state: RunState
    inputs: set[uuid.UUID] = field(default_factory=set)
    outputs: set[uuid.UUID] = field(default_factory=set)
    facets: dict[Carried, Facet] = field(default_factory=dict)
    version_id: uuid.UUID | None = None  # None = it has none yet
    day_before: datetime.date | None = None  # of `seen_at` before this batch; None = it is new
    version_before: uuid.UUID | None = None
    completed_before: bool = False
    sizes: Sizes = field(default_factory=dict)
    sizes_before: Sizes = field(default_factory=dict)

    @property
    def job_id(self) -> uuid.UUID:
        """The asset that the run is of."""
        return self.key[0]

    @property
    def moved(self) -> bool:
        """Whether it is new or joins something else than before; told once it has its version."""
        return self.version_id != self.version_before

    @property
    def completed(self) -> bool:
        """Whether it ended well."""
        return self.state.state == "complete"

    @property
    def tells_versions(self) -> bool:
        """Whether it was ever told which version of an input was read."""
        return bool(self.sizes) and any(of == "version" for _, of in self.sizes)

    def in_force(self) -> Iterator[tuple[Carried, Facet]]:
        """Yield the lineage facets that were not deleted, in one order."""
        if self.facets:
            for carried, facet in sorted(self.facets.items(), key=str):
                if facet.pairs is not None:
                    yield carried, facet


Ids = Mapping[Key, uuid.UUID]


def merge_runs(
    told: Sequence[Told], ids: Ids, sources: Mapping[str, uuid.UUID], fresh: Collection[str]
) -> list[RunRow]:
    """Merge events into the runs (and designs) that they speak of; return these, complete and not yet written.

    `fresh` are the run ids that nobody knew: there is nothing to load of them.

    1. Load what is known of these runs.
    2. Join states, datasets and facets.
    """
    by_key: dict[RunKey, list[Told]] = {}
    for each in told:
        by_key.setdefault((ids[each.speaker.key], each.run.uid if each.run else ""), []).append(each)
    known = _load([key for key in by_key if key[1] not in fresh])  # 1
    named: dict[int, list[uuid.UUID]] = {}  # what says the same is the same object (read_event.py)
    for refs in (refs for each in told for refs in (each.inputs, each.outputs)):
        if id(refs) not in named:
            named[id(refs)] = [ids[ref.key] for ref in refs]
    runs: list[RunRow] = []
    for key, events in by_key.items():
        run = known.get(key) or _fresh(key, events[0], ids, sources)
        for event in events if key in known else events[1:]:  # 2; the state of a fresh one is that of its first event
            run.state = join(run.state, state_of(event))
        for event in events:
            run.inputs.update(named[id(event.inputs)])
            run.outputs.update(named[id(event.outputs)])
            for declared in event.declared:
                _join_facet(run, declared, event.at, ids[declared.carrier.key])
            for statistic in event.statistics:
                _join_size(run, statistic, event.at, ids[statistic.about.key])
        runs.append(run)
    return runs


def write_runs(runs: Sequence[RunRow]) -> None:
    """Write runs with their versions."""
    workspace = current_workspace()
    with sending() as send:
        for part in chunks(runs, AT_ONCE):
            rows = [
                (
                    run.id, run.asset_id, run.job_id, run.version_id, run.source_id, run.key[1], run.state.state,
                    run.state.rank, run.state.state_at, run.state.first_at, run.state.seen_at, run.state.started_at,
                    run.state.ended_at, run.state.extraction_error, _versions_json(run), _sizes_json(run),
                )
                for run in part
            ]  # fmt: skip
            send(_PUT_RUNS, [workspace, *columns(rows, 16)])


def pairs_json(pairs: Sequence[Pair] | None) -> str | None:
    """Return pairs as JSON, as a version keeps them; None for a deleted facet."""
    return None if pairs is None else to_json([list(pair) for pair in pairs])


def pairs_of(said: Sequence[Sequence[Any]]) -> list[Pair]:
    """Return the pairs that a version keeps; those kept before columns were have none."""
    return [
        Pair(target, source, proven, masked, tuple(Column(*column) for column in (rest[0] if rest else ())))
        for target, source, proven, masked, *rest in said
    ]


def _fresh(key: RunKey, event: Told, ids: Ids, sources: Mapping[str, uuid.UUID]) -> RunRow:
    asset = ids[event.run.key] if event.run else None
    return RunRow(new_id(), key, asset, sources[event.namespace], state_of(event))


def _join_facet(run: RunRow, declared: Declared, at: datetime.datetime, carrier: uuid.UUID) -> None:
    said = pairs_json(declared.pairs)
    version = Version(at, hashlib.sha256((said or "").encode()).digest())
    old = run.facets.get((carrier, declared.facet))
    if old is None or version > old.version:
        run.facets[carrier, declared.facet] = Facet(version, declared.pairs, declared.carrier.kind == "job")


def _join_size(run: RunRow, said: Statistic, at: datetime.datetime, dataset: uuid.UUID) -> None:
    size = Size(Version(at, hashlib.sha256(to_json(said.size).encode()).digest()), said.size)
    old = run.sizes.get((dataset, said.of))
    if old is None or size.version > old.version:
        run.sizes[dataset, said.of] = size


def _sizes_json(run: RunRow) -> str | None:
    if not run.sizes:
        return None
    return to_json(
        {
            f"{dataset}/{of}": [size.version.at.isoformat(), size.version.digest.hex(), size.bytes]
            for (dataset, of), size in run.sizes.items()
        }
    )


def sizes_of(said: str) -> Sizes:
    """Return the sizes that a run's row keeps."""
    sizes: Sizes = {}
    for key, (at, digest, size) in from_json(said).items():
        dataset, _, of = key.partition("/")
        version = Version(datetime.datetime.fromisoformat(at), bytes.fromhex(digest))
        sizes[uuid.UUID(dataset), of] = Size(version, size)
    return sizes


def _versions_json(run: RunRow) -> str:
    if not run.facets:
        return "{}"
    return to_json(
        {
            f"{carrier}/{name}": [facet.version.at.isoformat(), facet.version.digest.hex()]
            for (carrier, name), facet in run.facets.items()
        }
    )


def _load(keys: Sequence[RunKey]) -> dict[RunKey, RunRow]:
    workspace = current_workspace()
    runs: list[tuple[RunRow, str]] = []
    for row in fetch(_RUNS, [*columns(keys, 2), workspace]):
        identifier, job, run_id, asset, version, source, versions, sizes, *state = row
        merged = RunState(*state)
        run = RunRow(identifier, (job, run_id), asset, source, merged, version_id=version)
        run.day_before, run.version_before, run.completed_before = merged.seen_at.date(), version, run.completed
        if sizes is not None:
            run.sizes = sizes_of(sizes)
            run.sizes_before = dict(run.sizes)
        runs.append((run, versions))
    _load_content(runs)
    return {run.key: run for run, _ in runs}


def _load_content(runs: Sequence[tuple[RunRow, str]]) -> None:
    """Fill in what the runs join, from their versions."""
    by_version: dict[uuid.UUID, list[RunRow]] = {}
    for run, _ in runs:
        assert run.version_id is not None
        by_version.setdefault(run.version_id, []).append(run)
    if not by_version:
        return
    scope = [current_workspace(), list(by_version)]
    for version, dataset, direction in fetch(_DATASETS, scope):
        for run in by_version[version]:
            (run.inputs if direction == JobVersionDataset.Direction.INPUT.value else run.outputs).add(dataset)
    in_force = {version: from_json(facets) for version, facets in fetch(_FACETS, scope)}
    for run, versions in runs:
        pairs = {(carrier, name): (pairs_of(said), of_job)
                 for carrier, name, of_job, said in in_force.get(run.version_id, ())}  # fmt: skip
        for key, (at, digest) in from_json(versions).items():
            carrier, _, name = key.partition("/")
            known, of_job = pairs.get((carrier, name), (None, False))
            version = Version(datetime.datetime.fromisoformat(at), bytes.fromhex(digest))
            run.facets[uuid.UUID(carrier), name] = Facet(version, known, of_job)


_RUNS = """
SELECT r.id, r.job_id, r.run_id, r.asset_id, r.version_id, r.source_id, r.facet_versions, r.statistics, r.state,
       r.state_rank, r.state_at, r.first_at, r.seen_at, r.started_at, r.extraction_error
FROM unnest(%s::uuid[], %s::text[]) AS w (job, run)
JOIN "lineage_run" r ON r.job_id = w.job AND r.run_id = w.run
WHERE r.workspace_id = %s
"""

_DATASETS = """
SELECT version_id, dataset_id, direction FROM "lineage_jobversiondataset"
WHERE workspace_id = %s AND version_id = ANY(%s)
"""

_FACETS = """
SELECT id, facets FROM "lineage_jobversion" WHERE workspace_id = %s AND id = ANY(%s) AND facets <> '[]'
"""

_PUT_RUNS = """
INSERT INTO "lineage_run" (id, workspace_id, asset_id, job_id, version_id, source_id, run_id, state, state_rank,
                           state_at, first_at, seen_at, started_at, ended_at, extraction_error, facet_versions,
                           statistics)
SELECT w.id, %s, w.asset, w.job, w.version, w.source, w.run, w.state, w.rank, w.state_at, w.first_at, w.seen_at,
       w.started_at, w.ended_at, w.error, w.facets::jsonb, w.statistics::jsonb
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::smallint[],
            %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::bool[],
            %s::text[], %s::text[])
  AS w (id, asset, job, version, source, run, state, rank, state_at, first_at, seen_at, started_at, ended_at, error,
        facets, statistics)
ON CONFLICT (workspace_id, job_id, run_id) DO UPDATE SET
  version_id = EXCLUDED.version_id, state = EXCLUDED.state, state_rank = EXCLUDED.state_rank,
  state_at = EXCLUDED.state_at, first_at = EXCLUDED.first_at, seen_at = EXCLUDED.seen_at,
  started_at = EXCLUDED.started_at, ended_at = EXCLUDED.ended_at, extraction_error = EXCLUDED.extraction_error,
  facet_versions = EXCLUDED.facet_versions, statistics = EXCLUDED.statistics
"""
