"""Judge one loaded subject: verdict bytes, grades, and when time alone will change them."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from policies.checklists.checks import Check
from policies.evaluation.codes import CONCERNED, STALE, worst
from policies.evaluation.subjects import Judged, Loaded
from policies.rules.checks import CompiledCheck
from policies.rules.facts import Fact
from policies.rules.flips import next_flip
from policies.rules.judge import judge, judge_all
from policies.rules.verdicts import Code, Verdict


@dataclass(frozen=True)
class Outcome:
    """What one check says of one asset at `now`."""

    check: Check
    byte: int  # code, marks and overlays
    grade: str
    verdict: Verdict
    flip_at: datetime.datetime | None
    flip_to: int
    stale_at: datetime.datetime | None


def judge_subject(loaded: Loaded, judged: Judged, checks: Mapping[str, Check], now: datetime.datetime) -> list[Outcome]:
    """Judge all checks of one checklist on one asset; `checks` are the checklist's, by id."""
    verdicts = judge_all(judged.checks, loaded.subject, now)
    outcomes = []
    for compiled, verdict in zip(judged.checks, verdicts, strict=True):
        check = checks[compiled.check.id]
        flip = next_flip(compiled, loaded.subject, now)
        stale_at = _stale_at(check, verdict, loaded)
        byte = int(verdict.code) | (STALE if stale_at is not None and stale_at <= now else 0)
        if check.min_population and verdict.code in _UNDECIDED and _concerns(compiled, loaded, now):
            byte |= CONCERNED
        flip_at, flip_to = (flip.at, int(flip.code)) if flip else (None, 0)
        outcomes.append(Outcome(check, byte, _grade(verdict, loaded), verdict, flip_at, flip_to, stale_at))
    return outcomes


_UNDECIDED = {Code.UNKNOWN, Code.ERROR}


def _concerns(compiled: CompiledCheck, loaded: Loaded, now: datetime.datetime) -> bool:
    """Tell whether `when` is known to be true: without a condition that alone gives manual."""
    return judge(replace(compiled, condition=None), loaded.subject, now).code is Code.MANUAL


def sources_of(facts: Sequence[Fact], loaded: Loaded) -> Iterator[tuple[Fact, str, Mapping[str, Any]]]:
    """Yield (fact, stored name, provenance) for each stored fact behind those that were read and that has one."""
    for fact in facts:
        for key in fact.keys:
            known = loaded.provenance.get(fact.asset, {}).get(key)
            if known is not None:
                yield fact, key, known


def _grade(verdict: Verdict, loaded: Loaded) -> str:
    """Return the weakest grade among the facts that the condition read; '' for an undecided verdict."""
    if verdict.code not in {Code.PASS, Code.FAIL}:
        return ""
    return worst([str(known.get("grade", "")) for _, _, known in sources_of(verdict.facts, loaded)])


def _stale_at(check: Check, verdict: Verdict, loaded: Loaded) -> datetime.datetime | None:
    """Return when the newest fact read grows older than the check allows; None where no age is set or none was read."""
    if check.freshness.age is None or verdict.code not in {Code.PASS, Code.FAIL}:
        return None
    times = [str(known["at"]) for _, _, known in sources_of(verdict.facts, loaded) if known.get("at")]
    if not times:
        return None
    return datetime.datetime.fromisoformat(max(times)) + check.freshness.age
