"""The strict operators and functions on values, with CEL's limits: 64-bit integers, times within the years 1 to 9999.

All arguments are known and of the declared types. What CEL calls an error raises Broken.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import re2

from policies.rules.facts import INT_MAX, INT_MIN, Broken
from policies.rules.tree import CallOp, TypeName

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MAX_DURATION = timedelta(seconds=(2**63 - 1) // 10**9)
"""About 292 years: Google's engine computes durations in 64-bit nanoseconds. Within the last second of that range it
overflows for some operands and not for others, so that we end at the whole second.
"""


def apply(op: CallOp, type_: TypeName, values: Sequence[Any]) -> Any:
    """Compute `op`; `type_` is the static type of its first argument."""
    if op in _COMPARISONS:
        return _COMPARISONS[op](values[0], values[1])
    match op:
        case "!":
            return not values[0]
        case "in":
            return values[0] in values[1]
        case "size":
            return len(values[0])
        case "contains":
            return values[1] in values[0]
        case "startsWith":
            return values[0].startswith(values[1])
        case "endsWith":
            return values[0].endswith(values[1])
        case "matches":
            return re2.search(values[1], values[0]) is not None
        case "double":
            return float(values[0])
        case "int":
            return _to_int(values[0])
        case _:
            return _ARITHMETIC[type_](op, values)


def _to_int(value: int | float) -> int:
    if isinstance(value, float) and not (math.isfinite(value) and -(2.0**63) < value < 2.0**63):
        raise Broken("the double is outside of the 64-bit integers")
    return int(value)


def _int(op: CallOp, values: Sequence[int]) -> int:
    a, b = values[0], values[1] if len(values) > 1 else 0
    if op in ("/", "%") and b == 0:
        raise Broken("division by zero" if op == "/" else "modulus by zero")
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1) if b else 0
    result = {"+": a + b, "-": a - b, "*": a * b, "/": quotient, "%": a - b * quotient, "negate": -a}[op]
    # The machine's remainder of the least integer by -1 traps, and CEL reports it as an overflow.
    if not INT_MIN <= result <= INT_MAX or (op == "%" and a == INT_MIN and b == -1):
        raise Broken("integer overflow")
    return result


def _double(op: CallOp, values: Sequence[float]) -> float:
    a, b = values[0], values[1] if len(values) > 1 else 0.0
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b if b else _by_zero(a, b)
        case _:
            return -a


def _by_zero(a: float, b: float) -> float:
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def _time(op: CallOp, values: Sequence[Any]) -> Any:
    a, b = values[0], values[1] if len(values) > 1 else timedelta()
    try:
        result = {"+": lambda: a + b, "-": lambda: a - b, "negate": lambda: -a}[op]()
    except OverflowError as error:
        raise Broken("time overflow") from error
    if isinstance(result, timedelta) and abs(result) > MAX_DURATION:
        raise Broken("duration overflow")
    return result.astimezone(UTC) if isinstance(result, datetime) else result


def _joined(_: CallOp, values: Sequence[Any]) -> Any:
    return values[0] + values[1]


_ARITHMETIC: Mapping[TypeName, Callable[[CallOp, Sequence[Any]], Any]] = {
    "int": _int,
    "double": _double,
    "timestamp": _time,
    "duration": _time,
    "string": _joined,
    "list": _joined,
}
