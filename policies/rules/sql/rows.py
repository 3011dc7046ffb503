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
    call,
    cast,
    column,
    guarded,
    is_known,
    is_null,
    lateral_row,
    negate,
    text,
)
from policies.rules.sql.instants import instant_micros

GREATEST_INT = 2**53
GREATEST_DOUBLE, LEAST_DOUBLE = "1e100", "1e-100"


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
        raw = column(f"{self.alias}_r", key)
        given = exp.NEQ(this=call("jsonb_typeof", raw), expression=text("null"))
        return all_of([is_known(raw), given, is_null(column(f"{self.alias}_v", key))])

    def joins(self) -> list[exp.Join]:
        """Return the laterals, in order: the document, its raw values, the typed values, the ages.

        `document #> '{}'` is the document itself, decompressed: without it each `->` would do that again, at twenty
        times the cost.
        """
        if not self._stored:
            return []
        whole = exp.Paren(this=exp.JSONBExtract(this=self.document.copy(), expression=text("{}")))
        document = column(f"{self.alias}_d", "document")
        raw = [(key, member(document, key)) for key in self._stored]
        typed = [(key, self._typed(key)) for key in self._stored]
        joins = [
            lateral_row(f"{self.alias}_d", [("document", whole)]),
            lateral_row(f"{self.alias}_r", raw),
            lateral_row(f"{self.alias}_v", typed),
        ]
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
            return guarded(_is("string", value), instant_micros(plain_text(value)))
        case "map":
            return guarded(_is("object", value), guarded(_only_strings(value, "strict $.*"), value))
        case _:
            return guarded(_is("array", value), guarded(_only_strings(value, "strict $[*]"), value))


def plain_text(value: exp.Expression) -> exp.Expression:
    """Return the text of a jsonb string."""
    return exp.Paren(this=exp.JSONBExtractScalar(this=value.copy(), expression=text("{}")))


def member(document: exp.Expression, key: str) -> exp.Expression:
    """Return the jsonb value of a key, NULL where there is none or the document is no object."""
    return exp.Paren(this=exp.JSONExtract(this=document.copy(), expression=text(key), only_json_types=True))


def _is(name: str, value: exp.Expression) -> exp.Expression:
    return exp.EQ(this=call("jsonb_typeof", value), expression=text(name))


def _whole(value: exp.Expression) -> exp.Expression:
    numeric, limit = cast(value, "NUMERIC"), str(GREATEST_INT)
    bounded = exp.Between(
        this=numeric.copy(), low=cast(text(f"-{limit}"), "NUMERIC"), high=cast(text(limit), "NUMERIC")
    )
    written_whole = exp.EQ(this=call("scale", numeric), expression=exp.Literal.number(0))
    whole = exp.Or(this=written_whole, expression=exp.EQ(this=numeric.copy(), expression=call("trunc", numeric)))
    return all_of([bounded, exp.Paren(this=whole)])


def _moderate(value: exp.Expression) -> exp.Expression:
    size = call("abs", cast(value, "NUMERIC"))
    inside = exp.Between(
        this=size, low=cast(text(LEAST_DOUBLE), "NUMERIC"), high=cast(text(GREATEST_DOUBLE), "NUMERIC")
    )
    return exp.Paren(this=exp.Or(this=inside, expression=exp.EQ(this=size.copy(), expression=exp.Literal.number(0))))


def _only_strings(value: exp.Expression, members: str) -> exp.Expression:
    # strict: the lax mode would look into nested arrays and let [["a"]] pass.
    return negate(call("jsonb_path_exists", value, text(f'{members} ? (@.type() != "string")')))


def with_joins(query: exp.Select, rows: Sequence[Row]) -> exp.Select:
    """Add the rows' laterals to a query."""
    for row in rows:
        for join in row.joins():
            query.append("joins", join)
    return query
