"""Choose which user the embedded servers run as, and give that user what it needs and no more.

PostgreSQL refuses to run as root, and containers run as root. There the servers run as `nobody`. The data folder is
opened by root and handed over as a descriptor, so that no parent of AUDITLINE_HOME has to be opened to anybody:
`/proc/self/fd/N` leads to the folder itself, whatever the modes above it.
"""

import ctypes
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO

from config.stack.errors import StackError

COPIES = Path("/var/cache/auditline")
PR_SET_PDEATHSIG = 1
# Inherited variables could redirect a server (PGPORT, LD_LIBRARY_PATH, LANG); it gets these only.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class ServerUser:
    """The user that servers run as; `switch` is true when that is not the user who starts them (root)."""

    uid: int
    gid: int
    switch: bool


def server_user() -> ServerUser:
    """Return ourselves, or `nobody` when we are root."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), switch=False)
    if not sys.platform.startswith("linux"):
        raise StackError("the embedded servers do not run as root on this system. Run as an ordinary user.")
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise StackError(
            "PostgreSQL does not run as root, and there is no user `nobody` to run it as. "
            "Add that user, run as an ordinary user, or set DATABASE_URL and REDIS_URL to servers elsewhere."
        ) from None
    return ServerUser(entry.pw_uid, entry.pw_gid, switch=True)


def private_folder(path: Path, owner: ServerUser) -> Path:
    """Make `path` for `owner` alone (0700), or verify that it is so; never follow or repair what somebody else made."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        path.chmod(0o700)
        if owner.switch:
            os.chown(path, owner.uid, owner.gid)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner.uid or stat.S_IMODE(found.st_mode) != 0o700:
        raise StackError(
            f"{path} must be a folder of user id {owner.uid} with mode 0700, found user id {found.st_uid} and mode "
            f"{stat.S_IMODE(found.st_mode):04o}. Somebody else may have made it: look at it, remove it, start again."
        )
    return path


def reachable(root: Path, parts: Sequence[str], package: str, owner: ServerUser, copies: Path = COPIES) -> Path:
    """Return a folder with `parts` of `root` that `owner` can read: `root` itself, or a copy that only root can change.

    A checkout under a private folder (/root, a `mktemp -d`) hides its virtual environment from `nobody`.
    `root` is where the wheel of `package` is installed; one copy serves every checkout with that version.
    """
    if not owner.switch or all(folder.stat().st_mode & stat.S_IXOTH for folder in (root, *root.parents)):
        return root
    copy = copies / f"{package}-{version(package)}"
    copies.mkdir(mode=0o755, parents=True, exist_ok=True)
    _only_root_writes(copies)
    if not copy.exists():
        _copy(root, parts, copy)
    _only_root_writes(copy)
    return copy


def _copy(root: Path, parts: Sequence[str], target: Path) -> None:
    draft = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        for part in parts:
            if (root / part).is_dir():
                shutil.copytree(root / part, draft / part, symlinks=True)
            else:
                (draft / part).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / part, draft / part)
        for folder, _, files in os.walk(draft):
            Path(folder).chmod(0o755)
            for name in files:
                path = Path(folder, name)
                path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            draft.rename(target)
        except OSError:
            if not target.exists():  # otherwise another process was first, with the same files
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _only_root_writes(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise StackError(
            f"{folder} must be a folder that only root can change, found user id {found.st_uid} and mode "
            f"{stat.S_IMODE(found.st_mode):04o}. Somebody else may have made it: look at it, remove it, start again."
        )


def spawn(
    command: Sequence[object],
    owner: ServerUser,
    *,
    log: IO[bytes],
    on_parent_death: signal.Signals,
    stdin: int = subprocess.DEVNULL,
    keep: Sequence[int] = (),
) -> "subprocess.Popen[bytes]":
    """Start a server as `owner` in a session of its own, so that Ctrl-C reaches only the supervisor.

    `command` may hold paths; `keep` are descriptors that it inherits. On Linux the kernel sends it `on_parent_death`
    when we are killed.
    """
    with warnings.catch_warnings():  # Python 3.12+ warns of threads at fork
        warnings.simplefilter("ignore", DeprecationWarning)
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=stdin,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
            umask=0o077,
            pass_fds=keep,
            preexec_fn=die_with_parent(on_parent_death),  # noqa: PLW1509  # one system call, no lock
            user=owner.uid if owner.switch else None,
            group=owner.gid if owner.switch else None,
            extra_groups=[] if owner.switch else None,
        )


def die_with_parent(sent: signal.Signals) -> Callable[[], None] | None:
    """Return a hook for Popen that asks Linux to send `sent` to the child when its parent is gone; None elsewhere.

    An extra only: what it misses is found by recorded pid at the next start.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up before the fork
    return lambda: prctl(PR_SET_PDEATHSIG, int(sent), 0, 0, 0)
