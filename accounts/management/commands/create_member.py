"""Add a member: `manage.py create_member --workspace W --email E --role R`."""

import secrets
from typing import Any

from django.core.management.base import CommandParser

from accounts.management import command
from accounts.management.lookup import workspace_named
from accounts.members.manage import add_member
from accounts.members.models import MEMBER_ROLES, User
from accounts.workspaces.isolation import in_workspace


class Command(command.Command):
    help = "Add a member to a workspace, or change her role. A new member's first password is printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="slug of the workspace")
        parser.add_argument("--email", required=True)
        parser.add_argument("--role", required=True, help=", ".join(role.value for role in MEMBER_ROLES))

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        known = User.objects.filter(email=options["email"].lower()).exists()
        password = None if known else secrets.token_urlsafe(12)
        with in_workspace(workspace.pk):
            membership = add_member(options["email"], options["role"], actor="command", password=password)
        self.stdout.write(f"{membership.user.email} is {membership.role} of {workspace.slug}.")
        if password:
            self.stdout.write("First password, shown once; change it after signing in:")
            self.stdout.write(password)
