"""Make a webhook door: `manage.py create_hook --workspace W --name N [--namespace PREFIX]`."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.management import command
from accounts.management.lookup import workspace_named
from accounts.workspaces.isolation import in_workspace
from lineage.events.hooks import create_hook


class Command(command.Command):
    help = "Make a webhook door (Standard Webhooks). Its path and, alone on the last line, its secret are printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="slug of the workspace")
        parser.add_argument("--name", required=True, help="who sends with it; one sender each")
        parser.add_argument(
            "--namespace", action="append", default=[], help="job namespace (or prefix) it may assert; repeatable"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        with in_workspace(workspace.pk):
            made = create_hook(options["name"], actor="command", namespaces=options["namespace"])
        self.stdout.write(f"Hook {made.hook.name} of {workspace.slug} takes signed POSTs at {made.path}")
        self.stdout.write("Its secret is shown only now:")
        self.stdout.write(made.secret)
