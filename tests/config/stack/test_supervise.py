"""The supervisor: what dies comes back, what is stopped is gone, and nothing outlives it for longer than a start."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.stack import processes
from config.stack.child import end_marked

ROOT = Path(__file__).resolve().parents[3]
SLEEPER = "echo here; exec sleep 300"
# Ignores SIGTERM, and so does the child that it leaves behind: only SIGKILL to both ends it.
STUBBORN = "trap '' TERM; sleep 300 & echo $! > {child}; while true; do sleep 0.1; done"
PATIENCE = 60  # until a test gives up; no test depends on how quick the machine is


class Harness:
    """A supervisor in a process of its own, and the lines that it prints."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.running: list[subprocess.Popen[str]] = []

    def start(self, **commands: str) -> "subprocess.Popen[str]":
        services = [f"{name}={command}" for name, command in commands.items()]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.config.stack.harness", str(self.home), *services],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )
        self.running.append(process)
        return process

    def pid_of(self, name: str, other_than: int = 0) -> int:
        def found() -> int:
            record = processes.recorded(self.home / "run", name)
            return record.pid if record and record.pid != other_than and processes.alive(record) else 0

        return until(found)


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(tmp_path / "home")
    yield harness
    for process in harness.running:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    end_marked(tmp_path / "home" / "run")


def until(question: Callable[[], int]) -> int:
    """Return the first answer that is not 0."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := question()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return answer


def test_ctrl_c_stops_every_service_in_order(harness: Harness) -> None:
    supervisor = harness.start(first=SLEEPER, second=SLEEPER, third=SLEEPER)
    pids = [harness.pid_of(name) for name in ("first", "second", "third")]
    supervisor.send_signal(signal.SIGINT)
    said, _ = supervisor.communicate(timeout=PATIENCE)
    assert supervisor.returncode == 0
    assert [line for line in said.splitlines() if "stopping" in line] == [
        f"up | stopping {name}" for name in ("first", "second", "third")
    ]
    assert [processes.start_mark(pid) for pid in pids] == [None] * 3
    assert not list((harness.home / "run").glob("*.json"))


def test_a_service_that_ignores_the_request_is_killed_with_its_children(harness: Harness, tmp_path: Path) -> None:
    supervisor = harness.start(stubborn=STUBBORN.format(child=tmp_path / "child"))
    pid, child = harness.pid_of("stubborn"), child_of(tmp_path)
    supervisor.send_signal(signal.SIGTERM)
    supervisor.communicate(timeout=PATIENCE)
    assert [processes.start_mark(pid), processes.start_mark(child)] == [None, None]


def test_the_next_start_ends_what_a_killed_supervisor_left(harness: Harness, tmp_path: Path) -> None:
    first = harness.start(stubborn=STUBBORN.format(child=tmp_path / "child"))
    pid, child = harness.pid_of("stubborn"), child_of(tmp_path)
    first.kill()
    first.communicate()
    assert None not in (processes.start_mark(pid), processes.start_mark(child))
    second = harness.start(stubborn=SLEEPER)
    assert harness.pid_of("stubborn", other_than=pid)
    assert [processes.start_mark(pid), processes.start_mark(child)] == [None, None]
    second.send_signal(signal.SIGINT)
    said, _ = second.communicate(timeout=PATIENCE)
    assert f"up | ended stubborn (process {pid}), left by a start that was killed" in said


def test_children_of_a_killed_service_do_not_outlive_it(harness: Harness, tmp_path: Path) -> None:
    harness.start(stubborn=STUBBORN.format(child=tmp_path / "child"))
    pid, child = harness.pid_of("stubborn"), child_of(tmp_path)
    os.kill(pid, signal.SIGKILL)
    assert harness.pid_of("stubborn", other_than=pid)
    assert processes.start_mark(child) is None


def test_a_service_that_cannot_start_is_given_up_with_its_last_words(harness: Harness) -> None:
    supervisor = harness.start(broken="echo no such setting; exit 3", fine=SLEEPER)
    said, _ = supervisor.communicate(timeout=PATIENCE)
    assert supervisor.returncode == 1
    assert said.count("broken | no such setting") == 3
    assert "broken ended 3 times in a row (exit code 3)" in said


def test_a_second_supervisor_on_the_same_home_says_who_runs(harness: Harness) -> None:
    first = harness.start(only=SLEEPER)
    pid = harness.pid_of("only")
    second = harness.start(only=SLEEPER)
    said, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 1
    assert f"already running, started by process {first.pid}" in said
    assert processes.start_mark(pid) is not None


def test_the_last_words_of_a_service_are_shown(harness: Harness) -> None:
    supervisor = harness.start(
        talker="trap 'echo one; printf two; exit 0' TERM; echo up; while true; do sleep 0.1; done"
    )
    harness.pid_of("talker")
    assert supervisor.stdout is not None
    assert supervisor.stdout.readline() == "talker | up\n"
    supervisor.send_signal(signal.SIGINT)
    said, _ = supervisor.communicate(timeout=PATIENCE)
    assert said.splitlines() == ["up | stopping talker", "talker | one", "talker | two"]


def child_of(folder: Path) -> int:
    def read() -> int:
        path = folder / "child"
        return int(path.read_text() or 0) if path.exists() else 0

    return until(read)
