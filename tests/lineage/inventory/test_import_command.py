"""`manage.py import_inventory` is the same way in as the door."""

import gzip
import io
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from accounts.workspaces.isolation import in_workspace
from lineage.events.models import Event
from lineage.inventory.imports import judge, receive
from tests.lineage.inventory.door import STORE, ndjson, project, row
from tests.lineage.inventory.support import find
from tests.support.cast import Cast


def run(file: Path, *options: str) -> str:
    out = io.StringIO()
    call_command("import_inventory", str(file), "--workspace", "ours", "--source", "cmdb", *options, stdout=out)
    return out.getvalue()


def write(folder: Path, name: str, body: bytes) -> Path:
    (folder / name).write_bytes(body)
    return folder / name


def test_a_file_is_imported_and_its_bad_rows_are_named(cast: Cast, tmp_path: Path) -> None:
    out = run(write(tmp_path, "assets.ndjson", ndjson(STORE, row("storrage", "x"))))
    assert "line 2, kind: got" in out
    assert "1 of 2 rows kept" in out
    project(cast.workspace)
    with in_workspace(cast.workspace.pk):
        assert find("storage", "lake").document["country"] == "DE"
        assert Event.objects.get(kind="inventory").sender == "command"


def test_the_same_file_again_has_the_same_receipt(cast: Cast, tmp_path: Path) -> None:
    file = write(tmp_path, "assets.ndjson", ndjson(STORE))
    first, again = run(file), run(file)
    assert "(received before)" in again
    assert first.split()[-1] == again.split()[-1]


def test_a_csv_file_is_known_by_its_name(cast: Cast, tmp_path: Path) -> None:
    file = write(tmp_path, "stores.csv", b"uid,country\nlake,DE")
    assert "1 of 1 rows kept" in run(file, "--kind", "storage", "--mode", "full")


def test_an_incomplete_full_file_says_that_nothing_was_retired(cast: Cast, tmp_path: Path) -> None:
    file = write(tmp_path, "assets.ndjson", ndjson({"manifest": {"count": 2}}, STORE))
    assert "nothing that is missing was retired" in run(file, "--mode", "full")


@pytest.mark.parametrize(
    ("body", "options", "word"),
    [
        (ndjson(row("storrage", "x")), (), "'storage'"),
        (b"", (), "at least one row"),
        (ndjson(STORE), ("--mode", "fulll"), "mode"),
        (ndjson(STORE), ("--format", "xml"), "csv"),
    ],
)
def test_what_cannot_be_used_is_told(
    cast: Cast, tmp_path: Path, body: bytes, options: tuple[str, ...], word: str
) -> None:
    with pytest.raises(CommandError, match=word):
        run(write(tmp_path, "assets.ndjson", body), *options)


def test_a_file_that_is_missing_or_too_large_is_told(cast: Cast, tmp_path: Path, settings: LazySettings) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run(tmp_path / "none.ndjson")
    settings.AUDITLINE_MAX_INVENTORY_FILE = 10
    with pytest.raises(CommandError, match="MAX_INVENTORY_FILE_MIB"):
        run(write(tmp_path, "assets.ndjson", ndjson(STORE)))


def test_an_unknown_workspace_is_told(cast: Cast, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="ours"):
        call_command("import_inventory", str(tmp_path / "x"), "--workspace", "nowhere", "--source", "s")


def test_a_large_file_shows_how_far_it_is_and_again_says_that_it_was_received(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "WHOLE", 300)
    monkeypatch.setattr(judge, "PART", 400)
    file = tmp_path / "many.ndjson.gz"
    rows = [
        row("site", f"site-{number}", {"country": "DE"}, observed_at="2025-11-01T00:00:00Z") for number in range(20)
    ]
    file.write_bytes(gzip.compress(ndjson(*rows, "{")))
    said = run(file).splitlines()
    assert [line.split(" % read")[0] for line in said if "% read" in line][-1] == "100"
    assert said[-2].startswith("line 21: got")
    assert said[-1].startswith("20 of 21 rows kept in ")
    assert "(received before)" in run(file)
