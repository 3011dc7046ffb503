"""Keep a large file on disk while it is read: its memory is bounded by buffers, its size by a limit.

The files have no name in the folder: whatever process dies, the disk is free again.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings

from lineage.events.body import CHUNK, bounded, inflated
from lineage.events.errors import BodyTooLarge

GZIP = b"\x1f\x8b"
IN_MEMORY = 1024 * 1024
"""Bytes up to which nothing is written to disk."""


@dataclass(frozen=True)
class Spooled:
    """A file that was received whole. `digest` is the SHA-256 of its bytes, after decompression."""

    file: IO[bytes]
    size: int
    digest: bytes


@contextmanager
def spooled(chunks: Iterable[bytes]) -> Iterator[Spooled]:
    """Yield the file that these chunks make, at its beginning; undo one gzip where the content itself is one.

    Raises BodyTooLarge beyond AUDITLINE_MAX_INVENTORY_FILE bytes or where it grows more than a hundredfold, and
    EventRefused for a gzip that is cut off or broken: nothing of such a file is kept.
    """
    limit: int = settings.AUDITLINE_MAX_INVENTORY_FILE
    with scratch() as file:
        digest, size = hashlib.sha256(), 0
        try:
            for chunk in bounded(_plain(chunks, limit), limit):
                size += len(chunk)
                digest.update(chunk)
                file.write(chunk)
        except BodyTooLarge as error:
            raise BodyTooLarge(_too_large(limit), details=error.details) from None
        file.seek(0)
        yield Spooled(file, size, digest.digest())


@contextmanager
def scratch() -> Iterator[IO[bytes]]:
    """Yield an empty file that is gone afterwards."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(folder())) as file:
        yield file


def folder() -> Path:
    """Return the folder for what is on its way in."""
    path = Path(settings.AUDITLINE_HOME) / "spool"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the content of a file."""
    while chunk := file.read(CHUNK):
        yield chunk


def _plain(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Yield the content without its gzip, where it has one."""
    rest = iter(chunks)
    head = b""
    while len(head) < len(GZIP) and (chunk := next(rest, b"")):
        head += chunk
    whole = _chained(head, rest)
    yield from inflated(whole, limit) if head.startswith(GZIP) else whole


def _chained(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest


def _too_large(limit: int) -> str:
    return (
        f"The file is larger than {limit} bytes after decompression (or grows more than a hundredfold by it), which is "
        "the limit of one import. Send it in several files with mode=delta, or have an operator raise "
        "MAX_INVENTORY_FILE_MIB. Nothing of it was kept."
    )
