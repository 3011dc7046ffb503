"""Cut files of lines into pieces, each of which its format reads by itself. No more than a piece is held."""

import codecs
from collections.abc import Iterator
from typing import IO

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.parsed import Piece

LONGEST = 8 * 1024 * 1024
"""Bytes of one line at most: a file without line ends is none of lines."""

OPEN = 4 * 1024 * 1024
"""Bytes after which a quote that is still open counts as broken."""


def split_lines(file: IO[bytes], size: int) -> Iterator[Piece]:
    """Yield pieces of whole lines, of `size` bytes or a line more. Raises InventoryRefused for what is no such file."""
    before, held, taken = 0, [], 0
    for line in _lines(file):
        held.append(line)
        taken += len(line)
        if taken >= size:
            yield Piece(b"".join(held), before)
            before, held, taken = before + len(held), [], 0
    if held:
        yield Piece(b"".join(held), before)


def split_csv(file: IO[bytes], size: int) -> Iterator[Piece]:
    """Yield pieces of whole records, each below the header again.

    A record ends where a line ends and all quotes before it are closed. A quote that is never closed would hold on to
    the rest of the file: OPEN bytes later a line end is enough, and what was broken there is told of its rows.
    """
    lines = _lines(_Utf8(file))
    number, above, header = 0, b"", b""
    for line in lines:
        number += 1
        if header or line.removeprefix(codecs.BOM_UTF8).strip(_BLANK):
            header += line
            if header.count(b'"') % 2 == 0:
                break
        else:
            above += line
    lines_of_header = header.count(b"\n")
    before, held, taken, quotes = 0, [above + header], len(above + header), 0
    for line in lines:
        held.append(line)
        number += 1
        taken += len(line)
        quotes += line.count(b'"')
        if taken >= size and (quotes % 2 == 0 or taken >= size + OPEN):
            yield Piece(b"".join(held), before)
            before, held, taken, quotes = number - lines_of_header, [header], len(header), 0
    if len(held) > 1 or before == 0:
        yield Piece(b"".join(held), before)


_BLANK = b' \t\r\n,"'
"""What a record consists of that says nothing; above the header such records may stand."""


class _Utf8:
    """A file of which every line is UTF-8; the error says where it is not, in bytes from its beginning."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._position = 0

    def readline(self, most: int) -> bytes:
        line = self._file.readline(most)
        try:
            line.decode()
        except UnicodeDecodeError as error:
            raise InventoryRefused(
                f"Got a byte that is not UTF-8 at position {self._position + error.start}, expected CSV in UTF-8. Save "
                'the sheet as "CSV UTF-8" and send it again.',
                code="csv_encoding",
            ) from None
        self._position += len(line)
        return line


def _lines(file: IO[bytes] | _Utf8) -> Iterator[bytes]:
    number = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        if len(line) > LONGEST:
            raise InventoryRefused(
                f"line {number} is longer than {LONGEST} bytes, expected one row on each line. Write one asset "
                "per line (NDJSON) and send it again.",
                code="line_too_long",
            )
        yield line
