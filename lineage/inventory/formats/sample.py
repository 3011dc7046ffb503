"""What detection sees of a file: its name and its beginning, read as far as it can be as JSON or as a table.

Every format is asked whether it knows the sample; the names inside decide, never the name of the file alone.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic_core import from_json

from lineage.inventory.formats.records import delimiter_of, encoding_of

HEAD = 256 * 1024
"""Bytes of a file that detection reads."""


class Sample:
    """The beginning of a file: `head` are its first bytes (HEAD of them are enough), `name` is '' where it has none."""

    def __init__(self, head: bytes, name: str = "") -> None:
        self.head = head[:HEAD]
        self.name = name.lower()

    @cached_property
    def text(self) -> str:
        """The beginning as text, by the encoding that it seems to have; what cannot be decoded is replaced."""
        return self.head.decode(encoding_of(self.head), errors="replace")

    @cached_property
    def json(self) -> Any:
        """The beginning of a JSON document, cut where the sample ends; None where it is none.

        Of one that holds a value per line (NDJSON) it is the first line.
        """
        start = self.text.lstrip()
        if start[:1] not in ("{", "["):
            return None
        for part in (start, start.partition("\n")[0]):
            try:
                return from_json(part, allow_partial="trailing-strings")
            except ValueError:
                continue
        return None

    @property
    def members(self) -> Mapping[str, Any]:
        """Members of the document; of the first object in it where it is an array. Empty where there are none."""
        value = self.json[0] if isinstance(self.json, list) and self.json else self.json
        return value if isinstance(value, dict) else {}

    def first(self, member: str) -> Mapping[str, Any]:
        """Return the first object in a member that is a list of objects; empty where there is none."""
        value = self.members.get(member)
        first = value[0] if isinstance(value, list) and value else None
        return first if isinstance(first, dict) else {}

    @cached_property
    def header(self) -> Sequence[str]:
        """Column names of a table of text, whatever separates them; empty where the first line is no header."""
        line = next((each for each in self.text.splitlines() if each.strip()), "")
        if self.json is not None or "\x00" in line or self.head.startswith(b"PK"):
            return ()
        try:
            cells = next(csv.reader(io.StringIO(line), delimiter=delimiter_of(line)), [])
        except csv.Error:
            return ()
        return tuple(cell.strip() for cell in cells) if len(cells) > 1 else ()

    def has_columns(self, *names: str) -> bool:
        """Tell whether the table has all of these columns, in any letters and order."""
        return {name.lower() for name in names} <= {name.lower() for name in self.header}
