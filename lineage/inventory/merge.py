"""Merge what one source says about one asset, so that the order of arrival does not matter. Plain Python.

Each attribute and each relation is an entry of its own: {"v": value, "o": origin, "t": observed_at, "e": event id};
an entry without "v" says that the source no longer knows. The newer observed_at wins; at the same instant the greater
digest does, which favours no value. A full report puts out of force what was observed before it.
"""

import datetime
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lineage.inventory.kinds.values import format_timestamp

Entry = dict[str, Any]
EXISTS = "uid"
"""Name of the entry, always without a value, that says when the asset itself was last reported."""


@dataclass(frozen=True)
class ReportedRow:
    """One report about one asset. A fact of value None: the source says that it does not know.

    `relations` by name, targets as (kind, uid): empty = known to have none, absent = not reported, None = no longer
    known. `full`: this is all that the source knows of the asset at `observed_at`. `as_of`: when the source said so,
    where that is later than what it saw (a snapshot that was made later); decides whether the asset still exists.
    """

    asset_id: uuid.UUID
    facts: Mapping[str, Any]
    relations: Mapping[str, Sequence[tuple[str, str]] | None]
    origin: str
    observed_at: datetime.datetime
    event_id: uuid.UUID
    full: bool = False
    as_of: datetime.datetime | None = None


@dataclass
class Said:
    """All that a source says about an asset: the content of a FactSet."""

    facts: dict[str, Entry] = field(default_factory=dict)
    relations: dict[str, Entry] = field(default_factory=dict)
    full_at: datetime.datetime | None = None
    event: uuid.UUID | None = None

    def same_content(self, other: "Said") -> bool:
        """Tell whether both say the same; which event said it last does not count."""
        return (self.facts, self.relations, self.full_at) == (other.facts, other.relations, other.full_at)

    def same_by_the_hour(self, other: "Said") -> bool:
        """Tell whether both say the same in the same hours, whichever event said it last."""
        return _hours(self) == _hours(other)


def merge(said: Said, row: ReportedRow, floor: datetime.datetime | None) -> Said:
    """Return what the source says after `row`; `said` itself where the row adds nothing (so `is` tells a change).

    1. An asset that the newest complete full inventory (`floor`) did not name is not revived by what was said before.
    2. Note that it exists.
    3. What was observed before the newest full report of it is out of force.
    4. Merge per attribute and relation; a full report drops what was observed before it.
    """
    as_of = max(row.as_of or row.observed_at, row.observed_at)
    if EXISTS not in said.facts and floor is not None and as_of < floor:  # 1
        return said
    at = format_timestamp(row.observed_at)
    stamp = {"o": row.origin, "t": at, "e": str(row.event_id)}
    facts, relations, full_at = said.facts, said.relations, said.full_at
    facts = _merged(facts, {EXISTS: {**stamp, "t": format_timestamp(as_of)}})  # 2
    if full_at is None or row.observed_at >= full_at:  # 3
        targets = {name: _targets(keys) for name, keys in row.relations.items()}
        facts = _merged(facts, {name: _entry(value, stamp) for name, value in row.facts.items()})  # 4
        relations = _merged(relations, {name: _entry(value, stamp) for name, value in targets.items()})
        if row.full and full_at != row.observed_at:
            facts, relations, full_at = _since(facts, at), _since(relations, at), row.observed_at
    merged = Said(facts, relations, full_at, row.event_id)
    return said if merged.same_content(said) else merged


def outlives(said: Said, full_at: datetime.datetime) -> bool:
    """Tell whether an asset that a complete full inventory does not name was reported again since."""
    return instant_key(said.facts[EXISTS]["t"]) >= instant_key(format_timestamp(full_at))


def _hours(said: Said) -> tuple[object, ...]:
    parts = [
        {name: ("v" in entry, entry.get("v"), entry["o"], hour(entry["t"])) for name, entry in entries.items()}
        for entries in (said.facts, said.relations)
    ]
    return (*parts, said.full_at)


def hour(instant: str) -> str:
    """Return the beginning of the hour of an instant, both as facts keep them."""
    return f"{instant[:13]}:00:00Z"


def _targets(keys: Sequence[tuple[str, str]] | None) -> list[list[str]] | None:
    return None if keys is None else sorted([kind, uid] for kind, uid in set(keys))


def _entry(value: Any, stamp: Entry) -> Entry:
    return stamp if value is None else {"v": value, **stamp}


def _merged(old: Mapping[str, Entry], new: Mapping[str, Entry]) -> dict[str, Entry]:
    merged = dict(old)
    for name, entry in new.items():
        if name not in merged or _wins(entry, merged[name]):
            merged[name] = entry
    return merged


def _wins(new: Entry, old: Entry) -> bool:
    if new["t"] != old["t"]:
        return instant_key(new["t"]) > instant_key(old["t"])
    same = new.get("v") == old.get("v") and new["o"] == old["o"] and ("v" in new) == ("v" in old)
    return not same and _digest(new) > _digest(old)


def instant_key(text: str) -> str:
    """Return a text that sorts as the instant does: without the Z, "...00" comes before "...00.5"."""
    return text[:-1]


def _digest(entry: Entry) -> bytes:
    content = json.dumps([entry.get("v"), "v" in entry, entry["o"]], sort_keys=True)
    return hashlib.sha256(content.encode()).digest()


def _since(entries: Mapping[str, Entry], at: str) -> dict[str, Entry]:
    return {name: entry for name, entry in entries.items() if instant_key(entry["t"]) >= instant_key(at)}
