"""The canonical form of our own records: RFC 8785 (JCS), limited to values whose bytes are never in doubt.

Accepted: str, int with |n| < 2**53, bool, None, list, dict with str keys. Floats, tuples, dates and everything else are
refused, because a record that encodes differently tomorrow can no longer be proved. `plain` turns ordinary values
into accepted ones. Within these limits the bytes equal RFC 8785's (tests/accounts/journal/canonical/test_encode.py).

Bodies received from outside are never put into this form: their numbers may be larger or have decimals (exact.py).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

MAX_INT = 2**53 - 1  # the largest that every JSON reader keeps exact (RFC 8785 section 3.2.2.3, RFC 7493)

_ATOMS = frozenset({str, bool, type(None)})
_LAST_BMP = "\uffff"  # beyond it, UTF-16 order (RFC 8785 section 3.2.3) and code point order part


class NotCanonical(ValueError):
    """A value has no canonical form; the message names its type and what to pass instead. Never retryable."""

    code = "not_canonical"
    retryable = False


def encode(value: object) -> bytes:
    """Return the canonical bytes of `value`: keys in UTF-16 order, no spaces, UTF-8.

    Raises NotCanonical for a type outside of the list above, an integer out of range, a lone surrogate, a cycle or a
    nesting too deep to encode.
    """
    try:
        text = _SORTED(value)
    except RecursionError:
        raise NotCanonical("Got a value nested too deeply or inside itself, expected a finite tree.") from None
    except TypeError as error:  # keys that cannot be compared
        raise NotCanonical(f"Got keys that are not all text ({error}), expected str keys.") from None
    if _needs_utf16_order(value):
        text = _IN_ORDER(_in_utf16_order(value))
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonical(f"Got a lone surrogate at character {error.start}, expected valid Unicode.") from None


def digest(value: object) -> bytes:
    """Return the SHA-256 of the canonical bytes, 32 bytes."""
    return hashlib.sha256(encode(value)).digest()


def hexdigest(value: object) -> str:
    """Return the SHA-256 of the canonical bytes as 64 lower-case hex digits."""
    return hashlib.sha256(encode(value)).hexdigest()


def plain(value: object) -> object:
    """Return `value` in the types that `encode` accepts; the attribute's type tells a reader how to read it back.

    float and Decimal become their shortest exact text ("0.35"), integers beyond 2**53 their digits, aware instants
    RFC 3339 in UTC ("2026-11-01T00:00:00Z"), UUIDs their text, sets sorted lists. NaN, infinities and naive instants
    are refused: they have no meaning to keep.
    """
    match value:
        case bool() | None:
            return value
        case str():
            return str(value)
        case int():
            return int(value) if -MAX_INT <= value <= MAX_INT else str(value)
        case float() | Decimal():
            return _number_text(value)
        case datetime():
            return instant(value)
        case UUID():
            return str(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case AbstractSet():
            return sorted((plain(item) for item in value), key=encode)
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            return [plain(item) for item in value]
        case _:
            raise NotCanonical(f"Got {type(value).__name__}, expected text, a number, an instant, a list or an object.")


def instant(moment: datetime) -> str:
    """Return an aware instant as RFC 3339 in UTC; the fraction, up to 6 digits, only where there is one."""
    if moment.tzinfo is None:
        raise NotCanonical(f"Got the naive instant {moment}, expected one with a time zone.")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _number_text(value: float | Decimal) -> str:
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite():
        raise NotCanonical(f"Got the number {value}, expected a finite one.")
    return str(exact)


def _refuse(value: object) -> object:
    raise NotCanonical(
        f"Got {type(value).__name__}, expected str, int, bool, None, list or dict; pass it through plain() first."
    )


_SORTED = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False, default=_refuse
).encode
_IN_ORDER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, default=_refuse).encode


def _needs_utf16_order(value: object) -> bool:
    """Check every node's type and range; return whether any key lies beyond the Basic Multilingual Plane.

    The C encoder would accept floats, tuples and keys that are not text; this walk is what refuses them. It looks at
    the types of a container's items as a set, so that a container of plain text costs one C call.
    """
    unordered = False
    pending: list[object] = [value]
    while pending:
        node = pending.pop()
        kind = type(node)
        if kind is dict:
            assert isinstance(node, dict)
            unordered |= _check_keys(node)
            items: Sequence[object] = list(node.values())
        elif kind is list:
            assert isinstance(node, list)
            items = node
        else:
            _check_atom(node)
            continue
        kinds = set(map(type, items)) - _ATOMS
        if not kinds:
            continue
        for item in items:
            item_kind = type(item)
            if item_kind is int:
                if not -MAX_INT <= item <= MAX_INT:  # type: ignore[operator]
                    _check_atom(item)
            elif item_kind not in _ATOMS:
                pending.append(item)
    return unordered


def _check_keys(node: dict[object, object]) -> bool:
    """Refuse keys that are not str; return whether one holds a character beyond U+FFFF."""
    try:
        joined = "".join(node)  # type: ignore[arg-type]
    except TypeError:
        wrong = next(type(key).__name__ for key in node if not isinstance(key, str))
        raise NotCanonical(f"Got a key of type {wrong}, expected str.") from None
    return not joined.isascii() and max(joined) > _LAST_BMP


def _check_atom(value: object) -> None:
    if isinstance(value, str | bool) or value is None:
        return
    if isinstance(value, int):
        if -MAX_INT <= value <= MAX_INT:
            return
        raise NotCanonical(f"Got the integer {value}, expected one between -2**53 and 2**53, both excluded.")
    _refuse(value)


def _in_utf16_order(value: object) -> object:
    if isinstance(value, dict):
        ordered = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _in_utf16_order(value[key]) for key in ordered}
    if isinstance(value, list):
        return [_in_utf16_order(item) for item in value]
    return value
