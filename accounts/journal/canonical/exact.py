"""Read a JSON body from outside without losing a digit, and digest its content.

The de-duplication key of the lineage doors is `content_digest`: SHA-256 of the body as JSON with keys sorted by code
point, no spaces, UTF-8, numbers as written (integers and decimals keep every digit and trailing zero; `1e2` and `1E+2`
are one number, `1` and `1.0` are two). White space, key order and escapes of the sender make no difference.

What has no single meaning is refused, with an error that says where it can: NaN and infinities, duplicate keys, lone
surrogates, and what is built to exhaust a reader (see the limits below).
"""

import hashlib
import json
import re
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeAlias

Exact: TypeAlias = "str | int | Decimal | bool | list[Exact] | dict[str, Exact] | None"

MAX_DEPTH = 64
MAX_KEYS = 10_000  # of one object
MAX_STRING = 1024 * 1024  # bytes of UTF-8, keys included
MAX_DIGITS = 4_000  # characters of one number; Python itself stops at 4,300
MAX_EXPONENT = 16_000  # either way; PostgreSQL's numeric keeps 16,383 decimals

_LONE_SURROGATE_POSSIBLE = re.compile(rb"\\u[dD][89a-fA-F]")


BodyCode = Literal[
    "json_encoding", "json_malformed", "json_number", "json_duplicate_key", "json_depth", "json_keys", "json_string",
    "json_surrogate",
]  # fmt: skip
"""Stable, and listed in docs/errors.md."""


class BodyRefused(ValueError):
    """A body that cannot be kept exactly; `code` says why. Sending the same bytes again gives the same answer."""

    retryable = False

    def __init__(self, code: BodyCode, message: str) -> None:
        super().__init__(message)
        self.code: BodyCode = code
        self.message = message


def digest_as_sorted_json(raw: bytes) -> bytes:
    """Return the 32-byte content digest of a body; raises BodyRefused as `parse_exact` does."""
    return content_digest(parse_exact(raw))


def content_digest(value: Exact) -> bytes:
    """Return SHA-256 over `encode_exact(value)`, 32 bytes."""
    return hashlib.sha256(encode_exact(value)).digest()


def parse_exact(raw: bytes) -> Exact:
    """Return the body with int and Decimal for its numbers, as written.

    Raises BodyRefused with code json_encoding, json_malformed, json_number, json_duplicate_key, json_depth,
    json_keys, json_string or json_surrogate.
    """
    try:
        text = str(raw, "utf-8")
    except UnicodeDecodeError as error:
        raise BodyRefused(
            "json_encoding", f"Got a byte that is not UTF-8 at position {error.start}, expected JSON in UTF-8."
        ) from None
    try:
        value: Exact = _DECODER.decode(text)
    except BodyRefused:
        raise
    except json.JSONDecodeError as error:
        raise BodyRefused(
            "json_malformed",
            f"Got malformed JSON at line {error.lineno} column {error.colno} ({error.msg}), expected one JSON value.",
        ) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # int() of more digits than Python converts
        raise _bad_number("a number of more than 4,300 digits") from None
    _check_limits(raw, value)
    return value


def encode_exact(value: Exact) -> bytes:
    """Return `value` (from parse_exact) as JSON: sorted keys, no spaces, UTF-8, numbers as they were written."""
    try:
        return _FAST(value).encode()
    except _DecimalFound:
        parts: list[str] = []
        _write(value, parts)
        return "".join(parts).encode()


class _DecimalFound(Exception):
    """A signal, not an error: the C encoder met a Decimal, which it cannot write as a number."""


def _signal(value: object) -> object:
    if isinstance(value, Decimal):
        raise _DecimalFound
    raise TypeError(f"Got {type(value).__name__}, expected a value from parse_exact.")


_FAST = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False, default=_signal
).encode
_TEXT = json.encoder.encode_basestring


def _write(value: Exact, parts: list[str]) -> None:
    """Append the JSON of `value` to `parts`: the slow path, for bodies that hold decimals."""
    if isinstance(value, str):
        parts.append(_TEXT(value))
    elif isinstance(value, dict):
        opening = "{"
        for key in sorted(value):
            parts.append(f"{opening}{_TEXT(key)}:")
            _write(value[key], parts)
            opening = ","
        parts.append("}" if value else "{}")
    elif isinstance(value, list):
        opening = "["
        for item in value:
            parts.append(opening)
            _write(item, parts)
            opening = ","
        parts.append("]" if value else "[]")
    elif isinstance(value, Decimal):
        parts.append(str(value))
    else:
        parts.append(_FAST(value))


def _object(pairs: list[tuple[str, Exact]]) -> dict[str, Exact]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise BodyRefused(
            "json_duplicate_key", f'Got the key "{twice[:100]}" twice in one object, expected each key once.'
        )
    if len(members) > MAX_KEYS:
        raise BodyRefused("json_keys", f"Got an object of {len(members)} keys, expected at most {MAX_KEYS}.")
    return members


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_DIGITS:
        raise _bad_number(f"a number of {len(text)} characters")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _bad_number(f"the number {text[:40]}") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or not -MAX_EXPONENT <= exponent <= MAX_EXPONENT:
        raise _bad_number(f"the number {text[:40]}")
    return number


def _constant(text: str) -> Exact:
    raise _bad_number(text)


def _bad_number(got: str) -> BodyRefused:
    return BodyRefused(
        "json_number",
        f"Got {got}, expected a finite number of at most {MAX_DIGITS} characters, exponent within {MAX_EXPONENT}.",
    )


def _too_deep() -> BodyRefused:
    return BodyRefused("json_depth", f"Got a body nested deeper than {MAX_DEPTH} levels, expected at most {MAX_DEPTH}.")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_decimal, parse_constant=_constant)


def _check_limits(raw: bytes, value: Exact) -> None:
    """Refuse what only the whole body shows. Each walk is skipped where the bytes alone prove it needless."""
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        _check_depth(value)
    if len(raw) > MAX_STRING:
        _check_strings(value)
    if _LONE_SURROGATE_POSSIBLE.search(raw):
        try:
            encode_exact(value)
        except UnicodeEncodeError:
            raise BodyRefused(
                "json_surrogate", "Got half of a surrogate pair in a string, expected valid Unicode."
            ) from None


def _check_depth(value: Exact) -> None:
    level: list[Exact] = [value]
    for _ in range(MAX_DEPTH):
        below: list[Exact] = []
        for node in level:
            if isinstance(node, dict):
                below.extend(node.values())
            elif isinstance(node, list):
                below.extend(node)
        level = [node for node in below if isinstance(node, dict | list)]
        if not level:
            return
    raise _too_deep()


def _check_strings(value: Exact) -> None:
    pending: list[Exact] = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            if 4 * len(node) > MAX_STRING and len(node.encode(errors="replace")) > MAX_STRING:
                raise BodyRefused(
                    "json_string",
                    f"Got a string of {len(node)} characters, expected at most {MAX_STRING} bytes of UTF-8.",
                )
        elif isinstance(node, dict):
            pending.extend(node)
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
