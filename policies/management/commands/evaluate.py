"""Evaluate a workspace now: `manage.py evaluate --workspace W [--full]`."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.management import command
from accounts.management.lookup import workspace_named
from policies.evaluation.evaluate import evaluate
from policies.evaluation.full import evaluate_full


class Command(command.Command):
    help = "Judge what changed or is due in a workspace; with --full everything."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="slug of the workspace")
        parser.add_argument("--full", action="store_true", help="judge every asset, not only what changed")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        judged = (evaluate_full if options["full"] else evaluate)(workspace.pk)
        self.stdout.write(f"{judged} assets judged in {workspace.slug}.")
