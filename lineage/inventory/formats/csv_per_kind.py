"""CSV of one kind: a header of attribute names beside uid, name, origin, observed_at and `rel:<relation>`.

An empty cell says nothing. Lists are joined with `;`, `[]` is a list known to be empty, maps are `key=value;...`,
relations `kind:uid;kind:uid`. A quote that keeps a spreadsheet from running a cell (`'=1`) is taken off again.
A value that cannot be read by its type is passed on as text, so that it is refused with its attribute's own words.

A row whose quotes are broken is left out, and reading goes on at the next line: no good row is lost to it. Where the
quote never closes the lines after it might be meant as its text; they are read as rows of their own, and those that
are none have too few cells. A broken quote that happens to close again later cannot be told from a cell of several
lines.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from accounts.cells import FORMULA_START
from accounts.journal.canonical.exact import Exact
from lineage.events.redact import redact
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.cleaning import Redactions
from lineage.inventory.formats.parsed import Format, Parameters, Parsed, Rejected
from lineage.inventory.formats.split import split_csv
from lineage.inventory.kinds.cells import KNOWN_EMPTY, read_cell
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.kinds.types import Kind
from lineage.inventory.kinds.values import show
from lineage.inventory.nearest import closing, nearest

OWN_COLUMNS = ("uid", "name", "origin", "observed_at")
RELATION = "rel:"


def read(body: bytes, parameters: Parameters) -> Iterator[Parsed]:
    """Yield the rows as native ones. Raises InventoryRefused where there is no usable kind, header or encoding."""
    yield from native_rows(parameters, _records(body))


def native_rows(parameters: Parameters, records: Iterator["CsvRecord"]) -> Iterator[Parsed]:
    """Yield records, the first of which is the header, as native rows. Raises InventoryRefused."""
    kind = _kind(parameters)
    number, header, *_ = _header(records)
    _check_header(header)
    unknown = {column: _unknown(kind, column, number) for column in header if not _is_known(kind, column)}
    if unknown:
        yield Parsed(number, problems=tuple(unknown.values()), is_row=False)
    for line, cells, broken in records:
        if broken:
            problem = Rejected(line, "", f"a row that cannot be split into cells ({broken})", _QUOTES, _QUOTES_HINT)
            yield Parsed(line, problems=(problem,))
        elif len(cells) != len(header):
            problem = Rejected(line, "", f"{len(cells)} cells", f"{len(header)}, as the header has", _CELLS_HINT)
            yield Parsed(line, problems=(problem,))
        else:
            row = {column: cell for column, cell in zip(header, cells, strict=True) if column not in unknown}
            yield Parsed(line, row=_native(kind, row))


def clean(body: bytes, parameters: Parameters) -> tuple[bytes, list[dict[str, Any]]]:
    """Return the body without secrets; exactly as received where there are none. Records keep their line numbers."""
    done = Redactions()
    records = _records(body)
    number, header, *_ = _header(records)
    kept, written = ["\r\n" * (number - 1) + _record(header)], 1
    for line, cells, broken in records:
        columns = [*header, *(f"cell {index}" for index in range(len(header), len(cells)))]
        named: dict[str, Exact] = dict(zip(columns, cells, strict=False))
        clear, applied = redact(repr(named).encode(), named)
        done.add(line, applied)
        written += kept[-1].count("\n")
        shown = list(clear.values()) if isinstance(clear, dict) else cells
        text = _still_broken(str(shown[0])) if broken else _record(shown)
        kept.append("\r\n" * (line - written) + text)
        written = line
    redactions = done.shown()
    return ("".join(kept).encode(), redactions) if redactions else (body, [])


def _record(cells: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _still_broken(line: str) -> str:
    """Return a line that is as broken where it is read again, and opens no quote into the lines after it."""
    return '"' + line.replace('"', "'").strip("\r\n") + '" !\r\n'


def template(kind: Kind) -> list[str]:
    """Return the header of the kind's template: what a source may send, without what the product derives."""
    sent = [name for name, attribute in kind.offered.items() if attribute.origin == "reported"]
    own = [name for name in sent if name not in OWN_COLUMNS]
    return [*OWN_COLUMNS, *own, *(f"{RELATION}{name}" for name in kind.relations)]


