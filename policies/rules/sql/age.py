"""Ages in SQL, in whole microseconds: the same numbers as lineage.inventory.kinds.ages computes for the row engine."""

from collections.abc import Mapping
from datetime import datetime

from sqlglot import exp

from lineage.inventory.kinds.ages import SPAN
from lineage.inventory.kinds.types import NEVER_AGE, Age
from policies.rules.sql.build import all_of, call, cast, guarded, is_known, is_null, micros, number, text, when

EXACT_IN_A_DOUBLE = 2**53


def age_column(age: Age, values: Mapping[str, exp.Expression], now: datetime) -> exp.Expression:
    """Return the age at `now`; `values` are the typed inputs (instants in microseconds), NULL where missing."""
    start, present = values[age.start], number(micros(now))
    end = values[age.end] if age.end is not None else None
    branches: list[tuple[exp.Expression, exp.Expression]] = []
    if age.zero_if is not None:
        branches.append((values[age.zero_if], _number(age, 0)))
    absent = is_null(start)
    if age.counts == "between" and end is not None:
        absent = exp.Or(this=absent, expression=is_null(end))
    branches.append((all_of([absent, values[age.never]]), _number(age, NEVER_AGE)))
    branches.append((all_of([absent, values[age.none]]), _number(age, 0)))
    if age.counts == "between" and end is not None:
        return when(*branches, (is_known(start), _count(age, start, end)))
    if age.counts == "until":
        return when(*branches, (is_known(start), _count(age, present, start)))
    if end is None:
        return when(*branches, (is_known(start), _count(age, start, present)))
    ended = exp.LTE(this=end.copy(), expression=present.copy())
    at_end = _number(age, 0) if age.zero_once_ended else _count(age, start, end)
    counted = when((ended, at_end), default=_count(age, start, present))
    return when(*branches, (is_known(start), counted))


def _number(age: Age, value: int) -> exp.Expression:
    return number(value) if age.integer else cast(number(value), "DOUBLE PRECISION")


def _count(age: Age, earlier: exp.Expression, later: exp.Expression) -> exp.Expression:
    if age.unit == "months":
        months = _whole_months(earlier, later)
        return months if age.integer else cast(months, "DOUBLE PRECISION")
    unit = micros(SPAN[age.unit])
    elapsed = exp.Paren(this=exp.Sub(this=later.copy(), expression=earlier.copy()))
    if age.integer:
        return floor_divide(elapsed, unit)
    seconds = exp.Div(this=cast(elapsed, "DOUBLE PRECISION"), expression=_double(1_000_000))
    exact = exp.LT(this=call("abs", elapsed), expression=number(EXACT_IN_A_DOUBLE))
    return guarded(exact, exp.Div(this=seconds, expression=_double(unit // 1_000_000)))


def _double(value: int) -> exp.Expression:
    return cast(exp.Literal.number(value), "DOUBLE PRECISION")


def floor_divide(value: exp.Expression, unit: int) -> exp.Expression:
    """Return value / unit rounded down; PostgreSQL's integer division rounds towards zero."""
    rest = exp.Paren(this=exp.Mod(this=value.copy(), expression=number(unit)))
    below = when((exp.LT(this=rest, expression=number(0)), number(1)), default=number(0))
    quotient = exp.Div(this=value.copy(), expression=number(unit), typed=True)
    return exp.Paren(this=exp.Sub(this=quotient, expression=below))


def _whole_months(earlier: exp.Expression, later: exp.Expression) -> exp.Expression:
    a, b = _utc(earlier), _utc(later)
    years = exp.Sub(this=_part("YEAR", b), expression=_part("YEAR", a))
    months = exp.Sub(this=_part("MONTH", b), expression=_part("MONTH", a))
    whole = exp.Add(this=exp.Mul(this=exp.Paren(this=years), expression=exp.Literal.number(12)), expression=months)
    incomplete = when(
        (exp.LT(this=_within_month(b), expression=_within_month(a)), exp.Literal.number(1)),
        default=exp.Literal.number(0),
    )
    months_between = cast(exp.Paren(this=exp.Sub(this=exp.Paren(this=whole), expression=incomplete)), "BIGINT")
    exact = [exp.LT(this=call("abs", part), expression=number(EXACT_IN_A_DOUBLE)) for part in (earlier, later)]
    return guarded(all_of(exact), months_between)


def _utc(instant: exp.Expression) -> exp.Expression:
    """Return microseconds since 1970 as a timestamp without zone;

    the product is exact below 2**53, see _whole_months.
    """
    step = exp.Mul(this=instant.copy(), expression=cast(text("1 microsecond"), "INTERVAL"))
    return exp.Paren(this=exp.Add(this=cast(text("1970-01-01 00:00:00"), "TIMESTAMP"), expression=step))


def _part(name: str, value: exp.Expression) -> exp.Expression:
    return exp.Extract(this=exp.var(name), expression=value.copy())


def _within_month(value: exp.Expression) -> exp.Expression:
    return exp.Sub(this=value.copy(), expression=call("date_trunc", text("month"), value))
