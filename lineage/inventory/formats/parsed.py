"""What every format hands over: native rows with their line, and what could not be read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Protocol, TypedDict, TypeVar

from lineage.inventory.formats.sample import Sample

Parameters = Mapping[str, str]
"""How a batch was sent, by name: format, mode, kind."""
WORKSPACE = "workspace"
"""The parameter that names the workspace to `clean`, and is not kept: '' where nothing is to be recorded."""
Received = TypeVar("Received", contravariant=True)


class Clean(Protocol[Received]):
    """Turn what was received into what is kept, and say by which rules."""

    def __call__(self, received: Received, parameters: Parameters, /) -> tuple[bytes, list[dict[str, Any]]]:
        """Return the body to keep and the rules applied."""


class RejectedShown(TypedDict):
    """One thing that could not be used, as answers hold it; `field` '' = the whole line."""

    line: int
    field: str
    got: str
    expected: str
    message: str


@dataclass(frozen=True)
class Rejected:
    """One thing of a batch that could not be used. `field` '' = the whole line.

    `place`: where it stands in a document that has no lines of its own, such as `resources[3].region`.
    """

    line: int
    field: str
    got: str
    expected: str
    hint: str
    place: str = ""

    @property
    def message(self) -> str:
        """What, got, expected, next step, in one sentence for people."""
        where = (self.place or f"line {self.line}") + (f", {self.field}" if self.field else "")
        end = "" if self.hint.endswith((".", "?")) else "."
        return f"{where}: got {self.got}, expected {self.expected}; {self.hint}{end}"

    def shown(self) -> RejectedShown:
        """Return it as JSON."""
        return {
            "line": self.line,
            "field": self.field,
            "got": self.got,
            "expected": self.expected,
            "message": self.message,
        }


@dataclass(frozen=True)
class Parsed:
    """One line as a native row (the object of an NDJSON line), or why it is none.

    `row` None: the line could not be read, `problems` say why. `manifest`: the line stated the population. `place`: as
    of Rejected. `unread`: how many things of which types the document holds that are no asset of any kind.
    """

    line: int
    row: Mapping[str, Any] | None = None
    manifest: Any = None
    problems: tuple[Rejected, ...] = ()
    is_row: bool = True  # False: a header, whose problems cost no row
    place: str = ""
    unread: Mapping[str, int] = field(default_factory=dict)


Fills = Mapping[str, frozenset[str]]
"""Which attributes and relations (as `rel:<name>`) of which kinds a format can fill."""


@dataclass(frozen=True)
class Piece:
    """A part of a large file that its format reads by itself. `lines_before`: what its line numbers lack."""

    body: bytes
    lines_before: int


@dataclass(frozen=True)
class Format:
    """A format of inventories.

    `knows` tells from the beginning of a file whether it is of this format; no two formats know the same file. `read`
    yields the lines of a body and raises InventoryRefused where it is not of this format at all. `clean` returns the
    body as it is kept, without secrets and readable by `read`, and the rules that were applied. `grade_class` is that
    of a source that is first seen with this format (precedence, see effective.py). `title` names it for people.
    `fills` is empty where the sender chooses kinds and attributes. Of a file of any size: `split` cuts it into pieces
    of about so many bytes, without holding more than one; where no part says anything of what another is about;
    `sums` is `clean` for a file of which only what it adds up to is kept. `names_persons`: its `clean` puts pseudonyms
    for them, by the key of the workspace.
    """

    name: str
    title: str
    grade_class: str
    knows: Callable[[Sample], bool]
    read: Callable[[bytes, Parameters], Iterator[Parsed]]
    clean: Clean[bytes]
    media_type: str = "application/json"
    fills: Fills = field(default_factory=dict)
    split: Callable[[IO[bytes], int], Iterator[Piece]] | None = None
    sums: Clean[IO[bytes]] | None = None
    names_persons: bool = False
