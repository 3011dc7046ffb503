"""Read the cells of a spreadsheet in Office Open XML (ECMA-376), one row at a time. Plain Python, and no dependency.

Formulas are never computed: a cell says what was last computed for it, and one without that is told. Nothing is
fetched, declared entities are refused, and what a file would grow to is bounded before anything of it is read.
"""

import contextlib
import datetime
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, NamedTuple
from xml.parsers import expat

UTC = datetime.UTC
MAGIC = b"PK\x03\x04"
LARGEST = 256 * 1024 * 1024
"""Bytes of all parts together, after decompression."""
GROWTH = 200
"""Times that a part may grow by decompression, once it is larger than SMALL."""
SMALL = 1024 * 1024
PARTS = 2_000
COLUMNS = 1_000
"""Columns of a row that are read."""
_CHUNK = 64 * 1024
_DAYS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""Formats of dates and times that every spreadsheet knows by number (18.8.30)."""


class Unreadable(Exception):
    """The file is no spreadsheet that can be read; the text says why."""


class TooLarge(Unreadable):
    """It would grow beyond all measure."""


class Row(NamedTuple):
    """One row: its number in the sheet, its cells as text, and what is wrong with cells by their position."""

    number: int
    cells: list[str]
    problems: dict[int, str]


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook."""

    name: str
    part: str
    is_hidden: bool


@dataclass
class _Cell:
    column: int
    type: str
    style: int
    value: str = ""
    has_value: bool = False
    has_formula: bool = False


class Workbook:
    """A spreadsheet that is open. Raises Unreadable or TooLarge."""

    def __init__(self, body: bytes) -> None:
        with _told():
            self._zip = zipfile.ZipFile(io.BytesIO(body))
            self._refuse_bombs(len(body))
            self._names = set(self._zip.namelist())
            self.sheets, self._is_1904 = self._workbook()
            self._texts = self._shared_texts()
            self._dates = self._date_styles()

    def _refuse_bombs(self, size: int) -> None:
        """Refuse by what the parts say of their size: not more than that is read of any."""
        parts = self._zip.infolist()
        grown = [each for each in parts if each.file_size > SMALL and each.file_size > GROWTH * each.compress_size]
        if len(parts) > PARTS or sum(each.file_size for each in parts) > LARGEST or grown:
            raise TooLarge(f"a file of {size} bytes that grows to {sum(each.file_size for each in parts)}")

    def rows(self, sheet: Sheet) -> Iterator[Row]:
        """Yield the rows of a sheet that are not empty; what is damaged ends it with Unreadable."""
        made: list[Row] = []
        reader = _RowReader(self, made)
        with _told():
            try:
                for _ in _parse(self._zip.open(sheet.part), reader.start, reader.end, reader.text):
                    yield from made
                    made.clear()
            except _DAMAGE:
                yield from made  # those before the damage
                raise

    def show(self, cell: _Cell) -> tuple[str, str]:
        """Return (text of a cell, what is wrong with it)."""
        if cell.has_formula and not cell.has_value:
            return "", "a formula without its result"
        match cell.type:
            case "s":
                place = int(cell.value) if cell.value.isdigit() else -1
                return (self._texts[place], "") if 0 <= place < len(self._texts) else ("", "a text that is not there")
            case "b":
                return ("true" if cell.value.strip() == "1" else "false") if cell.has_value else "", ""
            case "e":
                return "", f"the error {cell.value[:20]}"
            case "str" | "inlineStr" | "d":
                return cell.value, ""
            case _:
                return self._number(cell) if cell.has_value else ("", "")

    def _number(self, cell: _Cell) -> tuple[str, str]:
        try:
            number = float(cell.value)
        except ValueError:
            return "", "a number that is none"
        if cell.style in self._dates:
            return _instant(number, self._is_1904)
        return (str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)), ""

    def _workbook(self) -> tuple[list[Sheet], bool]:
        sheets: list[tuple[str, str, bool]] = []
        is_1904: list[bool] = []

        def start(name: str, given: Mapping[str, str]) -> None:
            if name == "sheet":
                link = next((value for key, value in given.items() if key.rpartition(" ")[2] == "id"), "")
                sheets.append((given.get("name", ""), link, given.get("state", "visible") != "visible"))
            elif name == "workbookPr":
                is_1904.append(given.get("date1904") in ("1", "true"))

        self._read("xl/workbook.xml", start)
        links: dict[str, str] = {}

        def link(name: str, given: Mapping[str, str]) -> None:
            if name == "Relationship" and given.get("TargetMode") != "External":
                target = given.get("Target", "")
                links[given.get("Id", "")] = posixpath.normpath(
                    target.lstrip("/") if target[:1] == "/" else f"xl/{target}"
                )

        self._read("xl/_rels/workbook.xml.rels", link)
        found = [Sheet(name, links.get(key, ""), hidden) for name, key, hidden in sheets]
        return [each for each in found if each.part in self._names], any(is_1904)

    def _shared_texts(self) -> list[str]:
        texts: list[str] = []
        inside: list[str] = []

        def start(name: str, given: Mapping[str, str]) -> None:
            inside.append(name)
            if name == "si":
                texts.append("")

        def text(part: str) -> None:
            if texts and inside and inside[-1] == "t" and "rPh" not in inside:  # not how it is pronounced
                texts[-1] += part

        if "xl/sharedStrings.xml" in self._names:
            self._read("xl/sharedStrings.xml", start, lambda name: inside.pop(), text)
        return texts

    def _date_styles(self) -> set[int]:
        codes: dict[int, str] = {}
        styles: list[int] = []
        inside: list[str] = []

        def start(name: str, given: Mapping[str, str]) -> None:
            inside.append(name)
            if name == "numFmt":
                codes[_whole(given.get("numFmtId"))] = given.get("formatCode", "")
            elif name == "xf" and "cellXfs" in inside:
                styles.append(_whole(given.get("numFmtId")))

        if "xl/styles.xml" in self._names:
            self._read("xl/styles.xml", start, lambda name: inside.pop())
        return {place for place, key in enumerate(styles) if key in _DAYS or _is_date(codes.get(key, ""))}

    def _read(
        self,
        part: str,
        start: "Callable[[str, Mapping[str, str]], None]",
        end: Callable[[str], object] = lambda name: None,
        text: Callable[[str], None] = lambda part: None,
    ) -> None:
        if part not in self._names:
            raise Unreadable(f"no {part} inside")
        for _ in _parse(self._zip.open(part), start, end, text):
            pass


