"""Read a batch once through: judged rows one by one, and the totals that are known when it ends."""

import datetime
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from lineage.inventory.assets import Key
from lineage.inventory.formats.known import format_named
from lineage.inventory.formats.parsed import Parameters, Rejected
from lineage.inventory.kinds.values import parse_timestamp
from lineage.inventory.manifest import Manifest, read_manifest
from lineage.inventory.rows import AssetRow, Defaults, Judged, judge_row

FULL, DELTA = "full", "delta"


@dataclass
class Reading:
    """One pass over a batch. `rows()` yields the usable rows; the other fields are complete once it has ended.

    The receipt and the projection read the same kept body with the same parameters, so they come to the same end.
    """

    body: bytes
    parameters: Parameters
    default_origin: str
    manifest: Manifest | None = None
    stated: Any = None  # the manifest as it was given
    lines: int = 0  # lines with something on them, the manifest not counted
    accepted: int = 0
    unread: int = 0  # lines of which not even kind and uid could be read
    undated: int = 0  # accepted rows that do not say when they were observed
    refused_keys: set[Key] = field(default_factory=set)  # named by a row of which nothing could be used
    fresh: list[Rejected] = field(default_factory=list)  # found since the caller last took them
    problems: int = 0
    left: Counter[str] = field(default_factory=Counter)  # things of types that are no asset of any kind, by type
    newest: datetime.datetime | None = None  # greatest observed_at of the usable rows

    def __post_init__(self) -> None:
        """Take what a part of a large file is told of the whole: its manifest, and where the part begins."""
        self._lines_before = int(self.parameters.get("lines_before", "0"))
        self._is_later = self.parameters.get("part", "1") != "1"
        self._repeated = {int(line) for line in self.parameters.get("repeated", "").split(",") if line}
        if "manifest" in self.parameters:
            self.manifest, _ = read_manifest(1, json.loads(self.parameters["manifest"]), self.now)

    @property
    def now(self) -> datetime.datetime:
        """When the batch was received: kept with it, so that it is judged the same later."""
        received = parse_timestamp(self.parameters["received_at"])
        assert received is not None
        return received

    @property
    def as_of(self) -> datetime.datetime:
        """The instant that the batch speaks of."""
        generated_at = self.manifest.generated_at if self.manifest is not None else None
        return generated_at or self.now

    @property
    def is_full(self) -> bool:
        """Whether the sender says that this is all it knows."""
        return self.parameters.get("mode") == FULL

    @property
    def replaces(self) -> bool:
        """Whether it replaces what the source said before: full, and found complete when it was received."""
        return self.is_full and self.parameters.get("complete") == "yes"

    @property
    def states_time(self) -> bool:
        """Whether all rows hold as of one instant: that of the manifest, or of receipt where it is full."""
        return self.is_full or self.names_time

    @property
    def names_time(self) -> bool:
        """Whether the sender names the instant that the batch speaks of."""
        return self.manifest is not None and self.manifest.generated_at is not None

    @property
    def is_complete(self) -> bool:
        """Whether the population arrived whole: as many rows as the manifest counts, and none that is unreadable."""
        stated = self.manifest.count if self.manifest is not None else None
        return not self.unread and (stated is None or stated == self.accepted)

    @property
    def dates_itself(self) -> bool:
        """Whether the content says when it holds, so that the same content again says nothing new."""
        return not self.undated or self.names_time

    def rows(self) -> Iterator[AssetRow]:
        """Yield the usable rows in order. Raises InventoryRefused where the body is not of its format."""
        seen: dict[tuple[Key, datetime.datetime], int] = {}
        before, is_later = self._lines_before, self._is_later
        for parsed in format_named(self.parameters["format"]).read(self.body, self.parameters):
            line = parsed.line + before
            if parsed.problems and not (is_later and not parsed.is_row):  # the header was told of with the first part
                self._note([replace(each, line=each.line + before) for each in parsed.problems])
            self.left.update(parsed.unread)
            if parsed.manifest is not None:
                self._take_manifest(line, parsed.manifest)
            elif parsed.row is None:
                self.lines += parsed.is_row
                self.unread += parsed.is_row
            else:
                self.lines += 1
                judged = judge_row(line, parsed.row, Defaults(self.as_of, self.default_origin, self.now))
                if parsed.place:
                    judged.rejected = [replace(each, place=parsed.place) for each in judged.rejected]
                if (row := self._unrepeated(judged, seen)) is not None:
                    yield row

    def take_problems(self) -> list[Rejected]:
        """Return what was found since the last call, and forget it, so that memory stays bounded."""
        taken, self.fresh = self.fresh, []
        return taken

    def _note(self, problems: list[Rejected]) -> None:
        self.problems += len(problems)
        self.fresh += problems

    def _take_manifest(self, line: int, given: object) -> None:
        if self.manifest is not None or self.lines or self._is_later:
            problem = Rejected(line, "manifest", "a manifest", "at most one, on the first line", "it was left out")
            self._note([problem])
            return
        self.manifest, problems = read_manifest(line, given, self.now)
        self.stated = given
        self._note(problems)

    def _unrepeated(self, judged: Judged, seen: dict[tuple[Key, datetime.datetime], int]) -> AssetRow | None:
        """Count the row; return it unless an earlier line reported the same asset for the same instant."""
        row = judged.row
        self._note(judged.rejected)
        if row is None:
            if judged.key is None:
                self.unread += 1
            else:
                self.refused_keys.add(judged.key)
            return None
        first = seen.setdefault((row.key, row.observed_at), row.line)
        if first != row.line or row.line in self._repeated:
            expected = "each asset once per observed_at; " + (
                f"line {first} has it" if first != row.line else "an earlier line has it"
            )
            self._note([Rejected(row.line, "uid", f'"{row.uid[:60]}" again', expected, "this line was left out")])
            return None
        self.accepted += 1
        self.undated += not row.dated
        self.newest = max(self.newest or row.observed_at, row.observed_at)
        return row
