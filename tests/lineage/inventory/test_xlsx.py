"""XLSX of one kind: what a template that was filled in tells, and how damage, bombs and formulas are told."""

import io
import random
import zipfile
from typing import Any

import pytest
import xlsxwriter

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats import workbook
from lineage.inventory.formats.csv_per_kind import template
from lineage.inventory.formats.workbook import Workbook
from lineage.inventory.formats.xlsx_template import MEANINGS, workbook_template
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.receive import Prepared, prepare
from lineage.inventory.rows import is_own_record
from tests.lineage.inventory.importers.support import by_key
from tests.support.cast import Cast

HEADER = ("uid", "name", "country", "days_to_full", "serves_training", "restore_test_at", "rel:at")


def sheet(*rows: tuple[Any, ...], name: str = "storage", hidden: bool = False, date_1904: bool = False) -> bytes:
    """Return a workbook with these rows below HEADER; a tuple inside one is (formula, its last result)."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "date_1904": date_1904})
    date = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
    if hidden:
        other = book.add_worksheet("drafts")
        other.write_row(0, 0, ("uid", "name"))
        other.write_row(1, 0, ("secret-draft", "x"))
    main = book.add_worksheet(name)
    main.activate()
    if hidden:
        main.set_first_sheet()
        other.hide()
    main.write_row(0, 0, HEADER)
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row):
            if isinstance(value, tuple):
                main.write_formula(number, place, value[0], None, value[1])
            elif HEADER[place].endswith("_at") and isinstance(value, int | float):
                main.write_number(number, place, value, date)
            elif value is not None:
                main.write(number, place, value)
    book.close()
    return file.getvalue()


def rewritten(body: bytes, part: str, change: Any) -> bytes:
    """Return the workbook with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return out.getvalue()


def send(body: bytes, **given: Any) -> Prepared:
    return prepare(body, source="sheet", **given)


def test_cells_are_read_by_their_type_and_the_kind_by_the_name_of_the_sheet() -> None:
    prepared = send(sheet(("lake", "Lake", "DE", 90, True, 46327.5, "site:fra1"), (12, None, "CH")))
    assert prepared.parameters["format"] == "xlsx"
    assert by_key(list(prepared.reading.rows())) == {
        "storage:lake": {
            "name": "Lake",
            "country": "DE",
            "days_to_full": 90,
            "serves_training": True,
            "restore_test_at": "2026-11-01T12:00:00Z",
            "rel:at": ["site:fra1"],
        },
        "storage:12": {"country": "CH"},
    }
    assert prepared.redactions[0] == {"rule": "text_of_sheet", "version": 1, "paths": ["$"]}


def test_days_are_counted_as_the_workbook_says() -> None:
    prepared = send(sheet(("lake", None, None, None, None, 44865.5), date_1904=True))
    assert by_key(list(prepared.reading.rows()))["storage:lake"]["restore_test_at"] == "2026-11-01T12:00:00Z"


def test_a_formula_says_what_was_last_computed_and_is_never_computed() -> None:
    body = sheet(("lake", ("=1+1", "Lake"), "DE"), ("pond", ("=WEBSERVICE(1)", ""), "CH"))
    bare = rewritten(body, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"<v></v>", b""))
    prepared = send(bare)
    found = by_key(list(prepared.reading.rows()))
    assert (found["storage:lake"]["name"], "name" in found["storage:pond"]) == ("Lake", False)
    assert [(each.line, each.field, each.got) for each in prepared.rejected] == [
        (3, "name", "a formula without its result")
    ]


def test_hidden_sheets_are_left_out_and_told() -> None:
    prepared = send(sheet(("lake",), hidden=True))
    assert list(by_key(list(prepared.reading.rows()))) == ["storage:lake"]
    assert [each.field for each in prepared.rejected] == ["drafts"]
    assert b"secret-draft" not in prepared.body


def test_a_cell_that_cannot_be_used_costs_no_other() -> None:
    prepared = send(sheet(("lake", "Lake", "DE", "soon"), (None, "nobody"), ("pond", None, "CH")))
    assert [(each.line, each.field) for each in prepared.rejected] == [(2, "days_to_full"), (3, "uid")]
    assert list(by_key(list(prepared.reading.rows()))) == ["storage:lake", "storage:pond"]


