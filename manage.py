#!/usr/bin/env python
"""Run Django's management commands for Auditline."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from config.stack.errors import StackError


def main() -> None:
    """Run the command; a setting that cannot be used ends it with its one message and no traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, StackError) as error:
        sys.exit(f"Settings: {error}")


if __name__ == "__main__":
    main()
