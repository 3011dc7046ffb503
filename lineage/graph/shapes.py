"""Read members of facets whose types nobody guarantees: what has the wrong shape is as good as absent."""

from typing import Any


def members(value: object) -> dict[str, Any]:
    """Return an object, empty where it is none."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return a list, empty where it is none."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """Return a text without outer space, '' where it is none."""
    return value.strip() if isinstance(value, str) else ""
