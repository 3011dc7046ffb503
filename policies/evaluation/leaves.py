"""The leaf of one asset in an evaluation's statement: what changed, and the facts that were read.

Members of a leaf, beside those of canonical/batch.py: "judged_at", "changes": [{"check", "slot", "hash" (of the check),
"from", "to" (words), "byte", "grade", "reason", "missing": [paths], "facts": [{"path", "value", "asset", "keys":
[{"name", "origin", "source", "at", "event", "grade"}]}], "flip_at", "flip_to"}]; of a dropped verdict only "check",
"from" and "to". Members may be added; none changes its meaning. Where "reason" is "population", the facts are the
counts of minimum.py, without keys.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accounts.journal.canonical.batch import make_leaf
from accounts.journal.canonical.encode import plain
from lineage.inventory.models import Asset
from policies.evaluation.codes import NOT_JUDGED, STALE, word
from policies.evaluation.outcome import Outcome
from policies.evaluation.subjects import Provenance
from policies.rules.facts import Fact


@dataclass(frozen=True)
class Dropped:
    """A verdict that nothing gives any more: the asset retired, or no check in force judges it in this slot."""

    family: str
    check_id: str
    slot: int
    byte: int  # the last one


@dataclass(frozen=True)
class Changed:
    """What one slice changed about one asset; a retired one has only dropped verdicts, or none."""

    asset: Asset
    provenance: Provenance  # of the facts read
    outcomes: Sequence[tuple[int, Outcome]]  # with the byte before
    dropped: Sequence[Dropped]


def leaf_of(changed: Changed, now: datetime.datetime) -> bytes:
    """Return the canonical bytes for one asset."""
    judged = [_change(before, outcome, changed.provenance) for before, outcome in changed.outcomes]
    dropped = [
        {"check": each.check_id, "from": word(each.byte), "to": word(NOT_JUDGED)}
        for each in sorted(changed.dropped, key=lambda each: each.check_id)
    ]
    content = {
        "asset": {"kind": changed.asset.kind, "uid": changed.asset.uid},
        "judged_at": now,
        "changes": [*judged, *dropped],
    }
    canonical = plain(content)
    assert isinstance(canonical, dict)
    return make_leaf(canonical)


def _change(before: int, outcome: Outcome, provenance: Provenance) -> dict[str, object]:
    verdict = outcome.verdict
    return {
        "check": outcome.check.id,
        "slot": outcome.check.slot,
        "hash": outcome.check.content_hash,
        "from": word(before),
        "to": word(outcome.byte),
        "byte": outcome.byte,
        "stale": bool(outcome.byte & STALE),
        "grade": outcome.grade,
        "reason": str(verdict.reason),
        "missing": list(verdict.missing),
        "facts": [_fact(fact, provenance) for fact in (*verdict.when_facts, *verdict.facts)],
        "flip_at": outcome.flip_at,
        "flip_to": word(outcome.flip_to) if outcome.flip_at else None,
    }


def _fact(fact: Fact, provenance: Provenance) -> dict[str, Any]:
    known = provenance.get(fact.asset, {})
    return {
        "path": fact.path,
        "value": list(fact.value) if isinstance(fact.value, tuple) else fact.value,
        "asset": fact.asset,
        "keys": [{"name": key, **known[key]} for key in fact.keys if key in known],
    }