@dataclass
class _RowReader:
    """Make rows of what the parser tells of a sheet."""

    book: Workbook
    made: list[Row]
    number: int = 0
    row: Row | None = None
    cell: _Cell | None = None
    inside: list[str] = field(default_factory=list)

    def start(self, name: str, given: Mapping[str, str]) -> None:
        self.inside.append(name)
        if name == "row":
            self.number = _whole(given.get("r")) or self.number + 1
            self.row = Row(self.number, [], {})
        elif name == "c" and self.row is not None:
            column = _column(given.get("r", ""))
            place = column if column is not None else len(self.row.cells)
            self.cell = _Cell(place, given.get("t", "n"), _whole(given.get("s")))
        elif name == "f" and self.cell is not None:
            self.cell.has_formula = True

    def text(self, part: str) -> None:
        if self.cell is not None and self.inside[-1] in ("v", "t") and "rPh" not in self.inside:
            self.cell.value += part
            self.cell.has_value = True

    def end(self, name: str) -> None:
        self.inside.pop()
        if name == "c" and self.row is not None and self.cell is not None:
            shown, problem = self.book.show(self.cell)
            place = self.cell.column
            if place < COLUMNS and (shown or problem):
                self.row.cells.extend([""] * (place + 1 - len(self.row.cells)))
                self.row.cells[place] = shown
                if problem:
                    self.row.problems[place] = problem
            self.cell = None
        elif name == "row" and self.row is not None:
            if any(each.strip() for each in self.row.cells) or self.row.problems:
                self.made.append(self.row)
            self.row = None


def _parse(
    stream: IO[bytes],
    start: Callable[[str, Mapping[str, str]], None],
    end: Callable[[str], object],
    text: Callable[[str], None],
) -> Iterator[None]:
    """Feed a part to the handlers, yielding after each piece. Names come without their namespace."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, given: start(name.rpartition(" ")[2], given)
    parser.EndElementHandler = lambda name: end(name.rpartition(" ")[2])
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_declarations
    while chunk := stream.read(_CHUNK):
        parser.Parse(chunk, False)
        yield
    parser.Parse(b"", True)
    yield


def _refuse_declarations(*given: object) -> None:
    raise Unreadable("declarations inside, which no spreadsheet program writes")


_DAMAGE = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, RuntimeError, NotImplementedError, LookupError, EOFError,
    ValueError, OSError, OverflowError,
)  # fmt: skip


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn whatever goes wrong inside a damaged file into Unreadable."""
    try:
        yield
    except _DAMAGE as error:
        raise Unreadable(str(error)[:120] or "damage inside") from error


def _whole(text: str | None) -> int:
    return int(text) if text is not None and re.fullmatch(r"\d{1,9}", text, re.ASCII) else 0


def _column(reference: str) -> int | None:
    """Return the position of a cell named like `AB12`, from 0."""
    letters = re.match(r"[A-Z]{1,3}", reference)
    if letters is None:
        return None
    place = 0
    for letter in letters[0]:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _is_date(code: str) -> bool:
    return re.search(r"[dmyhs]", re.sub(r'"[^"]*"|\[[^\]]*\]|\\.|_.|General', "", code), re.I) is not None


def _instant(days: float, is_1904: bool) -> tuple[str, str]:
    """Return an instant in UTC from days since 1900, with its leap day that never was, or since 1904."""
    begin = datetime.datetime(1904, 1, 1, tzinfo=UTC) if is_1904 else datetime.datetime(1899, 12, 30, tzinfo=UTC)
    if not (1 if is_1904 else 61) <= days < 2_958_466:
        return "", "a date that is none"
    return f"{begin + datetime.timedelta(seconds=round(days * 86400)):%Y-%m-%dT%H:%M:%SZ}", ""