def _kind(parameters: Parameters) -> Kind:
    name, kinds = parameters.get("kind", ""), load_kinds()
    if name not in kinds:
        got = f"kind={name!r}" if name else "no kind"
        raise InventoryRefused(
            f"A CSV file holds assets of one kind: got {got}, expected &kind= with the name of one"
            f"{closing(name, kinds)} See GET /api/v1/inventories/template?kind=<kind>.",
            code="kind_unknown",
        )
    return kinds[name]


class CsvRecord(NamedTuple):
    """A record that is not blank. `broken`: why its cells cannot be told; then `cells` holds its first line alone."""

    line: int  # at which it begins
    cells: list[str]
    broken: str = ""


def _header(records: Iterator[CsvRecord]) -> CsvRecord:
    header = next(records, CsvRecord(0, []))
    if header.broken:
        raise InventoryRefused(
            f"line {header.line}: got a header that cannot be split into cells ({header.broken}), expected {_QUOTES}. "
            "Correct it and send it again.",
            code="csv_malformed",
        )
    return header


def _records(body: bytes) -> Iterator[CsvRecord]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InventoryRefused(
            f"Got a byte that is not UTF-8 at position {error.start}, expected CSV in UTF-8. Save the sheet as "
            '"CSV UTF-8" and send it again.',
            code="csv_encoding",
        ) from None
    stream = io.StringIO(text, newline="")
    reader, before = csv.reader(stream, strict=True), 0
    while True:
        position = stream.tell()
        begin = before + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            stream.seek(position)
            yield CsvRecord(begin, [stream.readline()], str(error))
            reader, before = csv.reader(stream, strict=True), begin
            continue
        if any(cell.strip() for cell in cells):
            yield CsvRecord(begin, cells)


def _check_header(header: Sequence[str]) -> None:
    if "uid" not in header:
        semicolons = len(header) == 1 and ";" in header[0]
        step = "Export it with commas between the cells" if semicolons else "Name the key column uid"
        got = ", ".join(header)[:200] or "nothing"
        raise InventoryRefused(
            f"line 1: got the header {got!r}, expected column names with uid among them. {step}.", code="csv_header"
        )
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise InventoryRefused(
            f"line 1: got the column {twice[0]!r} more than once, expected each name once. Remove one of them.",
            code="csv_header",
        )


def _is_known(kind: Kind, column: str) -> bool:
    if column.startswith(RELATION):
        return column.removeprefix(RELATION) in kind.relations
    return column in OWN_COLUMNS or kind.takes(column)


def _unknown(kind: Kind, column: str, line: int) -> Rejected:
    names = [*OWN_COLUMNS, *kind.offered, *kind.implied, *(f"{RELATION}{name}" for name in kind.relations)]
    expected = f"an attribute of {kind.name}, or rel: and a relation"
    return Rejected(line, column[:120], show(column), expected, f"the column was left out{nearest(column, names)}")


def _native(kind: Kind, cells: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": kind.name}
    attributes: dict[str, Any] = {}
    relations: dict[str, Any] = {}
    for column, cell in cells.items():
        text = _unquoted(cell)
        if text.strip() == "":
            continue
        if column in OWN_COLUMNS:
            row[column] = text
        elif column.startswith(RELATION):
            relations[column.removeprefix(RELATION)] = _targets(text)
        elif (attribute := kind.attribute(column)) is not None:
            attributes[column] = read_cell(attribute, text)
    return row | {"attributes": attributes, "relations": relations}


def _unquoted(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA_START) else cell


def _targets(text: str) -> list[Any]:
    """Return the targets; a member without a colon stays text, which is refused with its relation's name."""
    if text.strip() == KNOWN_EMPTY:
        return []
    pairs = [member.strip().partition(":") for member in text.split(";") if member.strip()]
    return [{"kind": kind, "uid": uid} if colon else kind for kind, colon, uid in pairs]


_QUOTES = "RFC 4180: cells with commas, quotes or line breaks in double quotes, quotes inside doubled"
_QUOTES_HINT = "this line was left out, correct its quotes and send it again"
_CELLS_HINT = "put cells with commas in double quotes"

CSV_PER_KIND = Format(
    "csv",
    "CSV of one kind",
    "spreadsheet",
    lambda sample: sample.has_columns("uid"),
    read,
    clean,
    media_type="text/csv",
    split=split_csv,
)
