"""Describe the embedded PostgreSQL and Valkey of one AUDITLINE_HOME: paths, passwords, addresses.

Nothing here starts a server: settings read the addresses in a fresh checkout, before there is one.
"""

import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from config.stack.errors import StackError

DATABASE = "auditline"
SUPERUSER = "postgres"
OWNER = "auditline_owner"
APP = "auditline_app"
BACKUP = "auditline_backup"
VALKEY = "valkey"

# A socket's address has about 100 bytes, so it cannot live under a long AUDITLINE_HOME. The folder is fixed, not
# TMPDIR: two processes with different environments must find the same socket.
SOCKET_PARENT = Path("/tmp")  # noqa: S108  # owner and mode are verified before each use, see identity.private_folder
PORT = 5432  # names the socket file only; no TCP port is opened


@dataclass(frozen=True)
class Embedded:
    """Paths of one home and the passwords of its servers. Passwords stay out of `repr`."""

    home: Path
    sockets: Path
    passwords: "Passwords"

    @property
    def database_folder(self) -> Path:
        return self.home / "postgres"

    @property
    def run_folder(self) -> Path:
        return self.home / "run"

    @property
    def log_folder(self) -> Path:
        return self.home / "log"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def superuser_url(self) -> str:
        return self._database_url(SUPERUSER, self.passwords.superuser)

    @property
    def owner_url(self) -> str:
        return self._database_url(OWNER, self.passwords.owner)

    @property
    def app_url(self) -> str:
        return self._database_url(APP, self.passwords.app)

    @property
    def backup_url(self) -> str:
        return self._database_url(BACKUP, self.passwords.backup)

    @property
    def redis_url(self) -> str:
        """Return the address for redis-py."""
        return f"unix://:{self.passwords.valkey}@{self.valkey_socket}?db=0"

    @property
    def broker_url(self) -> str:
        """Return the same server's address as Celery (kombu) writes it."""
        return f"redis+socket://:{self.passwords.valkey}@{self.valkey_socket}?virtual_host=0"

    def _database_url(self, role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@/{DATABASE}?host={self.sockets}&port={PORT}"


@dataclass(frozen=True, repr=False)
class Passwords:
    """One password per role; URL-safe, 43 characters, made once per home."""

    superuser: str
    owner: str
    app: str
    backup: str
    valkey: str


def embedded(home: Path) -> Embedded:
    """Describe the servers of `home`, making its folder and passwords where they are missing.

    Safe to call from many processes at once: each password is published complete or not at all.
    Raises StackError when the folder belongs to somebody else.
    """
    home = home.expanduser().resolve()
    folder = home / "secrets"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        _keep_private(folder)
        passwords = Passwords(
            superuser=_password(folder / SUPERUSER),
            owner=_password(folder / OWNER),
            app=_password(folder / APP),
            backup=_password(folder / BACKUP),
            valkey=_password(folder / VALKEY),
        )
    except PermissionError as error:
        raise StackError(
            f"cannot use {error.filename or folder} as user id {os.geteuid()}: permission denied. Run as the user who "
            "made this AUDITLINE_HOME, or set AUDITLINE_HOME to a folder of your own."
        ) from error
    return Embedded(home=home, sockets=_socket_folder(home), passwords=passwords)


def _socket_folder(home: Path) -> Path:
    # The user is part of the name: another person's stack on the same path must not meet ours.
    digest = hashlib.sha256(f"{os.geteuid()}:{home}".encode()).hexdigest()
    return SOCKET_PARENT / f"auditline-{digest[:16]}"


def _keep_private(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StackError(
            f"{folder} must be a folder of user id {os.geteuid()}, found one of user id {found.st_uid}. "
            "Remove it, or set AUDITLINE_HOME to a folder of your own."
        )
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)


def _password(path: Path) -> str:
    """Return the password kept at `path`, making it on the first call."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        _publish(path, secrets.token_urlsafe(32))
        return path.read_text().strip()  # the winner's, should two processes have raced


def _publish(path: Path, text: str) -> None:
    """Write `text` to `path` unless it exists; a reader never sees a part of it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # the commit point: link refuses to replace
        except FileExistsError:
            return
    finally:
        draft.unlink()
