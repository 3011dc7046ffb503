"""Create a workspace: `manage.py create_workspace SLUG [--name "Full name"]`."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.management import command
from accounts.members.manage import create_workspace


class Command(command.Command):
    help = "Create a workspace (the tenant that everything else belongs to)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="short name used in addresses, e.g. acme")
        parser.add_argument("--name", default="", help="full name for people")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = create_workspace(options["slug"], options["name"], actor="command")
        self.stdout.write(f"Workspace {workspace.slug} created.")
