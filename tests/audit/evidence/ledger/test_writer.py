"""A bundle is one deterministic file that is there whole or not at all."""

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.evidence.ledger.bundle import BundleInfo, is_safe_path, line_mark
from audit.evidence.ledger.errors import BundleRefused
from audit.evidence.ledger.verify import verify_bundle
from audit.evidence.ledger.writer import BundleWriter
from tests.audit.evidence.ledger.estate import KEY, ORIGIN, WORKSPACE, make_estate

INFO = BundleInfo(
    workspace=WORKSPACE,
    workspace_name="Demo bank",
    as_of_revision=1,
    as_of="2026-11-01T00:00:00Z",
    generated_at="2026-11-01T00:00:00Z",
    origin=ORIGIN,
    size=0,
    root=hashlib.sha256().digest(),
    key_id=KEY.public.fingerprint,
)


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    first = make_estate().export(tmp_path / "one.zip").read_bytes()
    assert make_estate().export(tmp_path / "two.zip").read_bytes() == first


def test_members_are_sorted_and_carry_no_date_of_today(tmp_path: Path) -> None:
    with zipfile.ZipFile(make_estate().export(tmp_path / "b.zip")) as archive:
        assert archive.namelist() == sorted(archive.namelist())
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_what_is_returned_is_the_hash_of_the_file(tmp_path: Path) -> None:
    estate = make_estate(records=0)
    estate.export(tmp_path / "other.zip")
    with BundleWriter(tmp_path / "b.zip", INFO) as writer:
        for path in ("statements.ndjson", "leaves.ndjson", "ledger/entries.ndjson"):
            writer.add_file(path, [])
        writer.add_file("ledger/checkpoint", [estate.heads[-1].note.encode()])
        writer.add_file("keys/ledger.vkey", [b"x"])
        written = writer.finish(KEY)
    content = (tmp_path / "b.zip").read_bytes()
    assert (written.sha256, written.bytes) == (hashlib.sha256(content).hexdigest(), len(content))


def test_an_empty_ledger_verifies_and_says_that_it_proves_nothing(tmp_path: Path) -> None:
    report = verify_bundle(make_estate(records=0).export(tmp_path / "b.zip"))
    assert report.ok
    assert any("proves nothing" in note for note in report.notes)


def broken_lines() -> Iterator[bytes]:
    yield b"one\n"
    raise RuntimeError("the database went away")


def test_a_failed_export_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), BundleWriter(tmp_path / "b.zip", INFO) as writer:
        writer.add_file("statements.ndjson", broken_lines())
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_keeps_the_earlier_file(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"earlier")
    with pytest.raises(BundleRefused), BundleWriter(tmp_path / "b.zip", INFO) as writer:
        writer.finish(KEY)
    assert (tmp_path / "b.zip").read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["b.zip"]


def test_until_it_is_finished_no_file_has_its_name(tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "b.zip", INFO) as writer:
        writer.add_file("tables/a.csv", [b"a\r\n"])
        assert not (tmp_path / "b.zip").exists()
        assert all(path.name.startswith(".") for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/a",
        "../a",
        "a/../b",
        "a/./b",
        "a//b",
        "a/",
        ".a",
        "a/.b",
        "a b",
        "a\\b",
        "a\n",
        "é",
        "manifest.json",
        "manifest.sig",
        "lines/a.csv",
        "x" * 200,
    ],
)
def test_a_path_that_may_not_stand_in_a_bundle_is_refused(path: str, tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "b.zip", INFO) as writer, pytest.raises(BundleRefused) as refused:
        writer.add_file(path, [b"x"])
    assert refused.value.code == "bundle_path"


def test_a_path_is_taken_once(tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "b.zip", INFO) as writer:
        writer.add_file("tables/a.csv", [b"x"])
        with pytest.raises(BundleRefused) as refused:
            writer.add_file("tables/a.csv", [b"y"])
    assert refused.value.code == "bundle_twice"


def test_a_finished_writer_takes_no_more(tmp_path: Path) -> None:
    estate = make_estate()
    estate.export(tmp_path / "b.zip")
    with BundleWriter(tmp_path / "c.zip", INFO) as writer:
        for path in (
            "statements.ndjson",
            "leaves.ndjson",
            "ledger/entries.ndjson",
            "ledger/checkpoint",
            "keys/ledger.vkey",
        ):
            writer.add_file(path, [])
        writer.finish(KEY)
        with pytest.raises(BundleRefused) as refused:
            writer.add_file("tables/a.csv", [])
    assert refused.value.code == "bundle_finished"


@pytest.mark.parametrize(
    "chunks", [[b"a\nb\nc"], [b"a", b"\nb", b"\nc"], [b"a\n", b"b\n", b"c"], [b"a\nb", b"\n", b"", b"c"]]
)
def test_line_marks_do_not_depend_on_how_the_file_was_cut(chunks: list[bytes], tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "b.zip", INFO) as writer:
        writer.add_file("tables/a.csv", chunks)
        (marks,) = tmp_path.glob(".*/lines/tables/a.csv.hashes")
        assert marks.read_bytes().split() == [line_mark(line) for line in (b"a", b"b", b"c")]


def test_paths_of_the_format_are_safe() -> None:
    assert is_safe_path("proofs/01980000-0000-7000-8000-000000000002.tlog-proof")
