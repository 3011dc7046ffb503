"""Whoever holds the signing key can write a history that is sound in itself: only what was kept outside shows it.

Without that, the bundle must say in so many words that it is self-signed.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from audit.evidence.ledger.bundle import SELF_SIGNED
from audit.evidence.ledger.verify import verify_bundle
from tests.audit.evidence.ledger.estate import (
    KEY,
    OTHER_KEY,
    VERIFIER,
    Estate,
    codes,
    make_estate,
    records,
    statement_id,
)


def rewritten(estate: Estate, number: int) -> Estate:
    identifier = statement_id(number)
    estate.statements[identifier] = replace(estate.statements[identifier], body={"reason": "what suits better"})
    estate.leaves = [row for row in estate.leaves if row.statement != identifier]
    estate.reseal()
    return estate


@pytest.mark.parametrize("number", range(9))
def test_a_rewritten_record_in_a_log_signed_again(number: int, tmp_path: Path) -> None:
    estate = make_estate()
    kept = estate.checkpoint(tmp_path)
    bundle = rewritten(estate, number).export(tmp_path / "b.zip")
    alone = verify_bundle(bundle)
    assert alone.ok
    assert SELF_SIGNED in alone.as_text()
    assert codes(bundle, kept) == {"history_rewritten"}


def test_kept_heads_narrow_down_where_history_was_rewritten(tmp_path: Path) -> None:
    estate = make_estate()
    old = estate.heads[:2]
    kept = estate.checkpoint(tmp_path)
    rewritten(estate, 7)
    estate.heads = [*old, *estate.heads]
    bundle = estate.export(tmp_path / "b.zip")
    assert codes(bundle, kept) == {"history_rewritten"}
    assert records(bundle, kept) == "ledger entries 6..8"


def test_old_heads_left_in_the_database_betray_a_rewritten_history(tmp_path: Path) -> None:
    estate = make_estate()
    old = estate.heads[:2]
    rewritten(estate, 4)
    estate.heads = [*old, *estate.heads]
    bundle = estate.export(tmp_path / "b.zip")
    assert codes(bundle) == {"history_rewritten"}
    assert records(bundle) == "ledger entries 3..5"


@pytest.mark.parametrize("number", [0, 4, 8])
def test_a_removed_record_in_a_log_signed_again(number: int, tmp_path: Path) -> None:
    estate = make_estate()
    kept_all, kept_some = estate.checkpoint(tmp_path), estate.checkpoint(tmp_path, 0)
    del estate.statements[statement_id(number)]
    estate.leaves = [row for row in estate.leaves if row.statement in estate.statements]
    estate.reseal()
    bundle = estate.export(tmp_path / "b.zip")
    assert verify_bundle(bundle).ok
    assert codes(bundle, kept_all) == {"tail_truncated"}
    assert codes(bundle, kept_some) == ({"history_rewritten"} if number < 3 else set())


def test_the_tail_replaced_by_as_many_records(tmp_path: Path) -> None:
    estate = make_estate()
    kept = estate.checkpoint(tmp_path)
    for number in (7, 8):
        del estate.statements[statement_id(number)]
    estate.reseal()
    estate.record(30, "policies:waiver:granted", {"reason": "late"})
    estate.record(31, "policies:waiver:granted", {"reason": "later"})
    estate.publish()
    assert codes(estate.export(tmp_path / "b.zip"), kept) == {"history_rewritten"}


def test_a_log_signed_again_with_another_key(tmp_path: Path) -> None:
    estate = make_estate()
    kept = estate.checkpoint(tmp_path)
    estate.reseal(OTHER_KEY)
    bundle = estate.export(tmp_path / "b.zip")
    assert verify_bundle(bundle).ok  # a stranger who knows no key sees a sound ledger, and is told to compare the key
    assert any("compare its fingerprint" in note for note in verify_bundle(bundle).notes)
    assert codes(bundle, kept) == {"checkpoint_signature"}
    assert codes(bundle, None, VERIFIER.vkey) == {"key_unexpected"}
    assert codes(bundle, None, KEY.public.fingerprint) == {"key_unexpected"}
    assert codes(bundle, None, OTHER_KEY.public.fingerprint) == set()


def test_a_checkpoint_of_another_key_is_not_taken_for_an_earlier_one(tmp_path: Path) -> None:
    forged = make_estate(records=3)
    forged.reseal(OTHER_KEY)
    kept = forged.checkpoint(tmp_path)
    bundle = make_estate().export(tmp_path / "b.zip")
    assert codes(bundle, kept) == {"checkpoint_signature"}
    assert records(bundle, kept) == f"earlier checkpoint {kept.name}"


@pytest.mark.parametrize("content", [b"", b"no note", b"\xff\xfe", b"auditline/x\n1\nAAAA\n\n"])
def test_an_earlier_checkpoint_that_is_none_fails_closed(content: bytes, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(content)
    bundle = make_estate().export(tmp_path / "b.zip")
    assert codes(bundle, kept) == {"checkpoint_signature"}


def test_a_grown_ledger_agrees_with_every_head_that_was_kept(tmp_path: Path) -> None:
    estate = make_estate(records=40, heads=4)
    bundle = estate.export(tmp_path / "b.zip")
    for at in range(len(estate.heads)):
        report = verify_bundle(bundle, estate.checkpoint(tmp_path, at), VERIFIER.vkey)
        assert report.ok, report.as_text()
        assert any("agrees" in note for note in report.notes)


def test_an_earlier_bundle_serves_as_the_kept_checkpoint(tmp_path: Path) -> None:
    estate = make_estate(records=6)
    earlier = estate.export(tmp_path / "earlier.zip")
    estate.record(6, "policies:waiver:granted", {"reason": "new"})
    estate.publish()
    assert codes(estate.export(tmp_path / "later.zip"), earlier) == set()
    assert codes(rewritten(estate, 2).export(tmp_path / "forged.zip"), earlier) == {"history_rewritten"}
