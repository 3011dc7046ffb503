"""Lists are paged by key: complete, stable, refused with a foreign cursor; no cell of their CSV is a formula."""

import csv
import io
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from accounts.cells import FORMULA_START
from accounts.members.models import ApiToken
from accounts.paging import BadCursor, csv_lines, page_of
from accounts.workspaces.isolation import current_workspace, in_workspace
from tests.support.cast import Cast


def make_tokens(count: int, *, name: str = "t{}") -> None:
    workspace_id = current_workspace()
    ApiToken.objects.bulk_create(
        ApiToken(workspace_id=workspace_id, name=name.format(number), role="pipeline", hint="al_")
        for number in range(count)
    )


def walk(order: list[str], limit: int) -> list[ApiToken]:
    rows: list[ApiToken] = []
    after: str | None = None
    while True:
        page = page_of(ApiToken.objects.all(), order, after, limit, scope="tokens")
        rows += page.rows
        after = page.next
        if after is None:
            return rows


@pytest.mark.parametrize("order", [["id"], ["-id"], ["name", "id"], ["-name", "id"], ["role", "-created_at", "id"]])
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_pages_add_up_to_the_whole_list_in_order(cast: Cast, order: list[str], limit: int) -> None:
    with in_workspace(cast.workspace.pk):
        make_tokens(7, name="same")
        assert walk(order, limit) == list(ApiToken.objects.order_by(*order))


def test_a_row_that_appears_meanwhile_shifts_nothing(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        make_tokens(4)
        first = page_of(ApiToken.objects.all(), ["name", "id"], None, 2, scope="tokens")
        make_tokens(1, name="a{}")
        second = page_of(ApiToken.objects.all(), ["name", "id"], first.next, 10, scope="tokens")
        names = [row.name for row in (*first.rows, *second.rows)]
        assert names == ["pipeline", "t0", "t1", "t2", "t3"]


def test_a_page_takes_one_query(cast: Cast, django_assert_num_queries: Any) -> None:
    with in_workspace(cast.workspace.pk):
        make_tokens(5)
        cursor = page_of(ApiToken.objects.all(), ["name", "id"], None, 2, scope="tokens").next
        with django_assert_num_queries(1):
            page_of(ApiToken.objects.all(), ["name", "id"], cursor, 2, scope="tokens")


def test_a_cursor_of_another_list_or_order_is_refused(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        make_tokens(3)
        cursor = page_of(ApiToken.objects.all(), ["id"], None, 1, scope="tokens").next
        assert cursor is not None
        for order, scope in ((["id"], "assets"), (["-id"], "tokens"), (["name", "id"], "tokens")):
            with pytest.raises(BadCursor, match="from another list"):
                page_of(ApiToken.objects.all(), order, cursor, 1, scope=scope)


@pytest.mark.parametrize("text", ["x", "....", "bm9uc2Vuc2U", "W10", "WyJ0b2tlbnM6aWQiLCJ4Il0", "é", "W" * 9000])
def test_what_is_no_cursor_is_refused(cast: Cast, text: str) -> None:
    with in_workspace(cast.workspace.pk), pytest.raises(BadCursor):
        page_of(ApiToken.objects.all(), ["id"], text, 1, scope="tokens")


def test_a_prefix_is_taken_literally(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        make_tokens(1, name="50%_off")
        assert ApiToken.objects.filter(name__prefix="50%_").count() == 1
        assert ApiToken.objects.filter(name__prefix="5_").count() == 0


@given(st.text(max_size=20))
def test_no_cell_is_a_formula_and_no_text_breaks_a_line(text: str) -> None:
    (line,) = list(csv_lines(["a", "b"], [{"a": text, "b": "end"}]))[1:]
    cell, end = next(csv.reader(io.StringIO(line, newline="")))
    assert not cell.startswith(FORMULA_START)
    assert cell.removeprefix("'") == text.replace("\x00", "").removeprefix("'")
    assert end == "end"
