"""Random edits, deletions, insertions and reorderings of rows by a superuser: all detected, the record named."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.evidence.ledger.verify import verify_bundle
from tests.audit.evidence.ledger.estate import Estate, LeafRow, judged_leaf, make_estate, statement_id

RECORDS, LEAVES, EVERY = 8, 3, 2
records = st.integers(0, RECORDS - 1)
batches = st.integers(0, RECORDS // EVERY - 1).map(lambda number: number * EVERY)

# An attack edits the rows and returns the indexes of the records that a reader may be pointed to.
Attack = Callable[[Estate, st.DataObject], set[int]]


def edit_a_statement(estate: Estate, data: st.DataObject) -> set[int]:
    number = data.draw(records)
    column = data.draw(st.sampled_from(["action", "actor", "made_at", "sealed_at", "workspace", "revision", "body"]))
    value = {"revision": -1, "body": {"forged": data.draw(st.integers(0, 9))}}.get(column, "forged")
    identifier = statement_id(number)
    estate.statements[identifier] = replace(estate.statements[identifier], **{column: value})  # type: ignore[arg-type]
    return {number}


def remove_a_statement(estate: Estate, data: st.DataObject) -> set[int]:
    number = data.draw(records)
    del estate.statements[statement_id(number)]
    return {number}


def edit_an_entry(estate: Estate, data: st.DataObject) -> set[int]:
    number = data.draw(records)
    column = data.draw(st.sampled_from(["salt", "digest", "leaf_hash", "signature"]))
    changed = bytearray(getattr(estate.entries[number], column))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    estate.entries[number] = replace(estate.entries[number], **{column: bytes(changed)})  # type: ignore[arg-type]
    return {number}


def remove_an_entry(estate: Estate, data: st.DataObject) -> set[int]:
    number = data.draw(records)
    del estate.entries[number]
    return {number}


def remove_a_record_and_close_the_gap(estate: Estate, data: st.DataObject) -> set[int]:
    number = data.draw(records)
    del estate.entries[number], estate.statements[statement_id(number)]
    estate.entries = [replace(row, index=index) for index, row in enumerate(estate.entries)]
    return {number, RECORDS - 1}


def swap_two_records(estate: Estate, data: st.DataObject) -> set[int]:
    one, other = data.draw(st.tuples(records, records).filter(lambda pair: pair[0] != pair[1]))
    rows = estate.entries
    rows[one], rows[other] = replace(rows[other], index=one), replace(rows[one], index=other)
    return {one, other}


def edit_a_leaf(estate: Estate, data: st.DataObject) -> set[int]:
    row = data.draw(st.sampled_from(estate.leaves))
    changed = bytearray(row.leaf)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    row.leaf = bytes(changed)
    return {int(row.statement[-12:])}


def remove_a_leaf(estate: Estate, data: st.DataObject) -> set[int]:
    row = estate.leaves.pop(data.draw(st.integers(0, len(estate.leaves) - 1)))
    return {int(row.statement[-12:])}


def add_a_leaf(estate: Estate, data: st.DataObject) -> set[int]:
    number = data.draw(records)
    estate.leaves.append(LeafRow(statement_id(number), data.draw(st.integers(0, LEAVES + 1)), judged_leaf(number, 99)))
    return {number}


def swap_two_leaves(estate: Estate, data: st.DataObject) -> set[int]:
    at = st.integers(0, len(estate.leaves) - 1)
    one, other = data.draw(st.tuples(at, at).filter(lambda pair: pair[0] != pair[1]))
    first, second = estate.leaves[one], estate.leaves[other]
    first.leaf, second.leaf = second.leaf, first.leaf
    return {int(first.statement[-12:]), int(second.statement[-12:])}


ATTACKS: list[Attack] = [
    edit_a_statement,
    remove_a_statement,
    edit_an_entry,
    remove_an_entry,
    remove_a_record_and_close_the_gap,
    swap_two_records,
    edit_a_leaf,
    remove_a_leaf,
    add_a_leaf,
    swap_two_leaves,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_random_attack_is_detected_and_its_record_named(attack: Attack, tmp_path: Path, data: st.DataObject) -> None:
    estate = make_estate(records=RECORDS, leaves=LEAVES, every=EVERY)
    kept = estate.checkpoint(tmp_path, data.draw(st.integers(0, len(estate.heads) - 1)))
    targets = attack(estate, data)
    bundle = estate.export(tmp_path / "b.zip", proofs=False)
    for report in (verify_bundle(bundle), verify_bundle(bundle, kept)):
        assert not report.ok
        named = " | ".join(problem.record for problem in report.problems)
        assert any(f"(index {index}" in named or f"ledger entry {index}" in named for index in targets), named
