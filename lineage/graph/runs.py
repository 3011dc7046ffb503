"""Keep runs with their datasets and lineage facets: read what is known, join what events say, write what differs.

`project` is alone in its workspace, so reading before writing is safe.
"""

import datetime
import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.graph.merge import RunState, Version, join, state_of
from lineage.graph.models import RunDataset
from lineage.graph.told import Declared, Pair, Ref, Told
from lineage.inventory.assets import Key
from lineage.inventory.bulk import columns, execute, fetch, to_json

RunKey = tuple[uuid.UUID, str]
"""(job asset, run id); the run id '' stands for the design of a job or dataset."""


@dataclass
class Touch:
    """A dataset as a run read or wrote it."""

    seen_at: datetime.datetime
    event: uuid.UUID
    wrote_at: datetime.datetime | None = None


@dataclass
class Facet:
    """A lineage facet in its latest version. `pairs` None: deleted."""

    version: Version
    pairs: list[Pair] | None
    of_job: bool


@dataclass
class RunRow:
    """A run with all that is known of it after this batch, and what of it is new."""

    id: uuid.UUID
    key: RunKey
    asset_id: uuid.UUID | None
    source_id: uuid.UUID
    state: RunState
    touches: dict[tuple[uuid.UUID, str], Touch] = field(default_factory=dict)  # (dataset, direction)
    facets: dict[tuple[uuid.UUID, str], Facet] = field(default_factory=dict)  # (carrier, facet name)
    is_new: bool = False
    new_touches: set[tuple[uuid.UUID, str]] = field(default_factory=set)

    @property
    def job_id(self) -> uuid.UUID:
        """The asset that the run is of."""
        return self.key[0]

    def datasets(self, direction: str) -> list[uuid.UUID]:
        """Return the datasets that it read or wrote."""
        return [dataset for dataset, which in self.touches if which == direction]


Ids = Mapping[Key, uuid.UUID]


def merge_runs(told: Sequence[Told], ids: Ids, sources: Mapping[str, uuid.UUID]) -> list[RunRow]:
    """Merge events into the runs (and designs) that they speak of; return these, complete, after writing them.

    1. Load what is known of these runs.
    2. Join states, datasets and facets.
    3. Write the rows that differ.
    """
    by_key: dict[RunKey, list[Told]] = {}
    for each in told:
        by_key.setdefault((ids[each.speaker.key], each.run.uid if each.run else ""), []).append(each)
    known = _load(list(by_key))  # 1
    runs: list[RunRow] = []
    written = _Writes()
    digests = _Digests(told)
    for key, events in sorted(by_key.items(), key=lambda item: (str(item[0][0]), item[0][1])):
        run = known.get(key) or _fresh(key, events[0], ids, sources)
        for event in events:  # 2
            run.state = join(run.state, state_of(event))
            _join_touches(run, event, ids, written, digests)
            for declared in event.declared:
                _join_facet(run, declared, event.at, ids[declared.carrier.key], written)
        _note_writes(run, written)
        runs.append(run)
    _write_runs(runs)  # 3
    written.flush()
    return runs


def _fresh(key: RunKey, event: Told, ids: Ids, sources: Mapping[str, uuid.UUID]) -> RunRow:
    asset = ids[event.run.key] if event.run else None
    return RunRow(new_id(), key, asset, sources[event.namespace], state_of(event), is_new=True)


class _Digests:
    """Digests of events, for the rare tie of two events of one run at one instant that name the same dataset."""

    def __init__(self, told: Iterable[Told]) -> None:
        self.known = {each.event_id: each.digest for each in told}

    def of(self, event: uuid.UUID) -> bytes:
        """Return the digest as kept; b'' where the event has gone."""
        if event not in self.known:
            found = fetch('SELECT kept_digest FROM "lineage_event" WHERE workspace_id = %s AND id = %s',
                          [current_workspace(), event])  # fmt: skip
            self.known[event] = bytes(found[0][0]) if found else b""
        return self.known[event]


