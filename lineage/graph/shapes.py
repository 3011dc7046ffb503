"""Read members of facets whose types nobody guarantees: what has the wrong shape is as good as absent."""

import json
from typing import Any

import orjson


def parse(content: bytes) -> Any:
    """Return what JSON says; what the fast reader does not take (numbers beyond 64 bits) is read by the exact one."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return json.loads(content)


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
