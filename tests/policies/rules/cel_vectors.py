"""The conformance cases of google/cel-spec, read from their protobuf text, each as a condition of our language.

A case becomes one condition that must hold: its own expression where a bool is expected, else that the expression
equals the expected value. `eval_error` is a condition that must stay undecided.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "cel"
BINDABLE = {"bool_value": "bool", "int64_value": "int", "double_value": "double", "string_value": "string"}

_TOKEN = re.compile(r"""\s+|\#[^\n]*|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(\[[\w./]+\]|[\w.+-]+)|([{}:,;])""")
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|.)", re.DOTALL)
_NAMED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}

Message = dict[str, list[Any]]
"""Fields in order of their names; every value is in a list, since the text does not tell repeated ones."""


@dataclass(frozen=True)
class Case:
    """One case. `expected` None: the expression has no value (`eval_error`). `bound` are the variables that facts stand
    in for, `strange` those of types that no fact has.
    """

    id: str
    expression: str
    expected: str | None
    bound: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    strange: tuple[str, ...] = ()

    def conditions(self) -> tuple[str, ...]:
        """Return what to try: the expression itself, and the comparison that makes a bool of any other type."""
        source = self.expression
        for name in self.bound:
            source = re.sub(rf"(?<![\w.'\"]){name}\b(?!['\"])", f"asset.{name}", source)
        if self.expected in ("true", "false"):
            return (source if self.expected == "true" else f"!({source}\n)",)
        if self.expected is None:
            return source, f"({source}\n) == ({source}\n)"
        return (f"({source}\n) {self.expected}",)


@cache
def cases() -> list[Case]:
    """Return all cases; skips the test, saying so, where the folder is absent."""
    if not FOLDER.is_dir():
        pytest.skip("../shared/data/cel does not lie beside this checkout")
    return [case for file in sorted(FOLDER.glob("*.textproto")) for case in _of_file(file)]


def _of_file(file: Path) -> Iterator[Case]:
    for section in _parse(file.read_text())["section"]:
        for test in section["test"]:
            yield _case(f"{file.stem}/{section['name'][0]}/{test['name'][0]}", test)


def _case(id_: str, test: Message) -> Case:
    values = {row["key"][0]: row["value"][0]["value"][0] for row in test.get("bindings", ())}
    used = {name: value for name, value in values.items() if name not in ("true", "false", "null")}
    bound = {
        name: (BINDABLE[kind], given[0])
        for name, value in used.items()
        for kind, given in value.items()
        if kind in BINDABLE and name.isidentifier()
    }
    expected = None if "eval_error" in test else _comparison(test.get("value", [{"bool_value": [True]}])[0])
    return Case(id_, test["expr"][0], expected, bound, tuple(sorted(used.keys() - bound.keys())))


def _comparison(value: Message) -> str:
    """Return `true` or `false`, or the comparison with the value: `== 5`."""
    kind, given = next(iter(value.items()))
    if kind == "bool_value":
        return "true" if given[0] else "false"
    if kind == "double_value" and math.isnan(float(given[0])):
        return "!= 0.0 / 0.0"
    return f"== {_literal(kind, given[0])}"


def _literal(kind: str, value: Any) -> str:
    match kind:
        case "bool_value":
            return "true" if value else "false"
        case "int64_value":
            return str(value)
        case "double_value":
            number = float(value)
            return repr(number) if math.isfinite(number) else f"{'-' if number < 0 else ''}1.0 / 0.0"
        case "string_value":
            return json.dumps(value, ensure_ascii=False)
        case "list_value":
            members = [_literal(kind, given[0]) for one in value.get("values", []) for kind, given in one.items()]
            return f"[{', '.join(members)}]"
        case "object_value":
            return _time(value)
        case _:
            return "null"  # bytes, unsigned, type and map values: no literal of ours, and refused as this one is


def _time(value: Message) -> str:
    name, given = next(iter(value.items()))
    seconds, nanos = int(given[0].get("seconds", [0])[0]), int(given[0].get("nanos", [0])[0])
    if name.endswith("Timestamp]"):
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        return f"timestamp('{moment:%Y-%m-%dT%H:%M:%S}.{nanos:09}Z')"
    return f"duration('{seconds}.{nanos:09}s')" if name.endswith("Duration]") else "null"


# ---- protobuf text, as much of it as these files use


def _parse(text: str) -> Message:
    tokens = _tokens(text)
    return _message(tokens, end=None)


def _tokens(text: str) -> Iterator[tuple[Literal["string", "word", "mark"], str]]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None, f"unreadable text at {position}: {text[position : position + 40]!r}"
        position = match.end()
        if match[1] is not None:
            yield "string", _unescape(match[1][1:-1])
        elif match[2] is not None:
            yield "word", match[2]
        elif match[3] is not None and match[3] not in ",;":
            yield "mark", match[3]


def _unescape(text: str) -> str:
    """Return the text; `\\x` and octal escapes are bytes of its UTF-8, or of bytes that are no text."""

    def one(match: re.Match[bytes]) -> bytes:
        code = match[1].decode()
        if code[0] in "uU":
            return chr(int(code[1:], 16)).encode()
        if code[0] in "x01234567":
            return bytes([int(code.removeprefix("x"), 16 if code[0] == "x" else 8)])
        return _NAMED.get(code, code).encode()

    raw = _ESCAPE.sub(one, text.encode())
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _message(tokens: Iterator[tuple[str, str]], end: str | None) -> Message:
    message: Message = {}
    pending: str | None = None
    last: list[Any] | None = None
    for kind, text in tokens:
        if kind == "mark" and text == end:
            return message
        if kind == "mark" and text == ":":
            continue
        if kind == "word" and pending is None:
            pending, last = text, None
            continue
        if kind == "string" and pending is None:
            assert last is not None, "a text without a field"
            last[-1] += text  # adjacent texts are one
            continue
        assert pending is not None, f"a value without a field: {text!r}"
        last = message.setdefault(pending, [])
        last.append(_message(tokens, "}") if text == "{" and kind == "mark" else _scalar(kind, text))
        pending = None
    return message


def _scalar(kind: str, text: str) -> Any:
    if kind == "string":
        return text
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text, 0)
    except ValueError:
        return float(text) if re.match(r"^[+-]?(\d|\.|inf|nan)", text) else text
