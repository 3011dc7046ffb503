"""Large files are cut into pieces that say together what the whole says, line numbers included."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats import csv_per_kind, split
from lineage.inventory.formats.native import NATIVE
from lineage.inventory.formats.parsed import Parsed
from lineage.inventory.formats.split import split_csv, split_lines

SIZES = st.integers(1, 80)
CELLS = st.text(st.sampled_from('ab",;\n '), max_size=6)


def numbered(parsed: Parsed, before: int) -> tuple[object, ...]:
    return parsed.line + before, parsed.row, [each.field for each in parsed.problems if parsed.is_row]


@given(
    st.lists(st.sampled_from(['{"kind": "site", "uid": "a"}', "", "{", '{"uid": "b"}']), max_size=20),
    st.integers(1, 80),
)
def test_pieces_of_lines_read_as_the_whole_does(rows: list[str], size: int) -> None:
    body = "\n".join(rows).encode()
    whole = [numbered(parsed, 0) for parsed in NATIVE.read(body, {})]
    pieces = list(split_lines(io.BytesIO(body), size))
    assert b"".join(piece.body for piece in pieces) == body
    found = [numbered(parsed, piece.lines_before) for piece in pieces for parsed in NATIVE.read(piece.body, {})]
    assert found == whole


@given(st.lists(st.tuples(CELLS, CELLS), max_size=12), st.integers(1, 60), st.sampled_from(["", "\n", ",\n \n"]))
def test_pieces_of_csv_read_as_the_whole_does_whatever_lines_its_cells_have(
    rows: list[tuple[str, str]], size: int, above: str
) -> None:
    quoted = ["".join(('"', first.replace('"', '""'), '","', last.replace('"', '""'), '"\n')) for first, last in rows]
    body = (above + "uid,name\n" + "".join(quoted)).encode()
    parameters = {"kind": "site"}
    whole = [numbered(parsed, 0) for parsed in csv_per_kind.read(body, parameters)]
    pieces = list(split_csv(io.BytesIO(body), size))
    found = [
        numbered(parsed, piece.lines_before) for piece in pieces for parsed in csv_per_kind.read(piece.body, parameters)
    ]
    assert found == whole


def test_a_quote_that_is_never_closed_does_not_hold_on_to_the_rest_of_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(split, "OPEN", 50)
    body = b'uid,name\na,"open\n' + b"b,fine\n" * 100
    assert max(len(piece.body) for piece in split_csv(io.BytesIO(body), 50)) < 120


def test_a_file_without_line_ends_is_refused_before_it_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "LONGEST", 10)
    with pytest.raises(InventoryRefused, match="line 2 is longer than 10 bytes, expected one row on each line"):
        list(split_lines(io.BytesIO(b"short\n" + b"x" * 100), 1000))


def test_a_byte_that_is_not_utf8_is_told_by_its_place_in_the_file() -> None:
    with pytest.raises(InventoryRefused, match="not UTF-8 at position 13"):
        list(split_csv(io.BytesIO(b"uid,name\na,b\n\xe4,c\n"), 1000))
