"""Exports and ledger are nobody else's to read on the machine, whatever the umask of whoever makes them."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from audit.evidence.private import private_folder, write_private
from audit.evidence.seal import ledger_folder
from audit.exports.make_export import export_path
from audit.exports.progress import note_progress
from tests.audit.exports.bundles import export
from tests.support.cast import Cast
from tests.support.estate import judged_estate


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """The most careless caller: everything that is made is for everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Return the mode of everything below a folder and of the folder, where it is not as it should be."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode != (0o700 if path.is_dir() else 0o600):
            found[str(path)] = mode
    return found


@pytest.mark.django_db(transaction=True)
def test_exports_and_checkpoints_are_private_and_the_callers_file_is_the_callers(cast: Cast, tmp_path: Path) -> None:
    judged_estate(cast)
    output = export(cast, tmp_path / "mine.zip")
    exports = export_path(cast.workspace.pk, cast.workspace.pk).parent.parent
    assert len(list(exports.rglob("*.zip"))) > 0
    assert len(list(ledger_folder().rglob("checkpoint"))) > 0
    assert modes(exports) == modes(ledger_folder()) == {}
    assert stat.S_IMODE(output.stat().st_mode) == 0o666, "the caller's umask decides on the caller's file"


def test_the_note_of_a_running_export_is_private(cast: Cast) -> None:
    note_progress(cast.workspace.pk, 10, 20)
    assert modes(Path(settings.AUDITLINE_HOME) / "run" / "exports") == {}


def test_folders_that_an_older_version_left_open_are_closed_and_those_above_home_stay(
    tmp_path: Path, settings: pytest.FixtureRequest
) -> None:
    above, home = tmp_path / "above", tmp_path / "above" / "home"
    (home / "ledger" / "w").mkdir(parents=True)
    settings.AUDITLINE_HOME = home  # type: ignore[attr-defined]
    write_private(home / "ledger" / "w" / "checkpoint", "head")
    assert modes(home / "ledger") == {}
    assert stat.S_IMODE(above.stat().st_mode) == 0o777
    private_folder(above / "elsewhere")
    assert stat.S_IMODE(above.stat().st_mode) == 0o777
