"""Remember which processes we started, and be sure that it is still them before a signal is sent.

A pid alone is not an identity: after a reboot, or a while, it names somebody else's process. A record therefore keeps
the time at which the process started, as the system knows it.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from config.stack.errors import StackError

LINUX = sys.platform.startswith("linux")
POLL_SECONDS = 0.05
Plan = Sequence[tuple[signal.Signals, float]]  # signals to send in turn, each with its patience in seconds


@dataclass(frozen=True)
class Running:
    """A process that we started: `started` is the system's own mark of its start, compared and never computed with."""

    name: str
    pid: int
    started: str


def start_mark(pid: int) -> str | None:
    """Return a mark that differs for every process that ever had this pid; None when there is none (or a zombie)."""
    if not LINUX:
        return _start_mark_by_ps(pid)
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    state, started = fields[0], fields[19]
    return None if state in "ZX" else f"{boot}:{started}"


def _start_mark_by_ps(pid: int) -> str | None:
    found = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"LC_ALL": "C"},
    )
    state, _, started = found.stdout.strip().partition(" ")
    return started.strip() if found.returncode == 0 and not state.startswith("Z") else None


def program(pid: int) -> str | None:
    """Return the name of the program that has this pid now; None when there is none."""
    if LINUX:
        try:
            return Path(f"/proc/{pid}/comm").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            return None
    found = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip().rpartition("/")[2] or None


def alive(process: Running) -> bool:
    return start_mark(process.pid) == process.started


def record(folder: Path, name: str, pid: int) -> Running | None:
    """Write down that `pid` runs as `name`; None when it has already ended."""
    mark = start_mark(pid)
    if mark is None:
        return None
    process = Running(name, pid, mark)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".{name}.draft"
    draft.write_text(json.dumps(asdict(process)) + "\n")
    draft.replace(folder / f"{name}.json")
    return process


def recorded(folder: Path, name: str) -> Running | None:
    """Return what was written down for `name`, whether or not it still runs."""
    try:
        return Running(**json.loads((folder / f"{name}.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):  # none, or half a record from a full disk: nothing to go by
        return None


def forget(folder: Path, name: str) -> None:
    (folder / f"{name}.json").unlink(missing_ok=True)


def end(process: Running, plan: Plan) -> None:
    """Send each signal of `plan` until the process is gone, then SIGKILL to what it left in its group.

    Only a process that leads a group of its own is given here (see `spawn`), so the group is its descendants. One that
    is not alive gets nothing: its number may be somebody else's by now.
    """
    if not alive(process):
        return
    for sent, patience in plan:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, sent)
        if wait_until_gone(process, patience):
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def wait_until_gone(process: Running, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while alive(process):
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


@contextlib.contextmanager
def only_one(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file at `path`; raise StackError when another living process holds it.

    The kernel drops the lock with its holder, so a killed supervisor leaves nothing to clean up.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            raise StackError(
                f"{what} is already running, started by process {holder}. "
                "Stop that one with Ctrl-C in its terminal, or set AUDITLINE_HOME to another folder."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
