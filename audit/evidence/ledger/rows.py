"""The ndjson lines of a bundle as values, and streams of them joined by ledger index. Nothing here is trusted yet."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from accounts.journal.canonical.encode import NotCanonical, encode
from audit.evidence.ledger.report import Code, Log
from audit.evidence.ledger.source import Source, read_lines

_ID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NUMBER = rb"0|[1-9][0-9]{0,17}"
_ENTRY = re.compile(
    rb'\{"digest":"([0-9a-f]{64})","index":(%b),"leaf_hash":"([0-9a-f]{64})","statement":"(%b)"\}\n' % (_NUMBER, _ID)
)
_LEAF = re.compile(rb'\{"index":(%b),"leaf":(\{.*\}),"sequence":(%b),"statement":"(%b)"\}\n' % (_NUMBER, _NUMBER, _ID))
_HEX = re.compile(r"([0-9a-f]{2})*")

Row = TypeVar("Row")


@dataclass(frozen=True)
class Entry:
    """A ledger entry as exported."""

    index: int
    statement: str
    digest: bytes
    leaf_hash: bytes

    @property
    def name(self) -> str:
        """How problems call it."""
        return f"ledger entry {self.index} (statement {self.statement})"


@dataclass(frozen=True)
class StatementRow:
    """A statement as exported."""

    index: int
    id: str
    salt: bytes
    envelope: Mapping[str, object]

    @property
    def name(self) -> str:
        """How problems call it."""
        return f"statement {self.id} (index {self.index})"


@dataclass(frozen=True)
class Leaf:
    """A leaf as exported; `content` are its bytes, never decoded and encoded again."""

    sequence: int  # ledger index of its statement
    statement: str
    index: int
    content: bytes

    @property
    def name(self) -> str:
        """How problems call it, with the asset where it can be read."""
        try:
            asset = json.loads(self.content)["asset"]
            subject = f", {asset['kind']} {asset['uid']}"[:200]
        except (ValueError, LookupError, TypeError, RecursionError):
            subject = ""
        return f"leaf {self.index} of statement {self.statement} (index {self.sequence}{subject})"


def read_entry(line: bytes) -> Entry | None:
    """Return the entry on a line; None unless it has exactly the form of the format."""
    match = _ENTRY.fullmatch(line)
    if match is None:
        return None
    return Entry(int(match[2]), match[4].decode(), bytes.fromhex(match[1].decode()), bytes.fromhex(match[3].decode()))


def read_leaf(line: bytes) -> Leaf | None:
    """Return the leaf on a line; None for another form."""
    match = _LEAF.fullmatch(line)
    return None if match is None else Leaf(int(match[3]), match[4].decode(), int(match[1]), match[2])


def read_statement(line: bytes) -> StatementRow | None:
    """Return the statement on a line; None unless it is canonical JSON of exactly these members."""
    match canonical_object(line):
        case {"envelope": dict() as envelope, "id": str(identifier), "index": int(index), "salt": str(salt), **rest}:
            if not rest and _HEX.fullmatch(salt):
                return StatementRow(index, identifier, bytes.fromhex(salt), envelope)
    return None


def canonical_object(line: bytes) -> dict[str, object] | None:
    """Return the JSON object on a line; None unless its bytes are the canonical ones and a newline."""
    try:
        value = json.loads(line)
        exact = encode(value) + b"\n" == line
    except (ValueError, RecursionError, NotCanonical):
        return None
    return value if exact and isinstance(value, dict) else None


def read_rows(source: Source, name: str, read: Callable[[bytes], Row | None], log: Log) -> Iterator[Row]:
    """Yield the rows of a file, reporting each line that is none."""
    for number, line in read_lines(source, name, log):
        row = read(line)
        if row is None:
            log.problem(Code.LINE_MALFORMED, f"{name} line {number}", "Got a line of another form than the format has.")
        else:
            yield row


class Stream(Generic[Row]):
    """Rows in order of an index, taken index by index; rows out of order come out of `before` as strays."""

    def __init__(self, rows: Iterator[Row], index: Callable[[Row], int]) -> None:
        self._rows = rows
        self._index = index
        self._next = next(rows, None)

    def before(self, index: int) -> Iterator[Row]:
        """Yield the rows that stand below `index`: nothing asked for them."""
        while self._next is not None and self._index(self._next) < index:
            yield self._take(self._next)

    def at(self, index: int) -> Iterator[Row]:
        """Yield the rows of `index`."""
        while self._next is not None and self._index(self._next) == index:
            yield self._take(self._next)

    def rest(self) -> Iterator[Row]:
        """Yield whatever is left."""
        while self._next is not None:
            yield self._take(self._next)

    def _take(self, row: Row) -> Row:
        self._next = next(self._rows, None)
        return row
