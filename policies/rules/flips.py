"""When will time alone change a verdict, and to what: "will fail on 3 December".

Nothing but ages and `now` moves with time, and it reaches a verdict only through comparisons. So the comparisons of a
check are watched: each tells the next instant at which it can come out otherwise, the check is judged there, and the
first instant with another verdict is the flip. Instants are exact to the microsecond.

Known weakness: a comparison in which ages of different units run against each other, or one is multiplied by another,
is followed for `watch.MAX_STEPS` of its ticks only. No shared control has one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from policies.rules.checks import CompiledCheck
from policies.rules.facts import Subject
from policies.rules.judge import Situation, judge_in, situation
from policies.rules.timeline import Clock
from policies.rules.verdicts import Code
from policies.rules.watch import Watch, watches

MAX_CANDIDATES = 400


@dataclass(frozen=True)
class Flip:
    """The first instant at which the verdict is another one, if nothing is reported until then, and that verdict."""

    at: datetime
    code: Code


def next_flip(compiled: CompiledCheck, subject: Subject, now: datetime) -> Flip | None:
    """Return the next flip after `now`; None where time alone never changes the verdict (before the year 9999).

    1. Collect the comparisons that move with time, in `when` and `condition`, on both lineages.
    2. Take the earliest instant at which one of them changes, and judge there.
    3. Stop at another verdict, else go on from there.
    """
    if not compiled.uses.time:
        return None
    at = _timeline(compiled, subject)
    found = _watches(compiled, at, now)
    before, instant = judge_in(compiled, at(now)).code, now
    for _ in range(MAX_CANDIDATES):
        changes = [change for watch in found if (change := watch.next_change(instant)) is not None]
        if not changes:
            return None
        instant = min(changes)
        code = judge_in(compiled, at(instant)).code
        if code is not before:
            return Flip(instant, code)
    return None


def _timeline(compiled: CompiledCheck, subject: Subject) -> Callable[[datetime], Situation]:
    """Return the subject at any instant; the newest few are kept, since several comparisons look at the same one."""
    kept: dict[datetime, Situation] = {}

    def at(instant: datetime) -> Situation:
        if instant not in kept:
            if len(kept) > 256:
                kept.clear()
            kept[instant] = situation(compiled.schema, compiled.entity.name, subject, instant)
        return kept[instant]

    return at


def _watches(compiled: CompiledCheck, at: Callable[[datetime], Situation], now: datetime) -> list[Watch]:
    found: list[Watch] = []
    for rule in (compiled.when, compiled.condition):
        if rule is None or not rule.uses.time:
            continue
        found += watches(Clock(at, "proven"), rule.tree, {}, now)
        if rule.uses.reads_lineage and at(now).possible is not None:
            found += watches(Clock(at, "possible"), rule.tree, {}, now)
    return found
