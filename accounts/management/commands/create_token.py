"""Make an API token: `manage.py create_token --workspace W --role R [--namespace PREFIX] [--source S]`."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.management import command
from accounts.management.lookup import workspace_named
from accounts.members.manage import create_token
from accounts.members.models import Role
from accounts.workspaces.isolation import in_workspace


class Command(command.Command):
    help = "Make a token. Its secret is printed once, alone on the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="slug of the workspace")
        parser.add_argument("--role", required=True, help=", ".join(Role.values))
        parser.add_argument("--name", default="", help="who sends with it; one sender each")
        parser.add_argument(
            "--namespace", action="append", default=[], help="job namespace (or prefix) it may assert; repeatable"
        )
        parser.add_argument("--source", default="", help="inventory source that it sends for, and nothing else")
        parser.add_argument("--days", type=int, default=None, help="days until it expires (without: no end)")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        with in_workspace(workspace.pk):
            made = create_token(
                options["name"],
                options["role"],
                actor="command",
                namespaces=options["namespace"],
                source=options["source"],
                days=options["days"],
            )
        self.stdout.write(f"Token {made.token.name} ({made.token.role}) of {workspace.slug}; it is shown only now:")
        self.stdout.write(made.secret)
