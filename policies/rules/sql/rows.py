"""A document as typed SQL columns: each field that a rule reads is taken out, guarded and computed once per row.

A column is NULL where the fact is missing or of a wrong type; no cast can fail, whatever the document holds. Ranges are
narrower than what a double or a 64-bit integer can hold, which is safe: NULL only hands the row to the row engine.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlglot import exp

from policies.rules.schema import Entity, FieldType
from policies.rules.sql.age import age_column
from policies.rules.sql.build import (
    all_of,
    binary,
    call,
    cast,
    column,
    guarded,
    is_known,
    is_null,
    lateral_record,
    lateral_row,
    negate,
    number,
    text,
)

GREATEST_INT = 2**53
GREATEST_DOUBLE, LEAST_DOUBLE = "1e100", "1e-100"

# Valid calendar days of the years 0001 to 9999, so that the cast to timestamptz cannot fail.
_LEAP_YEAR = r"(\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
_DAY = (
    r"(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])"
    r"|\d{4}-(0[13-9]|1[0-2])-(29|30)"
    r"|\d{4}-(0[13578]|1[02])-31"
    rf"|{_LEAP_YEAR}-02-29)"
)
INSTANT = rf"^(?!0000){_DAY}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{{1,6}})?Z$"


class Row:
    """One document in a FROM clause. `field()` gives a column; `joins()` then gives the laterals that compute them."""

    def __init__(self, entity: Entity, document: exp.Expression, alias: str, now: datetime) -> None:
        self.entity = entity
        self.document = document
        self.alias = alias
        self.now = now
        self._stored: dict[str, None] = {}
        self._ages: dict[str, None] = {}

    def field(self, name: str) -> exp.Expression:
        """Return the typed value of a field, NULL where it is missing or broken."""
        age = self.entity.age(name)
        if age is None:
            self._stored.setdefault(name)
            return column(f"{self.alias}_v", name)
        self._ages.setdefault(name)
        for key in age.inputs:
            self._stored.setdefault(key)
        return column(f"{self.alias}_a", name)

    def has(self, name: str) -> exp.Expression:
        """Return whether the field is there; NULL where what is there is broken."""
        value = self.field(name)
        age = self.entity.age(name)
        broken = [self.broken(key) for key in (age.inputs if age is not None else (name,))]
        return guarded(all_of([negate(test) for test in broken]), is_known(value))

    def broken(self, key: str) -> exp.Expression:
        """Return whether a stored value is there and not of its type."""
        return all_of([is_known(column(f"{self.alias}_r", key)), is_null(column(f"{self.alias}_v", key))])

    def joins(self) -> list[exp.Join]:
        """Return the laterals, in order: the raw values, the typed values, the ages."""
        if not self._stored:
            return []
        raw = lateral_record(f"{self.alias}_r", self.document, list(self._stored))
        typed = [(key, self._typed(key)) for key in self._stored]
        joins = [raw, lateral_row(f"{self.alias}_v", typed)]
        if self._ages:
            joins.append(lateral_row(f"{self.alias}_a", [(name, self._age(name)) for name in self._ages]))
        return joins

    def _typed(self, key: str) -> exp.Expression:
        return typed_value(self.entity.attributes[key].type, column(f"{self.alias}_r", key))

    def _age(self, name: str) -> exp.Expression:
        age = self.entity.age(name)
        assert age is not None, "only ages are asked for"
        sound = all_of([negate(self.broken(key)) for key in age.inputs])
        values = {key: column(f"{self.alias}_v", key) for key in age.inputs}
        return guarded(sound, age_column(age, values, self.now))


def typed_value(type_: FieldType, value: exp.Expression) -> exp.Expression:
    """Return the guarded conversion of a jsonb value to the SQL form of its declared type."""
    match type_:
        case "bool":
            return guarded(_is("boolean", value), cast(value, "BOOLEAN"))
        case "int":
            return guarded(_is("number", value), guarded(_whole(value), cast(value, "BIGINT")))
        case "double":
            return guarded(_is("number", value), guarded(_moderate(value), cast(value, "DOUBLE PRECISION")))
        case "string":
            return guarded(_is("string", value), plain_text(value))
        case "timestamp":
            valid = binary(exp.RegexpLike, plain_text(value), text(INSTANT))
            return guarded(_is("string", value), guarded(valid, _micros(plain_text(value))))
        case "map":
            return guarded(_is("object", value), guarded(_only_strings(value, "strict $.*"), value))
        case _:
            return guarded(_is("array", value), guarded(_only_strings(value, "strict $[*]"), value))


def plain_text(value: exp.Expression) -> exp.Expression:
    """Return the text of a jsonb string."""
    return exp.Paren(this=exp.JSONBExtractScalar(this=value.copy(), expression=text("{}")))


def _is(name: str, value: exp.Expression) -> exp.Expression:
    return exp.EQ(this=call("jsonb_typeof", value), expression=text(name))


def _whole(value: exp.Expression) -> exp.Expression:
    numeric = cast(value, "NUMERIC")
    bounded = exp.Between(this=numeric.copy(), low=number(-GREATEST_INT), high=number(GREATEST_INT))
    return all_of([bounded, exp.EQ(this=numeric.copy(), expression=call("trunc", numeric))])


def _moderate(value: exp.Expression) -> exp.Expression:
    size = call("abs", cast(value, "NUMERIC"))
    inside = exp.Between(
        this=size, low=cast(text(LEAST_DOUBLE), "NUMERIC"), high=cast(text(GREATEST_DOUBLE), "NUMERIC")
    )
    return exp.Paren(this=exp.Or(this=inside, expression=exp.EQ(this=size.copy(), expression=exp.Literal.number(0))))


def _micros(value: exp.Expression) -> exp.Expression:
    seconds = exp.Extract(this=exp.var("EPOCH"), expression=cast(value, "TIMESTAMPTZ"))
    return cast(exp.Mul(this=seconds, expression=exp.Literal.number(1_000_000)), "BIGINT")


def _only_strings(value: exp.Expression, members: str) -> exp.Expression:
    # strict: the lax mode would look into nested arrays and let [["a"]] pass.
    return negate(call("jsonb_path_exists", value, text(f'{members} ? (@.type() != "string")')))


def with_joins(query: exp.Select, rows: Sequence[Row]) -> exp.Select:
    """Add the rows' laterals to a query."""
    for row in rows:
        for join in row.joins():
            query.append("joins", join)
    return query
