"""Read a bundle's files from a zip or a directory, without trusting either.

Nothing is unpacked to disk. Names that could lead elsewhere, links, doubles and encrypted members are reported and
never opened; reads are bounded by the caller, so that a small zip cannot become a large memory.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from audit.evidence.ledger.bundle import is_safe_path
from audit.evidence.ledger.report import Code, Log

CHUNK = 1 << 20
MAX_LINE = 16 << 20  # bytes: far above any line of the format

# What reading a damaged member can raise.
READ_ERRORS = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class Source(Protocol):
    """The files of one bundle."""

    @property
    def names(self) -> frozenset[str]:
        """Paths of the files that may be opened."""

    def open(self, name: str) -> BinaryIO:
        """Open one file for reading."""

    def close(self) -> None:
        """Let go of the bundle."""


class DirectorySource:
    """An unpacked bundle."""

    def __init__(self, root: Path, log: Log) -> None:
        self._root = root
        names = set()
        for folder, folders, files in os.walk(root):
            links = [each for each in folders if Path(folder, each).is_symlink()]  # never followed
            for file in files + links:
                path = Path(folder, file)
                name = path.relative_to(root).as_posix()
                if is_safe_path(name) and stat.S_ISREG(path.lstat().st_mode):
                    names.add(name)
                else:
                    log.problem(Code.UNREADABLE, name, "Got a link or an unusual name, expected a plain file.")
        self.names = frozenset(names)

    def open(self, name: str) -> BinaryIO:
        """Open one file for reading."""
        return (self._root / name).open("rb")

    def close(self) -> None:
        """Nothing is held."""


class ZipSource:
    """A zipped bundle; raises zipfile.BadZipFile when it is none."""

    def __init__(self, path: Path, log: Log) -> None:
        self._archive = zipfile.ZipFile(path)
        names: set[str] = set()
        for info in self._archive.infolist():
            if info.is_dir() and info.file_size == 0 and is_safe_path(info.filename[:-1]):
                continue  # other tools write folders as members
            kind = stat.S_IFMT(info.external_attr >> 16)
            plain = (
                is_safe_path(info.filename)
                and info.orig_filename == info.filename
                and info.filename not in names
                and kind in (0, stat.S_IFREG)
                and not info.flag_bits & 0x1
                and info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            )
            if plain:
                names.add(info.filename)
            else:
                log.problem(
                    Code.UNREADABLE, repr(info.filename), "Got a member that is unsafe to open or stands twice."
                )
        self.names = frozenset(names)

    def open(self, name: str) -> BinaryIO:
        """Open one member for reading."""
        return cast("BinaryIO", self._archive.open(name))

    def close(self) -> None:
        """Close the zip."""
        self._archive.close()


def open_source(path: Path, log: Log) -> Source:
    """Return the bundle at `path`; raises OSError when there is nothing to read, BadZipFile when it is no zip."""
    return DirectorySource(path, log) if path.is_dir() else ZipSource(path, log)


def read_small(source: Source, name: str, limit: int) -> bytes | None:
    """Return a whole small file; None when it is absent, damaged or larger than `limit`."""
    if name not in source.names:
        return None
    try:
        with source.open(name) as file:
            content = file.read(limit + 1)
    except READ_ERRORS:
        return None
    return content if len(content) <= limit else None


def read_lines(source: Source, name: str, log: Log) -> Iterator[tuple[int, bytes]]:
    """Yield (line number from 1, line with its newline); reports a damaged file and stops there. Absent: nothing."""
    if name not in source.names:
        return
    number = 0
    try:
        with source.open(name) as file:
            while line := file.readline(MAX_LINE):
                number += 1
                yield number, line
    except READ_ERRORS as error:
        log.problem(
            Code.UNREADABLE, f"{name} after line {number}", f"Got a damaged file ({error}), expected more lines."
        )
