"""Import a file: `manage.py import_inventory FILE --workspace W --source S [--format F] [--kind K] [--mode M]`.

The same way in as POST /api/v1/inventories: the file becomes one event, and a worker projects it.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from accounts.errors import AuditlineError
from accounts.management import command
from accounts.management.lookup import workspace_named
from accounts.workspaces.isolation import in_workspace
from lineage.inventory.formats.known import FORMATS
from lineage.inventory.reading import DELTA, FULL
from lineage.inventory.receive import Outcome, prepare, record


class Command(command.Command):
    help = "Import an inventory file. Every row that cannot be used is named; the others are kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a file of any format of docs/inventories.md")
        parser.add_argument("--workspace", required=True, help="slug of the workspace")
        parser.add_argument("--source", required=True, help="name of the reporting system, the same each time")
        parser.add_argument("--format", default="", help=f"{', '.join(FORMATS)}; told from its content where not given")
        parser.add_argument("--kind", default="", help="for csv: the kind of all rows")
        parser.add_argument("--mode", default=DELTA, help=f"{FULL} (all that the source knows) or {DELTA}")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        file: Path = options["file"]
        body = _read(file)
        try:
            prepared = prepare(
                body,
                source=options["source"],
                format_name=options["format"],
                mode=options["mode"],
                kind=options["kind"],
                filename=file.name,
            )
            with in_workspace(workspace.pk):
                outcome = record(prepared, "command")
        except AuditlineError as error:
            details = error.details if isinstance(error.details, dict) else {}
            named = [str(problem["message"]) for problem in details.get("rejected", [])]
            raise CommandError("\n".join([error.message, *named])) from error
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        reading = outcome.prepared.reading
        for problem in outcome.prepared.rejected:
            self.stdout.write(problem.message)
        if reading.problems > len(outcome.prepared.rejected):
            self.stdout.write(
                f"... and {reading.problems - len(outcome.prepared.rejected)} more, kept with the receipt."
            )
        if reading.is_full and not reading.is_complete:
            self.stdout.write("The population is not complete: nothing that is missing was retired.")
        again = " (received before)" if outcome.receipt.duplicate else ""
        self.stdout.write(f"{reading.accepted} of {reading.lines} rows kept{again}. Receipt {outcome.receipt.event_id}")


def _read(file: Path) -> bytes:
    limit: int = settings.AUDITLINE_MAX_INVENTORY_BODY
    try:
        size = file.stat().st_size
        if size > limit:
            raise CommandError(
                f"{file} has {size} bytes, expected at most {limit}. Send it in parts with --mode delta, or raise "
                "MAX_INVENTORY_MIB."
            )
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read ({error.strerror}). Check the path.") from error
