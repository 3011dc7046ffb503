"""`manage.py up`, the real one: ready means ready, death is survived, and Ctrl-C leaves nothing."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.stack import processes
from config.stack.address import HOST, answers

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.slow


class Up:
    """One home, and the `up` processes started on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.started: list[subprocess.Popen[str]] = []
        with socket.socket() as chosen:
            chosen.bind((HOST, 0))
            self.port = chosen.getsockname()[1]

    def start(self) -> "subprocess.Popen[str]":
        settings = {"AUDITLINE_HOME": str(self.home), "PORT": str(self.port), "DEMO": "0"}
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=os.environ | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def read_until(self, process: "subprocess.Popen[str]", wanted: str) -> list[str]:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line.rstrip("\n"))
            if wanted in line:
                return said
        raise AssertionError(f"it ended without {wanted!r}:\n" + "\n".join(said))

    def running(self) -> dict[str, int]:
        names = ("postgres", "valkey", "web", "worker", "sealer", "beat")
        found = [processes.recorded(self.home / "run", name) for name in names]
        return {record.name: record.pid for record in found if record is not None and processes.alive(record)}


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path / "home")
    yield up
    for process in up.started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_it_starts_survives_and_stops(up: Up) -> None:
    first = up.start()
    said = up.read_until(first, "is ready")
    assert said[-1] == f"Auditline is ready at http://{HOST}:{up.port}"
    assert answers(up.port)
    assert not [line for line in said if "request_" in line], "the terminal is for a person"
    before = up.running()
    assert set(before) == {"postgres", "valkey", "web", "worker", "sealer", "beat"}

    os.kill(before["worker"], signal.SIGKILL)
    up.read_until(first, "worker ended (exit code -9); starting it again")

    second = up.start()
    complaint, _ = second.communicate()
    assert second.returncode == 1
    assert f"already running, started by process {first.pid}" in complaint

    first.kill()
    first.communicate()
    third = up.start()
    up.read_until(third, "is ready")
    after = up.running()
    assert set(after) == set(before)
    assert not {processes.start_mark(pid) for pid in before.values()} - {None}

    third.send_signal(signal.SIGINT)
    rest, _ = third.communicate()
    assert third.returncode == 0
    assert [line for line in rest.splitlines() if line.startswith("up ")] == [
        "up     | stopping web",
        "up     | stopping beat",
        "up     | stopping worker",
        "up     | stopping sealer",
        "up     | stopped",
    ]
    assert not up.running()
    assert not {processes.start_mark(pid) for pid in after.values()} - {None}


def test_a_busy_port_stops_it_before_anything_starts(up: Up) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, up.port))
        taken.listen()
        process = up.start()
        said, _ = process.communicate()
    assert process.returncode == 1
    assert said == (
        f"CommandError: cannot listen on port {up.port} of {HOST}: another program uses it. "
        f"Stop that program, or choose: make up PORT={up.port + 1}\n"
    )
    assert not up.running()


def test_a_broker_that_is_away_is_said_and_everything_ends(up: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:hidden-word@127.0.0.1:1")
    process = up.start()
    said, _ = process.communicate()
    assert process.returncode == 1
    assert "CommandError: the broker does not answer at redis://" in said
    assert "check REDIS_URL and CELERY_BROKER_URL, or unset both" in said
    assert "hidden-word" not in said
    assert not up.running()
