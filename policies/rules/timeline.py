"""A rule's values as time goes on: what they are at an instant, which way they move, and when they jump."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Literal

from lineage.inventory.kinds.ages import SPAN
from lineage.inventory.kinds.types import Age
from policies.rules.facts import Thing
from policies.rules.judge import Situation
from policies.rules.trace import Scene, Traced, trace_part
from policies.rules.tree import Call, Field, Items, Macro, Node, Related, Variable

Basis = Literal["proven", "possible"]
LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MONTH = timedelta(seconds=2_629_746)
"""The mean length of a month in 400 years."""


@dataclass(frozen=True)
class Fixed:
    """A macro variable that does not move with time."""

    value: Any


@dataclass(frozen=True)
class Reached:
    """A macro variable that is the `index`-th asset of a relation."""

    relation: str
    index: int


@dataclass(frozen=True)
class Computed:
    """A macro variable that is what `node` gives in `scope`: a member of a literal, or of what map() made."""

    node: Node
    scope: "Scope"


Bound = Fixed | Reached | Computed
Scope = Mapping[str, Bound]


@dataclass(frozen=True)
class Atom:
    """Something that moves by itself: `now` (age None), or an age with its instants."""

    age: Age | None
    instants: Mapping[str, Any]

    def drift(self, at: datetime) -> "Drift":
        """Return how it moves from `at` on; an age whose end has passed has stopped."""
        if self.age is None:
            return Drift(Fraction(1), Fraction(0), frozenset({1}))
        end = self._end()
        if self.age.counts == "since" and end is not None and end <= at:
            return STILL
        way = -1 if self.age.counts == "until" else 1
        if self.age.unit == "months":
            return Drift(Fraction(way, MONTH // TICK), Fraction(3), frozenset({way}))
        noise = Fraction(1 if self.age.integer else 0)
        return Drift(Fraction(way, SPAN[self.age.unit] // TICK), noise, frozenset({way}))

    def jumps(self, at: datetime) -> Iterator[datetime]:
        """Yield where its movement changes after `at`: the end that it is counted up to."""
        end = self._end() if self.age is not None and self.age.counts == "since" else None
        if end is not None and end > at:
            yield end

    def next_tick(self, at: datetime) -> datetime | None:
        """Return the next instant after `at` at which a whole age has another value; None: it has no ticks."""
        if self.age is None or not self.age.integer or self.age.unit == "months" or self.drift(at) == STILL:
            return None
        span: timedelta = SPAN[self.age.unit]
        start: datetime = self.instants[self.age.start]
        since, until = (at - start) % span, (start - at) % span
        return at + until + TICK if self.age.counts == "until" else at + span - since

    def _end(self) -> datetime | None:
        return self.instants.get(self.age.end) if self.age is not None and self.age.end is not None else None


@dataclass(frozen=True)
class Clock:
    """What a rule reads at any instant, on one of the two lineages."""

    at: Callable[[datetime], Situation]
    basis: Basis

    def scene(self, instant: datetime) -> Scene:
        """Return what the names of a rule stand for at an instant."""
        prepared = self.at(instant)
        return prepared.possible if self.basis == "possible" and prepared.possible is not None else prepared.proven

    def value(self, node: Node, scope: Scope, instant: datetime) -> Any:
        """Return a node's value at an instant; None: undecided."""
        return self.trace(node, scope, instant).value

    def trace(self, node: Node, scope: Scope, instant: datetime) -> Traced:
        """Evaluate a node at an instant."""
        scene = self.scene(instant)
        return trace_part(node, scene, {name: self._resolve(bound, instant) for name, bound in scope.items()})

    def _resolve(self, bound: Bound, instant: datetime) -> Any:
        match bound:
            case Fixed():
                return bound.value
            case Reached():
                return (self.scene(instant).related[bound.relation] or ())[bound.index]
            case Computed():
                return self.value(bound.node, bound.scope, instant)

    def members(self, node: Node, scope: Scope, instant: datetime) -> list[Bound]:
        """Return what a macro may run over: the members before any filter, which may let others through later."""
        match node:
            case Related():
                return [Reached(node.name, index) for index in range(len(self.scene(instant).related[node.name] or ()))]
            case Macro(op="filter"):
                return self.members(node.source, scope, instant)
            case Macro():
                inner = self.members(node.source, scope, instant)
                return [Computed(node.body, {**scope, node.variable: member}) for member in inner]
            case Items():
                return [Computed(item, scope) for item in node.items]
            case Call(op="+" | "?:"):
                parts = node.args if node.op == "+" else node.args[1:]
                return [member for part in parts for member in self.members(part, scope, instant)]
            case _:
                return [Fixed(member) for member in self.value(node, scope, instant) or ()]

    def atoms(self, node: Node, scope: Scope, instant: datetime) -> list[Atom]:
        """Return what moves the value of a node. What sits inside of a bool moves it only through that bool."""
        if node.type.name == "bool":
            return []
        match node:
            case Variable(name="now") if "now" not in scope:
                return [Atom(None, {})]
            case Variable():
                bound = scope.get(node.name)
                return self.atoms(bound.node, bound.scope, instant) if isinstance(bound, Computed) else []
            case Field():
                return self._age(node, scope, instant)
            case Macro():
                members = self.members(node, scope, instant)
                return [
                    atom
                    for member in members
                    if isinstance(member, Computed)
                    for atom in self.atoms(member.node, member.scope, instant)
                ]
            case Call() | Items():
                parts = node.args if isinstance(node, Call) else node.items
                return [atom for part in parts for atom in self.atoms(part, scope, instant)]
            case _:
                return []

    def _age(self, node: Field, scope: Scope, instant: datetime) -> list[Atom]:
        owner = self.value(node.operand, scope, instant)
        if not isinstance(owner, Thing):
            return []
        age = owner.entity.age(node.name)
        instants = owner.instants(node.name) if age is not None and age.counts != "between" else None
        return [Atom(age, instants)] if instants is not None else []

    def drift(self, node: Node, scope: Scope, at: datetime, *, between_ticks: bool = False) -> "Drift | None":
        """Return how a node moves from `at` on, None where it follows no line; whole ages rest `between_ticks`."""

        def of(part: Node) -> Drift | None:
            return self.drift(part, scope, at, between_ticks=between_ticks)

        match node:
            case Variable() if isinstance(bound := scope.get(node.name), Computed):
                return self.drift(bound.node, bound.scope, at, between_ticks=between_ticks)
            case Variable() | Field():
                moving = self._moving(node, scope, at, between_ticks)
                return moving[0].drift(at) if moving else STILL
            case Call(op="+"):
                return added(of(node.args[0]), of(node.args[1]))
            case Call(op="-"):
                return added(of(node.args[0]), scaled(of(node.args[1]), Fraction(-1)))
            case Call(op="negate"):
                return scaled(of(node.args[0]), Fraction(-1))
            case Call(op="double"):
                return of(node.args[0])
            case Call(op="int"):
                return rounded(of(node.args[0]))
            case Call(op="?:"):
                test = self.value(node.args[0], scope, at)
                return STILL if test is None else of(node.args[1 if test else 2])
            case Call(op="*" | "/"):
                return self._multiplied(node, scope, at, of(node.args[0]), of(node.args[1]))
            case _:
                return None if self._moving(node, scope, at, between_ticks) else STILL

    def _moving(self, node: Node, scope: Scope, at: datetime, between_ticks: bool) -> list[Atom]:
        return [atom for atom in self.atoms(node, scope, at) if not (between_ticks and atom.next_tick(at))]

    def _multiplied(
        self, node: Call, scope: Scope, at: datetime, left: "Drift | None", right: "Drift | None"
    ) -> "Drift | None":
        """Return the drift of a product with, or a quotient by, something that stands still."""
        if right == STILL:
            moving, factor = left, self.value(node.args[1], scope, at)
        elif left == STILL and node.op == "*":
            moving, factor = right, self.value(node.args[0], scope, at)
        else:
            return None
        if not factor or not math.isfinite(factor):
            return STILL
        exact = Fraction(factor) if node.op == "*" else 1 / Fraction(factor)
        result = scaled(moving, exact)
        return rounded(result) if node.op == "/" and node.type.name == "int" else result


@dataclass(frozen=True)
class Drift:
    """A value along a line: it moves by `rate` per microsecond, and lies within `noise` of it (rounding to whole
    units).

    `ways` are the directions in which its parts move: with one way only, the value never turns back.
    """

    rate: Fraction
    noise: Fraction
    ways: frozenset[int]


STILL = Drift(Fraction(0), Fraction(0), frozenset())


def added(a: Drift | None, b: Drift | None) -> Drift | None:
    """Return the drift of a sum."""
    if a is None or b is None:
        return None
    return Drift(a.rate + b.rate, a.noise + b.noise, a.ways | b.ways)


def scaled(drift: Drift | None, factor: Fraction) -> Drift | None:
    """Return the drift of a multiple; `factor` is not zero."""
    if drift is None:
        return None
    sign = 1 if factor > 0 else -1
    return Drift(drift.rate * factor, drift.noise * abs(factor), frozenset(sign * way for way in drift.ways))


def rounded(drift: Drift | None) -> Drift | None:
    """Return the drift of the whole part."""
    if drift is None or drift == STILL:
        return drift
    return Drift(drift.rate, drift.noise + 1, drift.ways)
