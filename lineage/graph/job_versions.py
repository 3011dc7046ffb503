"""Keep the versions of jobs: what runs join, once for all runs with the same content, with how many there are and when.

A run that only adds costs the same however many came before it; what its version joins is settled when the version is
new. Where a run leaves a version, its times are read anew from the runs that are left.
"""

import datetime
import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.graph.merge import Joined, Settled, settle
from lineage.graph.models import JobVersionDataset
from lineage.graph.runs import RunRow
from lineage.inventory.bulk import chunks, columns, execute, fetch, to_json

INPUT, OUTPUT = JobVersionDataset.Direction.INPUT.value, JobVersionDataset.Direction.OUTPUT.value


class Key(NamedTuple):
    """What a version is known by: the job, and the digest of what its runs join."""

    job: uuid.UUID
    digest: bytes


@dataclass
class Change:
    """What a batch did to one version. `added`: runs (not designs) that came to it; `lost`: some left it.

    `unused`: no run or design had it before, be it new or left by all: flows that it joins did not rest on it.
    """

    id: uuid.UUID
    job: uuid.UUID
    runs: int = 0
    designs: int = 0
    added: int = 0
    first_at: datetime.datetime | None = None
    seen_at: datetime.datetime | None = None
    lost: bool = False
    unused: bool = False
    days: Counter[datetime.date] = field(default_factory=Counter)
    completed: Counter[datetime.date] = field(default_factory=Counter)

    def widen(self, run: RunRow) -> None:
        """Take in the times of a run that has it."""
        state = run.state
        self.first_at = state.first_at if self.first_at is None else min(self.first_at, state.first_at)
        self.seen_at = state.seen_at if self.seen_at is None else max(self.seen_at, state.seen_at)


@dataclass
class VersionChanges:
    """What a batch did to versions, by id. `new`: the first run of each version that did not exist before."""

    changed: dict[uuid.UUID, Change] = field(default_factory=dict)
    new: dict[uuid.UUID, RunRow] = field(default_factory=dict)

    def of(self, version: uuid.UUID, job: uuid.UUID) -> Change:
        """Return the change of a version, an empty one where there is none yet."""
        return self.changed.setdefault(version, Change(version, job))


def assign_versions(runs: Sequence[RunRow], dataset_uids: Mapping[uuid.UUID, str]) -> VersionChanges:
    """Give each run the version of what it joins now, and keep the versions' counts and times.

    `dataset_uids` names every dataset that the runs touch or whose facets they carry. Writes versions; the runs
    themselves are written by the caller, before anything reads the times of a version that lost one.

    1. Find or make the version of each run.
    2. Count who came and who left, by day too.
    3. Write the counts.
    """
    changes = VersionChanges()
    keys = _keys(runs)
    found = _find(set(keys))
    for run, key in zip(runs, keys, strict=True):  # 1
        former = run.version_before
        if key not in found:
            found[key] = new_id()
            changes.new[found[key]] = run
        run.version_id = found[key]
        _count(changes, run, former)  # 2
    _make(changes.new, dataset_uids)
    _write_counts(changes)  # 3
    return changes


def _count(changes: VersionChanges, run: RunRow, former: uuid.UUID | None) -> None:
    assert run.version_id is not None
    change = changes.of(run.version_id, run.job_id)
    change.widen(run)
    counts = run.asset_id is not None
    day = run.state.seen_at.date()
    if former != run.version_id:
        change.runs += counts
        change.designs += not counts
        change.added += counts
        if former is not None:
            left = changes.of(former, run.job_id)
            left.lost = True
            left.runs -= counts
            left.designs -= not counts
    if counts and (former, run.day_before, run.completed_before) != (run.version_id, day, run.completed):
        change.days[day] += 1
        change.completed[day] += run.completed
        if former is not None and run.day_before is not None:
            left = changes.of(former, run.job_id)
            left.days[run.day_before] -= 1
            left.completed[run.day_before] -= run.completed_before


def _keys(runs: Iterable[RunRow]) -> list[Key]:
    """Return the key of each run's version; computed once for those that join the same without a facet."""
    plain: dict[tuple[uuid.UUID, frozenset[uuid.UUID], frozenset[uuid.UUID]], Key] = {}
    keys: list[Key] = []
    for run in runs:
        content = (run.job_id, frozenset(run.inputs), frozenset(run.outputs))
        key = None if run.facets else plain.get(content)
        if key is None:
            key = _key(run)
            if not run.facets:
                plain[content] = key
        keys.append(key)
    return keys


def _key(run: RunRow) -> Key:
    parts = [
        ",".join(sorted(map(str, run.inputs))),
        ",".join(sorted(map(str, run.outputs))),
        *sorted(f"{carrier}/{name}={facet.version.digest.hex()}" for (carrier, name), facet in run.in_force()),
    ]
    return Key(run.job_id, hashlib.sha256(";".join(parts).encode()).digest())


def _find(keys: Iterable[Key]) -> dict[Key, uuid.UUID]:
    rows = fetch(_FIND, [*columns(list(keys), 2), current_workspace()])
    return {Key(job, bytes(digest)): identifier for identifier, job, digest in rows}


