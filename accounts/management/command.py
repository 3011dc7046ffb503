"""The base of management commands: what cannot be used ends in one clear message and never in a traceback."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, ProgrammingError

from accounts.errors import AuditlineError

LONGEST = 10_000  # characters of an argument


class Command(BaseCommand):
    """Refuse text that no row can hold, and say what an error of ours or of the database means."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command. Raises CommandError."""
        for name, value in options.items():
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str):
                    _refuse_text(name, text)
                elif isinstance(text, Path) and "\x00" in str(text):
                    raise CommandError(f"{name}: got {str(text)!r}, expected the path of a file.")
        try:
            return super().execute(*args, **options)
        except AuditlineError as error:
            raise CommandError(error.message) from error
        except OperationalError as error:
            raise CommandError(
                f"The database does not answer: {str(error).strip()}. Start it with `make up`, or check DATABASE_URL."
            ) from error
        except ProgrammingError as error:
            if "does not exist" not in str(error):
                raise
            raise CommandError("The database is not migrated. Run `manage.py migrate --database owner`.") from error


def _refuse_text(name: str, text: str) -> None:
    if len(text) > LONGEST:
        raise CommandError(f"{name}: got {len(text)} characters, expected at most {LONGEST}.")
    if not text.replace("\n", "").replace("\t", "").isprintable():
        raise CommandError(f"{name}: got {text[:80]!r}, expected printable text in UTF-8.")
