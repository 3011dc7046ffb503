"""Read the text of a cell, or of a filter, by the type of its attribute: as JSON would have it.

Lists are joined with `;`, `[]` is a list known to be empty, maps are `key=value;...`. What cannot be read by its type
stays text, so that it is refused with its attribute's own words (values.py).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from lineage.inventory.kinds.types import Attribute, AttributeType

KNOWN_EMPTY = "[]"
_INT = re.compile(r"^[+-]?\d{1,30}$", re.ASCII)
_NUMBER = re.compile(r"^[+-]?\d{1,300}(\.\d{1,300})?([eE][+-]?\d{1,3})?$", re.ASCII)


def read_cell(attribute: Attribute, text: str) -> Any:
    """Return what a cell says of an attribute, as JSON would; what cannot be read by its type stays text."""
    return _READERS[attribute.type](text.strip() if attribute.type != "string" else text)


def _int(text: str) -> Any:
    return int(text) if _INT.match(text) else text


def _double(text: str) -> Any:
    return float(text) if _NUMBER.match(text) else text


def _bool(text: str) -> Any:
    return {"true": True, "false": False}.get(text.lower(), text)


def _list(text: str) -> list[str]:
    if text == KNOWN_EMPTY:
        return []
    return [member.strip() for member in text.split(";")]


def _map(text: str) -> Any:
    pairs = [member.partition("=") for member in text.split(";") if member.strip()]
    return {key.strip(): value.strip() for key, _, value in pairs} if all(sign for _, sign, _ in pairs) else text


_READERS: Mapping[AttributeType, Callable[[str], Any]] = {
    "string": str,
    "int": _int,
    "double": _double,
    "bool": _bool,
    "timestamp": str,
    "list(string)": _list,
    "map": _map,
}
