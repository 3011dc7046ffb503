"""Arrays as text say to the database what the driver's own arrays say, whatever stands in them."""

import datetime
import decimal
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.workspaces.arrays import array_literal

ZONES = st.sampled_from(
    [datetime.UTC, datetime.timezone(datetime.timedelta(hours=14)), datetime.timezone(-datetime.timedelta(minutes=210))]
)
HOSTILE = st.sampled_from(
    ["NULL", "null", "", " ", "{}", "{a,b}", "\\", '"', "\\x41", "'", ",", "a\nb", "%s", "\u2028"]
)
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
# The driver reads no year beyond 9999 back: within a day of either end a zone could lead there.
FIRST = datetime.datetime(1, 1, 2, tzinfo=datetime.UTC)
LAST = datetime.datetime(9999, 12, 30, tzinfo=datetime.UTC)
VALUES = {
    "text": TEXTS | HOSTILE,
    "uuid": st.uuids(),
    "bool": st.booleans(),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "double precision": st.floats(allow_nan=False),
    "bytea": st.binary(),
    "timestamptz": st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=ZONES)
    | st.sampled_from([FIRST, LAST]),
    "date": st.dates(),
}


def read_back(kind: str, given: Any) -> list[Any]:
    with connection.cursor() as cursor:
        sql = f"SELECT v FROM unnest(%s::{kind}[]) WITH ORDINALITY AS u (v, n) ORDER BY n"  # noqa: S608 - a fixed list
        cursor.execute(sql, [given])
        return [bytes(value) if isinstance(value, memoryview) else value for (value,) in cursor.fetchall()]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", VALUES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_array_as_text_is_read_as_what_was_given(kind: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | VALUES[kind], max_size=6))
    literal = array_literal(values)
    assert isinstance(literal, str)
    assert read_back(kind, literal) == values == read_back(kind, values)


def test_values_of_other_types_are_left_to_the_driver() -> None:
    for values in ([["a"], ["b"]], [decimal.Decimal("1.0"), None], [datetime.timedelta(1)]):
        assert array_literal(values) is values
