"""Read a stream of YAML documents as JSON values: bounded, nothing constructed, a broken document loses no other.

- Aliases, tags and merge keys are refused: a small file stays small, and a value is what stands there.
- A plain `yes`, `off` or date is a text (YAML 1.2, core schema); a number with a leading zero as well.
- A key that occurs twice is refused, as in JSON.
- What is taken fits the limits of JSON from outside (exact.py), so that it can be kept as such.

A line that begins with `---` always begins a document (YAML 1.2.2, section 9.1.2), so documents are cut there and each
is parsed alone, from parser events, with a stack of its own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import yaml

from accounts.journal.canonical.exact import MAX_DEPTH, MAX_KEYS, MAX_STRING, Exact
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.kinds.values import show, writable

DEPTH = MAX_DEPTH - 1
"""Levels of a document: it is kept as a member of a list."""
MAX_VALUES = 3_000_000
"""Values of all documents together."""

_BEGIN = re.compile(r"^(?=---(?:[ \t\r\n]|\Z))", re.MULTILINE)
_CONTENT = re.compile(r"^(?![ \t]*(?:#|\r?$)|%|(?:---|\.\.\.)[ \t]*(?:#|\r?$))", re.MULTILINE)
"""A line that is more than a comment, a directive or a marker."""
_INT = re.compile(r"^[-+]?(?:0|[1-9][0-9]{0,17})$", re.ASCII)
_DOUBLE = re.compile(r"^[-+]?[0-9]{1,18}\.[0-9]{1,18}$", re.ASCII)
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True)
class Document:
    """One document. `line` is where it begins, from 1. `problem`: why it could not be read; then `value` is None."""

    line: int
    value: Exact = None
    problem: str = ""


TAKEN = f"YAML of plain values: no alias, tag or merge, each key once, at most {DEPTH} levels"
"""What a document is expected to be, in words."""


class _Refused(ValueError):
    """A document that is not taken; the text says what was got."""


def read_documents(body: bytes) -> Iterator[Document]:
    """Yield the documents of a stream in order. Raises InventoryRefused where it is no text, or holds too much."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InventoryRefused(
            f"Got a byte that is not UTF-8 at position {error.start}, expected YAML in UTF-8. Save it so and send it "
            "again.",
            code="yaml_malformed",
        ) from None
    line, values = 1, 0
    for part in _BEGIN.split(text):
        if _CONTENT.search(part):
            builder = _Builder()
            yield _document(part, line, builder)
            values += builder.values
        if values > MAX_VALUES:
            raise InventoryRefused(
                f"Got more than {MAX_VALUES} values, expected at most as many. Export it in parts, or as JSON.",
                code="yaml_malformed",
            )
        line += part.count("\n")


def _document(text: str, line: int, builder: "_Builder") -> Document:
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except _Refused as refused:
        return Document(line, problem=f"{refused} at line {line + builder.line}")
    except yaml.MarkedYAMLError as error:
        where = line + error.problem_mark.line if error.problem_mark else line
        return Document(line, problem=f"{writable(error.problem or 'a syntax error')} at line {where}")
    except yaml.YAMLError as error:
        return Document(line, problem=f"{writable(str(error))[:120]} after line {line}")
    return Document(line, builder.root)


@dataclass
class _Open:
    """A collection whose end was not reached: `key` is the key that waits for its value."""

    value: list[Exact] | dict[str, Exact]
    key: str | None = None


@dataclass
class _Builder:
    root: Exact = None
    values: int = 0
    line: int = 0  # of the event that is taken, from 0
    stack: list[_Open] = field(default_factory=list)

    def take(self, event: yaml.Event) -> None:
        """Put one parser event into the value."""
        self.line = event.start_mark.line if event.start_mark else self.line
        match event:
            case yaml.AliasEvent():
                raise _Refused(f"the alias *{(event.anchor or '')[:60]}")
            case yaml.ScalarEvent():
                self._count(event)
                self._scalar(event)
            case yaml.SequenceStartEvent():
                self._count(event)
                self._begin([])
            case yaml.MappingStartEvent():
                self._count(event)
                self._begin({})
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self.stack.pop()

    def _count(self, event: yaml.NodeEvent) -> None:
        self.values += 1
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise _Refused(f"the tag {show(tag)}")
        if self.values > MAX_VALUES:
            raise _Refused(f"more than {MAX_VALUES} values")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text = event.value
        if 4 * len(text) > MAX_STRING and len(text.encode()) > MAX_STRING:
            raise _Refused(f"a text of {len(text)} characters")
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            if text in top.value or text == "<<":
                raise _Refused(f"the key {show(text)} {'to merge' if text == '<<' else 'twice'}")
            if len(top.value) >= MAX_KEYS:
                raise _Refused(f"more than {MAX_KEYS} keys")
            top.key = text
        else:
            self._place(_plain(text) if event.implicit[0] else text)

    def _begin(self, value: list[Exact] | dict[str, Exact]) -> None:
        if len(self.stack) >= DEPTH:
            raise _Refused(f"more than {DEPTH} levels")
        if self.stack and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None:
            raise _Refused("a list or map as key")
        self._place(value)
        self.stack.append(_Open(value))

    def _place(self, value: Exact) -> None:
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        if isinstance(top.value, list):
            top.value.append(value)
        else:
            top.value[top.key or ""] = value
            top.key = None


def _plain(text: str) -> Exact:
    """Return what an unquoted scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text)
    return Decimal(text) if _DOUBLE.match(text) else text
