"""Bodies from outside keep every digit, and one content has one digest however it was written."""

import hashlib
import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.journal.canonical.exact import (
    MAX_DEPTH,
    MAX_KEYS,
    MAX_STRING,
    BodyRefused,
    content_digest,
    digest_as_sorted_json,
    encode_exact,
    parse_exact,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
numbers = st.integers() | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(values)
def test_what_is_written_is_read_back_digit_by_digit(value: object) -> None:
    written = encode_exact(value)  # type: ignore[arg-type]
    assert encode_exact(parse_exact(written)) == written


@settings(deadline=None)
@given(st.dictionaries(texts, st.integers() | texts, max_size=8), st.randoms())
def test_order_spaces_and_escapes_of_the_sender_make_no_difference(value: dict[str, object], random: object) -> None:
    names = list(value)
    random.shuffle(names)  # type: ignore[attr-defined]
    shuffled = json.dumps({name: value[name] for name in names}, indent=3).encode()
    plain = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert digest_as_sorted_json(shuffled) == hashlib.sha256(plain).digest()


def test_numbers_stay_as_they_were_written() -> None:
    body = b'{"b":[9007199254740993,0.1000,1e2,-1.50],"a":123456789012345678901234567890}'
    assert (
        encode_exact(parse_exact(body))
        == b'{"a":123456789012345678901234567890,"b":[9007199254740993,0.1000,1E+2,-1.50]}'
    )
    assert parse_exact(b"[1.10, 1]") == [Decimal("1.10"), 1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"[9007199254740992]", b"[9007199254740993]"),
        (b"[0.1]", b"[0.10000000000000001]"),
        (b"[1]", b"[1.0]"),
        (b"[1]", b'["1"]'),
        (b"[1.5]", b'["1.5"]'),
        (b"[true]", b"[1]"),
        (b"[[],{}]", b"[{},[]]"),
        (b'{"a":null}', b"{}"),
    ],
)
def test_different_contents_have_different_digests(one: bytes, other: bytes) -> None:
    assert digest_as_sorted_json(one) != digest_as_sorted_json(other)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def keys(count: int) -> bytes:
    return json.dumps({f"k{number}": 0 for number in range(count)}).encode()


def text(size: int) -> bytes:
    return b'["' + b"x" * size + b'"]'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_malformed"),
        (b"{", "json_malformed"),
        (b"[1,]", "json_malformed"),
        (b"{} {}", "json_malformed"),
        (b'["\n"]', "json_malformed"),
        (b"\xef\xbb\xbf{}", "json_malformed"),
        (b'{"a":"\xff"}', "json_encoding"),
        ('{"a":1}'.encode("utf-16"), "json_encoding"),
        (b"[NaN]", "json_number"),
        (b"[-Infinity]", "json_number"),
        (b"[1e99999999999999999999]", "json_number"),
        (b"[1e20000]", "json_number"),
        (b"[1e-20000]", "json_number"),
        (b"[" + b"9" * 5000 + b"]", "json_number"),
        (b"[0." + b"9" * 5000 + b"]", "json_number"),
        (b'{"a":1,"a":1}', "json_duplicate_key"),
        (b'{"x":[{"a":1,"\\u0061":2}]}', "json_duplicate_key"),
        (nested(MAX_DEPTH + 1), "json_depth"),
        (nested(100_000), "json_depth"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "json_depth"),
        (keys(MAX_KEYS + 1), "json_keys"),
        (text(MAX_STRING + 1), "json_string"),
        (b'{"' + b"k" * (MAX_STRING + 1) + b'":1}', "json_string"),
        (('["' + "é" * (MAX_STRING // 2 + 1) + '"]').encode(), "json_string"),
        (b'["\\ud800"]', "json_surrogate"),
        (b'{"\\udfff":1.5}', "json_surrogate"),
    ],
)
def test_a_body_with_no_single_meaning_is_refused_by_code(body: bytes, code: str) -> None:
    with pytest.raises(BodyRefused, match="expected") as refused:
        parse_exact(body)
    assert refused.value.code == code
    assert not refused.value.retryable


@pytest.mark.parametrize(
    "body", [nested(MAX_DEPTH), keys(MAX_KEYS), text(MAX_STRING), b'["\\ud83d\\ude00"]', b'"[[[["', b"[1e16000]"]
)
def test_a_body_at_the_limit_is_taken(body: bytes) -> None:
    assert content_digest(parse_exact(body)) == digest_as_sorted_json(body)


def test_many_brackets_side_by_side_are_not_depth() -> None:
    assert parse_exact(b"[" + b",".join([b"[]"] * 500) + b"]") == [[]] * 500
