"""XLSX of one kind: the sheet of a template filled in, read as a CSV file of the kind is and kept as its rows.

The sheet is the first that is not hidden; the kind is that of its name where the sender names none. Dates become
instants, in UTC where a sheet knows no zone. Cells of formulas say what was last computed for them.
"""

from collections.abc import Iterator
from dataclasses import replace

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.csv_per_kind import CsvRecord, native_rows
from lineage.inventory.formats.kept_rows import Redaction, keep, read_kept
from lineage.inventory.formats.parsed import Format, Parameters, Parsed, Rejected
from lineage.inventory.formats.sample import Sample
from lineage.inventory.formats.workbook import MAGIC, Row, Sheet, TooLarge, Unreadable, Workbook
from lineage.inventory.kinds.load import load_kinds

RULE = ("text_of_sheet", 1)


def clean(body: bytes, parameters: Parameters) -> tuple[bytes, list[Redaction]]:
    """Return the rows of the sheet as native lines. Raises InventoryRefused for what is no spreadsheet, or a bomb."""
    name, version = RULE
    try:
        book = Workbook(body)
        found = list(_told(book, parameters))
    except TooLarge as error:
        raise InventoryRefused(
            f"Got {error}, expected a spreadsheet that grows at most two hundredfold. Export the sheet as CSV UTF-8 "
            "and send that.",
            code="xlsx_too_large",
        ) from None
    except Unreadable as error:
        raise InventoryRefused(
            f"The file cannot be read as a spreadsheet ({error}). Save it again as .xlsx without a password, or export "
            "the sheet as CSV UTF-8.",
            code="xlsx_malformed",
        ) from None
    return keep(found, parameters, {"rule": name, "version": version, "paths": ["$"]})


def _told(book: Workbook, parameters: Parameters) -> Iterator[Parsed]:
    visible = [sheet for sheet in book.sheets if not sheet.is_hidden]
    if not visible:
        raise Unreadable("no sheet that is not hidden")
    sheet = visible[0]
    hidden = [each.name for each in book.sheets if each.is_hidden]
    if hidden:
        problem = Rejected(
            0, hidden[0][:120], f"{len(hidden)} hidden sheets", "sheets that are shown", "they were left out"
        )
        yield Parsed(0, problems=(problem,), is_row=False, place="workbook")
    named = parameters.get("kind") or (sheet.name if sheet.name in load_kinds() else "")
    header: list[str] = []
    rows = _rows(book, sheet)
    wrong: dict[int, dict[int, str]] = {}
    for parsed in native_rows({**parameters, "kind": named}, _records(rows, header, wrong)):
        problems = wrong.pop(parsed.line, {})
        told = [_problem(parsed.line, header, place, text) for place, text in problems.items()]
        yield replace(parsed, problems=(*parsed.problems, *told))


def _rows(book: Workbook, sheet: Sheet) -> Iterator[Row | Unreadable]:
    """Yield the rows of a sheet; where it is damaged the rows before stay, and the damage comes last."""
    try:
        yield from book.rows(sheet)
    except Unreadable as error:
        yield error


def _records(
    rows: Iterator[Row | Unreadable], header: list[str], wrong: dict[int, dict[int, str]]
) -> Iterator[CsvRecord]:
    """Yield the rows as records of one width: cells that nobody filled are not there in a sheet."""
    last = 0
    for row in rows:
        if isinstance(row, Unreadable):
            yield CsvRecord(last + 1, [], f"the sheet is damaged from here: {row}")
            return
        last = row.number
        if not header:
            header += [cell.strip() for cell in row.cells]
            yield CsvRecord(row.number, header)
            continue
        wrong[row.number] = row.problems
        filled = [*row.cells, *[""] * (len(header) - len(row.cells))]
        yield CsvRecord(row.number, filled)


def _problem(line: int, header: list[str], place: int, text: str) -> Rejected:
    column = header[place] if place < len(header) else f"cell {place + 1}"
    return Rejected(line, column[:120], text, "a value", "the cell was left out, type its value and send it again")


def _knows(sample: Sample) -> bool:
    return sample.head.startswith(MAGIC) and (b"xl/" in sample.head or b"[Content_Types].xml" in sample.head)


XLSX_PER_KIND = Format(
    "xlsx",
    "XLSX of one kind",
    "spreadsheet",
    _knows,
    read_kept,
    clean,
    media_type="application/x-ndjson",
)
