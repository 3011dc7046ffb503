"""Tables of a bundle as rows of text: streams of rows, nothing trusted. What a cell holds: accounts/cells.py."""

import csv
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from audit.evidence.ledger.bundle import TABLES
from audit.evidence.ledger.report import Code, Log
from audit.evidence.ledger.source import Source, read_lines


class TableRow(NamedTuple):
    """One row; `number` counts from 1 below the header."""

    path: str
    number: int
    cells: Mapping[str, str]

    @property
    def name(self) -> str:
        """How problems call it: its file, its place, and what it is about."""
        about = about_row(self.cells)
        return f"{self.path} row {self.number}{f' ({about})' if about else ''}"


def about_row(cells: Mapping[str, str]) -> str:
    """Return what a row is about as people say it: asset and check, a ticket's number, or what identifies it else."""
    if cells.get("uid"):
        return f"{cells.get('kind', '')} {cells['uid'][:200]}, {cells.get('check', '')}".strip(" ,")
    if cells.get("number"):
        return f"T-{cells['number']}"[:80]
    return next((cells[name][:200] for name in ("check", "name", "id") if cells.get(name)), "")


def table_path(table: str, form: str = "csv") -> str:
    """Return where a table stands in a bundle."""
    return f"{TABLES}{table}.{form}"


def read_table(source: Source, table: str, log: Log) -> Iterator[TableRow]:
    """Yield the rows of tables/<table>.csv; reports a line that is no row and stops there. Absent: nothing."""
    path = table_path(table)
    rows = csv.reader((line.decode("utf-8", "replace") for _, line in read_lines(source, path, log)), strict=True)
    number, header = 0, None
    try:
        header = next(rows, None)
        for number, found in enumerate(rows, 1):
            if len(found) != len(header or ()):
                log.problem(
                    Code.LINE_MALFORMED,
                    f"{path} row {number}",
                    f"Got {len(found)} cells, expected as many as the header has.",
                )
                continue
            yield TableRow(path, number, dict(zip(header or (), found, strict=True)))
    except csv.Error as error:
        log.problem(Code.LINE_MALFORMED, f"{path} row {number + 1}", f"Got a row that is no CSV ({error}).")
