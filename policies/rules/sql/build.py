"""Small builders of sqlglot nodes. Every argument is copied, so that a node can stand in several places.

No SQL is ever put together as text: identifiers are quoted and values are typed literals, written by sqlglot.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlglot import exp

from policies.rules.tree import Scalar, Type

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SQL_TYPES = {
    "bool": "BOOLEAN",
    "int": "BIGINT",
    "double": "DOUBLE PRECISION",
    "string": "TEXT",
    "timestamp": "BIGINT",
    "duration": "BIGINT",
    "list": "JSONB",
    "map": "JSONB",
}


def sql_type(type_: Type) -> str:
    """Return the SQL type that holds a value: times and durations are whole microseconds, lists are jsonb."""
    return _SQL_TYPES[type_.name]


def micros(value: datetime | timedelta) -> int:
    """Return an instant (since 1970) or a duration as whole microseconds."""
    span = value - EPOCH if isinstance(value, datetime) else value
    return span // timedelta(microseconds=1)


def literal(value: Scalar | Sequence[Any] | None, type_: Type) -> exp.Expression:
    """Return a typed literal; None gives a typed NULL."""
    if value is None:
        return cast(exp.Null(), sql_type(type_))
    if isinstance(value, datetime | timedelta):
        return number(micros(value))
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int):
        return number(value)
    if isinstance(value, float):
        return cast(text(repr(value)), "DOUBLE PRECISION")
    members = [micros(member) if isinstance(member, datetime | timedelta) else member for member in value]
    return cast(text(json.dumps(members)), "JSONB")


def number(value: int) -> exp.Expression:
    """Return a 64-bit integer literal."""
    return cast(exp.Literal.string(str(value)), "BIGINT")


def text(value: str) -> exp.Expression:
    """Return a string literal."""
    return exp.Literal.string(value)


def null(type_: Type) -> exp.Expression:
    """Return the NULL that says: SQL does not decide this, the row engine does."""
    return literal(None, type_)


def cast(value: exp.Expression, to: str) -> exp.Expression:
    """Return `CAST(value AS to)`."""
    return exp.Cast(this=value.copy(), to=exp.DataType.build(to, dialect="postgres"))


def column(table: str, name: str) -> exp.Column:
    """Return a quoted column of a table alias."""
    return exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(table, quoted=True))


def call(name: str, *args: exp.Expression) -> exp.Expression:
    """Return a function call."""
    return exp.Anonymous(this=name, expressions=[arg.copy() for arg in args])


def binary(node: type[exp.Expression], left: exp.Expression, right: exp.Expression) -> exp.Expression:
    """Return a binary operator in brackets."""
    return exp.Paren(this=node(this=left.copy(), expression=right.copy()))


def all_of(parts: Sequence[exp.Expression]) -> exp.Expression:
    """Return the conjunction in brackets; TRUE for none."""
    if not parts:
        return exp.true()
    result = parts[0].copy()
    for part in parts[1:]:
        result = exp.And(this=result, expression=part.copy())
    return exp.Paren(this=result)


def negate(value: exp.Expression) -> exp.Expression:
    """Return `NOT value`."""
    return exp.Paren(this=exp.Not(this=exp.Paren(this=value.copy())))


def is_null(value: exp.Expression) -> exp.Expression:
    """Return `value IS NULL`."""
    return exp.Paren(this=exp.Is(this=exp.Paren(this=value.copy()), expression=exp.Null()))


def is_known(value: exp.Expression) -> exp.Expression:
    """Return `NOT (value IS NULL)`."""
    return negate(is_null(value))


def guarded(test: exp.Expression, value: exp.Expression) -> exp.Expression:
    """Return `CASE WHEN test THEN value END`: NULL unless the test holds, and the value is computed only then."""
    return when((test, value))


def when(*branches: tuple[exp.Expression, exp.Expression], default: exp.Expression | None = None) -> exp.Expression:
    """Return a searched CASE; the default alone where there are no branches."""
    if not branches and default is not None:
        return default.copy()
    ifs = [exp.If(this=test.copy(), true=value.copy()) for test, value in branches]
    return exp.Case(ifs=ifs, default=default.copy() if default is not None else None)


def switch(value: exp.Expression, *branches: tuple[exp.Expression, exp.Expression]) -> exp.Expression:
    """Return a simple CASE without ELSE: the value is computed once, and NULL stays NULL."""
    ifs = [exp.If(this=test.copy(), true=result.copy()) for test, result in branches]
    return exp.Case(this=exp.Paren(this=value.copy()), ifs=ifs)


def choose(test: exp.Expression, then: exp.Expression, otherwise: exp.Expression) -> exp.Expression:
    """Return the three-valued `test ? then : otherwise`; an undecided test gives NULL, never ELSE."""
    return switch(test, (exp.true(), then), (exp.false(), otherwise))


def alias_columns(alias: str, columns: Sequence[tuple[str, str]]) -> exp.TableAlias:
    """Return `AS alias(column type, ...)`."""
    definitions = [
        exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=exp.DataType.build(type_, dialect="postgres"))
        for name, type_ in columns
    ]
    return exp.TableAlias(this=exp.to_identifier(alias, quoted=True), columns=definitions)


def lateral_row(alias: str, columns: Sequence[tuple[str, exp.Expression]]) -> exp.Join:
    """Return `CROSS JOIN LATERAL (SELECT ... OFFSET 0) AS alias`: OFFSET keeps each column computed once per row."""
    row = exp.select(*(exp.alias_(value.copy(), name, quoted=True) for name, value in columns)).offset(0)
    return _cross(exp.Lateral(this=row.subquery(), alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True))))


def _cross(lateral: exp.Lateral) -> exp.Join:
    return exp.Join(this=lateral, kind="CROSS")