def test_rows_before_damage_count_and_the_damage_is_told() -> None:
    body = sheet(("lake",), ("pond",), ("moor",))
    cut = rewritten(
        body, "xl/worksheets/sheet1.xml", lambda xml: xml[: xml.index(b'<row r="3"')] + b"<row r='3'><c></x>"
    )
    prepared = send(cut)
    assert list(by_key(list(prepared.reading.rows()))) == ["storage:lake"]
    assert "damaged" in prepared.rejected[0].got
    assert not prepared.reading.is_complete


def test_a_bomb_is_refused_before_it_is_inflated() -> None:
    bomb = rewritten(sheet(("lake",)), "xl/worksheets/sheet1.xml", lambda xml: xml + b" " * (64 * 1024 * 1024))
    with pytest.raises(InventoryRefused) as refused:
        send(bomb)
    assert refused.value.code == "xlsx_too_large"


def test_many_parts_that_are_large_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "LARGEST", 1000)
    with pytest.raises(InventoryRefused, match="grows to"):
        send(sheet(("lake",)))


def test_declared_entities_are_refused() -> None:
    laughs = b'<!DOCTYPE a [<!ENTITY b "ha">]>'
    body = rewritten(
        sheet(("lake",)), "xl/workbook.xml", lambda xml: xml.replace(b"<workbook", laughs + b"<workbook", 1)
    )
    with pytest.raises(InventoryRefused, match="declarations") as refused:
        send(body)
    assert refused.value.code == "xlsx_malformed"


def test_an_encoding_that_nobody_knows_is_damage() -> None:
    body = rewritten(sheet(("lake",)), "xl/workbook.xml", lambda xml: xml.replace(b"UTF-8", b"UTF-L", 1))
    with pytest.raises(InventoryRefused, match="unknown encoding"):
        send(body)


@pytest.mark.parametrize("kind", [name for name, one in load_kinds().items() if not is_own_record(one)])
def test_every_kind_has_a_workbook_whose_columns_its_reader_knows_and_explains(kind: str) -> None:
    book = Workbook(workbook_template(load_kinds()[kind]))
    first, meanings = book.sheets
    (header,) = book.rows(first)
    assert (first.name, header.cells) == (kind[:31], template(load_kinds()[kind]))
    assert meanings.name == MEANINGS
    rows = list(book.rows(meanings))[1:]
    assert [row.cells[0] for row in rows] == header.cells
    assert all(len(row.cells) == 4 and row.cells[3] for row in rows)


def test_accidents_are_told_and_break_nothing() -> None:
    body = sheet(("lake", "Lake", "DE", 90, True, 46327.5, "site:fra1"), ("pond", ("=1", 2), "CH"))
    for seed in range(400):
        dice = random.Random(seed)
        part = dice.choice([*zipfile.ZipFile(io.BytesIO(body)).namelist(), ""])
        broken = rewritten(body, part, lambda xml, dice=dice: disturbed(xml, dice)) if part else disturbed(body, dice)
        try:
            prepared = send(broken, format_name="xlsx", kind=dice.choice(("storage", "")))
        except InventoryRefused:
            continue
        assert prepared.reading.accepted == len(list(prepared.reading.rows()))


def disturbed(body: bytes, dice: random.Random) -> bytes:
    broken = bytearray(body)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(broken) + 1)
        length = dice.choice((1, 2, 9, 60))
        broken[place : place + length] = dice.choice((b"", dice.randbytes(length), b"9" * length, b"<c>", b"t='s'"))
    return bytes(broken)


@pytest.mark.django_db
def test_pipeline_gets_a_workbook_and_sends_it_back_filled_in(cast: Cast) -> None:
    client = cast.api["pipeline"]
    answer = client.get("/api/v1/inventories/template", {"kind": "storage", "format": "xlsx"})
    assert answer["Content-Disposition"] == 'attachment; filename="storage.xlsx"'
    assert Workbook(answer.content).sheets[0].name == "storage"
    sent = client.post(
        "/api/v1/inventories", sheet(("lake",)), content_type=answer["Content-Type"], query_params={"source": "sheet"}
    )
    assert (sent.status_code, sent.json()["accepted"]) == (201, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["officer", "auditor"])
def test_who_may_send_no_inventory_gets_no_template(cast: Cast, role: str) -> None:
    answer = cast.api[role].get("/api/v1/inventories/template", {"kind": "storage", "format": "xlsx"})
    assert answer.status_code == 403
