"""A folder on this machine: files that others drop below PULL_FOLDER, in the folder of the workspace.

`address` is a path inside that folder. Nothing outside is read, also not through links.
"""

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from django.conf import settings

from lineage.inventory.pulls.places.place import Asked, Fetched, Place, PullFailed

MOST = 1000
"""Files of one folder that are looked at."""


def check(asked: Asked) -> None:
    """Refuse a path that leads out of the workspace's folder."""
    if asked.address.startswith("/") or ".." in Path(asked.address).parts or "\x00" in asked.address:
        raise PullFailed(f"{asked.address[:120]!r} is no path inside the folder: expected one such as cmdb/daily.")
    if not settings.AUDITLINE_PULL_FOLDER:
        raise PullFailed("This installation reads no folders: an operator names one as PULL_FOLDER (docs/settings.md).")


def fetch(asked: Asked) -> Iterator[Fetched]:
    """Yield the files of the folder by age, the oldest first; hidden ones and what is still being written are left."""
    check(asked)
    root = Path(settings.AUDITLINE_PULL_FOLDER, asked.workspace).resolve()
    folder = (root / asked.address).resolve()
    if not folder.is_relative_to(root) or not folder.is_dir():
        raise PullFailed(
            f"There is no folder {asked.address!r} below that of the workspace: make it, or correct the path."
        )
    pattern = asked.option("pattern") or "*"
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            named = fnmatch(entry.name, pattern) and not entry.name.startswith(".") and not entry.name.endswith(".part")
            if named and entry.is_file(follow_symlinks=False):
                found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name))
            if len(found) > MOST:
                raise PullFailed(
                    f"{asked.address!r} holds more than {MOST} files: move away what was taken in, or name a pattern."
                )
    found.sort()
    for _, name in found[-1:] if asked.only_newest else found:
        yield Fetched(name, _read(folder / name, asked.limit))


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(limit + 1)
    except OSError as error:
        raise PullFailed(f"{path.name} cannot be read ({error.strerror}). Check its rights.") from None
    if len(body) > limit:
        raise PullFailed(f"{path.name} has more than {limit:,} bytes, which is the limit of one file.")
    return body


FOLDER = Place(
    "folder", "a path inside the workspace's folder, such as cmdb/daily", "", {"pattern": "which files, such as *.csv"},
    check, fetch,
)  # fmt: skip
