"""A service for real producers: started as a person starts it, and asked through its public API alone."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[2]
Found = TypeVar("Found")


@dataclass(frozen=True)
class Service:
    """Where it listens, and the secrets of two tokens of its only workspace."""

    url: str
    pipeline: str
    auditor: str

    @property
    def variables(self) -> dict[str, str]:
        """The two variables that a producer needs."""
        return {"OPENLINEAGE_URL": self.url, "OPENLINEAGE_API_KEY": self.pipeline}

    def get(self, path: str, **query: str) -> Any:
        """Return one answer of the API."""
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {self.auditor}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def all(self, path: str, **query: str) -> list[Any]:
        """Return all rows of a list, page by page."""
        page = self.get(path, limit="200", **query)
        rows: list[Any] = page["results"]
        while page["next"]:
            page = self.get(path, limit="200", after=page["next"], **query)
            rows += page["results"]
        return rows

    def named(self, kind: str) -> dict[str, Any]:
        """Return the assets of a kind by name, each as the list shows it."""
        return {row["name"]: row for row in self.all("assets", kind=kind)}

    def facts(self, kind: str, name: str) -> dict[str, Any]:
        """Return the facts of one asset."""
        asset = self.get(f"assets/{self.named(kind)[name]['id']}")
        return {fact["name"]: fact["value"] for fact in asset["facts"]}

    def upstream(self, dataset: str) -> dict[str, tuple[int, str]]:
        """Return what feeds a dataset: name -> steps and basis."""
        rows = self.all("graph/upstream", asset=self.named("dataset")[dataset]["id"])
        return {row["name"]: (row["distance"], row["basis"]) for row in rows}

    def runs(self) -> list[tuple[str, str]]:
        """Return job and state of each run, sorted."""
        found = []
        for row in self.all("assets", kind="run"):
            run = self.get(f"assets/{row['id']}")
            state = next((fact["value"] for fact in run["facts"] if fact["name"] == "state"), "")
            job = next(each["ends"][0]["name"] for each in run["relations"] if each["name"] == "of_job")
            found.append((job, state))
        return sorted(found)

    def events(self) -> list[Any]:
        """Return the bodies of all run events that were received, oldest first."""
        rows = self.all("raw-events", kind="run")
        return [json.loads(self.get(f"raw-events/{row['id']}")["body"]) for row in reversed(rows)]


def becomes(look: Callable[[], Found], wanted: Found, *, patience: float = 60) -> None:
    """Look until what is seen is what was wanted; after `patience` seconds, a limit and no measure, show both."""
    end = time.monotonic() + patience
    while (seen := look()) != wanted and time.monotonic() < end:
        time.sleep(0.3)
    assert seen == wanted


@contextmanager
def running_service(home: Path) -> Iterator[Service]:
    """Start everything on a free port and a home of its own, make a workspace and two tokens; end it afterwards."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    environment = os.environ | {"AUDITLINE_HOME": str(home), "PORT": str(port), "DEMO": "0"}
    log = home.with_suffix(".log")
    command = [sys.executable, "manage.py", "up"]
    with log.open("wb") as output:
        up = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until_ready(up, log)
        manage(environment, "create_workspace", "shop")
        tokens = [make_token(environment, role) for role in ("pipeline", "auditor")]
        yield Service(f"http://127.0.0.1:{port}", *tokens)
    finally:
        up.terminate()
        up.wait()


def wait_until_ready(up: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return when the service says that it is ready; fail with what it said when it ends instead."""
    while "is ready at" not in log.read_text():
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"the service ended with {up.wait(0.2)}:\n{log.read_text()}")


def make_token(environment: Mapping[str, str], role: str) -> str:
    """Return the secret of a new token."""
    return manage(environment, "create_token", "--workspace", "shop", "--role", role).splitlines()[-1]


def manage(environment: Mapping[str, str], *arguments: str) -> str:
    """Run a command of manage.py on the service's home; return what it printed."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
