"""A recorded process is trusted only while it is the one that was recorded."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from config.stack import processes

KILL = ((signal.SIGKILL, 10.0),)


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(["sleep", "300"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def recorded(folder: Path, process: "subprocess.Popen[bytes]") -> processes.Running:
    written = processes.record(folder, "web", process.pid)
    assert written is not None
    assert processes.recorded(folder, "web") == written
    return written


def test_a_pid_that_names_another_process_by_now_gets_no_signal(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    record = recorded(tmp_path, sleeper)
    processes.end(replace(record, started="another boot:1"), KILL)
    assert sleeper.poll() is None
    processes.end(record, KILL)
    assert sleeper.wait() == -signal.SIGKILL


def test_a_process_that_nobody_waited_for_counts_as_gone(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    record = recorded(tmp_path, sleeper)
    assert processes.alive(record)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
    assert not processes.alive(record)


def test_half_a_record_is_no_record(tmp_path: Path) -> None:
    (tmp_path / "web.json").write_text('{"name": "web", "pi')
    assert processes.recorded(tmp_path, "web") is None


def test_the_program_of_a_pid_is_known() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"it runs\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"it runs\n"
        assert processes.program(process.pid) == "cat"
        process.stdin.close()
    assert processes.program(process.pid) is None
