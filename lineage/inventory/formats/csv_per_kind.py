"""CSV of one kind: a header of attribute names beside uid, name, origin, observed_at and `rel:<relation>`.

An empty cell says nothing. Lists are joined with `;`, `[]` is a list known to be empty, maps are `key=value;...`,
relations `kind:uid;kind:uid`. A quote that keeps a spreadsheet from running a cell (`'=1`) is taken off again.
A value that cannot be read by its type is passed on as text, so that it is refused with its attribute's own words.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from accounts.journal.canonical.exact import Exact
from accounts.paging import FORMULA_START
from lineage.events.redact import redact
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.cleaning import Redactions
from lineage.inventory.formats.parsed import Format, Parameters, Parsed, Rejected
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.kinds.types import AttributeType, Kind
from lineage.inventory.kinds.values import show
from lineage.inventory.nearest import nearest

OWN_COLUMNS = ("uid", "name", "origin", "observed_at")
RELATION = "rel:"
KNOWN_EMPTY = "[]"
_INT = re.compile(r"^[+-]?\d{1,30}$", re.ASCII)
_NUMBER = re.compile(r"^[+-]?\d{1,300}(\.\d{1,300})?([eE][+-]?\d{1,3})?$", re.ASCII)


def read(body: bytes, parameters: Parameters) -> Iterator[Parsed]:
    """Yield the rows as native ones. Raises InventoryRefused where there is no usable kind, header or encoding."""
    kind = _kind(parameters)
    records = _records(body)
    number, header = next(records, (0, []))
    _check_header(header)
    unknown = {column: _unknown(kind, column, number) for column in header if not _is_known(kind, column)}
    if unknown:
        yield Parsed(number, problems=tuple(unknown.values()), is_row=False)
    for line, cells in records:
        if len(cells) != len(header):
            problem = Rejected(line, "", f"{len(cells)} cells", f"{len(header)}, as the header has", _CELLS_HINT)
            yield Parsed(line, problems=(problem,))
        else:
            row = {column: cell for column, cell in zip(header, cells, strict=True) if column not in unknown}
            yield Parsed(line, row=_native(kind, row))


def clean(body: bytes, parameters: Parameters) -> tuple[bytes, list[dict[str, Any]]]:
    """Return the body without secrets; exactly as received where there are none. Records keep their line numbers."""
    done = Redactions()
    records = _records(body)
    number, header = next(records, (0, []))
    kept, written = ["\r\n" * (number - 1) + _record(header)], 1
    for line, cells in records:
        columns = [*header, *(f"cell {index}" for index in range(len(header), len(cells)))]
        named: dict[str, Exact] = dict(zip(columns, cells, strict=False))
        clear, applied = redact(repr(named).encode(), named)
        done.add(line, applied)
        written += kept[-1].count("\n")
        kept.append("\r\n" * (line - written) + _record(clear.values() if isinstance(clear, dict) else cells))
        written = line
    redactions = done.shown()
    return ("".join(kept).encode(), redactions) if redactions else (body, [])


def _record(cells: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def template(kind: Kind) -> list[str]:
    """Return the header of the kind's template: what a source may send, without what the product derives."""
    sent = [name for name, attribute in kind.attributes.items() if attribute.origin == "reported"]
    own = [name for name in sent if name not in OWN_COLUMNS]
    return [*OWN_COLUMNS, *own, *(f"{RELATION}{name}" for name in kind.relations)]


def _kind(parameters: Parameters) -> Kind:
    name, kinds = parameters.get("kind", ""), load_kinds()
    if name not in kinds:
        got = f"kind={name!r}" if name else "no kind"
        raise InventoryRefused(
            f"A CSV file holds assets of one kind: got {got}, expected &kind= with the name of one"
            f"{nearest(name, kinds)}; see GET /api/v1/inventories/template?kind=<kind>.",
            code="kind_unknown",
        )
    return kinds[name]


def _records(body: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield (line at which it begins, cells) of each record that is not blank."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InventoryRefused(
            f"Got a byte that is not UTF-8 at position {error.start}, expected CSV in UTF-8. Save the sheet as "
            '"CSV UTF-8" and send it again.',
            code="csv_encoding",
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begin = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InventoryRefused(
                f"line {begin}: got CSV that cannot be split into cells ({error}), expected RFC 4180: cells with "
                "commas, quotes or line breaks in double quotes, quotes inside doubled. Correct it and send it again.",
                code="csv_malformed",
            ) from None
        if any(cell.strip() for cell in cells):
            yield begin, cells
        begin = reader.line_num + 1


def _check_header(header: Sequence[str]) -> None:
    if "uid" not in header:
        semicolons = len(header) == 1 and ";" in header[0]
        step = "Export it with commas between the cells." if semicolons else "Name the key column uid."
        got = ", ".join(header)[:200] or "nothing"
        raise InventoryRefused(
            f"line 1: got the header {got!r}, expected column names with uid among them. {step}", code="csv_header"
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
    return column in OWN_COLUMNS or kind.attribute(column) is not None


def _unknown(kind: Kind, column: str, line: int) -> Rejected:
    names = [*OWN_COLUMNS, *kind.attributes, *kind.implied, *(f"{RELATION}{name}" for name in kind.relations)]
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
            attributes[column] = _READERS[attribute.type](text.strip() if attribute.type != "string" else text)
    return row | {"attributes": attributes, "relations": relations}


def _unquoted(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA_START) else cell


def _targets(text: str) -> list[Any]:
    """Return the targets; a member without a colon stays text, which is refused with its relation's name."""
    if text.strip() == KNOWN_EMPTY:
        return []
    pairs = [member.strip().partition(":") for member in text.split(";") if member.strip()]
    return [{"kind": kind, "uid": uid} if colon else kind for kind, colon, uid in pairs]


def _int(text: str) -> Any:
    return int(text) if _INT.match(text) else text


def _double(text: str) -> Any:
    return float(text) if _NUMBER.match(text) else text


def _bool(text: str) -> Any:
    return {"true": True, "false": False}.get(text.lower(), text)


def _list(text: str) -> list[str]:
    if text == KNOWN_EMPTY:
        return []
    return [member.strip() for member in text.split(";")]


def _map(text: str) -> Any:
    pairs = [member.partition("=") for member in text.split(";") if member.strip()]
    return {key.strip(): value.strip() for key, _, value in pairs} if all(sign for _, sign, _ in pairs) else text


_READERS: Mapping[AttributeType, Callable[[str], Any]] = {
    "string": str,
    "int": _int,
    "double": _double,
    "bool": _bool,
    "timestamp": str,
    "list(string)": _list,
    "map": _map,
}
_CELLS_HINT = "put cells with commas in double quotes"

CSV_PER_KIND = Format("csv", "spreadsheet", read, clean)
