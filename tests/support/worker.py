"""A real Celery worker beside a test, and a way to wait for what it does."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from celery import current_app

ROOT = Path(__file__).resolve().parents[2]
QUEUES = "project,evaluate,raise,open,seal,export,celery"
Found = TypeVar("Found")


def start_worker(log: Path) -> subprocess.Popen[bytes]:
    """Start a worker in a process group of its own, on the servers of this test run."""
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", QUEUES, "-c", "2", "-l", "INFO"]
    with log.open("ab") as output:
        return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a worker and its children without warning."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def eventually(look: Callable[[], Found | None], *, what: str, patience: float = 60) -> Found:
    """Return what `look` finds as soon as it finds something; fail after `patience` seconds, a limit and no measure."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    pytest.fail(f"not seen within {patience} s: {what}")


@contextlib.contextmanager
def running_worker(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker inside the block, which is woken for what happens there alone.

    Tests before it left messages for their workspaces: thousands of them took a worker longer than a test waits.
    """
    with current_app.connection_for_write() as broker:
        for queue in QUEUES.split(","):
            broker.default_channel.queue_purge(queue)
    process = start_worker(log)
    try:
        yield process
    finally:
        kill(process)
