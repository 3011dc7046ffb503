"""A recorded process is trusted only while it is the one that was recorded."""

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

from config.stack import processes

KILL = ((signal.SIGKILL, 10.0),)


def test_a_pid_that_names_another_process_by_now_gets_no_signal(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "300"], start_new_session=True) as stranger:
        recorded = processes.record(tmp_path, "web", stranger.pid)
        assert recorded is not None
        processes.end(replace(recorded, started="another boot:1"), KILL)
        assert stranger.poll() is None
        processes.end(recorded, KILL)
        assert stranger.wait() == -signal.SIGKILL


def test_a_process_that_nobody_waited_for_counts_as_gone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "300"]) as child:
        recorded = processes.record(tmp_path, "web", child.pid)
        assert recorded is not None
        assert processes.alive(recorded)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
        assert not processes.alive(recorded)


def test_half_a_record_is_no_record(tmp_path: Path) -> None:
    (tmp_path / "web.json").write_text('{"name": "web", "pi')
    assert processes.recorded(tmp_path, "web") is None


def test_the_program_of_a_pid_is_known() -> None:
    with subprocess.Popen(["sleep", "300"]) as child:
        assert processes.program(child.pid) == "sleep"
        child.kill()
    assert processes.program(child.pid) is None
