"""Export and verify with the commands that anybody would use."""

import io
from pathlib import Path

from django.core.management import call_command

from tests.support.cast import Cast


def export(cast: Cast, target: Path) -> Path:
    """Write a bundle of our workspace."""
    call_command("export", workspace=cast.workspace.slug, output=target, stdout=io.StringIO())
    return target


def verify(bundle: Path, checkpoint: Path | None = None) -> tuple[int, str]:
    """Run the command; return its exit code and, where it failed, what it said."""
    said = io.StringIO()
    try:
        call_command("verify", str(bundle), checkpoint=str(checkpoint) if checkpoint else None, stdout=said)
    except SystemExit as end:
        return int(end.code or 0), said.getvalue()
    return 0, ""
