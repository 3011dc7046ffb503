"""Progress of a running export, beside the database: it is made in one transaction, which shows nothing until it ends.

A file of a few bytes under AUDITLINE_HOME; losing it is safe.
"""

import uuid
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from audit.evidence.private import private_folder, private_opener


@dataclass(frozen=True)
class Progress:
    """How far an export is: per cent of its parts, and rows written so far (None = not being made)."""

    percent: int
    rows: int | None


def _path(export: uuid.UUID) -> Path:
    return Path(settings.AUDITLINE_HOME) / "run" / "exports" / str(export)


def note_progress(export: uuid.UUID, percent: int, rows: int) -> None:
    """Note how far an export is."""
    path = _path(export)
    private_folder(path.parent)
    with open(path, "w", opener=private_opener) as file:
        file.write(f"{percent} {rows}")


def read_progress(export: uuid.UUID) -> Progress:
    """Return how far an export is; nothing where nothing was noted, or is just being written."""
    try:
        percent, rows = _path(export).read_text().split()
        return Progress(int(percent), int(rows))
    except (FileNotFoundError, ValueError):
        return Progress(0, 0)


def forget_progress(export: uuid.UUID) -> None:
    """Drop the note of an export that has ended."""
    _path(export).unlink(missing_ok=True)
