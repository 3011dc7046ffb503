"""The allow-list of operators and functions, and what of them is computed at load.

`timestamp()`, `duration()` and `matches()` take literals and parameters only: they are folded or checked here, so
that a bad one is refused at load and never met at run time.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import re2

from lineage.inventory.kinds.values import parse_timestamp
from policies.rules.arithmetic import MAX_DURATION
from policies.rules.source import Source
from policies.rules.tree import DURATION, TIMESTAMP, Call, CallOp, Const, Node

MAX_PATTERN = 500

FUNCTIONS: Mapping[str, CallOp] = {
    "_==_": "==",
    "_!=_": "!=",
    "_<_": "<",
    "_<=_": "<=",
    "_>_": ">",
    "_>=_": ">=",
    "_&&_": "&&",
    "_||_": "||",
    "!_": "!",
    "_?_:_": "?:",
    "@in": "in",
    "_[_]": "index",
    "_+_": "+",
    "_-_": "-",
    "_*_": "*",
    "_/_": "/",
    "_%_": "%",
    "-_": "negate",
    "size": "size",
    "contains": "contains",
    "startsWith": "startsWith",
    "endsWith": "endsWith",
    "matches": "matches",
    "double": "double",
    "int": "int",
    "timestamp": "timestamp",
    "duration": "duration",
}
_INSTANT = re.compile(
    r"^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$", re.ASCII
)
"""What Google's engine and ours read alike: finer fractions it keeps and we would cut off, leap seconds it refuses."""
_UNITS = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1, "µs": 1}
_DURATION = re.compile(r"^([+-]?)((?:\d+(?:\.\d+)?(?:h|m|s|ms|us|µs))+)$")
_DURATION_PART = re.compile(r"(\d+)(?:\.(\d+))?(ms|us|µs|h|m|s)")


def fold(call: Call, source: Source) -> Node:
    """Check what must be constant and compute it. Returns the call itself where there is nothing to fold."""
    match call.op:
        case "timestamp" | "duration":
            return _fold_time(call, source)
        case "matches":
            _check_pattern(call.args[1], source)
        case "int" | "double":
            if call.args[0].type.name not in ("int", "double"):
                given = call.args[0].type
                hint = "give the attribute a number type in the vocabulary"
                raise source.refuse(call.at, f"{call.op}() takes int or double, not {given}", hint)
        case "==" | "!=" | "in":
            for arg in call.args:
                if arg.type.name in ("entity", "map") or (arg.type.of and arg.type.of.name == "entity"):
                    if call.op == "in" and arg.type.name == "map":
                        continue
                    raise source.refuse(call.at, f"{arg.type} values cannot be compared", "compare their uid")
        case _:
            pass
    return call


def _fold_time(call: Call, source: Source) -> Const:
    text = call.args[0]
    if call.args[0].type in (TIMESTAMP, DURATION) and isinstance(text, Const):
        return text
    if not isinstance(text, Const) or not isinstance(text.value, str):
        hint = "declare the attribute as a timestamp in the vocabulary"
        raise source.refuse(call.at, f"{call.op}() takes a literal or a parameter", hint)
    value: datetime | timedelta | None
    if call.op == "timestamp":
        value = parse_timestamp(text.value) if _INSTANT.match(text.value) else None
        hint = "write date, time (microseconds at most) and zone, such as 2026-11-01T00:00:00Z"
    else:
        value, hint = parse_duration(text.value), "write hours, minutes and seconds, such as 720h or 1h30m"
    if value is None:
        raise source.refuse(text.at, f"'{text.value}' is no {call.op}", hint)
    return Const(value, call.type, call.at, text.name)


def parse_duration(text: str) -> timedelta | None:
    """Parse a CEL duration ("1h30m"); None where it is none, finer than a microsecond or longer than 292 years."""
    match = _DURATION.match(text)
    if match is None:
        return None
    total = 0
    for whole, fraction, unit in _DURATION_PART.findall(match[2]):
        scale = _UNITS[unit]
        part, rest = divmod(int(fraction or 0) * scale, 10 ** len(fraction))
        if rest:
            return None
        total += int(whole) * scale + part
    if total > MAX_DURATION // timedelta(microseconds=1):
        return None
    return timedelta(microseconds=-total if match[1] == "-" else total)


def _check_pattern(pattern: Node, source: Source) -> None:
    if not isinstance(pattern, Const) or not isinstance(pattern.value, str):
        raise source.refuse(pattern.at, "matches() takes a literal pattern", "write the pattern in quotes")
    if len(pattern.value) > MAX_PATTERN:
        hint = f"patterns have at most {MAX_PATTERN} characters"
        raise source.refuse(pattern.at, f"the pattern has {len(pattern.value)} characters", hint)
    try:
        re2.compile(pattern.value)
    except re2.error as error:
        said = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        hint = "use RE2 syntax: no look-around, no back-references"
        raise source.refuse(pattern.at, f"bad regular expression: {said}", hint) from error
