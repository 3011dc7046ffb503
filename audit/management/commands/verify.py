"""Verify a bundle offline: `manage.py verify BUNDLE [--checkpoint FILE] [--key KEY]`."""

import sys
from typing import Any

from django.core.management.base import CommandParser

from accounts.management import command
from audit.evidence.ledger.verify import main


class Command(command.Command):
    help = "Check an export bundle without the database: signatures, ledger, leaves, files, earlier checkpoints."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("bundle", help="the zip, or the folder that it was unpacked to")
        parser.add_argument("--checkpoint", help="a signed checkpoint kept from earlier, or an earlier bundle")
        parser.add_argument("--key", help="the verifier key or its fingerprint, as got from elsewhere")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        argv = [options["bundle"]]
        for name in ("checkpoint", "key"):
            argv += [f"--{name}", options[name]] if options[name] else []
        argv += ["--json"] if options["json"] else []
        code = main(argv, self.stdout)  # type: ignore[arg-type]  # OutputWrapper writes like a text file
        if code:
            sys.exit(code)
