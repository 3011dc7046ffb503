"""Folders and files under AUDITLINE_HOME that nobody else on the machine may read, whatever the caller's umask."""

import os
from pathlib import Path

from django.conf import settings

FOLDER, FILE = 0o700, 0o600


def private_folder(folder: Path) -> None:
    """Make a folder with those above it, and close it and them to others; those outside AUDITLINE_HOME stay."""
    folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    home = Path(settings.AUDITLINE_HOME)
    for level in (folder, *folder.parents):
        if home in level.parents and level.stat().st_mode & 0o777 != FOLDER:
            level.chmod(FOLDER)  # made under another umask, or by an older version


def write_private(path: Path, text: str) -> None:
    """Replace a file whole by a private one: written beside it, fsynced, then renamed."""
    private_folder(path.parent)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.unlink(missing_ok=True)  # of a process that died
    with open(draft, "x", encoding="utf-8", opener=private_opener) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def private_opener(path: str, flags: int) -> int:
    """Open for `open(..., opener=)`: a new file is the owner's alone."""
    return os.open(path, flags, FILE)
