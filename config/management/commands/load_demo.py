"""Load the demo estate: `manage.py load_demo [--url http://127.0.0.1:8000]`."""

import contextlib
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from accounts.errors import AuditlineError
from accounts.management import command
from config.demo.chance import anchor_of
from config.demo.doors import DoorClosed, InProcess, OverHttp
from config.demo.generate import SEED
from config.demo.load import AnotherEstate, load, read_state, wanted_state, watch
from config.demo.logins import demo_workspace, ensure_logins, kept_text

MOST = 100  # times the estate of one bank; more is a mistyped number


class Command(command.Command):
    help = "Make the demo estate and send it in through the doors that anyone's data takes; a second run does nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", default="demo", help="slug; made and marked as demo where it is missing")
        parser.add_argument("--url", default="", help="send over HTTP to this service instead of in this process")
        parser.add_argument(
            "--anchor", type=anchor_of, default=None, help="the estate's now, 2026-11-25T14:00Z (default: this hour)"
        )
        parser.add_argument("--seed", type=int, default=SEED)
        parser.add_argument(
            "--scale", type=scale_of, default=1.0, help=f"1 = 417 data sets and 4,200 runs; at most {MOST}"
        )
        parser.add_argument("--no-logins", action="store_true", help="do not print the logins")
        parser.add_argument("--no-wait", action="store_true", help="do not wait until the workers are done")

    def handle(self, *args: Any, **options: Any) -> None:
        """1. Workspace and logins. 2. Is it loaded? 3. Send. 4. Wait for the workers."""
        home = Path(settings.AUDITLINE_HOME)
        try:
            workspace = demo_workspace(options["workspace"])  # 1
            if not workspace.is_demo:
                raise CommandError(f"Workspace {workspace.slug} is not marked as demo. Name another with --workspace.")
            before = read_state(home, workspace)  # 2
            wanted = wanted_state(
                workspace, before, seed=options["seed"], scale=options["scale"], anchor=options["anchor"]
            )
            if before is not None and before.finished and (text := kept_text(home)):
                self.stdout.write(f"The demo estate is loaded (anchor {before.anchor}).")
                self.show_logins(text, options)
                return
            logins = ensure_logins(workspace, home)
            doors = OverHttp(options["url"], logins) if options["url"] else InProcess(logins)
            load(home, workspace, wanted, doors, self.say)  # 3
        except (AuditlineError, DoorClosed, AnotherEstate, ValueError) as error:
            raise CommandError(str(error)) from error
        if not options["no_wait"] and not watch(workspace, self.say):  # 4
            self.say("nothing moves: start a worker (manage.py up, or celery -A config worker) to see the verdicts")
        self.show_logins(logins.text, options)

    def show_logins(self, text: str, options: dict[str, Any]) -> None:
        """Print the logins, unless the caller does it."""
        if not options["no_logins"]:
            self.stdout.write(text)

    def say(self, line: str) -> None:
        """Show progress at once, also where the output is a pipe."""
        self.stdout.write(line)
        self.stdout.flush()


def scale_of(text: str) -> float:
    """Return the size of the estate, above 0 and at most MOST; raise ArgumentTypeError."""
    with contextlib.suppress(ValueError):
        if 0 < (scale := float(text)) <= MOST:  # false for NaN too
            return scale
    raise ArgumentTypeError(f"got {text[:40]!r}, expected a number above 0 and at most {MOST}")
