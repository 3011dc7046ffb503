"""What is walked in arrays equals what networkx finds, at every revision, however they were brought up to date."""

import random
import uuid

import numpy as np
import pytest

from lineage.graph.layers import Changed, Follow, Snapshot, advanced, snapshot_of
from lineage.graph.queries import allowed
from lineage.graph.snapshot import BASES, Direction, FlowArrays, as_uuid
from lineage.graph.walk import walk
from tests.support.histories import REVISIONS, History, Row, expected, histories, history


def loaded(made: History, revision: int) -> Snapshot:
    """Return what would be read at a revision."""
    rows = made.known(revision)
    keys = sorted({each for row in rows for each in ids(made, row)})
    number = {key: at for at, key in enumerate(keys)}
    source, target, job = (np.array([number[ids(made, row)[at]] for row in rows], dtype=np.int32) for at in range(3))
    packed = np.frombuffer(b"".join(key.bytes for key in keys), dtype="V16")
    proven, basis = (
        np.array([row.proven for row in rows], dtype=bool),
        np.array([row.basis for row in rows], dtype=np.uint8),
    )
    return snapshot_of(FlowArrays(revision, packed, source, target, job, proven, ~proven, basis))


def ids(made: History, row: Row) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    source, target, job = row.edge
    return made.datasets[source], made.datasets[target], made.jobs[job]


def changed(made: History, after: int, up_to: int) -> list[Changed]:
    """Return what the database would name as changed."""
    found = []
    for row in made.rows:
        until = row.until if row.until is not None and row.until <= up_to else None
        if after < row.since <= up_to or (until is not None and until > after):
            found.append(Changed(*ids(made, row), row.proven, not row.proven, row.basis, row.since, until))
    return found


def reached(
    snapshot: Snapshot, start: uuid.UUID, direction: Direction, revision: int, depth: int, bases: frozenset[str]
) -> dict[uuid.UUID, tuple[int, bool]]:
    number = snapshot.number(start)
    if number is None:
        return {}
    found = walk(snapshot, number, Follow(direction, revision, allowed(bases)), depth, 10_000)
    return {
        as_uuid(snapshot.ids[at]): (int(found.step[at]), bool(found.proven[at]))
        for at in np.flatnonzero(found.step > 0)
    }


@pytest.mark.parametrize("base", [0, 1, 2, 4])
def test_a_thousand_random_graphs_are_walked_as_networkx_walks_them(base: int) -> None:
    compared = 0
    for made in histories(1000):
        dice = random.Random(made.seed)
        snapshot = loaded(made, base)
        for revision in REVISIONS[base:]:
            if dice.random() < 0.3 and revision != REVISIONS[-1]:
                continue  # several revisions at once
            later = advanced(snapshot, changed(made, snapshot.revision, revision), revision)
            assert later is not None
            snapshot = later
        bases = frozenset(dice.sample(BASES, dice.choice([1, 2, 3])))
        for revision in range(base, REVISIONS[-1] + 1):
            start, depth = dice.randrange(len(made.datasets)), dice.choice([1, 2, 3, 50])
            for direction in ("upstream", "downstream"):
                found = reached(snapshot, made.datasets[start], direction, revision, depth, bases)
                assert found == expected(made, start, direction, revision, depth, bases), (made.seed, revision)
                compared += len(found)
    assert compared > 1000


def test_changes_that_do_not_fit_are_refused() -> None:
    made = history(7)
    snapshot = loaded(made, 1)
    gone = Changed(made.datasets[0], uuid.uuid4(), made.jobs[0], True, False, 0, 1, 2)
    assert advanced(snapshot, [gone], 2) is None


def test_what_was_there_before_is_not_touched_by_what_changes() -> None:
    made = next(each for each in histories(100) if any(row.until == 2 for row in each.rows))
    before = loaded(made, 1)
    kept = [layer.until.copy() for layer in before.layers]
    advanced(before, changed(made, 1, 4), 4)
    assert all((layer.until == until).all() for layer, until in zip(before.layers, kept, strict=True))
    assert before.later == {}
