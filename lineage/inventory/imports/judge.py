"""Judge a large file piece by piece, before anything of it is recorded: what is kept lies on disk meanwhile."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import IO, Any

from accounts.workspaces.ids import new_id
from lineage.inventory.formats.known import format_named
from lineage.inventory.formats.parsed import Piece, Rejected
from lineage.inventory.imports.spool import folder
from lineage.inventory.manifest import Manifest
from lineage.inventory.reading import FULL, Reading
from lineage.inventory.receive import SHOWN
from lineage.inventory.rows import AssetRow

PART = 4 * 1024 * 1024
"""Bytes of a part: some ten thousand rows, which bounds what a transaction holds."""


@dataclass(frozen=True)
class Kept:
    """A part as it is to be recorded; its body lies in the scratch file."""

    begin: int
    size: int
    parameters: Mapping[str, str]
    redactions: list[dict[str, Any]]


@dataclass
class Judged:
    """What was found in the file; complete once `judge` has ended. `rejected` are the first SHOWN of `problems`."""

    mode: str
    manifest: Manifest | None = None
    stated: Any = None
    lines: int = 0
    accepted: int = 0
    unread: int = 0
    undated: int = 0
    problems: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    parts: list[Kept] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """As of Reading, over all parts."""
        stated = self.manifest.count if self.manifest is not None else None
        return not self.unread and (stated is None or stated == self.accepted)

    @property
    def dates_itself(self) -> bool:
        """As of Reading, over all parts."""
        return not self.undated or (self.manifest is not None and self.manifest.generated_at is not None)

    @property
    def states_none(self) -> bool:
        """Whether an empty population is what it states."""
        return self.mode == FULL and self.manifest is not None and self.manifest.count == 0 and not self.lines

    def add(self, reading: Reading, repeated: int) -> None:
        """Add what a part came to; `repeated` of its rows stand in an earlier part."""
        self.manifest, self.stated = reading.manifest, self.stated or reading.stated
        self.lines += reading.lines
        self.accepted += reading.accepted - repeated
        self.unread += reading.unread
        self.undated += reading.undated
        self.problems += reading.problems + repeated
        self.rejected += reading.take_problems()[: SHOWN - len(self.rejected)]


def judge(file: IO[bytes], scratch: IO[bytes], parameters: Mapping[str, str]) -> Iterator[tuple[Judged, int]]:
    """Yield, after each part, what is known so far and how many bytes of the file that was.

    Writes the cleaned parts to `scratch`. Raises InventoryRefused where the file is not of its format.
    """
    form = format_named(parameters["format"])
    assert form.split is not None
    judged, done = Judged(parameters["mode"]), 0
    with _seen() as seen:
        for piece in form.split(file, PART):
            _judge_part(judged, piece, scratch, parameters, seen)
            done += len(piece.body)
            yield judged, done


def _judge_part(
    judged: Judged, piece: Piece, scratch: IO[bytes], parameters: Mapping[str, str], seen: sqlite3.Connection
) -> None:
    own = {**parameters, "part": str(len(judged.parts) + 1), "lines_before": str(piece.lines_before)}
    if judged.stated is not None:
        own["manifest"] = json.dumps(judged.stated)
    body, redactions = format_named(own["format"]).clean(piece.body, own)
    reading = Reading(body, own, "declared")
    rows = [(_digest(row), row.line) for row in reading.rows()]
    repeated = _repeated(seen, rows)
    judged.add(reading, len(repeated))
    if repeated:
        own["repeated"] = ",".join(map(str, repeated))
    judged.parts.append(Kept(scratch.tell(), len(body), own, redactions))
    scratch.write(body)


def _digest(row: AssetRow) -> bytes:
    return blake2b(repr((row.kind, row.uid, row.observed_at.timestamp())).encode(), digest_size=16).digest()


@contextmanager
def _seen() -> Iterator[sqlite3.Connection]:
    """Yield a table of digests of rows. On disk, for its size; the file has no name once it is open."""
    path = folder() / f"{new_id()}.seen"
    with closing(sqlite3.connect(path, isolation_level=None)) as seen:
        seen.execute("PRAGMA journal_mode = OFF")
        seen.execute("PRAGMA synchronous = OFF")
        seen.execute("PRAGMA cache_size = -32768")
        seen.execute("CREATE TABLE row (digest BLOB PRIMARY KEY) WITHOUT ROWID")
        path.unlink()
        yield seen


def _repeated(seen: sqlite3.Connection, rows: list[tuple[bytes, int]]) -> list[int]:
    """Note the rows of a part; return the lines of those that an earlier part has for the same instant."""
    seen.execute("BEGIN")
    before = seen.total_changes
    known: list[int] = []
    seen.executemany("INSERT OR IGNORE INTO row VALUES (?)", [(digest,) for digest, _ in rows])
    if seen.total_changes - before != len(rows):
        seen.execute("ROLLBACK")
        seen.execute("BEGIN")
        for digest, line in rows:
            if seen.execute("INSERT OR IGNORE INTO row VALUES (?)", (digest,)).rowcount == 0:
                known.append(line)
    seen.execute("COMMIT")
    return known
