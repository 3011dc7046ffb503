"""Ask from the shell: `manage.py ask --workspace W "/findings severity:critical"`."""

import json
from typing import Any

from django.core.management.base import CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from accounts.cells import csv_text
from accounts.management import command
from accounts.management.lookup import workspace_named
from accounts.members.models import Role
from accounts.members.rights import Principal
from accounts.workspaces.isolation import in_workspace
from audit.conversation.answer import Answer, as_json, ask


class Command(command.Command):
    help = "Ask a question of a workspace; slash commands are exact."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("question")
        parser.add_argument("--workspace", required=True, help="slug of the workspace")
        parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        principal = Principal(workspace.pk, Role.AUDITOR, "command", "command line")
        with in_workspace(workspace.pk):
            answer = ask(options["question"], principal)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(answer), cls=DjangoJSONEncoder, indent=2))
            return
        for line in _lines(answer):
            self.stdout.write(line)


def _lines(answer: Answer) -> list[str]:
    lines = [answer.sentence]
    result = answer.result
    if result is None:
        return [*lines, f"Try: {' '.join(answer.suggestions)}"]
    lines.append(f"{len(result.rows)} of {result.total} shown; {result.scope}; as of revision {result.revision}.")
    lines += list(result.notes)
    if result.rows:
        lines.append("\t".join(result.columns))
        lines += ["\t".join(csv_text(row.get(column)) for column in result.columns) for row in result.rows]
    lines += [f"[E{number}] {item.kind} {item.id}" for number, item in enumerate(result.evidence, start=1)]
    return lines
