"""Bundles of format v1 verify for years: one that was made once and committed must always verify, byte for byte.

When this test fails, old evidence has become unreadable. Do not make the golden file again: a changed format is v2,
with a reader of its own beside v1.
"""

import zipfile
from pathlib import Path

from audit.evidence.ledger.bundle import CHECKPOINT, MANIFEST
from audit.evidence.ledger.verify import verify_bundle
from tests.audit.evidence.ledger.estate import Estate, make_estate

GOLDEN = Path(__file__).parent / "golden"
BUNDLE = GOLDEN / "bundle-v1.zip"
KEPT = GOLDEN / "checkpoint-v1"
VKEY = "auditline/01980000-0000-7000-8000-0000000000aa+71a7b5d0+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"


def golden_estate() -> Estate:
    return make_estate(records=11, leaves=3, every=4, heads=5)


def test_the_golden_bundle_verifies_with_the_key_and_the_checkpoint_kept_then() -> None:
    report = verify_bundle(BUNDLE, KEPT, VKEY)
    assert report.ok, report.as_text()
    assert report.checked == {
        "files": 16,
        "checkpoints": 4,
        "ledger entries": 11,
        "statements": 11,
        "leaves": 9,
        "proofs": 2,
    }


def test_its_head_is_the_one_that_was_signed_then() -> None:
    with zipfile.ZipFile(BUNDLE) as archive:
        head = archive.read(CHECKPOINT).split(b"\n")
        assert b'"format":"auditline-bundle/v1"' in archive.read(MANIFEST)
    assert head[:3] == [
        b"auditline/01980000-0000-7000-8000-0000000000aa",
        b"11",
        b"CnpS/XrJ17OjLRKCSaPB0hum+Jex0Aadk//GbdqUsx8=",
    ]


def test_today_the_same_rows_give_the_same_files(tmp_path: Path) -> None:
    made = golden_estate().export(tmp_path / "b.zip")
    with zipfile.ZipFile(BUNDLE) as golden, zipfile.ZipFile(made) as today:
        assert today.namelist() == golden.namelist()
        for name in golden.namelist():
            assert today.read(name) == golden.read(name), name
