"""Compute the facts of one data flow from its ends, its tool, its recipients and the transfer regimes. Plain Python.

A country that is not known leaves every attribute missing that needs it: a missing fact is never a pass.
"""

import datetime
import hashlib
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lineage.events.identity import MAX_UID
from lineage.graph.derivations import DATA_FLOW
from lineage.inventory.bulk import from_json
from lineage.inventory.derived import Derived
from lineage.inventory.effective import observed, weakest
from lineage.inventory.places.regimes import NONE, Regime, adequate, regime_of

PERSONAL = frozenset({"personal", "personal_special"})


def flow_uid(source: str, target: str) -> str:
    """Return the uid of a pair (vocabulary, conventions); its digest where it would be too long to index."""
    uid = f"{quote(source, safe='')}/{quote(target, safe='')}"
    return uid if len(uid) <= MAX_UID else f"sha256:{hashlib.sha256(uid.encode()).hexdigest()}"


@dataclass(frozen=True)
class End:
    """One end of a flow, or its recipient: an asset as it is known."""

    uid: str
    name: str
    document: Mapping[str, Any]
    provenance: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, uid: str, name: str, document: str, provenance: str) -> "End":
        """Build it from the columns of an asset."""
        return cls(uid, name, from_json(document), from_json(provenance))

    def fact(self, name: str) -> "Fact | None":
        """Return a fact of it; None where it is missing."""
        if name not in self.document:
            return None
        return Fact(self.document[name], self.provenance.get(name, {}), {"of": self.uid, name: self.document[name]})


@dataclass(frozen=True)
class Fact:
    """A value with where it comes from, as an input of a derivation."""

    value: Any
    provenance: Mapping[str, str]
    shown: Mapping[str, Any]


@dataclass(frozen=True)
class PairFacts:
    """What the facts of one flow are computed from."""

    flow: uuid.UUID
    source: End
    target: End
    proven: bool
    last_at: datetime.datetime
    last_run_at: datetime.datetime | None
    runs_90d: int
    tool: str | None
    tool_provenance: Mapping[str, str]
    recipients: Sequence[End]

    @staticmethod
    def names() -> Collection[str]:
        """Return every attribute that may be derived."""
        return {name for _, name in DATA_FLOW.computes}


def facts_of_pair(about: PairFacts) -> list[Derived]:
    """Return the derived facts of a flow; what cannot be computed is left out.

    1. What the flows themselves say: basis, and how often in 90 days.
    2. Whether it carries personal data.
    3. Where it comes from and goes to.
    4. Under the regime of the source's country: whether it leaves it, and what makes that lawful.
    """
    basis = "proven" if about.proven else "possible"
    seen_at = about.last_run_at or about.last_at
    said: list[Any] = [{"proven": about.proven}]
    rows = [  # 1
        Derived(about.flow, "basis", basis, DATA_FLOW.label, said, "A", _day(seen_at)),
        runs_fact(about.flow, about.proven, seen_at, about.runs_90d),
    ]
    if (personal := _personal(about.source)) is not None:  # 2
        rows.append(_derived(about, "personal_data", personal[0], personal[1]))
    source, target = about.source.fact("country"), _target_country(about)  # 3
    if source is not None:
        rows.append(_derived(about, "source_country", source.value, [source]))
    if target is not None:
        rows.append(_derived(about, "target_country", target.value, [target]))
    if source is not None:  # 4
        regime = regime_of(source.value)
        rows.append(_derived(about, "source_regime", regime.id if regime else NONE, [source], regime))
        if regime is not None:
            rows += _under(about, regime, source, target)
    return rows


def _under(about: PairFacts, regime: Regime, source: Fact, target: Fact | None) -> Iterable[Derived]:
    if target is not None:
        leaves = target.value not in regime.countries
        yield _derived(about, "leaves_regime", leaves, [source, target], regime)
        decided, facts = _adequate(about, regime, target)
        if decided is not None:
            yield _derived(about, "target_adequate", decided, [source, target, *facts], regime)
    if about.tool is not None:
        tool = Fact(about.tool, about.tool_provenance, {"transfer_tool": about.tool})
        yield _derived(about, "transfer_tool_accepted", about.tool in regime.accepted_tools, [source, tool], regime)
        required = about.tool in regime.assessment_for
        yield _derived(about, "transfer_assessment_required", required, [source, tool], regime)


def _adequate(about: PairFacts, regime: Regime, target: Fact) -> tuple[bool | None, list[Fact]]:
    """Judge on the day of the newest run; several recipients are adequate only where each of them is."""
    day = (about.last_run_at or about.last_at).date()
    if not about.recipients:
        return adequate(regime, target.value, None, day), []
    schemes = [recipient.fact("transfer_schemes") for recipient in about.recipients]
    verdicts = [adequate(regime, target.value, fact.value if fact else None, day) for fact in schemes]
    known = [fact for fact in schemes if fact is not None]
    if False in verdicts:
        return False, known
    return (None, known) if None in verdicts else (True, known)


def _personal(source: End) -> tuple[bool, list[Fact]] | None:
    """Tell whether the source holds personal data: either sign of it suffices; None where neither is known."""
    flag, label = source.fact("contains_personal_data"), source.fact("classification")
    facts = [fact for fact in (flag, label) if fact is not None]
    if not facts:
        return None
    return bool(flag and flag.value) or bool(label and label.value in PERSONAL), facts


def _target_country(about: PairFacts) -> Fact | None:
    """Return the country of the target, else of its recipients where all of them are in one."""
    if (own := about.target.fact("country")) is not None:
        return own
    theirs = [recipient.fact("country") for recipient in about.recipients]
    known = [fact for fact in theirs if fact is not None]
    if known and len(known) == len(theirs) and len({fact.value for fact in known}) == 1:
        return known[0]
    return None


def runs_fact(flow: uuid.UUID, proven: bool, seen_at: datetime.datetime, runs: int) -> Derived:
    """Return how often a flow was used in 90 days: exactly below 100, above in two figures, rounded down.

    Observed on the day of the newest run: what is used every minute would otherwise be another fact every minute.
    """
    figures = 10 ** max(0, len(str(runs)) - 2)
    count = runs // figures * figures
    inputs: list[Any] = [{"runs": count, "proven": proven}]
    return Derived(flow, "runs_last_90d", count, DATA_FLOW.label, inputs, "A", _day(seen_at))


def _day(instant: datetime.datetime) -> datetime.datetime:
    return datetime.datetime.combine(instant.astimezone(datetime.UTC), datetime.time(), datetime.UTC)


def _derived(about: PairFacts, name: str, value: Any, facts: Sequence[Fact], regime: Regime | None = None) -> Derived:
    inputs: list[Any] = [dict(fact.shown) for fact in facts]
    if regime is not None:
        inputs.append({"regime": regime.id, "as_of": regime.as_of.isoformat()})
    grade = weakest(["B", *(fact.provenance.get("grade", "C") for fact in facts)])
    return Derived(about.flow, name, value, DATA_FLOW.label, inputs, grade, min(observed(f.provenance) for f in facts))
