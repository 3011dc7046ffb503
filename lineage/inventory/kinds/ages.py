"""Read an age out of the vocabulary's `from:` text, and compute ages and the instants that they come from.

The forms that occur (all others are plain derived facts, which the product computes elsewhere):

    x_at                                    since x_at, or until it where the attribute is named *_in_days
    x_at, counted up to y_at                until y_at once that has passed, until now before
    x_at, counted up to y_at or now         the same
    x_at, counted up to y_at once ...       the same
    x_at, whole months                      calendar months
    ...; 0 once live                        0 once y_at has passed
    x_at; 0 once registered or settled      0 while the bool attribute of that name is true
    y_at minus x_at                         between both, without now
    x_at of <relation>                      x_at of another asset: kept here as the implied instant <stem>_at
    receipt of ...                          a receipt's time: kept as the implied instant <stem>_at
"""

import calendar
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lineage.inventory.kinds.types import NEVER_AGE, Age, AgeUnit

UNITS: Mapping[str, AgeUnit] = {"days": "days", "hours": "hours", "minutes": "minutes", "months": "months"}
SPAN: Mapping[AgeUnit, timedelta] = {
    "days": timedelta(days=1),
    "hours": timedelta(hours=1),
    "minutes": timedelta(minutes=1),
}

_INSTANT = re.compile(
    r"^(?P<start>\w+_at)"
    r"(?:, counted up to (?P<end>\w+_at)(?: or now| once [a-z ]+)?)?"
    r"(?:, whole months)?"
    r"(?:; 0 once (?P<zero>[a-z_]+)(?: or [a-z ]+)?)?$"
)
_BETWEEN = re.compile(r"^(?P<end>\w+_at) minus (?P<start>\w+_at)$")
_ELSEWHERE = re.compile(r"^(?:\w+_at of \w+|receipt of .*)$")
_STEM = re.compile(r"(?:_age)?_(?:days|hours|minutes|months)$")


def parse_age(name: str, type_: str, unit: str | None, note: str, own: Collection[str]) -> Age | None:
    """Return the age that `note` describes, None when the attribute is not counted from an instant.

    `own` are the names of the kind's attributes: a form that names anything else ("a_at minus other.b_at") is no age.
    """
    if type_ not in ("int", "double") or unit is None or unit not in UNITS:
        return None
    integer = type_ == "int"
    if between := _BETWEEN.match(note):
        start, end = between["start"], between["end"]
        return Age(start, end, UNITS[unit], "between", integer) if {start, end} <= set(own) else None
    if _ELSEWHERE.match(note):
        return Age(implied_instant(name), None, UNITS[unit], "since", integer)
    match = _INSTANT.match(note)
    if match is None or match["start"] not in own:
        return None
    zero = match["zero"]
    return Age(
        start=match["start"],
        end=match["end"],
        unit=UNITS[unit],
        counts="until" if name.endswith("_in_days") else "since",
        integer=integer,
        zero_once_ended=zero is not None and zero not in own,
        zero_if=zero if zero in own else None,
    )


def implied_instant(name: str) -> str:
    """Return the name under which the instant of an age is kept that names none: `system_age_days` -> `system_at`."""
    return _STEM.sub("", name) + "_at"


def age_at(age: Age, facts: Mapping[str, Any], now: datetime) -> int | float | None:
    """Compute the age at `now` from `facts` (instants as aware datetimes). None: an instant that it needs is missing.

    A companion counts only where the instant is absent ("in place of"). Zero forms win over the instant.
    """
    if age.zero_if is not None and facts.get(age.zero_if) is True:
        return _number(age, 0)
    start = facts.get(age.start)
    end = facts.get(age.end) if age.end is not None else None
    if start is None or (age.counts == "between" and end is None):
        if facts.get(age.never) is True:
            return _number(age, NEVER_AGE)
        return _number(age, 0) if facts.get(age.none) is True else None
    if age.counts == "between" and end is not None:
        return _count(age, start, end)
    if age.counts == "until":
        return _count(age, now, start)
    ended = end is not None and end <= now
    if ended and age.zero_once_ended:
        return _number(age, 0)
    return _count(age, start, end if ended and end is not None else now)


def instant_of(age: Age, value: float, observed_at: datetime, end: datetime | None = None) -> datetime:
    """Turn an age that a source sent into its instant: `observed_at` minus the age, plus for an end.

    Raises OverflowError where the instant leaves the years 1 to 9999.
    """
    if age.counts == "until":
        return _shift(observed_at, age.unit, value)
    upto = end if end is not None and end <= observed_at else observed_at
    return _shift(upto, age.unit, -value)


def _shift(instant: datetime, unit: AgeUnit, value: float) -> datetime:
    return add_months(instant, int(value)) if unit == "months" else instant + SPAN[unit] * value


def _number(age: Age, value: int) -> int | float:
    return value if age.integer else float(value)


def _count(age: Age, earlier: datetime, later: datetime) -> int | float:
    if age.unit == "months":
        return _number(age, whole_months(earlier, later))
    elapsed, span = later - earlier, SPAN[age.unit]
    return elapsed // span if age.integer else elapsed.total_seconds() / span.total_seconds()


def whole_months(earlier: datetime, later: datetime) -> int:
    """Count the calendar months (UTC) that are complete; rounded down, so negative where `later` comes first."""
    a, b = earlier.astimezone(UTC), later.astimezone(UTC)
    incomplete = (b.day, b.time()) < (a.day, a.time())
    return (b.year - a.year) * 12 + (b.month - a.month) - incomplete


def add_months(instant: datetime, months: int) -> datetime:
    """Move by calendar months (UTC); the last day of a month stands in for a day that the month does not have."""
    utc = instant.astimezone(UTC)
    index = utc.year * 12 + utc.month - 1 + months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        raise OverflowError(f"year {year} is outside 1 to 9999")
    return utc.replace(year=year, month=month + 1, day=min(utc.day, calendar.monthrange(year, month + 1)[1]))
