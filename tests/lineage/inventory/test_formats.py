"""Native lines and CSV cells are read into the same rows; what cannot be read is told by its line."""

import contextlib
import csv
import io
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.csv_per_kind import CSV_PER_KIND, template
from lineage.inventory.formats.native import NATIVE
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.rows import is_own_record

CSV = {"format": "csv", "kind": "storage"}


def read_csv(text: str, kind: str = "storage") -> list[Any]:
    return list(CSV_PER_KIND.read(text.encode(), {"format": "csv", "kind": kind}))


def cells(header: str, line: str, kind: str = "storage") -> dict[str, Any]:
    parsed = read_csv(f"uid,{header}\nlake,{line}\n", kind)[-1]
    row: dict[str, Any] = parsed.row
    return row


def test_lines_keep_their_numbers_over_blank_ones() -> None:
    parsed = list(NATIVE.read(b'\xef\xbb\xbf{"uid": "a"}\n\r\n\n{"uid": "b"}\r\n[1]', {}))
    assert [(one.line, one.row) for one in parsed] == [(1, {"uid": "a"}), (4, {"uid": "b"}), (5, None)]


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b'{"uid": "a", "uid": "b"}',
        b'{"uid": NaN}',
        b"\xff",
        b'{"uid": "\\ud800"}',
        b'{"a":' * 70 + b"1" + b"}" * 70,
        b'{"a":' * 100_000,
        b"1" * 5000,
    ],
)
def test_a_line_that_is_no_json_object_is_told_and_the_next_is_read(line: bytes) -> None:
    bad, good = NATIVE.read(line + b'\n{"uid": "b"}', {})
    assert bad.row is None
    assert (bad.problems[0].line, bad.problems[0].field) == (1, "")
    assert good.row == {"uid": "b"}


@given(st.binary(max_size=300))
def test_no_bytes_break_the_native_reader(body: bytes) -> None:
    with contextlib.suppress(InventoryRefused):
        for parsed in NATIVE.read(body, {}):
            assert all(problem.message for problem in parsed.problems)
        NATIVE.clean(body, {})


@given(st.text(max_size=200))
def test_no_text_breaks_the_csv_reader(text: str) -> None:
    body = ("uid,country,labels,rel:at\n" + text).encode("utf-8", "replace")
    with contextlib.suppress(InventoryRefused):
        for parsed in CSV_PER_KIND.read(body, CSV):
            assert all(problem.message for problem in parsed.problems)
        CSV_PER_KIND.clean(body, CSV)


def test_numbers_are_read_as_floats_where_they_have_decimals() -> None:
    (parsed,) = NATIVE.read(b'{"a": 1, "b": 1.50, "c": [2e1]}', {})
    assert parsed.row == {"a": 1, "b": 1.5, "c": [20.0]}


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("country", "DE", "DE"),
        ("days_to_full", "90", 90),
        ("days_to_full", "90 days", "90 days"),  # refused with its own words later
        ("read_gbps_p50", "1.5", 1.5),
        ("read_gbps_p50", "2", 2.0),
        ("serves_training", "TRUE", True),
        ("serves_training", "yes", "yes"),
        ("replica_countries", "DE; IE", ["DE", "IE"]),
        ("replica_countries", "[]", []),
        ("labels", "team=risk;tier=1", {"team": "risk", "tier": "1"}),
        ("description", "'=1+1", "=1+1"),
        ("description", "'quoted", "'quoted"),
        ("restore_test_at", "2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
    ],
)
def test_cells_are_read_by_the_type_of_their_attribute(column: str, cell: str, value: Any) -> None:
    assert cells(column, cell)["attributes"] == {column: value}


def test_an_empty_cell_says_nothing() -> None:
    assert cells("country,rel:at,name", ", ,") == {"kind": "storage", "uid": "lake", "attributes": {}, "relations": {}}


def test_relations_are_kind_and_uid_and_may_be_known_to_be_none() -> None:
    row = cells("rel:at,rel:supplier", "site:fra1;site:s3://x,[]")
    assert row["relations"] == {
        "at": [{"kind": "site", "uid": "fra1"}, {"kind": "site", "uid": "s3://x"}],
        "supplier": [],
    }


def test_an_unknown_column_is_told_once_and_left_out() -> None:
    header, first, second = read_csv("uid,contry,rel:art\na,DE,x\nb,DE,y\n")
    assert [(one.line, one.field) for one in header.problems] == [(1, "contry"), (1, "rel:art")]
    assert "'country'" in header.problems[0].message
    assert not header.is_row
    assert (first.row["attributes"], second.row["relations"]) == ({}, {})


