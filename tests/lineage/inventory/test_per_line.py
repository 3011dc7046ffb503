"""The quick way to read a line says what the exact way says, of every line."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.journal.canonical.exact import BodyRefused, parse_exact
from lineage.inventory.formats.per_line import plain, read_plain

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab":\\', max_size=3), inner, max_size=3),
    max_leaves=8,
)


def outcome(read: Any, text: bytes) -> str:
    try:
        return repr(read(text))
    except BodyRefused as error:
        return f"{error.code}: {error.message}"


def exactly(text: bytes) -> Any:
    return plain(parse_exact(text))


@given(VALUES, st.booleans())
def test_the_quick_way_reads_as_the_exact_way(value: Any, compact: bool) -> None:
    text = json.dumps(value, separators=(",", ":") if compact else None).encode()
    assert outcome(read_plain, text) == outcome(exactly, text)


@given(st.text('{}[]":,0123456789eE.+-\\ a', max_size=24))
@example('{"a":1,"a":2}')
@example('{"a":1,"a":2,"b" :3}')
@example('{"a":-0}')
@example("[-0]")
@example('[1e999,"\\ud800"]')
@example("12345678901234567890123")
@example('{"a":{"b":1,"b":2},"c\\":":1}')
def test_what_is_no_clean_line_is_refused_as_before(text: str) -> None:
    assert outcome(read_plain, text.encode()) == outcome(exactly, text.encode())


@pytest.mark.parametrize("depth", [31, 33, 63, 65, 900])
def test_what_is_nested_deep_is_refused_as_before(depth: int) -> None:
    text = b"[" * depth + b"]" * depth
    assert outcome(read_plain, text) == outcome(exactly, text)
