"""A database superuser without the signing key edits rows and exports again: verification fails and names the record.

The export copies rows as they are and signs its manifest, so the files themselves are consistent: what must show the
attack is the ledger. Each test is one attack; none needs an earlier checkpoint unless its name says so.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from audit.evidence.ledger.verify import verify_bundle
from tests.audit.evidence.ledger.estate import (
    OTHER_KEY,
    Estate,
    LeafRow,
    codes,
    judged_leaf,
    make_estate,
    records,
    statement_id,
)

Edit = Callable[[Estate], None]


def edit_statement(number: int, **changes: object) -> Edit:
    def apply(estate: Estate) -> None:
        identifier = statement_id(number)
        estate.statements[identifier] = replace(estate.statements[identifier], **changes)  # type: ignore[arg-type]

    return apply


def edit_entry(index: int, **changes: object) -> Edit:
    def apply(estate: Estate) -> None:
        estate.entries[index] = replace(estate.entries[index], **changes)  # type: ignore[arg-type]

    return apply


@pytest.mark.parametrize(
    "changes",
    [
        {"body": {"reason": "another reason", "until": "2026-12-01"}},
        {"body": {"reason": "reason 4", "until": "2026-12-01", "amount": 1.5}},
        {"body": {}},
        {"actor": "member:auditor"},
        {"action": "policies:waiver:revoked"},
        {"made_at": "2026-10-01T00:00:00Z"},
        {"revision": 5},
        {"subjects": [{"name": "x", "digest": {"sha256": "00" * 32}}]},
        {"workspace": "01980000-0000-7000-8000-0000000000bb"},
        {"sealed_at": "2026-10-01T00:00:00Z"},
        {"id": statement_id(99)},
    ],
    ids="-".join,
)
def test_an_edited_column_of_the_journal(changes: dict[str, object], tmp_path: Path) -> None:
    estate = make_estate()
    edit_statement(4, **changes)(estate)
    bundle = estate.export(tmp_path / "b.zip")
    assert codes(bundle) == {"statement_signature"}
    assert records(bundle) == f"statement {statement_id(4)} (index 4)"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"salt": bytes(32)}, "statement_mismatch"),
        ({"salt": b"short"}, "statement_mismatch"),
        ({"signature": bytes(64)}, "statement_signature"),
        ({"signature": b""}, "statement_signature"),
        ({"key_id": "00" * 32}, "statement_signature"),
        ({"leaf_hash": bytes(32)}, "entry_changed"),
        ({"digest": bytes(32)}, "entry_changed"),
        ({"statement": statement_id(5)}, "entry_changed"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_an_edited_column_of_the_ledger(changes: dict[str, object], code: str, tmp_path: Path) -> None:
    estate = make_estate()
    edit_entry(4, **changes)(estate)
    bundle = estate.export(tmp_path / "b.zip", proofs=False)
    assert code in codes(bundle)
    named = records(bundle).splitlines()
    assert all("index 4)" in line or "ledger entry 4 " in line or "ledger entries 3.." in line for line in named)
    assert "4" in named[0]


def test_a_removed_statement_whose_entry_stays(tmp_path: Path) -> None:
    estate = make_estate()
    del estate.statements[statement_id(4)]
    bundle = estate.export(tmp_path / "b.zip")
    assert codes(bundle) == {"statement_missing"}
    assert records(bundle) == f"statement {statement_id(4)} (index 4)"


def test_a_removed_entry_leaves_a_gap(tmp_path: Path) -> None:
    estate = make_estate()
    del estate.entries[4]
    bundle = estate.export(tmp_path / "b.zip")
    assert "entry_missing" in codes(bundle)
    assert "ledger entry 4" in records(bundle).splitlines()


def test_a_removed_record_whose_gap_was_closed(tmp_path: Path) -> None:
    estate = make_estate()
    del estate.statements[statement_id(4)], estate.entries[4]
    estate.entries = [replace(row, index=index) for index, row in enumerate(estate.entries)]
    report = verify_bundle(estate.export(tmp_path / "b.zip", proofs=False))
    first = report.problems[0]
    assert (str(first.code), first.record) == ("statement_signature", f"statement {statement_id(5)} (index 4)")
    assert "signed as index 5" in first.message


def test_two_records_that_changed_places(tmp_path: Path) -> None:
    estate = make_estate()
    estate.entries[4], estate.entries[5] = replace(estate.entries[5], index=4), replace(estate.entries[4], index=5)
    bundle = estate.export(tmp_path / "b.zip", proofs=False)
    assert {"statement_signature", "root_mismatch"} <= codes(bundle)
    assert f"statement {statement_id(5)} (index 4)" in records(bundle)
    assert f"statement {statement_id(4)} (index 5)" in records(bundle)


def test_two_entries_that_changed_statements_only(tmp_path: Path) -> None:
    estate = make_estate()
    one, other = estate.entries[4].statement, estate.entries[5].statement
    edit_entry(4, statement=other)(estate)
    edit_entry(5, statement=one)(estate)
    bundle = estate.export(tmp_path / "b.zip")
    assert {"entry_changed"} <= codes(bundle)
    assert "ledger entry 4 " in records(bundle)
    assert "ledger entry 5 " in records(bundle)


def test_an_entry_whose_hash_was_made_to_fit_a_changed_digest(tmp_path: Path) -> None:
    estate = make_estate()
    forged = make_estate(records=5).entries[2]
    edit_entry(4, digest=forged.digest, leaf_hash=forged.leaf_hash, statement=forged.statement)(estate)
    bundle = estate.export(tmp_path / "b.zip", proofs=False)
    assert "index 4)" in records(bundle)
    assert "ledger entries 3..5" in records(bundle)  # the head of size 3 still agrees, the one of size 6 does not


def test_an_inserted_record_beyond_the_head(tmp_path: Path) -> None:
    estate = make_estate()
    estate.record(20, "policies:waiver:granted", {"reason": "forged"})
    estate.entries[9] = replace(estate.entries[9], signature=bytes(64))
    bundle = estate.export(tmp_path / "b.zip", proofs=False)
    assert {"entry_uncovered", "statement_signature"} == codes(bundle)
    assert "ledger entries 9..9" in records(bundle)


def test_a_statement_signed_by_a_key_of_the_attacker(tmp_path: Path) -> None:
    estate = make_estate()
    forger = make_estate(records=4)
    forger.key = OTHER_KEY
    forger.record(4, "policies:waiver:granted", {"reason": "forged"})
    estate.statements[statement_id(4)] = forger.statements[statement_id(4)]
    estate.entries[4] = forger.entries[4]
    bundle = estate.export(tmp_path / "b.zip", proofs=False)
    assert "statement_signature" in codes(bundle)
    assert f"statement {statement_id(4)} (index 4)" in records(bundle)


def _edit_leaf(estate: Estate) -> None:
    estate.leaves[5] = replace(estate.leaves[5], leaf=estate.leaves[5].leaf.replace(b'"fail"', b'"pass"'))


def _space_in_leaf(estate: Estate) -> None:
    estate.leaves[5] = replace(estate.leaves[5], leaf=estate.leaves[5].leaf.replace(b'"fail"', b' "fail"'))


def _garbage_leaf(estate: Estate) -> None:
    estate.leaves[5] = replace(estate.leaves[5], leaf=b'not json\n{"index":1}')


def _leaf_of_another_asset(estate: Estate) -> None:
    estate.leaves[5] = replace(estate.leaves[5], leaf=judged_leaf(3, 9))


def _leaf_of_another_batch(estate: Estate) -> None:
    estate.leaves[5] = replace(estate.leaves[5], leaf=estate.leaves[0].leaf)


@pytest.mark.parametrize(
    "edit", [_edit_leaf, _space_in_leaf, _garbage_leaf, _leaf_of_another_asset, _leaf_of_another_batch]
)
def test_an_edited_leaf(edit: Edit, tmp_path: Path) -> None:
    estate = make_estate()
    edit(estate)
    bundle = estate.export(tmp_path / "b.zip")
    assert codes(bundle) == {"leaf_changed"}
    assert records(bundle).startswith(f"leaf 1 of statement {statement_id(3)} (index 3")


def test_an_edited_leaf_names_its_asset(tmp_path: Path) -> None:
    estate = make_estate()
    _edit_leaf(estate)
    assert "dataset warehouse/table_3_1" in records(estate.export(tmp_path / "b.zip"))


@pytest.mark.parametrize(("at", "named"), [(4, "leaf 0"), (5, "leaf 1"), (7, "leaf 3")])
@pytest.mark.parametrize("renumber", [False, True])
def test_a_removed_leaf(at: int, named: str, renumber: bool, tmp_path: Path) -> None:
    estate = make_estate()
    removed = estate.leaves.pop(at)
    if renumber:
        for row in estate.leaves:
            if row.statement == removed.statement and row.index > removed.index:
                row.index -= 1
    bundle = estate.export(tmp_path / "b.zip")
    assert codes(bundle) == {"leaf_missing"}
    assert records(bundle) == f"{named} of statement {statement_id(3)} (index 3)"


def test_a_batch_without_any_of_its_leaves(tmp_path: Path) -> None:
    estate = make_estate()
    estate.leaves = [row for row in estate.leaves if row.statement != statement_id(3)]
    bundle = estate.export(tmp_path / "b.zip")
    assert codes(bundle) == {"leaf_missing"}
    assert records(bundle) == f"leaf 0..3 of statement {statement_id(3)} (index 3)"


def test_an_added_leaf(tmp_path: Path) -> None:
    estate = make_estate()
    estate.leaves.append(LeafRow(statement_id(3), 4, judged_leaf(3, 4)))
    bundle = estate.export(tmp_path / "b.zip")
    assert codes(bundle) == {"leaf_unknown"}
    assert f"leaf 4 of statement {statement_id(3)}" in records(bundle)


def test_a_leaf_given_to_an_act_that_has_none(tmp_path: Path) -> None:
    estate = make_estate()
    estate.leaves.append(LeafRow(statement_id(4), 0, judged_leaf(4, 0)))
    bundle = estate.export(tmp_path / "b.zip")
    assert codes(bundle) == {"leaf_unknown"}
    assert f"leaf 0 of statement {statement_id(4)}" in records(bundle)


def test_a_leaf_moved_to_another_batch(tmp_path: Path) -> None:
    estate = make_estate()
    estate.leaves[5].statement = statement_id(6)
    bundle = estate.export(tmp_path / "b.zip")
    assert {"leaf_missing", "leaf_changed"} == codes(bundle)
    assert f"leaf 1 of statement {statement_id(3)}" in records(bundle)
    assert f"leaf 1 of statement {statement_id(6)}" in records(bundle)


def test_two_leaves_that_changed_places(tmp_path: Path) -> None:
    estate = make_estate()
    estate.leaves[5].leaf, estate.leaves[6].leaf = estate.leaves[6].leaf, estate.leaves[5].leaf
    bundle = estate.export(tmp_path / "b.zip")
    assert not verify_bundle(bundle).ok
    assert f"leaf 1 of statement {statement_id(3)}" in records(bundle)


@pytest.mark.parametrize(
    "changes", [{"root": bytes(32)}, {"size": 8}, {"frontier": [bytes(32)]}], ids=lambda changes: next(iter(changes))
)
def test_an_edited_column_of_an_older_checkpoint(changes: dict[str, object], tmp_path: Path) -> None:
    estate = make_estate()
    estate.heads[0] = replace(estate.heads[0], **changes)  # type: ignore[arg-type]
    bundle = estate.export(tmp_path / "b.zip")
    assert codes(bundle) == {"checkpoint_mismatch"}
    assert f"checkpoint of size {estate.heads[0].size}" in records(bundle)


def test_an_edited_note_of_a_checkpoint(tmp_path: Path) -> None:
    estate = make_estate()
    estate.heads[1] = replace(estate.heads[1], note=estate.heads[1].note.replace("\n6\n", "\n5\n"))
    assert codes(estate.export(tmp_path / "b.zip")) == {"checkpoint_signature"}


def test_the_head_replaced_by_an_older_one(tmp_path: Path) -> None:
    estate = make_estate()
    del estate.heads[-1]
    bundle = estate.export(tmp_path / "b.zip", proofs=False)
    assert codes(bundle) == {"entry_uncovered"}
    assert records(bundle) == "ledger entries 6..8"


def test_a_cut_tail_is_invisible_alone_and_named_against_an_earlier_checkpoint(tmp_path: Path) -> None:
    estate = make_estate()
    kept = estate.checkpoint(tmp_path)
    for number in range(6, 9):
        del estate.statements[statement_id(number)]
    estate.leaves = [row for row in estate.leaves if row.statement in estate.statements]
    del estate.entries[6:], estate.heads[-1]
    bundle = estate.export(tmp_path / "b.zip")
    assert verify_bundle(bundle).ok
    assert codes(bundle, kept) == {"tail_truncated"}
    assert records(bundle, kept) == "ledger entries 6..8"


@pytest.mark.parametrize("number", range(9))
def test_any_single_edit_fails_against_the_earlier_checkpoint_too(number: int, tmp_path: Path) -> None:
    estate = make_estate()
    kept = estate.checkpoint(tmp_path, 0)
    edit_statement(number, body={"reason": "forged"})(estate)
    bundle = estate.export(tmp_path / "b.zip")
    assert "statement_signature" in codes(bundle, kept)
    assert f"statement {statement_id(number)} (index {number})" in records(bundle, kept)
