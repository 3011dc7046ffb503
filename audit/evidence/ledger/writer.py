"""Write a bundle as one deterministic zip: the same content gives the same bytes, and no half file is ever visible.

Files are staged beside the target while they stream, because a zip sorted by name cannot be written before its last
file is known. Memory does not grow with the files.
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from audit.evidence.ledger.bundle import (
    LINES,
    MANIFEST,
    REQUIRED,
    SIGNATURE,
    BundleInfo,
    FileEntry,
    has_lines,
    is_safe_path,
    line_mark,
    line_marks_path,
    manifest_text,
)
from audit.evidence.ledger.errors import BundleRefused
from audit.evidence.ledger.keys import Signer
from audit.evidence.ledger.note import sign_note

CHUNK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say
_MODE = 0o100644 << 16


@dataclass(frozen=True)
class Written:
    """A finished bundle."""

    path: Path
    sha256: str
    bytes: int


class BundleWriter:
    """Collects files, then writes the zip. Use it as a context manager: leaving it early removes what was staged."""

    def __init__(self, target: Path, info: BundleInfo) -> None:
        self._target = target
        self._info = info
        self._files: dict[str, FileEntry] = {}
        self._finished = False
        self._stage = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))

    def __enter__(self) -> "BundleWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._stage, ignore_errors=True)

    def add_file(self, path: str, chunks: Iterable[bytes]) -> FileEntry:
        """Stage one file; `chunks` may be lines or blocks. Its hash, and the marks of its lines, are made on the way.

        Raises BundleRefused: bundle_path for a path that may not stand in a bundle, bundle_twice, bundle_finished.
        """
        if not is_safe_path(path) or path in (MANIFEST, SIGNATURE) or path.startswith(LINES):
            raise BundleRefused("bundle_path", f"Got the path {path!r}, expected a plain relative one outside {LINES}.")
        if not has_lines(path):
            return self._stage_file(path, chunks)
        marks_path = line_marks_path(path)
        with self._create(marks_path) as marks:
            entry = self._stage_file(path, _marking(chunks, marks))
        self._files[marks_path] = _measure(marks_path, self._stage / marks_path)
        return entry

    def finish(self, signer: Signer) -> Written:
        """Write manifest, signature and zip; the target appears whole, under its name, and durable, or not at all.

        Raises BundleRefused: bundle_incomplete when a required file was not added, bundle_finished.
        """
        missing = [path for path in REQUIRED if path not in self._files]
        if missing:
            raise BundleRefused("bundle_incomplete", f"Got no {', '.join(missing)}, expected {', '.join(REQUIRED)}.")
        manifest = self._info.manifest(list(self._files.values()))
        note = sign_note(manifest_text(self._info.origin, manifest), self._info.origin, signer)
        for path, content in ((MANIFEST, manifest), (SIGNATURE, note)):
            self._stage_file(path, [content])
        self._finished = True
        partial = self._stage / ".zip"
        _write_zip(partial, self._stage, sorted(self._files))
        measured = _measure(self._target.name, partial)
        os.replace(partial, self._target)  # the commit point: readers see all of it from here
        _sync_directory(self._target.parent)
        return Written(self._target, measured.sha256, measured.bytes)

    def _create(self, path: str) -> BinaryIO:
        if self._finished:
            raise BundleRefused(
                "bundle_finished", f"Got {path} after finish(), expected a new writer for a new bundle."
            )
        if path in self._files:
            raise BundleRefused("bundle_twice", f"Got {path} twice, expected each path once.")
        file = self._stage / path
        file.parent.mkdir(parents=True, exist_ok=True)
        return file.open("xb")

    def _stage_file(self, path: str, chunks: Iterable[bytes]) -> FileEntry:
        hasher = hashlib.sha256()
        size = 0
        with self._create(path) as file:
            for chunk in chunks:
                hasher.update(chunk)
                file.write(chunk)
                size += len(chunk)
        entry = FileEntry(path, hasher.hexdigest(), size)
        self._files[path] = entry
        return entry


def _marking(chunks: Iterable[bytes], marks: BinaryIO) -> Iterable[bytes]:
    """Pass chunks through, writing the mark of each line as it ends; a last line without newline counts."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            marks.write(b"".join(line_mark(line) + b"\n" for line in lines))
        yield chunk
    if rest:
        marks.write(line_mark(rest) + b"\n")


def _measure(path: str, file: Path) -> FileEntry:
    with file.open("rb") as source:
        hasher = hashlib.file_digest(source, "sha256")
    return FileEntry(path, hasher.hexdigest(), file.stat().st_size)


def _write_zip(target: Path, stage: Path, paths: list[str]) -> None:
    with open(target, "xb", opener=_private) as file:
        with zipfile.ZipFile(file, "w") as archive:
            for path in paths:
                info = zipfile.ZipInfo(path, _EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.create_system = 3  # Unix wherever it is written
                info.external_attr = _MODE
                info.file_size = (stage / path).stat().st_size  # decides on ZIP64 before the first byte
                with (stage / path).open("rb") as source, archive.open(info, "w") as member:
                    shutil.copyfileobj(source, member, CHUNK)
        file.flush()
        os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    """Open a new file as its owner's alone: evidence is nobody else's to read, whatever the umask."""
    return os.open(path, flags, 0o600)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
