"""One attribute value from outside: checked strictly, brought to the form in which the asset document keeps it.

Each reader takes what JSON gave and returns the kept form, `MISSING` where the conventions say that the value is no
fact, or raises `Refused` with what was got, what was expected and what to do.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from lineage.inventory.kinds.countries import COUNTRIES, INSTEAD
from lineage.inventory.kinds.types import Attribute, AttributeType

GREATEST_INT = 2**53 - 1
"""Integers beyond it cannot be written in canonical JSON (RFC 8785 section 3.2.2.3), so they could not be sealed."""

_RFC3339 = re.compile(r"^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$", re.ASCII)
_TWO_LETTERS = re.compile(r"^[A-Z]{2}$", re.ASCII)
_NUMBER_WITH_UNIT = re.compile(r"^\s*([+-]?\d+(?:\.\d+)?)\s*\S*\s*$", re.ASCII)


class Missing:
    """The value is no fact: null, an empty country or region, a country list with an unresolved member."""


MISSING: Final = Missing()


class Refused(ValueError):
    """A value that the attribute's type does not take: what was got and expected, and what to do."""

    def __init__(self, got: str, expected: str, hint: str) -> None:
        super().__init__(f"got {got}, expected {expected}: {hint}")
        self.got = got
        self.expected = expected
        self.hint = hint


def read_value(attribute: Attribute, value: Any) -> Any:
    """Return the kept form of `value`, or MISSING. Raises Refused."""
    if value is None or _says_nothing(attribute, value):
        return MISSING
    return _READERS[attribute.type](attribute, value)


def _says_nothing(attribute: Attribute, value: Any) -> bool:
    """Apply the convention `places`: empty strings and lists with an unresolved member are missing."""
    if attribute.is_country and isinstance(value, list):
        return any(member is None or member == "" for member in value)
    return value == "" and (attribute.is_country or attribute.name == "region")


def show(value: Any) -> str:
    """Render what was got, with its JSON type, short enough for an error list."""
    names = {str: "string", bool: "bool", int: "integer", float: "number", list: "list", dict: "object"}
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    return (
        f"{writable(text if len(text) <= 60 else text[:57] + '...')} ({names.get(type(value), type(value).__name__)})"
    )


def writable(text: str) -> str:
    """Escape what cannot be written as UTF-8 or kept by the database, so that an error can always be shown."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")


def _expected(attribute: Attribute) -> str:
    words = {
        "string": "string",
        "int": "integer",
        "double": "number",
        "bool": "true or false",
        "timestamp": "RFC 3339 time with zone",
        "list(string)": "list of strings",
        "map": "object with string values",
    }
    unit = f" in {attribute.unit}" if attribute.unit and attribute.type in ("int", "double") else ""
    return words[attribute.type] + unit


def _refuse(attribute: Attribute, value: Any, hint: str) -> Refused:
    return Refused(show(value), _expected(attribute), hint)


def _number_hint(attribute: Attribute, value: Any) -> str:
    if isinstance(value, str) and (match := _NUMBER_WITH_UNIT.match(value)):
        unit = f"; the unit is always {attribute.unit}" if attribute.unit else ""
        return f"send the number alone, without quotes or unit: {match[1]}{unit}"
    return "send a JSON number"


def _string(attribute: Attribute, value: Any) -> str:
    if not isinstance(value, str):
        raise _refuse(attribute, value, "put it in quotes")
    if "\x00" in value:
        raise _refuse(attribute, value, "remove the NUL character, which the database cannot keep")
    if not value.isprintable() and any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise _refuse(attribute, value, "remove the lone surrogate, which is not a Unicode character")
    if attribute.is_country and value not in COUNTRIES:
        raise _no_country(value)
    return value


def _no_country(value: str) -> Refused:
    code = value.strip().upper()
    code = INSTEAD.get(code, code)
    if code in COUNTRIES:
        hint = f'send "{code}"'
    elif _TWO_LETTERS.match(code):
        hint = "that code is given to no country; leave it out where the country is not known"
    else:
        hint = "send the alpha-2 code, such as DE, not the name"
    return Refused(show(value), "country as two capital letters (ISO 3166)", hint)


def _int(attribute: Attribute, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        hint = "send a whole number, rounded by you" if isinstance(value, float) else _number_hint(attribute, value)
        raise _refuse(attribute, value, hint)
    if abs(value) > GREATEST_INT:
        raise _refuse(attribute, value, f"the greatest integer that can be sealed is {GREATEST_INT}")
    return value


def _double(attribute: Attribute, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refuse(attribute, value, _number_hint(attribute, value))
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _refuse(attribute, value, "send a finite number, or leave the attribute out where it is not known")
    return number


def _bool(attribute: Attribute, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _refuse(attribute, value, "send true or false without quotes")
    return value


def _timestamp(attribute: Attribute, value: Any) -> str:
    if not isinstance(value, str):
        raise _refuse(attribute, value, "send text such as 2026-11-01T00:00:00Z")
    instant = parse_timestamp(value)
    if instant is None:
        raise _refuse(attribute, value, "send date, time and zone, such as 2026-11-01T00:00:00Z")
    return format_timestamp(instant)


def _list(attribute: Attribute, value: Any) -> list[str]:
    if not isinstance(value, list):
        hint = f'put it in brackets: ["{value}"]' if isinstance(value, str) else "send a list of strings"
        raise _refuse(attribute, value, hint)
    return [_string(attribute, member) for member in value]


def _map(attribute: Attribute, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _refuse(attribute, value, 'send an object such as {"team": "risk"}')
    return {_string(attribute, key): _string(attribute, member) for key, member in value.items()}


_READERS: Mapping[AttributeType, Callable[[Attribute, Any], Any]] = {
    "string": _string,
    "int": _int,
    "double": _double,
    "bool": _bool,
    "timestamp": _timestamp,
    "list(string)": _list,
    "map": _map,
}


@lru_cache(maxsize=4096)
def parse_timestamp(text: str) -> datetime | None:
    """Parse RFC 3339 (section 5.6) to an aware UTC datetime; None where it is not that.

    Digits past the microsecond are cut off. A leap second (:60) is the first instant of the next minute, as in POSIX.
    """
    match = _RFC3339.match(text)
    if match is None:
        return None
    date, minute, second, fraction, zone = match.groups()
    leap = second == "60"
    try:
        base = datetime.fromisoformat(f"{date}T{minute}:{'59' if leap else second}{zone.upper()}")
        exact = base + timedelta(seconds=leap, microseconds=0 if leap else int((fraction or "0")[:6].ljust(6, "0")))
        return exact.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=4096)
def format_timestamp(instant: datetime) -> str:
    """Write the one form in which documents keep instants: UTC with Z, a fraction only where there is one."""
    text = (instant if instant.tzinfo is UTC else instant.astimezone(UTC)).isoformat()[: -len("+00:00")]
    return (text.rstrip("0") if "." in text else text) + "Z"
