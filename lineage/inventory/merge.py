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

    `relations` by name, targets as (kind, uid): empty = known to have none, absent = not reported. `full`: this is all
    that the source knows of the asset at `observed_at`.
    """

    asset_id: uuid.UUID
    facts: Mapping[str, Any]
    relations: Mapping[str, Sequence[tuple[str, str]]]
    origin: str
    observed_at: datetime.datetime
    event_id: uuid.UUID
    full: bool = False


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


def merge(said: Said, row: ReportedRow, floor: datetime.datetime | None) -> Said:
    """Return what the source says after `row`; `said` itself where the row adds nothing (so `is` tells a change).

    `floor`: the source's newest complete full inventory; what was observed before it is out of force.
    """
    out_of_force = max((at for at in (said.full_at, floor) if at is not None), default=None)
    if out_of_force is not None and row.observed_at < out_of_force:
        return said
    at = format_timestamp(row.observed_at)
    stamp = {"o": row.origin, "t": at, "e": str(row.event_id)}
    facts = _merged(said.facts, {name: _entry(value, stamp) for name, value in row.facts.items()} | {EXISTS: stamp})
    targets = {name: sorted([kind, uid] for kind, uid in set(keys)) for name, keys in row.relations.items()}
    relations = _merged(said.relations, {name: _entry(value, stamp) for name, value in targets.items()})
    full_at = said.full_at
    if row.full and full_at != row.observed_at:
        facts, relations, full_at = _since(facts, at), _since(relations, at), row.observed_at
    merged = Said(facts, relations, full_at, row.event_id)
    return said if merged.same_content(said) else merged


def after_full(said: Said, full_at: datetime.datetime) -> Said | None:
    """Return what is left of an asset that a complete full inventory does not name; None where nothing is."""
    at = format_timestamp(full_at)
    facts, relations = _since(said.facts, at), _since(said.relations, at)
    return Said(facts, relations, said.full_at, said.event) if facts or relations else None


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
