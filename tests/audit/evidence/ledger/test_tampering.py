"""Whatever is changed in a finished bundle is detected and named; nothing else raises an alarm."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.evidence.ledger.bundle import CHECKPOINT, MANIFEST, SIGNATURE, VKEY
from audit.evidence.ledger.verify import verify_bundle
from tests.audit.evidence.ledger.estate import codes, make_estate, records

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Members:
    """A small whole bundle, by path."""
    bundle = make_estate(records=3, leaves=2, heads=2).export(tmp_path_factory.mktemp("bundle") / "b.zip")
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def unpacked(members: Members, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("unpacked")
    unpack(members, root)
    return root


def unpack(members: Members, root: Path) -> None:
    for name, content in members.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def flips(content: bytes, stride: int) -> Iterator[bytes]:
    """Yield the content with one byte changed, every `stride` bytes and at both ends."""
    for at in sorted({*range(0, len(content), stride), len(content) - 1}):
        yield content[:at] + bytes([content[at] ^ (1 << at % 8)]) + content[at + 1 :]


SIGNED_OR_KEYS = (SIGNATURE, CHECKPOINT, VKEY)


def test_an_untouched_bundle_verifies_packed_and_unpacked(unpacked: Path, tmp_path: Path, members: Members) -> None:
    assert codes(unpacked) == set()
    repacked = tmp_path / "other-tool.zip"
    with zipfile.ZipFile(repacked, "w") as archive:  # folders, another order, no compression, another date
        archive.mkdir("tables")
        for name in sorted(members, reverse=True):
            archive.writestr(name, members[name])
    assert codes(repacked) == set()


@pytest.mark.slow
def test_any_changed_byte_of_any_file_is_detected_and_the_file_named(unpacked: Path, members: Members) -> None:
    for name, content in members.items():
        for changed in flips(content, 1 if name in SIGNED_OR_KEYS else 11):
            (unpacked / name).write_bytes(changed)
            assert name in records(unpacked), (name, changed)
        (unpacked / name).write_bytes(content)
    assert codes(unpacked) == set()


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_edit_of_any_file_is_detected_and_the_file_named(
    unpacked: Path, members: Members, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(members)))
    content = members[name]
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 40)))
    changed = content[:start] + data.draw(st.binary(max_size=40)) + content[end:]
    if changed == content:
        return
    try:
        (unpacked / name).write_bytes(changed)
        assert name in records(unpacked)
    finally:
        (unpacked / name).write_bytes(content)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_edit_of_the_zip_itself_is_detected_or_changes_no_content(
    members: Members, tmp_path: Path, data: st.DataObject
) -> None:
    bundle = make_zip(members, tmp_path / "b.zip")
    raw = bytearray(bundle.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    bundle.write_bytes(raw)
    if verify_bundle(bundle).ok:
        with zipfile.ZipFile(bundle) as archive:
            assert {name: archive.read(name) for name in archive.namelist()} == members


def make_zip(members: Members, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


@pytest.mark.parametrize("at", [0, 2, 5])
def test_a_changed_line_of_a_table_is_named_with_its_record(at: int, members: Members, tmp_path: Path) -> None:
    lines = members["tables/findings.csv"].split(b"\r\n")
    lines[at] = lines[at].replace(b"o", b"0")
    unpack({**members, "tables/findings.csv": b"\r\n".join(lines)}, tmp_path)
    assert codes(tmp_path) == {"file_changed"}
    identity = lines[at].split(b",")[0].decode()
    assert records(tmp_path) == f"tables/findings.csv line {at + 1} ({identity})"


def test_a_removed_and_an_added_line_name_only_themselves(members: Members, tmp_path: Path) -> None:
    lines = members["tables/findings.csv"].splitlines(keepends=True)
    unpack(
        {**members, "tables/findings.csv": b"".join([*lines[:2], *lines[3:5], b"forged,x\r\n", *lines[5:]])}, tmp_path
    )
    problems = verify_bundle(tmp_path).problems
    assert [(each.record, each.message.split()[3]) for each in problems] == [
        ("tables/findings.csv line 3", "removed"),
        ("tables/findings.csv line 6 (forged)", "added"),
    ]


def test_a_changed_line_of_statements_names_line_and_statement(members: Members, tmp_path: Path) -> None:
    lines = members["statements.ndjson"].splitlines(keepends=True)
    lines[1] = lines[1].replace(b'"salt":"', b'"salt":"00')
    unpack({**members, "statements.ndjson": b"".join(lines)}, tmp_path)
    assert "statements.ndjson line 2 (01980000-0000-7000-8000-000000000001 1)" in records(tmp_path)
    assert "statement 01980000-0000-7000-8000-000000000001 (index 1)" in records(tmp_path)


@pytest.mark.parametrize("name", ["ledger/entries.ndjson", "statements.ndjson", "leaves.ndjson"])
def test_lines_in_another_order_are_detected_and_named(name: str, members: Members, tmp_path: Path) -> None:
    lines = members[name].splitlines(keepends=True)
    unpack({**members, name: b"".join([lines[1], lines[0], *lines[2:]])}, tmp_path)
    assert f"{name} line 1" in records(tmp_path)


def test_a_removed_file_is_named(members: Members, tmp_path: Path) -> None:
    for number, name in enumerate(sorted(members)):
        root = tmp_path / str(number)
        unpack({path: content for path, content in members.items() if path != name}, root)
        assert name in records(root)


def test_an_added_file_is_named(members: Members, tmp_path: Path) -> None:
    unpack({**members, "tables/extra.csv": b"a,b\r\n"}, tmp_path)
    assert codes(tmp_path) == {"file_unlisted"}
    assert records(tmp_path) == "tables/extra.csv"


def test_a_link_in_an_unpacked_bundle_is_not_followed(members: Members, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_bytes(members["tables/findings.csv"])
    root = tmp_path / "bundle"
    unpack({path: content for path, content in members.items() if path != "tables/findings.csv"}, root)
    (root / "tables" / "findings.csv").symlink_to(outside)
    (root / "elsewhere").symlink_to(tmp_path)
    assert codes(root) == {"unreadable", "file_missing"}


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "a\\evil", "C:evil", ".hidden", "a//b", "../", "x" * 300, "é"]
)
def test_a_zip_member_that_would_lead_elsewhere_is_refused(name: str, members: Members, tmp_path: Path) -> None:
    bundle = make_zip({**members, name: b"x"}, tmp_path / "b.zip")
    assert "unreadable" in codes(bundle)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_that_holds_a_file_twice_is_refused(members: Members, tmp_path: Path) -> None:
    bundle = make_zip(members, tmp_path / "b.zip")
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr(MANIFEST, members[MANIFEST])
    assert "unreadable" in codes(bundle)


def test_a_member_that_unpacks_to_more_than_the_manifest_says_is_not_read_whole(
    members: Members, tmp_path: Path
) -> None:
    bomb = members["tables/summary.json"] + b" " * 30_000_000
    bundle = make_zip({**members, "tables/summary.json": bomb}, tmp_path / "b.zip")
    assert codes(bundle) == {"file_changed"}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"x" * 1000])
def test_what_is_no_zip_fails(content: bytes, tmp_path: Path) -> None:
    bundle = tmp_path / "b.zip"
    bundle.write_bytes(content)
    assert codes(bundle) == {"unreadable"}


def test_an_empty_directory_fails(tmp_path: Path) -> None:
    assert codes(tmp_path) == {"file_missing"}


def test_two_hundred_untouched_bundles_raise_no_alarm(tmp_path: Path) -> None:
    for number in range(200):
        estate = make_estate(records=number % 20, leaves=number % 5, every=1 + number % 4, heads=1 + number % 7)
        bundle = estate.export(tmp_path / "b.zip")
        kept = estate.checkpoint(tmp_path, number % len(estate.heads))
        assert codes(bundle, kept) == set()
