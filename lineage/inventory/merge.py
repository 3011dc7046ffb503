"""Merge what one source says about one asset, so that the order of arrival does not matter. Plain Python.

Each attribute and each relation is an entry of its own: {"v": value, "o": origin, "t": observed_at, "e": event id},
and "s": when it was said, where a manifest states that and it is later; an entry without "v" says that the source no
longer knows. What was said last wins, then the newer observed_at, then the greater digest, which favours no value. A
full report puts out of force what was said before it, and a complete full inventory what was said before of each asset
that it does not name. All three go by one clock, when it was said: by two, what a late report puts out of force would
depend on what came between.

What does not state when it was said counts as said when it was observed. A full inventory like that still ends the
assets that it does not name, as of its receipt: what it means depends on when it came.
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
    known. `full`: this is all that the source knows of the asset. `as_of`: when the source said so, where that is
    later than what it saw (a snapshot that was made later); decides whether the asset still exists. `stated`: the
    sender named that instant, so that it is not the one of receipt.
    """

    asset_id: uuid.UUID
    facts: Mapping[str, Any]
    relations: Mapping[str, Sequence[tuple[str, str]] | None]
    origin: str
    observed_at: datetime.datetime
    event_id: uuid.UUID
    full: bool = False
    as_of: datetime.datetime | None = None
    stated: bool = False


@dataclass
class Said:
    """All that a source says about an asset: the content of a FactSet.

    `full_at`: the newest full report of it, or complete inventory without it. Nothing that was said before is in force.
    """

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

    1. An asset of which nothing is said is one that the newest complete full inventory (`floor`) did not name: what was
       said before does not revive it, and is out of force.
    2. Note that it exists.
    3. What was said before the newest full report of it is out of force.
    4. Merge per attribute and relation; a full report drops what was said before it.
    """
    as_of = max(row.as_of or row.observed_at, row.observed_at)
    said_at = as_of if row.stated else row.observed_at
    full_at = said.full_at
    if EXISTS not in said.facts and floor is not None:  # 1
        if as_of < floor:
            return said
        full_at = floor if said_at >= floor else None
    at, seen_at = format_timestamp(said_at), format_timestamp(row.observed_at)
    seen = {"o": row.origin, "t": seen_at, "e": str(row.event_id)}
    stamp = seen if seen_at == at else {**seen, "s": at}
    facts, relations = _merged(said.facts, {EXISTS: {**seen, "t": format_timestamp(as_of)}}), said.relations  # 2
    if full_at is None or said_at >= full_at:  # 3
        targets = {name: _targets(keys) for name, keys in row.relations.items()}
        facts = _merged(facts, {name: _entry(value, stamp) for name, value in row.facts.items()})  # 4
        relations = _merged(relations, {name: _entry(value, stamp) for name, value in targets.items()})
        if row.full and full_at != said_at:
            facts, relations, full_at = _since(facts, at), _since(relations, at), said_at
    merged = Said(facts, relations, full_at, row.event_id)
    return said if merged.same_content(said) else merged


def unnamed(said: Said, full_at: datetime.datetime, *, stated: bool) -> Said:
    """Return what stands where a complete full inventory does not name the asset: what was said since, or nothing.

    `stated`: the inventory names that instant. Otherwise an asset that was reported again since stands as it is.
    """
    at = format_timestamp(full_at)
    if EXISTS not in said.facts or instant_key(said.facts[EXISTS]["t"]) < instant_key(at):
        return Said()
    if not stated:
        return said
    facts, relations = _since(said.facts, at), _since(said.relations, at)
    return Said(facts, relations, max(full_at, said.full_at or full_at), said.event)


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
    newer, older = (_said_at(new), instant_key(new["t"])), (_said_at(old), instant_key(old["t"]))
    if newer != older:
        return newer > older
    same = new.get("v") == old.get("v") and new["o"] == old["o"] and ("v" in new) == ("v" in old)
    return not same and _digest(new) > _digest(old)


def _said_at(entry: Entry) -> str:
    return instant_key(entry["s"] if "s" in entry else entry["t"])


def instant_key(text: str) -> str:
    """Return a text that sorts as the instant does: without the Z, "...00" comes before "...00.5"."""
    return text[:-1]


def _digest(entry: Entry) -> bytes:
    content = json.dumps([entry.get("v"), "v" in entry, entry["o"]], sort_keys=True)
    return hashlib.sha256(content.encode()).digest()


def _since(entries: Mapping[str, Entry], at: str) -> dict[str, Entry]:
    return {name: entry for name, entry in entries.items() if _said_at(entry) >= instant_key(at)}
