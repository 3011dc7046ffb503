"""Progress of a running export, beside the database: it is made in one transaction, which shows nothing until it ends.

A file of a few bytes under AUDITLINE_HOME; losing it is safe.
"""

import uuid
from pathlib import Path

from django.conf import settings


def _path(export: uuid.UUID) -> Path:
    return Path(settings.AUDITLINE_HOME) / "run" / "exports" / str(export)


def note_progress(export: uuid.UUID, percent: int) -> None:
    """Note how far an export is."""
    path = _path(export)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(percent))


def read_progress(export: uuid.UUID) -> int:
    """Return how far an export is, in per cent; 0 where nothing was noted."""
    try:
        return int(_path(export).read_text() or 0)
    except (FileNotFoundError, ValueError):
        return 0
