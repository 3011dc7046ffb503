"""Hold the JSON of a table against its CSV twin: the same rows, one per line, so that a changed one can be named."""

import json
import re
from collections.abc import Iterator
from itertools import zip_longest

from accounts.cells import csv_text
from audit.evidence.ledger.bundle import TABLES
from audit.evidence.ledger.cells import TableRow, read_table
from audit.evidence.ledger.report import Code, Log
from audit.evidence.ledger.source import Source, read_lines

_FRACTION = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\d+Z")
"""JSON has instants to the millisecond, CSV to the microsecond."""


def check_twins(source: Source, log: Log) -> None:
    """Report the rows in which the JSON of a table differs from its CSV."""
    for path in sorted(source.names):
        if is_twin(path, source):
            for record, message in differences(source, path, log):
                log.problem(Code.TABLE_ROW_CHANGED, record, message)


def is_twin(path: str, source: Source) -> bool:
    """Return whether a file is the JSON of a table that is there as CSV too."""
    return path.startswith(TABLES) and path.endswith(".json") and f"{path.removesuffix('.json')}.csv" in source.names


def differences(source: Source, path: str, log: Log) -> Iterator[tuple[str, str]]:
    """Yield (record, message) for each line of the JSON that is not what its CSV twin gives."""
    table = path.removeprefix(TABLES).removesuffix(".json")
    rows = read_table(source, table, log)
    first, after = "[\n", "]\n"
    lines: Iterator[str] = (line.decode("utf-8", "replace") for _, line in read_lines(source, path, log))
    opening = next(lines, "")
    if opening == "[]\n":
        opening, lines = first, iter([after])
    if opening != first:
        yield f"{path} line 1", f"Got {opening[:40]!r}, expected the start of an array."
    for number, (line, row) in enumerate(zip_longest(_rows_only(lines), rows), 1):
        place = f"{path} row {number}" if row is None else TableRow(path, number, row.cells).name
        if line is None or row is None:
            yield place, "Got it in one of JSON and CSV only, expected the same rows in both."
        elif (wrong := _difference(line, row)) is not None:
            yield place, wrong


def _rows_only(lines: Iterator[str]) -> Iterator[str]:
    """Yield the rows without what divides them; one that is divided otherwise comes as it is, and is no JSON."""
    line = next(lines, None)
    while line is not None and line != "]\n":
        after = next(lines, None)
        yield line.removesuffix("\n" if after == "]\n" else ",\n")
        line = after


def _difference(line: str, row: TableRow) -> str | None:
    """Return what is wrong with a line of JSON; None where it is the row in the form that we write."""
    try:
        found = json.loads(line)
        exact = isinstance(found, dict) and json.dumps(found, sort_keys=True, ensure_ascii=False) == line
    except (ValueError, RecursionError):
        exact = False
    if not exact:
        return "Got a line of another form, expected one object with sorted names."
    if found.keys() != row.cells.keys():
        return f"Got other columns than in the CSV: {', '.join(sorted(found.keys() ^ row.cells.keys()))[:200]}."
    for name, value in found.items():
        twin = row.cells[name]
        if value == twin or (value is None and not twin):
            continue  # nine cells in ten
        text = csv_text(value)
        if text != twin and text != _FRACTION.sub(r"\1Z", twin):
            return f"{name}: got {text[:200]!r}, expected {twin[:200]!r} as in the CSV."
    return None