def test_a_record_with_too_few_cells_is_told_by_the_line_on_which_it_begins() -> None:
    parsed = read_csv('uid,description\na,"two\nlines"\nb\nc,ok\n')
    assert [(one.line, one.row is None) for one in parsed] == [(2, False), (4, True), (5, False)]


@pytest.mark.parametrize(
    ("lines", "good"),
    [
        (['b,"never closed', "c,ok"], [2, 4]),
        (['b,"closed"too early', "c,ok", 'd,"fi,ne"'], [2, 4, 5]),
        (['b,"never closed', "c,ok", 'd,"two', 'lines"', "e,ok"], [2, 4, 5, 7]),
        (['b,"never closed', 'c,"never closed either', "d,ok"], [2, 5]),
    ],
)
def test_a_row_with_broken_quotes_costs_no_other(lines: list[str], good: list[int]) -> None:
    parsed = read_csv("\n".join(["uid,description", "a,ok", *lines]) + "\n")
    assert [one.line for one in parsed if one.row is not None] == good
    broken = [one for one in parsed if one.row is None]
    assert broken[0].line == 3
    assert all("correct its quotes" in one.problems[0].message for one in broken)


def test_redaction_leaves_a_broken_row_broken_and_all_others_as_they_were() -> None:
    body = b'uid,description\na,ok\nb,"password=hunter2hunter2\nc,"two\nlines"\nd,password=hunter2hunter2\n"e\n'
    kept, redactions = CSV_PER_KIND.clean(body, CSV)
    assert b"hunter2" not in kept
    assert redactions[0]["paths"] == ["line 3 $.uid", "line 6 $.description"]
    before, after = list(CSV_PER_KIND.read(body, CSV)), list(CSV_PER_KIND.read(kept, CSV))
    assert [(one.line, one.row is None) for one in after] == [(one.line, one.row is None) for one in before]
    assert [(one.line, one.row is None) for one in after] == [(2, False), (3, True), (4, False), (6, False), (7, True)]


def test_a_broken_row_swallows_no_other_once_redaction_has_written_them_anew() -> None:
    body = b'uid,description\nb,"never closed\nc,"quoted"\nd,", comma"\ne,password=hunter2hunter2\n'
    kept, redactions = CSV_PER_KIND.clean(body, CSV)
    assert redactions
    assert [(one.line, one.row is None) for one in CSV_PER_KIND.read(kept, CSV)] == [
        (2, True), (3, False), (4, False), (5, False)
    ]  # fmt: skip


def test_redaction_keeps_line_numbers_and_all_other_cells() -> None:
    body = b'uid,labels,description\n\na,"x",-1\n"b","password=hunter2hunter2","two\nlines"\nc,,=1\n'
    kept, redactions = CSV_PER_KIND.clean(body, CSV)
    assert b"hunter2" not in kept
    assert redactions[0]["paths"] == ["line 4 $.labels"]
    before, after = list(CSV_PER_KIND.read(body, CSV)), list(CSV_PER_KIND.read(kept, CSV))
    assert [one.line for one in after] == [one.line for one in before] == [3, 4, 6]
    assert after[0] == before[0]
    assert after[2] == before[2]


def test_redaction_of_native_lines_keeps_line_numbers_and_broken_lines() -> None:
    body = b'{"uid": "a"}\n\n{"password": "x"\n{"uid": "b", "attributes": {"labels": {"api_key": "k"}}}'
    kept, redactions = NATIVE.clean(body, {})
    assert [one.line for one in NATIVE.read(kept, {})] == [1, 3, 4]
    assert kept.split(b"\n")[0] == b'{"uid": "a"}'
    assert b'"k"' not in kept
    assert b'"x"' not in kept
    assert len(redactions) == 2


@pytest.mark.parametrize("kind", [name for name, one in load_kinds().items() if not is_own_record(one)])
def test_every_kind_has_a_template_that_its_own_reader_takes(kind: str) -> None:
    header = template(load_kinds()[kind])
    buffer = io.StringIO()
    csv.writer(buffer).writerows([header, ["x", *[""] * (len(header) - 1)]])
    (parsed,) = read_csv(buffer.getvalue(), kind)
    assert parsed.row == {"kind": kind, "uid": "x", "attributes": {}, "relations": {}}
