"""Read members of facets whose types nobody guarantees: what has the wrong shape is as good as absent."""

import json
import math
from typing import Any

import orjson

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * 19


def parse(content: bytes) -> Any:
    """Return what JSON says; where a number may be beyond 64 bits, it is read by the exact reader, integers as sent.

    A decimal that no float can hold (1e400) is None: infinity is no JSON, and could not be kept.
    """
    if _LONG in content.translate(_DIGITS):
        return json.loads(content, parse_float=_finite)
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return json.loads(content, parse_float=_finite)


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def json_bytes(value: object) -> bytes:
    """Return a value as JSON, for comparing and as a key."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def members(value: object) -> dict[str, Any]:
    """Return an object, empty where it is none."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return a list, empty where it is none."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """Return a text without outer space, '' where it is none."""
    return value.strip() if isinstance(value, str) else ""
