"""Run the services of one machine together: start, show what they say, start again what dies, stop in order.

One thread and one loop, so that no signal and no death arrives between two threads. Written out rather than left to
honcho's manager: that one ends everything when one process dies, and stops all at once. Here a killed worker comes
back, and the order of the stop is a promise.
"""

import contextlib
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from config.stack.child import Child, Service, end_marked, reap
from config.stack.errors import StackError
from config.stack.server import EmbeddedServer

TICK_SECONDS = 0.25
SOON_SECONDS = 5.0  # a service that ends within this time of its start has not worked
LONGEST_PAUSE = 30.0
TRIES_BEFORE_READY = 3
Say = Callable[[str, str], None]  # (who, line)


class Supervisor:
    """The services of one home, in starting order; they stop in the order of `stop_order` (names).

    `servers` are started and stopped by the caller; here they are brought back when they die.
    """

    def __init__(
        self,
        run_folder: Path,
        services: Sequence[Service],
        *,
        stop_order: Sequence[str],
        environment: Mapping[str, str],
        say: Say,
        servers: Sequence[EmbeddedServer] = (),
    ) -> None:
        assert sorted(stop_order) == sorted(service.name for service in services)
        self.ready = False  # until then, a service that keeps ending is given up
        self._run_folder, self._services, self._stop_order = run_folder, services, stop_order
        self._environment, self._say, self._servers = environment, say, servers
        self._children: dict[str, Child] = {}
        self._due: dict[str, float] = {}  # when a service that ended starts again, by time.monotonic
        self._failures = {service.name: 0 for service in services}  # ends in a row, each soon after its start

    def reap(self) -> None:
        """End what a killed supervisor of this home left running, and nothing else."""
        for service in self._services:
            pid = reap(service, self._run_folder)
            if pid is not None:
                self._say("up", f"ended {service.name} (process {pid}), left by a start that was killed")
        end_marked(self._run_folder)

    def start(self) -> None:
        for service in self._services:
            self._children[service.name] = self._child(service)

    def tick(self) -> None:
        """Show what services say for a moment and bring back what ended. Raises StackError before `ready`."""
        self._show(TICK_SECONDS)
        for server in self._servers:
            if not server.is_running():
                self._say("up", f"{server.title} has ended; starting it again")
                server.start()
        for service in self._services:
            child = self._children.get(service.name)
            if child is not None and not child.is_running():
                self._has_ended(child)
            elif child is None and time.monotonic() >= self._due.get(service.name, 0):
                self._children[service.name] = self._child(service)

    def run(self, service: Service) -> tuple[int, list[str]]:
        """Run a command to its end while everything else goes on; return its exit code and what it said."""
        said: list[str] = []
        child = self._child(service)
        self._children[service.name] = child
        try:
            while child.is_running():
                self.tick_showing(child, said)
            said += self._bury(child)
        finally:
            self._end(child)
            self._children.pop(service.name, None)
        return child.process.returncode, said

    def stop(self) -> None:
        """Stop the services in order, each gone before the next is asked. Idempotent."""
        for name in self._stop_order:
            child = self._children.get(name)
            if child is not None:
                self._say("up", f"stopping {name}")
                self._end(child)
                del self._children[name]
        end_marked(self._run_folder)
