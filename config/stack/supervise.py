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
SOON_SECONDS = 5.0  # a service that ends within this time of its start has not worked; before `ready`, none has
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

    def run(self, service: Service) -> int:
        """Run one more command to its end while everything else goes on; return its exit code."""
        child = self._children[service.name] = self._child(service)
        try:
            while child.is_running():
                self.tick()
        finally:
            self._end(child)
        return child.process.returncode

    def stop(self) -> None:
        """Stop the services in order, each gone before the next is asked. Idempotent."""
        for name in self._stop_order:
            child = self._children.get(name)
            if child is not None:
                self._say("up", f"stopping {name}")
                self._end(child)
        end_marked(self._run_folder)

    def _child(self, service: Service) -> Child:
        return Child(service, self._environment, self._run_folder)

    def _show(self, seconds: float) -> None:
        """Print what services write during `seconds`; return at the first output."""
        readable = {child.output: child for child in self._children.values() if child.output is not None}
        for output in select.select(list(readable), [], [], seconds)[0]:
            self._say_all(readable[output], readable[output].lines())

    def _say_all(self, child: Child, lines: Sequence[str]) -> None:
        for line in lines:
            self._say(child.service.name, line)

    def _has_ended(self, child: Child) -> None:
        """Bury a service that ended by itself, and plan its next start: at once, later if it keeps ending."""
        name, code = child.service.name, child.process.returncode
        self._bury(child)
        soon = not self.ready or time.monotonic() - child.started < SOON_SECONDS
        failures = self._failures[name] = self._failures[name] + 1 if soon else 0
        if not self.ready and failures >= TRIES_BEFORE_READY:
            raise StackError(f"{name} ended {failures} times in a row (exit code {code}). Its last lines are above.")
        pause = min(2.0**failures, LONGEST_PAUSE) if soon else 0.0
        self._due[name] = time.monotonic() + pause
        self._say("up", f"{name} ended (exit code {code}); starting it again" + (f" in {pause:.0f} s" if pause else ""))

    def _end(self, child: Child) -> None:
        """Ask a child to stop, insist when its patience is over, and show what it says meanwhile."""
        for sent, patience in child.service.stop_plan:
            if not child.is_running():
                break
            child.send(sent)
            deadline = time.monotonic() + patience
            while child.is_running() and time.monotonic() < deadline:
                self._show(0.05)
        self._bury(child)

    def _bury(self, child: Child) -> None:
        self._say_all(child, child.bury())
        del self._children[child.service.name]


@contextlib.contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C, SIGTERM or SIGHUP into KeyboardInterrupt; ignore more, so that the stop is complete.

    Yields a function that says whether one has come, for the main loop: an exception that is raised while Python
    runs a destructor goes nowhere.
    """
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, ask) for number in signals]
    try:
        yield lambda: asked
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
