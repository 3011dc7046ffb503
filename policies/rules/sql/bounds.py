"""How large the numbers of an expression can become, from its tree alone: where SQL's arithmetic needs a guard.

PostgreSQL raises on overflow, underflow and division by zero, and one raise would end the statement for all rows.
"""

import math
from dataclasses import dataclass

from policies.rules.facts import INT_MAX, INT_MIN
from policies.rules.schema import Schema
from policies.rules.sql.rows import GREATEST_INT
from policies.rules.tree import Call, Const, Field, Node

AGE = 2**40


@dataclass(frozen=True)
class Range:
    """The least and greatest integer that a node can have."""

    low: int
    high: int

    @property
    def fits(self) -> bool:
        """Whether every value is a 64-bit integer."""
        return self.low >= INT_MIN and self.high <= INT_MAX


def int_range(node: Node, schema: Schema) -> Range:
    """Return the range of an int node, before any guard of the node itself."""
    match node:
        case Const(value=int() as value):
            return Range(value, value)
        case Field() if node.operand.type.entity is not None:
            age = schema.entity(node.operand.type.entity).age(node.name)
            limit = AGE if age is not None else GREATEST_INT
            return Range(-limit, limit)
        case Call(op="size"):
            return Range(0, 2**31)
        case Call(op="?:"):
            return _hull(*(int_range(arg, schema) for arg in node.args[1:]))
        case Call(op="+" | "-" | "*" | "/" | "%" | "negate"):
            parts = [int_range(arg, schema) for arg in node.args]
            return _computed(node.op, [Range(max(p.low, INT_MIN), min(p.high, INT_MAX)) for p in parts])
        case _:
            return Range(INT_MIN, INT_MAX)


def _hull(*ranges: Range) -> Range:
    return Range(min(part.low for part in ranges), max(part.high for part in ranges))


def _computed(op: str, parts: list[Range]) -> Range:
    a, b = parts[0], parts[-1]
    match op:
        case "+":
            return Range(a.low + b.low, a.high + b.high)
        case "-":
            return Range(a.low - b.high, a.high - b.low)
        case "negate":
            return Range(-a.high, -a.low)
        case "*":
            products = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
            return Range(min(products), max(products))
        case _:
            size = max(abs(a.low), abs(a.high))
            return Range(-size, size)


@dataclass(frozen=True)
class Magnitude:
    """Powers of ten between which the size of a double lies, where it is not zero."""

    low: float
    high: float

    @property
    def safe(self) -> bool:
        """Whether neither overflow nor underflow to zero can happen."""
        return self.low > -300 and self.high < 300


_FACT = Magnitude(-100, 100)
_INT = Magnitude(0, 19)
_ANY = Magnitude(-400, 400)
_CANCELLED = 17
"""Digits of a double: a difference that is not zero is at least this much smaller than its operands."""


def magnitude(node: Node) -> Magnitude:
    """Return the magnitude of a double node."""
    match node:
        case Const(value=float() as value):
            digits = _digits(value)
            return Magnitude(digits, digits + 1)
        case Field():
            return _FACT
        case Call(op="double"):
            return _INT if node.args[0].type.name == "int" else magnitude(node.args[0])
        case Call(op="negate"):
            return magnitude(node.args[0])
        case Call(op="?:"):
            a, b = (magnitude(arg) for arg in node.args[1:])
            return Magnitude(min(a.low, b.low), max(a.high, b.high))
        case Call(op="+" | "-" | "*" | "/"):
            a, b = (magnitude(arg) for arg in node.args)
            match node.op:
                case "*":
                    return Magnitude(a.low + b.low, a.high + b.high)
                case "/":
                    return Magnitude(a.low - b.high, a.high - b.low)
                case _:
                    return Magnitude(min(a.low, b.low) - _CANCELLED, max(a.high, b.high) + 1)
        case _:
            return _ANY


def _digits(value: float) -> float:
    if value == 0:
        return 0.0
    return float(f"{value:e}".split("e")[1]) if math.isfinite(value) else _ANY.high
