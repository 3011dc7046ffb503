"""One command that the supervisor runs: started in a session of its own, read without waiting, ended with its kin."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.stack import processes
from config.stack.identity import die_with_parent

MARKER = "AUDITLINE_STACK"  # in the environment of every service, so that its descendants can be told from others


@dataclass(frozen=True)
class Service:
    """One command to run. `patience` is the time in seconds between SIGTERM and SIGKILL."""

    name: str
    command: tuple[str, ...]
    patience: float = 15.0

    @property
    def stop_plan(self) -> processes.Plan:
        return ((signal.SIGTERM, self.patience), (signal.SIGKILL, 5.0))


class Child:
    """A started service."""

    def __init__(self, service: Service, environment: Mapping[str, str], run_folder: Path) -> None:
        self.service = service
        self.started = time.monotonic()
        self._run_folder = run_folder
        self._unfinished = b""
        self.process = subprocess.Popen(
            service.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**environment, MARKER: str(run_folder), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor alone
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509  # the supervisor has one thread
        )
        processes.record(run_folder, service.name, self.process.pid)
        assert self.process.stdout is not None
        self._output = self.process.stdout
        os.set_blocking(self._output.fileno(), False)

    @property
    def output(self) -> int | None:
        """Return the descriptor to wait on; None once the output has ended."""
        return None if self._output.closed else self._output.fileno()

    def is_running(self) -> bool:
        return self.process.poll() is None

    def lines(self) -> list[str]:
        """Return the whole lines that it has written since the last call, and the rest when its output has ended."""
        if self._output.closed:
            return []
        chunk: bytes | None = b""
        with contextlib.suppress(BlockingIOError):
            chunk = self._output.read(1 << 16)
        ended = chunk == b""
        *whole, self._unfinished = (self._unfinished + (chunk or b"")).split(b"\n")
        if ended:
            self._output.close()
            whole += [self._unfinished] if self._unfinished else []
        return [line.decode(errors="replace").rstrip("\r") for line in whole]

    def send(self, sent: signal.Signals) -> None:
        self.process.send_signal(sent)  # does nothing to a process that has been waited for

    def bury(self) -> list[str]:
        """End what an ended process left behind, close its output, drop its record; return its last lines."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        last: list[str] = []
        deadline = time.monotonic() + 1  # a descendant that left the session could hold the pipe open for ever
        while not self._output.closed and time.monotonic() < deadline:
            last += self.lines() or _a_moment()
        self._output.close()
        processes.forget(self._run_folder, self.service.name)
        return last


def _a_moment() -> list[str]:
    time.sleep(0.01)
    return []


def reap(service: Service, run_folder: Path) -> int | None:
    """End the process that a killed supervisor recorded for `service`; return its pid, None when there was none."""
    orphan = processes.recorded(run_folder, service.name)
    if orphan is None or not processes.alive(orphan):
        processes.forget(run_folder, service.name)
        return None
    processes.end(orphan, service.stop_plan)
    processes.forget(run_folder, service.name)
    return orphan.pid


def end_marked(run_folder: Path) -> None:
    """SIGKILL every process that a service of this home started and that outlived it (Linux only).

    A worker's pool process can survive its parent's SIGKILL; it still carries the marker in its environment.
    """
    if not sys.platform.startswith("linux"):
        return
    marker = f"{MARKER}={run_folder}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, or somebody else's
            if int(folder.name) != os.getpid() and marker in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
