"""Look into documents of others: whatever stands there, these return what was asked for or None, and never fail."""

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lineage.inventory.kinds.values import format_timestamp, parse_timestamp

NOTHING = frozenset({"", "null"})
"""Texts that stand for nothing, in small letters."""
_TIME = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|UTC|[+-]\d\d:?\d\d)?$")
_DAY = re.compile(r"^\d{4}-\d\d-\d\d$")


def at(value: Any, *path: str | int) -> Any:
    """Return what lies at the path of member names and positions; None where it leads nowhere."""
    for step in path:
        if isinstance(step, str) and isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def objects(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield (position, object) of each object in a list; nothing where it is no list."""
    for index, member in enumerate(value if isinstance(value, list) else ()):
        if isinstance(member, Mapping):
            yield index, member


def text(value: Any) -> str | None:
    """Return a text that says something, or a number as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return str(value)
    return value.strip() if isinstance(value, str) and value.strip().lower() not in NOTHING else None


def texts(value: Any) -> list[str]:
    """Return the texts in a list, each once."""
    found = [text(member) for member in value] if isinstance(value, list) else []
    return list(dict.fromkeys(each for each in found if each is not None))


def flag(value: Any) -> bool | None:
    """Return a truth value, also where it is written as text."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None


def whole(value: Any) -> int | None:
    """Return a whole number, also where it is written as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,18}\s*", value, re.ASCII):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else None


def double(value: Any) -> float | None:
    """Return a number, also where it is written as text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) < 1e300 else None
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,18}(\.\d{1,18})?([eE][+-]?\d{1,2})?\s*", value, re.ASCII):
        return float(value)
    return None


def instant(value: Any) -> str | None:
    """Return an instant as RFC 3339 in UTC: of a time with its zone, or without one (then UTC), or of a day."""
    if not isinstance(value, str):
        return None
    given = value.strip()
    if _DAY.match(given):
        given = f"{given}T00:00:00Z"
    elif found := _TIME.match(given):
        zone = (found[3] or "Z").replace("UTC", "Z")
        time = found[2] if found[2].count(":") == 2 else f"{found[2]}:00"
        given = f"{found[1]}T{time}{zone if zone == 'Z' or ':' in zone else f'{zone[:3]}:{zone[3:]}'}"
    read = parse_timestamp(given)
    return format_timestamp(read) if read is not None else None


def epoch(value: Any) -> str | None:
    """Return an instant as RFC 3339 from seconds since 1970."""
    seconds = double(value)
    if seconds is None or not 0 <= seconds < 4e9:
        return None
    return format_timestamp(datetime.datetime.fromtimestamp(seconds, datetime.UTC))
