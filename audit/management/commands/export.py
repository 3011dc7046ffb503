"""Export a workspace now: `manage.py export --workspace W --output PATH`."""

import os
import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management import command
from accounts.management.lookup import workspace_named
from accounts.workspaces.isolation import in_workspace
from audit.exports.make_export import export_path, make_exports, request_export
from audit.exports.models import Export

FORMATS = ["bundle"]


class Command(command.Command):
    help = "Write an evidence bundle that `manage.py verify` (or anybody else) can check offline."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="slug of the workspace")
        parser.add_argument("--format", default="bundle", choices=FORMATS)
        parser.add_argument("--output", required=True, type=Path, help="file to write, e.g. evidence.zip")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        output: Path = options["output"]
        if os.path.isdir(output) or not os.path.isdir(output.parent):
            raise CommandError(f"--output: got {output}, expected a file in a folder that exists. Name another.")
        with in_workspace(workspace.pk):
            export = request_export(actor="command")
        make_exports(workspace.pk)
        with in_workspace(workspace.pk):
            export.refresh_from_db()
        if export.state != Export.State.READY:
            raise CommandError(f"The export is {export.state}: {export.error or 'another worker has taken it'}.")
        try:
            shutil.copyfile(export_path(workspace.pk, export.pk), output)
        except OSError as error:
            raise CommandError(f"--output: {output} cannot be written ({error.strerror}). Name another.") from error
        self.stdout.write(f"{output}: {export.size} bytes, sha256 {export.sha256}, ledger size {export.ledger_size}.")
