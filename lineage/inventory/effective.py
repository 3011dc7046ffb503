"""Decide what is effectively known of an asset from all that is said about it. Plain Python.

By the vocabulary's conventions: a derived fact decides over reported ones; among these the source's class decides
(cloud or device interface, code, asset database, spreadsheet), then the newer observed_at, then the name of the source.
Two derived facts give way to what is reported (_yields): the country that follows from a region, which counts as said
by the source of the region, and what a dataset's storages say of its protection. What loses and differs is kept as a
conflict. An instant and its companions (x_at, x_never, x_none) are answers to one question: one of them is known.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lineage.inventory.derivations import REGION_COUNTRY, STORED_PROTECTION
from lineage.inventory.kinds.types import Kind
from lineage.inventory.kinds.validate import displaced_by
from lineage.inventory.kinds.values import format_timestamp
from lineage.inventory.merge import EXISTS, Entry, instant_key

CLASS_RANK: Mapping[str, int] = {"cloud_api": 0, "device": 0, "code": 1, "asset_database": 2, "spreadsheet": 3}
LAST_RANK = 4
"""Of a person's entry and of classes that are not known here."""

ORIGIN_GRADE: Mapping[str, str] = {"measured": "A", "declared": "C", "attested": "D"}

LONG_AGO = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
"""Stands for a time that nobody gave: as old as can be."""

_UNDATED = format_timestamp(LONG_AGO)


@dataclass(frozen=True)
class Report:
    """What one source currently says about the asset."""

    source: str
    grade_class: str
    facts: Mapping[str, Entry]


@dataclass(frozen=True)
class Computed:
    """A current derived fact. `value` None: computed, and found to be unknown."""

    name: str
    value: Any
    derivation: str
    grade: str
    at: str


@dataclass
class Effective:
    """The projection: what rules read, where each value comes from, and what disagrees with it."""

    document: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, dict[str, str]] = field(default_factory=dict)
    conflicts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Candidate:
    name: str
    source: str
    rank: int
    entry: Entry

    def conflict(self) -> dict[str, Any]:
        return {"value": self.entry["v"], "source": self.source, "at": self.entry.get("t", "")}


def effective(kind: Kind, reports: Iterable[Report], computed: Iterable[Computed]) -> Effective:
    """Return the effective document of an asset; the order of the arguments' members does not matter."""
    result, ranks = Effective(), dict[str, int]()
    for candidates in _by_question(kind, reports).values():
        winner, *losers = _by_precedence(candidates)
        ranks[winner.name] = winner.rank
        result.document[winner.name] = winner.entry["v"]
        result.provenance[winner.name] = _provenance(kind, winner)
        for loser in losers:
            if (loser.name, loser.entry["v"]) != (winner.name, winner.entry["v"]):
                result.conflicts.setdefault(loser.name, []).append(loser.conflict())
    for fact in computed:
        if not _yields(result, fact, ranks):
            _decide(result, fact)
    return result


def _by_precedence(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Sort by class of source, then newer observed_at, then name of the source; stable over the input's order."""
    ordered = sorted(candidates, key=lambda candidate: (candidate.source, candidate.name))
    ordered.sort(key=lambda candidate: instant_key(candidate.entry.get("t", "")), reverse=True)
    return sorted(ordered, key=lambda candidate: candidate.rank)


def leading_source(reports: Iterable[Report]) -> str:
    """Return the name of the source that comes first by precedence; '' where nobody reports."""
    ranked = [(CLASS_RANK.get(report.grade_class, LAST_RANK), report.source) for report in reports]
    return min(ranked)[1] if ranked else ""


def newest(reports: Iterable[Report]) -> str:
    """Return the newest instant of any report; '' where none is dated. A matter of content, not of arrival."""
    instants = (entry.get("t", "") for report in reports for entry in report.facts.values())
    return max((instant for instant in instants if instant != _UNDATED), key=instant_key, default="")


def observed(where: Mapping[str, str]) -> datetime.datetime:
    """Return when a fact was observed, from its provenance."""
    return datetime.datetime.fromisoformat(where["at"]) if where.get("at") else LONG_AGO


def weakest(grades: Iterable[str]) -> str:
    """Return the weakest of some grades; A where there is none."""
    return max(grades, default="A")


def _by_question(kind: Kind, reports: Iterable[Report]) -> dict[str, list[_Candidate]]:
    questions = _questions(kind)
    found: dict[str, list[_Candidate]] = {}
    for report in reports:
        rank = CLASS_RANK.get(report.grade_class, LAST_RANK)
        for name, entry in report.facts.items():
            if "v" in entry and name in questions and name != EXISTS:
                found.setdefault(questions[name], []).append(_Candidate(name, report.source, rank, entry))
    return found


@lru_cache(maxsize=1024)
def _questions(kind: Kind) -> Mapping[str, str]:
    """Return, per attribute, the name that stands for the question that it answers: x_at for x_never and x_none."""
    names = [*kind.attributes, *kind.implied]
    return {name: min({name} | displaced_by(kind, name)) for name in names}


def _provenance(kind: Kind, winner: _Candidate) -> dict[str, str]:
    origin = winner.entry.get("o", "declared")
    attribute = kind.attribute(winner.name)
    best = attribute.best_grade if attribute is not None else "A"
    return {
        "origin": origin,
        "source": winner.source,
        "at": winner.entry.get("t", ""),
        "event": winner.entry.get("e", ""),
        "grade": weakest([ORIGIN_GRADE.get(origin, "C"), best]),
    }


def _yields(result: Effective, fact: Computed, ranks: Mapping[str, int]) -> bool:
    """Keep what is reported where that is nearer to the asset than what is computed, which is a conflict then.

    Tells whether it was kept. A country that as good a source names as the one that names the region, which says where
    it is in the provider's own terms alone. Of a dataset, whatever is said of its protection itself: its storages say
    only what holds for all that they keep.
    """
    if fact.name not in ranks or fact.derivation not in (REGION_COUNTRY.label, STORED_PROTECTION.label):
        return False
    if fact.derivation == REGION_COUNTRY.label and ranks[fact.name] > ranks.get("region", LAST_RANK):
        return False
    if result.document[fact.name] != fact.value:
        lost = {"value": fact.value, "source": fact.derivation, "at": fact.at}
        result.conflicts.setdefault(fact.name, []).insert(0, lost)
    return True


def _decide(result: Effective, fact: Computed) -> None:
    """Let a computed fact decide; a differing reported value becomes a conflict."""
    if fact.name in result.document:
        reported, where = result.document.pop(fact.name), result.provenance.pop(fact.name)
        if reported != fact.value:
            lost = {"value": reported, "source": where["source"], "at": where["at"]}
            result.conflicts.setdefault(fact.name, []).insert(0, lost)
    if fact.value is not None:
        result.document[fact.name] = fact.value
        result.provenance[fact.name] = {
            "origin": "derived",
            "source": fact.derivation,
            "at": fact.at,
            "event": "",
            "grade": fact.grade,
        }
