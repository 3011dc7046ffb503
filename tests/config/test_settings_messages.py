"""A setting that cannot be used ends every command with its one message: name, got, expected; no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BAD = {
    "DATABASE_URL=mysql://x": "DATABASE_URL: got scheme 'mysql', expected postgresql://",
    "DATABASE_URL=postgresql://app:pass/word@host/db": "DATABASE_URL: got an address that cannot be read, expected",
    "DATABASE_OWNER_URL=postgresql://[::1": "DATABASE_OWNER_URL: got an address that cannot be read, expected",
    "REDIS_URL=http://host": "REDIS_URL: got scheme 'http', expected redis://",
    "CELERY_BROKER_URL=foo://host": "CELERY_BROKER_URL: got scheme 'foo', expected redis://",
    "DEMO=maybe": "DEMO: got 'maybe', expected 1 or 0",
    "MAX_BODY_MIB=²": "MAX_BODY_MIB: got '²', expected a whole number of at least 1",
    "LOG_LEVEL=loud": "LOG_LEVEL: got 'loud', expected one of DEBUG, INFO",
    "AUDITLINE_HOME=/dev/null": "AUDITLINE_HOME: got /dev/null, expected a folder that can be written",
    "SECRET_KEY_FILE=/": "SECRET_KEY_FILE: no file to be read at /",
    "OIDC_SERVER_URL=https://id.example": "OIDC_SERVER_URL is set, but OIDC_CLIENT_ID",
}


def run(tmp_path: Path, setting: str, *command: str) -> "subprocess.CompletedProcess[str]":
    name, _, value = setting.partition("=")
    environment = os.environ | {"AUDITLINE_HOME": str(tmp_path), name: value}
    return subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("setting", BAD)
def test_a_setting_that_cannot_be_used_is_said_once(tmp_path: Path, setting: str) -> None:
    ended = run(tmp_path, setting, "up", "--port", "1")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"Settings: {BAD[setting]}")
    assert ended.stderr.count("\n") == 1
    assert "word" not in ended.stderr.replace("password", "")


def test_it_is_said_alike_by_any_command(tmp_path: Path) -> None:
    for command in (("evaluate", "--workspace", "ours"), ("check",), ("migrate",)):
        ended = run(tmp_path, "DEMO=maybe", *command)
        assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr


def test_a_command_without_a_database_says_how_to_start_it(tmp_path: Path) -> None:
    ended = run(tmp_path, "DEMO=0", "create_workspace", "ours")
    assert ended.returncode == 1
    assert ended.stderr.startswith("CommandError: The database does not answer:")
    assert "Traceback" not in ended.stderr
    assert "Start it with `make up`" in ended.stderr
