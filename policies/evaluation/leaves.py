"""The leaf of one asset in an evaluation's statement: what changed, and the facts that were read.

Members of a leaf, beside those of canonical/batch.py: "judged_at", "changes": [{"check", "slot", "hash" (of the check),
"from", "to" (words), "byte", "grade", "reason", "missing": [paths], "facts": [{"path", "value", "asset", "keys":
[{"name", "origin", "source", "at", "event", "grade"}]}], "flip_at", "flip_to"}]. Members may be
added; none changes its meaning. Where "reason" is "population", the facts are the counts of minimum.py, without keys.
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from accounts.journal.canonical.batch import make_leaf
from accounts.journal.canonical.encode import plain
from policies.evaluation.codes import STALE, word
from policies.evaluation.outcome import Outcome
from policies.evaluation.subjects import Loaded
from policies.rules.facts import Fact


def leaf_of(loaded: Loaded, changes: Sequence[tuple[int, Outcome]], now: datetime.datetime) -> bytes:
    """Return the canonical bytes for one asset; `changes` are (byte before, outcome)."""
    content = {
        "asset": {"kind": loaded.asset.kind, "uid": loaded.asset.uid},
        "judged_at": now,
        "changes": [_change(before, outcome, loaded) for before, outcome in changes],
    }
    canonical = plain(content)
    assert isinstance(canonical, dict)
    return make_leaf(canonical)


def retired_leaf(kind: str, uid: str, judged: Mapping[str, int], now: datetime.datetime) -> bytes:
    """Return the leaf of an asset that is no longer judged; `judged` are its last bytes by check."""
    changes = [{"check": check, "from": word(byte), "to": word(0)} for check, byte in sorted(judged.items())]
    canonical = plain({"asset": {"kind": kind, "uid": uid}, "judged_at": now, "changes": changes})
    assert isinstance(canonical, dict)
    return make_leaf(canonical)


def _change(before: int, outcome: Outcome, loaded: Loaded) -> dict[str, object]:
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
        "facts": [_fact(fact, loaded) for fact in (*verdict.when_facts, *verdict.facts)],
        "flip_at": outcome.flip_at,
        "flip_to": word(outcome.flip_to) if outcome.flip_at else None,
    }


def _fact(fact: Fact, loaded: Loaded) -> dict[str, Any]:
    known = loaded.provenance.get(fact.asset, {})
    return {
        "path": fact.path,
        "value": list(fact.value) if isinstance(fact.value, tuple) else fact.value,
        "asset": fact.asset,
        "keys": [{"name": key, **known[key]} for key in fact.keys if key in known],
    }
