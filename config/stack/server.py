"""What the two embedded servers have in common: one per home, an end to orphans, an orderly stop."""

import contextlib
import subprocess
from abc import ABC, abstractmethod
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from config.stack import processes
from config.stack.embedded import Embedded, embedded
from config.stack.identity import ServerUser, private_folder, server_user


class EmbeddedServer(ABC):
    """A server that lives as long as this object wants it, and on Linux no longer than this process."""

    name: ClassVar[str]  # of its record, lock and log
    title: ClassVar[str]
    stop_plan: ClassVar[processes.Plan]

    def __init__(self, home: Path) -> None:
        self.description: Embedded = embedded(home)
        self._process: subprocess.Popen[bytes] | None = None
        self._held = contextlib.ExitStack()

    @property
    def log(self) -> Path:
        return self.description.log_folder / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self.is_running() else None

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server and return when it answers; also after it died. Idempotent. Raises StackError.

        1. Take the lock of this home. 2. End a server that a killed supervisor left. 3. Launch.
        """
        if self.is_running():
            return
        self._held.close()
        run = self.description.run_folder
        self._held.enter_context(processes.only_one(run / f"{self.name}.lock", f"{self.title} of this AUDITLINE_HOME"))
        try:
            orphan = processes.recorded(run, self.name)
            if orphan is not None:
                processes.end(orphan, self.stop_plan)
                processes.forget(run, self.name)
            owner = server_user()
            private_folder(self.description.sockets, owner)
            self.description.log_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._launch(owner)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server, by SIGKILL at the end of its patience. Idempotent."""
        if self._process is not None:
            for sent, patience in self.stop_plan:
                if not self.is_running():
                    break
                self._process.send_signal(sent)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(patience)
            self._process = None
            processes.forget(self.description.run_folder, self.name)
            with contextlib.suppress(OSError):  # the other server's socket is still there
                self.description.sockets.rmdir()
        self._held.close()

    def _started(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        processes.record(self.description.run_folder, self.name, process.pid)

    @abstractmethod
    def _launch(self, owner: ServerUser) -> None:
        """Start the process as `owner`, pass it to `_started`, wait until it answers. Raises StackError."""


def installed(package: str) -> Path:
    """Return the folder of an installed package without importing it: importing some has effects."""
    found = find_spec(package)
    assert found is not None, f"{package} is in requirements.lock"
    assert found.origin is not None
    return Path(found.origin).parent


def tail(said: bytes) -> str:
    return "\n".join(said.decode(errors="replace").splitlines()[-15:])