class _Writes:
    """Rows to write, collected over all runs of a batch."""

    def __init__(self) -> None:
        self.touches: dict[tuple[uuid.UUID, uuid.UUID, str], Touch] = {}
        self.facets: dict[tuple[uuid.UUID, uuid.UUID, str], Facet] = {}

    def flush(self) -> None:
        """Write them: one statement per table."""
        touches = [
            (new_id(), run, dataset, direction, touch.seen_at, touch.event, touch.wrote_at)
            for (run, dataset, direction), touch in sorted(self.touches.items(), key=str)
        ]
        facets = [
            (new_id(), run, carrier, name, facet.version.at, facet.version.digest, _pairs_json(facet.pairs))
            for (run, carrier, name), facet in sorted(self.facets.items(), key=str)
        ]
        if touches:
            execute(_PUT_TOUCHES, [current_workspace(), *columns(touches, 7)])
        if facets:
            execute(_PUT_FACETS, [current_workspace(), *columns(facets, 7)])


def _join_touches(run: RunRow, event: Told, ids: Ids, written: _Writes, digests: _Digests) -> None:
    named: list[tuple[Ref, str]] = [(ref, RunDataset.Direction.INPUT.value) for ref in event.inputs]
    named += [(ref, RunDataset.Direction.OUTPUT.value) for ref in event.outputs]
    for ref, direction in named:
        where = (ids[ref.key], direction)
        old = run.touches.get(where)
        if old is None:
            run.new_touches.add(where)
        elif (old.seen_at, digests.of(old.event) if old.seen_at == event.at else b"") >= (event.at, event.digest):
            continue
        run.touches[where] = Touch(event.at, event.event_id, old.wrote_at if old else None)
        written.touches[run.id, *where] = run.touches[where]


def _join_facet(run: RunRow, declared: Declared, at: datetime.datetime, carrier: uuid.UUID, written: _Writes) -> None:
    pairs = list(declared.pairs) if declared.pairs is not None else None
    version = Version(at, hashlib.sha256((_pairs_json(pairs) or "").encode()).digest())
    old = run.facets.get((carrier, declared.facet))
    if old is None or version > old.version:
        run.facets[carrier, declared.facet] = Facet(version, pairs, declared.carrier.kind == "job")
        written.facets[run.id, carrier, declared.facet] = run.facets[carrier, declared.facet]


def _note_writes(run: RunRow, written: _Writes) -> None:
    """Note on each output when the run completed, or that it did not."""
    wrote_at = run.state.ended_at if run.state.state == "complete" else None
    for (dataset, direction), touch in run.touches.items():
        if direction == RunDataset.Direction.OUTPUT.value and touch.wrote_at != wrote_at:
            touch.wrote_at = wrote_at
            written.touches[run.id, dataset, direction] = touch


def _pairs_json(pairs: list[Pair] | None) -> str | None:
    return None if pairs is None else to_json([list(pair) for pair in pairs])


def _load(keys: Sequence[RunKey]) -> dict[RunKey, RunRow]:
    workspace = current_workspace()
    runs: dict[uuid.UUID, RunRow] = {}
    for row in fetch(_RUNS, [*columns(keys, 2), workspace]):
        identifier, job, run_id, asset, source, state, rank, state_at, first_at, seen_at, started_at, error = row
        merged = RunState(state, rank, state_at, first_at, seen_at, started_at, error)
        runs[identifier] = RunRow(identifier, (job, run_id), asset, source, merged)
    for run, dataset, direction, seen_at, event, wrote_at in fetch(_TOUCHES, [workspace, list(runs)]):
        runs[run].touches[dataset, direction] = Touch(seen_at, event, wrote_at)
    for run, carrier, name, seen_at, digest, pairs, kind in fetch(_FACETS, [workspace, list(runs)]):
        known = None if pairs is None else [Pair(*pair) for pair in json.loads(pairs)]
        runs[run].facets[carrier, name] = Facet(Version(seen_at, bytes(digest)), known, kind == "job")
    return {run.key: run for run in runs.values()}


