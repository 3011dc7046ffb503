"""Import a file: `manage.py import_inventory FILE --workspace W --source S [--format F] [--kind K] [--mode M]`.

The same way in as POST /api/v1/inventories: the file becomes one event, a large one several, and a worker projects
them. A file is read from disk piece by piece, also where it is compressed with gzip.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.errors import AuditlineError
from accounts.management import command
from accounts.management.lookup import workspace_named
from accounts.workspaces.isolation import in_workspace
from lineage.inventory.formats.known import FORMATS
from lineage.inventory.formats.parsed import Rejected
from lineage.inventory.imports.models import Import
from lineage.inventory.imports.receive import Imported, Sending, receive_file
from lineage.inventory.imports.spool import chunks_of, spooled
from lineage.inventory.reading import DELTA, FULL
from lineage.inventory.receive import Outcome, record


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
        sending = Sending(
            workspace.pk,
            "command",
            options["source"],
            options["format"],
            options["mode"],
            options["kind"],
            file.name.removesuffix(".gz"),
        )
        try:
            with file.open("rb") as opened, spooled(chunks_of(opened)) as content:
                received = receive_file(sending, content, self._progress)
            if isinstance(received, Imported):
                self._tell_imported(received)
                return
            with in_workspace(workspace.pk):
                outcome = record(received, "command")
        except OSError as error:
            raise CommandError(f"{file} cannot be read ({error.strerror}). Check the path.") from error
        except AuditlineError as error:
            details = error.details if isinstance(error.details, dict) else {}
            named = [str(problem["message"]) for problem in details.get("rejected", [])]
            raise CommandError("\n".join([error.message, *named])) from error
        self._tell(outcome)

    def _progress(self, row: Import) -> None:
        if row.state == Import.State.JUDGING:
            self.stdout.write(f"{100 * row.read // max(row.size, 1)} % read, {row.rows} rows, {row.rejected} problems")

    def _tell(self, outcome: Outcome) -> None:
        reading = outcome.prepared.reading
        self._tell_rejected(outcome.prepared.rejected, reading.problems)
        if reading.is_full and not reading.is_complete:
            self.stdout.write("The population is not complete: nothing that is missing was retired.")
        again = " (received before)" if outcome.receipt.duplicate else ""
        self.stdout.write(f"{reading.accepted} of {reading.lines} rows kept{again}. Receipt {outcome.receipt.event_id}")

    def _tell_imported(self, imported: Imported) -> None:
        row = imported.row
        if imported.judged is not None:
            self._tell_rejected(imported.judged.rejected, row.rejected)
        if row.mode == FULL and not row.complete:
            self.stdout.write("The population is not complete: nothing that is missing is retired.")
        again = " (received before)" if imported.judged is None else ""
        self.stdout.write(f"{row.accepted} of {row.rows} rows kept in {row.parts} parts{again}. Import {row.pk}")

    def _tell_rejected(self, rejected: "list[Rejected] | tuple[Rejected, ...]", problems: int) -> None:
        for problem in rejected:
            self.stdout.write(problem.message)
        if problems > len(rejected):
            self.stdout.write(f"... and {problems - len(rejected)} more, kept with the receipt.")
