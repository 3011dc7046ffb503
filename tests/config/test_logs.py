"""Logs: every request with its id where they are collected, only what needs attention where a person reads them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import django, structlog
django.setup()
from django.test import Client
from config.celery import app
for path in ("/healthz", "/api/v1/no-such-thing"):
    Client().get(path)
app.log.setup(loglevel="INFO")
receivers = structlog.get_logger("django_structlog.celery.receivers")
receivers.warning("task_revoked", expired=True)
receivers.warning("task_revoked", expired=False)
app.log.get_default_logger().getChild("beat").warning("a word of beat")
"""


def said(tmp_path: Path, **environment: str) -> list[str]:
    """Return the lines that a process logs while it answers one request well and one with 404."""
    settings = {
        "AUDITLINE_HOME": str(tmp_path),
        "ALLOWED_HOSTS": "testserver",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    (tmp_path / "static").mkdir()
    finished = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env=os.environ | settings | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stderr.splitlines()


@pytest.mark.slow
def test_collected_logs_are_json_and_every_request_has_its_id(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in said(tmp_path, LOG_JSON="1", LOG_LEVEL="INFO")]
    told = [line for line in lines if line["event"] == "request_finished"]
    assert [(line["code"], line["level"]) for line in told] == [(200, "info"), (404, "warning")]
    assert len({line["request_id"] for line in told}) == 2
    assert (lines[-1]["event"], lines[-1]["level"]) == ("a word of beat", "warning")


@pytest.mark.slow
def test_a_terminal_shows_warnings_alone_and_each_once(tmp_path: Path) -> None:
    lines = said(tmp_path, LOG_JSON="0", LOG_LEVEL="WARNING")
    assert len(lines) == 3, "\n".join(lines)
    assert "[warning" in lines[0]
    assert "/api/v1/no-such-thing" in lines[0]
    assert "expired=False" in lines[1]
    assert "a word of beat" in lines[2]