def _make(new: Mapping[uuid.UUID, RunRow], uids: Mapping[uuid.UUID, str]) -> None:
    """Write new versions with their datasets and what they join."""
    if not new:
        return
    by_uid = {uid: identifier for identifier, uid in uids.items()}
    versions: list[tuple[object, ...]] = []
    datasets: list[tuple[object, ...]] = []
    flows: list[tuple[object, ...]] = []
    for identifier, run in new.items():
        facets = [[str(carrier), name, one.of_job, one.pairs] for (carrier, name), one in run.in_force()]
        versions.append((identifier, *_key(run), to_json(facets)))
        datasets += [(new_id(), identifier, dataset, INPUT) for dataset in run.inputs]
        datasets += [(new_id(), identifier, dataset, OUTPUT) for dataset in run.outputs]
        flows += [
            (new_id(), identifier, run.job_id, by_uid[source], by_uid[target], *joined[:3], to_json(joined.columns))
            for (source, target), joined in _joins(run, uids).items()
        ]
    workspace = current_workspace()
    execute(_PUT, [workspace, *columns(versions, 4)])
    for part in chunks(datasets):
        execute(_PUT_DATASETS, [workspace, *columns(part, 4)])
    for part in chunks(flows):
        execute(_PUT_FLOWS, [workspace, *columns(part, 9)])


def _joins(run: RunRow, uids: Mapping[uuid.UUID, str]) -> dict[tuple[str, str], Joined]:
    facets = [
        Settled(uids.get(carrier, ""), name, facet.of_job, facet.pairs or [])
        for (carrier, name), facet in run.in_force()
    ]
    return settle([uids[one] for one in run.inputs], [uids[one] for one in run.outputs], facets)


def _write_counts(changes: VersionChanges) -> None:
    workspace = current_workspace()
    rows = [(each.id, each.runs, each.designs, each.first_at, each.seen_at) for each in changes.changed.values()]
    for version, runs, designs in fetch(_COUNT, [*columns(rows, 5), workspace]):
        change = changes.changed[version]
        change.unused = (runs, designs) == (change.runs, change.designs)
    days = [
        (new_id(), each.id, day, runs, each.completed[day])
        for each in changes.changed.values()
        for day, runs in each.days.items()
        if runs or each.completed[day]
    ]
    if days:
        execute(_COUNT_DAYS, [workspace, *columns(days, 5)])


def settle_lost(changes: VersionChanges) -> None:
    """Read anew the times of versions that a run has left; the runs must have been written."""
    lost = [each.id for each in changes.changed.values() if each.lost]
    if lost:
        execute(_READ_TIMES, [lost, *[current_workspace()] * 2])


_FIND = """
SELECT v.id, v.job_id, v.digest FROM unnest(%s::uuid[], %s::bytea[]) AS w (job, digest)
JOIN "lineage_jobversion" v ON v.job_id = w.job AND v.digest = w.digest
WHERE v.workspace_id = %s
"""

_PUT = """
INSERT INTO "lineage_jobversion" (id, workspace_id, job_id, digest, facets, runs, designs)
SELECT w.id, %s, w.job, w.digest, w.facets::jsonb, 0, 0
FROM unnest(%s::uuid[], %s::uuid[], %s::bytea[], %s::text[]) AS w (id, job, digest, facets)
"""

_PUT_DATASETS = """
INSERT INTO "lineage_jobversiondataset" (id, workspace_id, version_id, dataset_id, direction)
SELECT w.id, %s, w.version, w.dataset, w.direction
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[]) AS w (id, version, dataset, direction)
"""

_PUT_FLOWS = """
INSERT INTO "lineage_jobversionflow" (id, workspace_id, version_id, job_id, from_dataset_id, to_dataset_id, basis,
                                      proven, masked, columns)
SELECT w.id, %s, w.version, w.job, w.source, w.target, w.basis, w.proven, w.masked, w.columns::jsonb
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::bool[], %s::bool[], %s::text[])
  AS w (id, version, job, source, target, basis, proven, masked, columns)
"""

_COUNT = """
UPDATE "lineage_jobversion" v
SET runs = v.runs + w.runs, designs = v.designs + w.designs, first_at = least(v.first_at, w.first_at),
    seen_at = greatest(v.seen_at, w.seen_at)
FROM unnest(%s::uuid[], %s::int[], %s::int[], %s::timestamptz[], %s::timestamptz[])
  AS w (id, runs, designs, first_at, seen_at)
WHERE v.workspace_id = %s AND v.id = w.id
RETURNING v.id, v.runs, v.designs
"""

_COUNT_DAYS = """
INSERT INTO "lineage_jobversionday" AS d (id, workspace_id, version_id, day, runs, completed)
SELECT w.id, %s, w.version, w.day, w.runs, w.completed
FROM unnest(%s::uuid[], %s::uuid[], %s::date[], %s::int[], %s::int[]) AS w (id, version, day, runs, completed)
ON CONFLICT (workspace_id, version_id, day) DO UPDATE SET
  runs = d.runs + EXCLUDED.runs, completed = d.completed + EXCLUDED.completed
"""

# The least of first_at is not indexed by itself: it is read only where a run has left, which is rare for old versions.
_READ_TIMES = """
UPDATE "lineage_jobversion" v SET first_at = t.first_at, seen_at = t.seen_at
FROM unnest(%s::uuid[]) AS w (id), LATERAL (
  SELECT min(r.first_at) AS first_at, max(r.seen_at) AS seen_at FROM "lineage_run" r
  WHERE r.workspace_id = %s AND r.version_id = w.id
) AS t
WHERE v.workspace_id = %s AND v.id = w.id
"""
