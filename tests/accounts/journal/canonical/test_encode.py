"""The canonical form equals RFC 8785 within its limits, and refuses everything beyond them."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.journal.canonical.encode import MAX_INT, NotCanonical, digest, encode, hexdigest, instant, plain

VECTORS = Path(__file__).parents[4] / ".." / "shared" / "data" / "vectors" / "jcs"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
atoms = st.none() | st.booleans() | st.integers(-MAX_INT, MAX_INT) | texts
values = st.recursive(
    atoms, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5), max_leaves=30
)


@settings(deadline=None, max_examples=500)
@given(values)
def test_bytes_equal_rfc_8785(value: object) -> None:
    assert encode(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@settings(deadline=None)
@given(values)
def test_reading_the_bytes_gives_the_value_back(value: object) -> None:
    assert json.loads(encode(value)) == value


def test_keys_are_ordered_by_utf_16_units_not_by_code_points() -> None:
    value = {"\ufb33": 1, "\U0001f600": 2, "a": {"\U0001f600": [], "\ufb33": {}}}
    assert encode(value) == '{"a":{"😀":[],"\ufb33":{}},"😀":2,"\ufb33":1}'.encode() == rfc8785.dumps(value)  # type: ignore[arg-type]


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the published JCS vectors are not beside this checkout")
@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_published_vector(name: str) -> None:
    value = json.loads((VECTORS / "input" / f"{name}.json").read_bytes())
    expected = (VECTORS / "output" / f"{name}.json").read_bytes()
    assert bytes.fromhex((VECTORS / "outhex" / f"{name}.txt").read_text()) == expected
    if name in ("values", "structures"):  # they hold floats, which are beyond our limits
        with pytest.raises(NotCanonical):
            encode(value)
    else:
        assert encode(value) == expected


class Colour(StrEnum):
    RED = "red"


def test_text_enumerations_are_text() -> None:
    assert encode([Colour.RED, {Colour.RED: 1}]) == b'["red",{"red":1}]'


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**53,
        -(2**53),
        [1, [2**60]],
        (1, 2),
        {"a": (1,)},
        {"a": {1, 2}},
        {1: "a"},
        {"a": {None: 1}},
        {True: 1, "a": 2},
        b"bytes",
        "\ud800",
        {"\udfff": 1},
        Decimal("1.5"),
        datetime(2026, 11, 1, tzinfo=UTC),
        object(),
    ],
)
def test_what_has_no_certain_bytes_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical, match="expected"):
        encode(value)


def test_a_value_inside_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(NotCanonical):
        encode(value)


def test_digests_are_sha256_of_the_bytes() -> None:
    assert hexdigest({}) == digest({}).hex() == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_plain_keeps_exact_values_as_text() -> None:
    moment = datetime(2026, 11, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    value = {
        "ratio": 0.35,
        "money": Decimal("10.50"),
        "large": 2**60,
        "small": 7,
        "at": moment,
        "id": UUID(int=1),
        "set": frozenset({"b", "a"}),
        "pair": (True, None),
    }
    assert plain(value) == {
        "ratio": "0.35",
        "money": "10.50",
        "large": "1152921504606846976",
        "small": 7,
        "at": "2026-11-01T00:00:00Z",
        "id": "00000000-0000-0000-0000-000000000001",
        "set": ["a", "b"],
        "pair": [True, None],
    }
    encode(plain(value))


@pytest.mark.parametrize("value", [float("inf"), Decimal("NaN"), datetime(2026, 11, 1), b"x", object()])  # noqa: DTZ001
def test_plain_refuses_what_has_no_meaning_to_keep(value: object) -> None:
    with pytest.raises(NotCanonical):
        plain(value)


def test_an_instant_has_a_fraction_only_where_there_is_one() -> None:
    assert instant(datetime(2026, 11, 1, tzinfo=UTC)) == "2026-11-01T00:00:00Z"
    assert instant(datetime(2026, 11, 1, microsecond=120, tzinfo=UTC)) == "2026-11-01T00:00:00.000120Z"