def _write_runs(runs: Sequence[RunRow]) -> None:
    rows = [
        (
            run.id, run.asset_id, run.job_id, run.source_id, run.key[1], run.state.state, run.state.rank,
            run.state.state_at, run.state.first_at, run.state.seen_at, run.state.started_at, run.state.ended_at,
            run.state.extraction_error,
        )
        for run in runs
    ]  # fmt: skip
    execute(_PUT_RUNS, [current_workspace(), *columns(rows, 13)])


_RUNS = """
SELECT r.id, r.job_id, r.run_id, r.asset_id, r.source_id, r.state, r.state_rank, r.state_at, r.first_at, r.seen_at,
       r.started_at, r.extraction_error
FROM unnest(%s::uuid[], %s::text[]) AS w (job, run)
JOIN "lineage_run" r ON r.job_id = w.job AND r.run_id = w.run
WHERE r.workspace_id = %s
"""

_TOUCHES = """
SELECT run_id, dataset_id, direction, seen_at, event, wrote_at FROM "lineage_rundataset"
WHERE workspace_id = %s AND run_id = ANY(%s)
"""

_FACETS = """
SELECT d.run_id, d.carrier_id, d.facet, d.seen_at, d.digest, d.pairs, a.kind FROM "lineage_rundeclaration" d
JOIN "lineage_asset" a ON a.workspace_id = d.workspace_id AND a.id = d.carrier_id
WHERE d.workspace_id = %s AND d.run_id = ANY(%s)
"""

_PUT_RUNS = """
INSERT INTO "lineage_run" (id, workspace_id, asset_id, job_id, source_id, run_id, state, state_rank, state_at,
                           first_at, seen_at, started_at, ended_at, extraction_error)
SELECT w.id, %s, w.asset, w.job, w.source, w.run, w.state, w.rank, w.state_at, w.first_at, w.seen_at, w.started_at,
       w.ended_at, w.error
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::smallint[], %s::timestamptz[],
            %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::bool[])
  AS w (id, asset, job, source, run, state, rank, state_at, first_at, seen_at, started_at, ended_at, error)
ON CONFLICT (workspace_id, job_id, run_id) DO UPDATE SET
  state = EXCLUDED.state, state_rank = EXCLUDED.state_rank, state_at = EXCLUDED.state_at,
  first_at = EXCLUDED.first_at, seen_at = EXCLUDED.seen_at, started_at = EXCLUDED.started_at,
  ended_at = EXCLUDED.ended_at, extraction_error = EXCLUDED.extraction_error
"""

_PUT_TOUCHES = """
INSERT INTO "lineage_rundataset" (id, workspace_id, run_id, dataset_id, direction, seen_at, event, wrote_at)
SELECT w.id, %s, w.run, w.dataset, w.direction, w.seen_at, w.event, w.wrote_at
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::uuid[], %s::timestamptz[])
  AS w (id, run, dataset, direction, seen_at, event, wrote_at)
ON CONFLICT (workspace_id, run_id, dataset_id, direction) DO UPDATE SET
  seen_at = EXCLUDED.seen_at, event = EXCLUDED.event, wrote_at = EXCLUDED.wrote_at
"""

_PUT_FACETS = """
INSERT INTO "lineage_rundeclaration" (id, workspace_id, run_id, carrier_id, facet, seen_at, digest, pairs)
SELECT w.id, %s, w.run, w.carrier, w.facet, w.seen_at, w.digest, w.pairs::jsonb
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::bytea[], %s::text[])
  AS w (id, run, carrier, facet, seen_at, digest, pairs)
ON CONFLICT (workspace_id, run_id, carrier_id, facet) DO UPDATE SET
  seen_at = EXCLUDED.seen_at, digest = EXCLUDED.digest, pairs = EXCLUDED.pairs
"""
