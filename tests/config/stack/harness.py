"""A supervisor of shell commands, run as a process of its own by the tests so that it can be killed.

Usage: python -m tests.config.stack.harness HOME NAME=COMMAND ...
"""

import contextlib
import os
import sys
from pathlib import Path

from config.stack.child import Service
from config.stack.errors import StackError
from config.stack.processes import only_one
from config.stack.supervise import Supervisor, stop_signals


def say(who: str, line: str) -> None:
    sys.stdout.write(f"{who} | {line}\n")
    sys.stdout.flush()


def main(home: Path, commands: list[tuple[str, str]]) -> None:
    services = [Service(name, ("sh", "-c", command), patience=1) for name, command in commands]
    names = [service.name for service in services]
    with only_one(home / "run" / "up.lock", "The harness"):
        supervisor = Supervisor(home / "run", services, stop_order=names, environment=os.environ, say=say)
        supervisor.reap()
        try:
            supervisor.start()
            while True:
                supervisor.tick()
        finally:
            supervisor.stop()


if __name__ == "__main__":
    with stop_signals(), contextlib.suppress(KeyboardInterrupt):
        try:
            main(Path(sys.argv[1]), [(name, command) for name, _, command in (a.partition("=") for a in sys.argv[2:])])
        except StackError as error:
            sys.exit(str(error))
