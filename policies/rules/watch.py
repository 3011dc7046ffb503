"""The comparisons of a rule that move with time, and when each can come out otherwise.

A comparison's state is what it gives. Where its sides move apart in one direction only, a state never comes
back once it has changed, so that its first change is found by bisection; a whole age against a number that stands
still, the common case, is computed directly.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from lineage.inventory.kinds.ages import SPAN
from lineage.inventory.kinds.types import Age
from policies.rules.timeline import LAST, STILL, TICK, Atom, Clock, Drift, Scope, added, scaled
from policies.rules.tree import BOOL, Call, Const, Field, Items, Macro, Node, children

MAX_STEPS = 400
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_ORDERED = frozenset({"int", "double", "timestamp", "duration"})


@dataclass(frozen=True)
class Watch:
    """One comparison in one scope.

    `inner` are those inside of its sides, where a side depends on one (`?:`, filter).
    """

    clock: Clock
    node: Call
    scope: Scope
    inner: tuple["Watch", ...] = ()

    def next_change(self, after: datetime) -> datetime | None:
        """Return the first instant after `after` at which the state is another one; None: not before the year 9999.

        It goes from stretch to stretch, at the ends of which something jumps, and leaves out what is far from a change.
        """
        quick = self._whole_age_against_number(after)
        if quick is not None:
            return next((instant for instant in quick if instant > after), None)
        start, limit = after, self._period_end(after)
        for _ in range(MAX_STEPS):
            stop, drift = self._stretch(start)
            changed = self._first_change(start, stop, drift)
            if changed is not None:
                return changed
            if stop >= limit:
                return None
            start = stop
        return None

    def state(self, instant: datetime) -> Any:
        """Return what the comparison gives; for equality the order of its sides.

        Undecided has two states: an error that time makes a missing fact is a change of the verdict.
        """
        if self.node.op in ("==", "!=") and self.node.args[0].type.name in _ORDERED:
            a, b = (self.clock.value(arg, self.scope, instant) for arg in self.node.args)
            if a is not None and b is not None:
                return (a > b) - (a < b)
        traced = self.clock.trace(self.node, self.scope, instant)
        if traced.value is None:
            return "broken" if any(lack.why == "broken" for lack in traced.lacks) else "missing"
        return traced.value

    def _stretch(self, start: datetime) -> tuple[datetime, Drift | None]:
        """Return how far nothing jumps after `start`, and the drift of the difference of the sides until then.

        A drift with one way, or without noise, changes the state at most once.
        """
        atoms = [atom for arg in self.node.args for atom in self.clock.atoms(arg, self.scope, start)]
        jumps = [LAST, *(jump for atom in atoms for jump in atom.jumps(start))]
        jumps += [change for watch in self.inner if (change := watch.next_change(start)) is not None]
        whole = self._difference(start, between_ticks=False)
        if _steady(whole):
            return min(jumps), whole
        far = self._far_until(start, whole)
        if far is not None:
            return min([*jumps, far]), STILL
        jumps += [tick for atom in atoms if (tick := atom.next_tick(start)) is not None]
        between = self._difference(start, between_ticks=True)
        return (min(jumps), between) if _steady(between) else (min([*jumps, _later(start, timedelta(hours=1))]), None)

    def _period_end(self, after: datetime) -> datetime:
        """Return how far to look: the difference of whole ages of one unit repeats after one unit."""
        atoms = [atom for arg in self.node.args for atom in self.clock.atoms(arg, self.scope, after)]
        units = {atom.age.unit for atom in atoms if atom.age is not None}
        whole = self._difference(after, between_ticks=False)
        irregular = self.inner or any(list(atom.jumps(after)) for atom in atoms)
        if irregular or whole is None or whole.rate != 0 or len(units) != 1 or "months" in units:
            return LAST
        return _later(after, SPAN[units.pop()])

    def _difference(self, at: datetime, *, between_ticks: bool) -> Drift | None:
        if self.node.op not in _COMPARISONS or self.node.args[0].type.name not in _ORDERED:
            return None
        left, right = (self.clock.drift(arg, self.scope, at, between_ticks=between_ticks) for arg in self.node.args)
        return added(left, scaled(right, Fraction(-1)))

    def _far_until(self, start: datetime, drift: Drift | None) -> datetime | None:
        """Return until when the sides stay too far apart for rounding to bring them together; None: they are near."""
        if drift is None:
            return None
        a, b = (self.clock.value(arg, self.scope, start) for arg in self.node.args)
        if a is None or b is None or isinstance(a, datetime | timedelta):
            return None
        gap = Fraction(a) - Fraction(b)
        reserve = abs(gap) - 2 * drift.noise - 1
        if reserve <= 0:
            return None
        if drift.rate == 0 or (gap > 0) == (drift.rate > 0):
            return LAST
        microseconds = int(reserve / abs(drift.rate))
        return _later(start, timedelta(microseconds=microseconds)) if microseconds else None

    def _first_change(self, start: datetime, stop: datetime, drift: Drift | None) -> datetime | None:
        """Return the first instant in (start, stop] with another state; what jumps at `stop` is looked at there."""
        before = self.state(start)
        last = stop - TICK
        if drift is not None and last > start and self.state(last) != before:
            low, high = start, last
            while high - low > TICK:
                middle = low + (high - low) // 2
                low, high = (middle, high) if self.state(middle) == before else (low, middle)
            return high
        return stop if self.state(stop) != before else None

    def _whole_age_against_number(self, after: datetime) -> list[datetime] | None:
        """Return the instants at which `age op number` changes, in order; None where it is not of that form."""
        if self.inner or self.node.op not in _COMPARISONS:
            return None
        for moving, still in (self.node.args, reversed(self.node.args)):
            atoms = self.clock.atoms(moving, self.scope, after) if isinstance(moving, Field) else []
            if len(atoms) == 1 and atoms[0].next_tick(after) and not list(atoms[0].jumps(after)):
                if self.clock.drift(still, self.scope, after) != STILL:
                    return None
                number = self.clock.value(still, self.scope, after)
                return [] if number is None else _crossings(atoms[0], number)
        return None


def _steady(drift: Drift | None) -> bool:
    """Return whether a difference changes its sign at most once."""
    return drift is not None and (len(drift.ways) < 2 or drift.noise == 0)


def _later(instant: datetime, span: timedelta) -> datetime:
    return instant + span if LAST - instant > span else LAST


def _crossings(atom: Atom, number: int) -> list[datetime]:
    """Return when a whole age becomes `number`, and when it leaves it."""
    age = atom.age
    assert isinstance(age, Age), "only ages tick"
    span, start = SPAN[age.unit], atom.instants[age.start]
    try:
        if age.counts == "until":
            return [start - (number + 1) * span + TICK, start - number * span + TICK]
        return [start + number * span, start + (number + 1) * span]
    except OverflowError:
        return []


def watches(clock: Clock, node: Node, scope: Scope, now: datetime) -> Iterator[Watch]:
    """Yield the comparisons of a rule that time can move, macros expanded over what they run over."""
    match node:
        case Call() if node.op in _COMPARISONS or node.op == "in":
            yield from _compared(clock, node, scope, now)
        case Macro():
            yield from watches(clock, node.source, scope, now)
            for member in clock.members(node.source, scope, now):
                inner = {**scope, node.variable: member}
                for part in (node.guard, node.body):
                    if part is not None:
                        yield from watches(clock, part, inner, now)
        case _:
            for child in children(node):
                yield from watches(clock, child, scope, now)


def _compared(clock: Clock, node: Call, scope: Scope, now: datetime) -> Iterator[Watch]:
    inner = tuple(watch for arg in node.args for watch in watches(clock, arg, scope, now))
    if not any(clock.atoms(arg, scope, now) for arg in node.args):
        yield from inner
    elif node.op == "in" and (items := _items(node.args[1])) is not None:
        for item in items:
            yield Watch(clock, Call("==", (node.args[0], item), BOOL, node.at), scope, inner)
    else:
        yield Watch(clock, node, scope, inner)


def _items(container: Node) -> tuple[Node, ...] | None:
    match container:
        case Items():
            return container.items
        case Const(value=tuple() as values) if container.type.of is not None:
            return tuple(Const(value, container.type.of, container.at) for value in values)
        case _:
            return None
