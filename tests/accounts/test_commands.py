"""Every management command, with arguments that cannot be used: one clear message, never a traceback."""

import io
from argparse import Action
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.db import OperationalError, ProgrammingError

from accounts.management.command import Command as ClearCommand
from accounts.members.manage import create_workspace
from accounts.members.models import ApiToken
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace
from tests.support.cast import Cast

ROOMS = {"accounts", "lineage", "policies", "audit", "config"}
OURS = {name: str(app) for name, app in get_commands().items() if app in ROOMS}
GOOD = {
    "workspace": "ours", "email": "somebody@ours.example", "role": "officer", "slug": "fresh", "name": "Fresh",
    "bundle": "nowhere.zip", "question": "/findings", "output": "out/evidence.zip", "file": "nowhere.csv",
    "source": "cmdb", "days": "1",
}  # fmt: skip
"""What each required argument takes; a file or folder of these is nowhere, so that nothing long begins."""
HOSTILE = ["", "a\x00b", "a\x01b", "\udcff", "\u202egnp.exe", "x" * 500, "x" * 20_000, "/", "http://[", "a\nb"]
NUMBERS = ["-1", "0", "nan", "1e999", "²", "9" * 400, "x"]


def actions(command: BaseCommand) -> Iterator[Action]:
    """Yield what a command of ours declares itself and what takes a value."""
    common = {action.dest for action in BaseCommand().create_parser("manage.py", "none")._actions}
    for action in command.create_parser("manage.py", "tried")._actions:
        if action.dest not in common and action.nargs != 0:
            yield action


def argument(action: Action, value: str) -> str:
    return f"{action.option_strings[0]}={value}" if action.option_strings else value


def attempts(command: BaseCommand) -> Iterator[list[str]]:
    """Yield the arguments of a call, each with one value that is hostile."""
    declared = list(actions(command))
    needed = [action for action in declared if action.required or not action.option_strings]
    for tried in declared:
        others = [argument(action, GOOD[action.dest]) for action in needed if action is not tried]
        for value in [*HOSTILE, *(NUMBERS if tried.type not in (None, Path) else ())]:
            yield [*others, argument(tried, value)]


def test_there_are_commands() -> None:
    assert {"create_token", "create_hook", "import_inventory", "evaluate", "ask", "export", "verify", "up"} < set(OURS)


@pytest.mark.parametrize("name", sorted(OURS))
def test_no_argument_ends_in_a_traceback(
    cast: Cast, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # a name of a file is one, however odd
    refused = 0
    for arguments in attempts(load_command_class(OURS[name], name)):
        if name == "load_demo" and not any(each.startswith("--workspace") for each in arguments):
            arguments = [*arguments, "--workspace=ours"]  # ours is no demo: nothing is loaded
        try:
            call_command(name, *arguments, stdout=io.StringIO(), stderr=io.StringIO())
        except (CommandError, SystemExit) as end:
            refused += bool(str(end))
    assert refused >= 3


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (f"--name={'x' * 500}", "Name: got 500 characters, expected at most 120 printable characters"),
        (f"--namespace={'x' * 500}", "Namespace: got 500 characters, expected at most 400 printable characters"),
        ("--namespace=a\x01b", "printable"),
        ("--role=king", "Role: got 'king', expected one of"),
        ("--days=0", "Days: got 0, expected 1 to 3650"),
    ],
)
def test_a_token_that_cannot_be_is_refused_and_leaves_nothing(cast: Cast, option: str, said: str) -> None:
    role = () if option.startswith("--role") else ("--role=pipeline",)
    with in_workspace(cast.workspace.pk):
        before = ApiToken.objects.count()
        with pytest.raises(CommandError, match=said):
            call_command("create_token", "--workspace=ours", *role, option)
        assert ApiToken.objects.count() == before


@pytest.mark.parametrize("url", ["http://[", "nonsense", "ftp://demo.example", "http://127.0.0.1:1"])
def test_a_demo_that_cannot_be_sent_says_why(cast: Cast, url: str) -> None:
    create_workspace("show", "Show", actor="command", is_demo=True)
    with pytest.raises(CommandError):
        call_command("load_demo", "--workspace=show", "--scale=0.01", f"--url={url}", stdout=io.StringIO())


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OperationalError("connection refused"), "The database does not answer: connection refused. Start it"),
        (ProgrammingError('relation "accounts_workspace" does not exist'), "not migrated. Run `manage.py migrate"),
    ],
)
def test_what_the_database_says_is_said_in_one_line(error: Exception, said: str) -> None:
    class Broken(ClearCommand):
        requires_system_checks: list[str] = []

        def handle(self, *args: object, **options: object) -> None:
            raise error

    with pytest.raises(CommandError, match=said):
        call_command(Broken())


def test_a_workspace_of_a_name_that_is_too_long_is_not_made(cast: Cast) -> None:
    with pytest.raises(CommandError, match="expected at most 200 printable"):
        call_command("create_workspace", "long", f"--name={'x' * 201}")
    assert not Workspace.objects.filter(slug="long").exists()
