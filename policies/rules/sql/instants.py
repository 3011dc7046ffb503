"""Read an instant out of text without a cast that can fail: `2026-11-01T00:00:00Z`, the form in which documents
keep them.

By position and not by a regular expression, which takes twenty times as long; and without pg_input_is_valid, which
PostgreSQL 15 does not have. The digits are known before anything is taken as a number.
"""

from sqlglot import exp

from policies.rules.sql.build import all_of, call, cast, guarded, text, when

_SHAPE = "0000-00-00T00:00:00"
_SHAPES = [f"{_SHAPE}Z", *(f"{_SHAPE}.{'0' * digits}Z" for digits in range(1, 7))]
_LONG_MONTHS = ("01", "03", "05", "07", "08", "10", "12")


def instant_micros(value: exp.Expression) -> exp.Expression:
    """Return text as whole microseconds since 1970; NULL where it is no instant of the years 1 to 9999."""
    digits_as_zero = call("translate", value, text("123456789"), text("000000000"))
    shaped = exp.In(this=digits_as_zero, expressions=[text(shape) for shape in _SHAPES])
    seconds = exp.Extract(this=exp.var("EPOCH"), expression=cast(value, "TIMESTAMPTZ"))
    micros = cast(exp.Mul(this=seconds, expression=exp.Literal.number(1_000_000)), "BIGINT")
    return guarded(shaped, guarded(_in_calendar(value), micros))


def _in_calendar(value: exp.Expression) -> exp.Expression:
    month, day = _part(value, 6, 2), _part(value, 9, 2)
    day_exists = when(
        (_between(day, "01", "28"), exp.true()),
        (
            _between(day, "29", "30"),
            when((exp.NEQ(this=month, expression=text("02")), exp.true()), default=_leap(value, day)),
        ),
        (
            exp.EQ(this=day, expression=text("31")),
            exp.In(this=month, expressions=[text(each) for each in _LONG_MONTHS]),
        ),
        default=exp.false(),
    )
    return all_of(
        [
            _between(_part(value, 1, 4), "0001", "9999"),
            _between(month, "01", "12"),
            _between(_part(value, 12, 2), "00", "23"),
            _between(_part(value, 15, 2), "00", "59"),
            _between(_part(value, 18, 2), "00", "59"),
            day_exists,
        ]
    )


def _leap(value: exp.Expression, day: exp.Expression) -> exp.Expression:
    year = cast(_part(value, 1, 4), "INT")

    def divisible(by: int) -> exp.Expression:
        rest = exp.Paren(this=exp.Mod(this=year.copy(), expression=exp.Literal.number(by)))
        return exp.EQ(this=rest, expression=exp.Literal.number(0))

    ordinary = exp.And(this=divisible(4), expression=exp.Paren(this=exp.Not(this=exp.Paren(this=divisible(100)))))
    leap = exp.Paren(this=exp.Or(this=exp.Paren(this=ordinary), expression=divisible(400)))
    return all_of([exp.EQ(this=day, expression=text("29")), leap])


def _part(value: exp.Expression, start: int, length: int) -> exp.Expression:
    cut = call("substr", value, exp.Literal.number(start), exp.Literal.number(length))
    return exp.Paren(this=exp.Collate(this=cut, expression=exp.to_identifier("C", quoted=True)))


def _between(value: exp.Expression, low: str, high: str) -> exp.Expression:
    return exp.Paren(this=exp.Between(this=value.copy(), low=text(low), high=text(high)))
