"""One service per file, and the programs of the producer that the file drives."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from tests.producers.service import ROOT, Service, running_service


class Run(Protocol):
    """Run a command of the producer with more variables; fails when it ends with another code than `code`."""

    def __call__(self, *command: str, more: Mapping[str, str], code: int = 0) -> None: ...


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own."""
    with running_service(tmp_path_factory.mktemp("service") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the producer works in; it has no other home."""
    return tmp_path_factory.mktemp("producer")


@pytest.fixture(scope="module")
def producer(request: pytest.FixtureRequest, service: Service, folder: Path) -> Run:
    """Run the producer that the file is named for (test_dbt.py: dbt): of us it knows the two variables alone."""
    name = Path(request.path).stem.removeprefix("test_")
    programs = ROOT / "var" / "producers" / name / "bin"
    if not programs.is_dir():
        pytest.fail(f"{name} is not installed: no folder {programs}; run `make e2e-{name}`")
    known = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder), **service.variables}

    def run(*command: str, more: Mapping[str, str], code: int = 0) -> None:
        environment = {**known, **more}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == code, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"

    return run
