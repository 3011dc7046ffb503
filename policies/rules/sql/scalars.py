"""Scalars in SQL: comparison, text search, conversion and arithmetic that cannot raise.

PostgreSQL raises on overflow, underflow and division by zero, and one raise would end the statement for all rows:
whatever can come near is guarded, and NULL hands the row to the row engine.
"""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from policies.rules.arithmetic import MAX_DURATION
from policies.rules.facts import INT_MAX, INT_MIN
from policies.rules.schema import Schema
from policies.rules.sql.bounds import int_range, magnitude
from policies.rules.sql.build import binary, call, cast, guarded, micros, number, text
from policies.rules.tree import Call, CallOp

TIME_RANGE = (-62_135_596_800_000_000, 253_402_300_799_999_999)
"""The years 1 to 9999 in microseconds since 1970, as in cel-spec, doc/langdef.md, section Timestamps."""
DURATION_RANGE = (-micros(MAX_DURATION), micros(MAX_DURATION))

_COMPARE: Mapping[str, type[exp.Expression]] = {
    "==": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_ARITHMETIC: Mapping[str, type[exp.Expression]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul, "%": exp.Mod}


def compare(node: Call, left: exp.Expression, right: exp.Expression) -> exp.Expression:
    """Return a comparison; strings are ordered by code point, which is the order of their UTF-8 bytes."""
    if node.op not in ("==", "!=") and node.args[0].type.name == "string":
        left, right = _bytewise(left), _bytewise(right)
    return binary(_COMPARE[node.op], left, right)


def _bytewise(value: exp.Expression) -> exp.Expression:
    return exp.Paren(
        this=exp.Collate(this=exp.Paren(this=value.copy()), expression=exp.to_identifier("C", quoted=True))
    )


def search(op: CallOp, value: exp.Expression, part: exp.Expression) -> exp.Expression:
    """Return contains, startsWith or endsWith; no LIKE, whose patterns would need escapes."""
    match op:
        case "contains":
            return exp.Paren(this=exp.GT(this=call("strpos", value, part), expression=exp.Literal.number(0)))
        case "startsWith":
            return call("starts_with", value, part)
        case _:
            return exp.Paren(this=exp.EQ(this=call("right", value, call("length", part)), expression=part.copy()))


def convert(node: Call, value: exp.Expression) -> exp.Expression:
    """Return double(x) or int(x); int() cuts off the fraction."""
    if node.op == "double":
        return cast(value, "DOUBLE PRECISION")
    if node.args[0].type.name == "int":
        return value
    inside = exp.LT(this=call("abs", value), expression=cast(text("9e18"), "DOUBLE PRECISION"))
    return guarded(inside, cast(call("trunc", value), "BIGINT"))


def arithmetic(node: Call, args: Sequence[exp.Expression], schema: Schema) -> exp.Expression | None:
    """Return the operator's SQL; None where no guard is cheap enough, so that the row engine must do it."""
    match node.args[0].type.name:
        case "int":
            return _int(node, args, schema)
        case "double":
            return _double(node, args) if magnitude(node).safe else None
        case "string" | "list":
            return binary(exp.DPipe, args[0], args[1])
        case _:
            return _time(node, args)


def _int(node: Call, args: Sequence[exp.Expression], schema: Schema) -> exp.Expression:
    first = int_range(node.args[0], schema)
    above_least = exp.GT(this=args[0].copy(), expression=number(INT_MIN))
    if node.op == "negate":
        return minus(args[0]) if first.low > INT_MIN else guarded(above_least, minus(args[0]))
    if node.op in ("/", "%"):
        result = _divide(args) if node.op == "/" else binary(exp.Mod, args[0], args[1])
        safe = result if first.low > INT_MIN else guarded(above_least, result)
        return guarded(exp.NEQ(this=args[1].copy(), expression=number(0)), safe)
    result = binary(_ARITHMETIC[node.op], args[0], args[1])
    if int_range(node, schema).fits:
        return result
    wide = binary(_ARITHMETIC[node.op], cast(args[0], "NUMERIC"), cast(args[1], "NUMERIC"))
    return guarded(exp.Between(this=wide, low=number(INT_MIN), high=number(INT_MAX)), result)


def _double(node: Call, args: Sequence[exp.Expression]) -> exp.Expression:
    if node.op == "negate":
        return minus(args[0])
    if node.op == "/":
        zero = cast(text("0"), "DOUBLE PRECISION")
        return guarded(exp.NEQ(this=args[1].copy(), expression=zero), _divide(args))
    return binary(_ARITHMETIC[node.op], args[0], args[1])


def _time(node: Call, args: Sequence[exp.Expression]) -> exp.Expression:
    if node.op == "negate":
        return minus(args[0])
    result = binary(_ARITHMETIC[node.op], args[0], args[1])
    low, high = TIME_RANGE if node.type.name == "timestamp" else DURATION_RANGE
    return guarded(exp.Between(this=result, low=number(low), high=number(high)), result)


def minus(value: exp.Expression) -> exp.Expression:
    """Return `-value`."""
    return exp.Paren(this=exp.Neg(this=exp.Paren(this=value.copy())))


def _divide(args: Sequence[exp.Expression]) -> exp.Expression:
    return exp.Paren(this=exp.Div(this=args[0].copy(), expression=args[1].copy(), typed=True))
