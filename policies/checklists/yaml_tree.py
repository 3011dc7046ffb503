"""Read YAML as plain values with line numbers: the JSON part of it only, bounded, nothing constructed.

Differences to a usual loader, each with its reason:

- A plain `NO`, `yes`, `off` or date is a string (YAML 1.2 core schema): `[SE, NO]` means Norway and never false.
- The decimal point tells doubles from integers, as in the rule language; `010`, `1e3` and `.inf` are strings.
- Aliases, tags and merge keys are refused: what a check says stands where it says it, and a small file stays small.
- A key that occurs twice is refused: a usual loader keeps the last one silently.

The tree is built from parser events with a stack of its own, so depth is bounded before anything recurses.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from policies.checklists.errors import ChecklistRefused, Problem, show

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
Path: TypeAlias = tuple[str | int, ...]

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 16
MAX_NODES = 100_000
GREATEST_INT = 2**53 - 1
"""Greater integers cannot be written in canonical JSON, so they could not be hashed and sealed."""

_INT = re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$", re.ASCII)
_DOUBLE = re.compile(r"^[-+]?[0-9]+\.[0-9]+$", re.ASCII)
_WORDS: Mapping[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True)
class Tree:
    """The content of one file. `lines` gives the line (from 1) of every key or list member by its path."""

    file: str
    value: Plain
    lines: Mapping[Path, int]

    def line_of(self, path: Path) -> int | None:
        """Return the line of the value at `path`, or of the nearest value around it."""
        for end in range(len(path), -1, -1):
            if (line := self.lines.get(path[:end])) is not None:
                return line
        return None


def read_tree(content: bytes, file: str) -> Tree:
    """Parse one YAML document. Raises ChecklistRefused with the line of what is not taken."""
    if len(content) > MAX_BYTES:
        raise _refuse(file, None, f"{len(content)} bytes", f"at most {MAX_BYTES}", "split it into several checklists")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refuse(file, line, f"byte {content[error.start]:#04x}", "UTF-8", "save the file as UTF-8") from error
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = mark.line + 1 if mark else None
        raise _refuse(file, where, error.problem or "a syntax error", "YAML", "correct the syntax there") from error
    except yaml.YAMLError as error:
        raise _refuse(file, None, show(str(error)), "YAML", "correct the syntax or the character") from error
    return Tree(file, builder.root, builder.lines)


def _refuse(file: str, line: int | None, got: str, expected: str, next_step: str) -> ChecklistRefused:
    return ChecklistRefused((Problem(file, line, None, "YAML", got, expected, next_step),))


@dataclass
class _Open:
    """A collection whose end was not reached: `key` is the key that waits for its value."""

    path: Path
    value: list[Plain] | dict[str, Plain]
    key: str | None = None

    def next_path(self) -> Path:
        return (*self.path, len(self.value) if isinstance(self.value, list) else self.key or "")


@dataclass
class _Builder:
    file: str
    root: Plain = None
    lines: dict[Path, int] = field(default_factory=dict)
    documents: int = 0
    stack: list[_Open] = field(default_factory=list)

    def take(self, event: yaml.Event) -> None:
        """Put one parser event into the tree."""
        line = event.start_mark.line + 1 if event.start_mark else None
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    raise _refuse(self.file, line, "a second document", "one", "put it into a file of its own")
            case yaml.AliasEvent():
                raise _refuse(self.file, line, f"the alias *{event.anchor}", "no alias", "write the value out")
            case yaml.ScalarEvent():
                self._known_tag(event, line)
                self._scalar(event, line)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._known_tag(event, line)
                self._begin([] if isinstance(event, yaml.SequenceStartEvent) else {}, line)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self.stack.pop()

    def _known_tag(self, event: yaml.NodeEvent, line: int | None) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise _refuse(self.file, line, f"the tag {show(tag)}", "no tag", "leave the tag out")
        if len(self.lines) >= MAX_NODES:
            raise _refuse(self.file, line, f"more than {MAX_NODES} values", "fewer", "split the checklist")

    def _scalar(self, event: yaml.ScalarEvent, line: int | None) -> None:
        if "\x00" in event.value:
            raise _refuse(self.file, line, "a NUL character", "text", "remove it; the database cannot keep it")
        top = self.stack[-1] if self.stack else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(top, top.value, event.value, line)
        else:
            self._place(self._read(event, line), line)

    def _key(self, top: _Open, value: dict[str, Plain], key: str, line: int | None) -> None:
        if key in value:
            raise _refuse(self.file, line, f"the key {show(key)} twice", "each key once", "remove one of them")
        if key == "<<":
            raise _refuse(self.file, line, "the merge key <<", "no merge", "write the keys out")
        top.key = key
        self.lines[top.next_path()] = line or 1

    def _read(self, event: yaml.ScalarEvent, line: int | None) -> Plain:
        text = event.value
        if not event.implicit[0]:  # quoted or in a block: a string, whatever it looks like
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _DOUBLE.match(text) and len(text) <= 40 and abs(number := float(text)) <= GREATEST_INT:
            return number
        if _INT.match(text):
            if len(text) > 20 or abs(int(text)) > GREATEST_INT:
                raise _refuse(self.file, line, show(text), f"at most {GREATEST_INT}", "give a smaller number")
            return int(text)
        return text

    def _begin(self, value: list[Plain] | dict[str, Plain], line: int | None) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise _refuse(self.file, line, f"more than {MAX_DEPTH} levels", "fewer", "flatten the content")
        if self.stack and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None:
            raise _refuse(self.file, line, "a list or map as key", "text as key", "give the key as text")
        path = self.stack[-1].next_path() if self.stack else ()
        self._place(value, line)
        self.stack.append(_Open(path, value))

    def _place(self, value: Plain, line: int | None) -> None:
        if not self.stack:
            self.root = value
            self.lines[()] = line or 1
            return
        top = self.stack[-1]
        self.lines.setdefault(top.next_path(), line or 1)
        if isinstance(top.value, list):
            top.value.append(value)
        else:
            top.value[top.key or ""] = value
            top.key = None
