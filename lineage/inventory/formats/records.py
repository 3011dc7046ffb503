"""Read tables of text in bounded memory: their encoding, their lines, their records.

A record whose quotes are broken costs no other: reading goes on at the line after its first.
"""

import codecs
import contextlib
import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from typing import IO, BinaryIO, NamedTuple, cast

DELIMITERS = ",;\t|"
LINE_LIMIT = 1024 * 1024
"""Characters of a line; the rest of a longer one counts as the next, which then has too few cells."""
PATIENCE = 1000
"""Broken records that are gone back for. Each costs up to csv's limit of a cell, 128 KiB, to be read again."""


class Record(NamedTuple):
    """A record that is not blank. `broken`: why its cells cannot be told; then `cells` is empty."""

    line: int  # at which it begins, from 1
    cells: Sequence[str]
    broken: str = ""


def encoding_of(head: bytes) -> str:
    """Return the encoding of a text by its beginning: that of its mark, else UTF-16, UTF-8 or Windows-1252.

    UTF-16 without a mark is told by the zeros between its letters. What is no UTF-8 is taken for Windows-1252, in which
    spreadsheets of Western Europe are saved where nobody chose.
    """
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    pairs = len(head) // 2
    if pairs and head[1::2].count(0) * 2 > pairs and head[0::2].count(0) * 8 < pairs:
        return "utf-16-le"
    if pairs and head[0::2].count(0) * 2 > pairs and head[1::2].count(0) * 8 < pairs:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a character that is cut at the end is no error
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def lines_of(stream: IO[bytes], encoding: str) -> Iterator[str]:
    """Yield the lines of a binary stream with their ends, which stays open; what cannot be decoded is replaced."""
    text = io.TextIOWrapper(cast(BinaryIO, stream), encoding=encoding, errors="replace", newline="")
    try:
        while line := text.readline(LINE_LIMIT):
            yield line
    finally:
        with contextlib.suppress(ValueError):  # its owner closed it, while a reader that gave up was not yet collected
            text.detach()


def delimiter_of(header: str) -> str:
    """Return what separates the cells of a header line; a comma where nothing does."""
    found = max(DELIMITERS, key=header.count)
    return found if header.count(found) else ","


class _Pulled:
    """Lines as csv asks for them; those of a record that turns out broken can be given back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self.line = 0  # number of the last line that was given

    def __iter__(self) -> "_Pulled":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.line += 1
        self._record.append(line)
        return line

    def begin(self) -> None:
        """Forget the lines of the record before."""
        self._record.clear()

    def give_back(self) -> None:
        """Give the lines of this record again, but for its first."""
        again = self._record[1:]
        self._again.extendleft(reversed(again))
        self.line -= len(again)
        self._record.clear()


def records_of(lines: Iterator[str], delimiter: str) -> Iterator[Record]:
    """Yield the records of a table."""
    pulled = _Pulled(lines)
    reader = csv.reader(pulled, delimiter=delimiter, strict=True)
    patience = PATIENCE
    while True:
        pulled.begin()
        begin = pulled.line + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if patience:
                patience -= 1
                pulled.give_back()
            reader = csv.reader(pulled, delimiter=delimiter, strict=True)
            yield Record(begin, (), str(error))
            continue
        if any(cell.strip() for cell in cells):
            yield Record(begin, cells)
