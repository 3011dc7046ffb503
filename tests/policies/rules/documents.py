"""Documents for differential tests: fields missing, right, wrong or hostile, with values on both sides of limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from lineage.inventory.kinds.values import format_timestamp
from policies.rules.checks import CompiledCheck
from policies.rules.facts import Member, Subject
from policies.rules.schema import LINEAGE, Entity, Schema
from policies.rules.tree import Const, walk
from policies.rules.uses import Uses
from tests.policies.rules.catalogue import NOW

WORDS = ["prod", "DE", "FR", "US", "", "é", "𝔘nicode", "it's", "Z", "z", "a\nb", "\\"]
INSTANTS = [
    "2026-11-01T12:00:00Z",
    "2026-10-31T12:00:00Z",
    "2026-10-31T12:00:00.000001Z",
    "2026-11-02T12:00:00Z",
    "2025-11-01T12:00:00Z",
    "2024-02-29T23:59:59.5Z",
    "2026-01-31T00:00:00Z",
    "2027-01-01T00:00:00Z",
]
EXTREME = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"]
NOT_INSTANTS = [
    "2026-02-30T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2026-11-01",
    "2026-11-01T12:00:00+01:00",
    "2026-11-01T24:00:00Z",
    "2016-12-31T23:59:60Z",
    "0000-01-01T00:00:00Z",
]
INTS = [0, 1, 2, 3, 30, 365, -1, 99999, 2**53, -(2**53)]
DOUBLES = [0.0, 0.05, 0.95, 1.0, 24.0, 1e-9, 0.1, 0.30000000000000004, -2.5, 1e15, -0.0]
HUGE = [2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**30, 10**400, 1e308, 1e-320]
HOSTILE: list[Any] = [
    None,
    True,
    0,
    7.5,
    7.0,
    "",
    "90 days",
    "'; drop table x; --",
    [],
    [[]],
    [["DE"]],
    [1],
    [None],
    {},
    {"a": 1},
]


@dataclass(frozen=True)
class Maker:
    """Draws subjects for given checks; its pools hold the constants of the checks, and their neighbours."""

    schema: Schema
    kind: str
    stored: Mapping[str, frozenset[str]]
    random: Random
    hostile: bool = True
    absent: float = 0.15
    pools: Mapping[str, list[Any]] = field(default_factory=dict)

    def subject(self) -> Subject:
        """Draw one subject with its related assets and lineage."""
        entity, draw = self.schema.entity(self.kind), self.random
        known = [name for name in entity.relations if draw.random() > self.absent]
        related = {name: self._members(entity.relations[name]) for name in known if draw.random() < 0.8}
        proven = None if draw.random() < self.absent else self._document(self.schema.entity(LINEAGE))
        possible = dict(proven) if proven is not None and draw.random() < 0.5 else None
        if possible is not None:
            possible |= self._document(self.schema.entity(LINEAGE))
        basis = "possible" if draw.random() < 0.1 else "proven"
        return Subject(self._document(entity), frozenset(known), related, proven, possible, basis)  # type: ignore[arg-type]

    def _members(self, kind: str) -> list[Member]:
        count = self.random.choice([0, 1, 2, 3])
        return [Member(str(index), self._document(self.schema.entity(kind))) for index in range(count)]

    def _document(self, entity: Entity) -> dict[str, Any]:
        names = sorted(self.stored.get(entity.name, ()))
        return {name: self._value(entity, name) for name in names if self.random.random() > self.absent}

    def _value(self, entity: Entity, name: str) -> Any:
        draw = self.random
        if self.hostile and draw.random() < 0.08:
            return draw.choice([*HOSTILE, *HUGE, *NOT_INSTANTS, *EXTREME])
        match entity.attributes[name].type:
            case "bool":
                return draw.random() < 0.5 if not name.endswith(("_never", "_none")) else draw.random() < 0.1
            case "string":
                return draw.choice([*self.pools.get("string", []), *WORDS])
            case "int":
                return draw.choice([*self.pools.get("int", []), *INTS])
            case "double":
                return draw.choice([*self.pools.get("double", []), *DOUBLES])
            case "timestamp":
                return draw.choice(INSTANTS) if draw.random() < 0.3 else self._near_now()
            case "map":
                words = [*self.pools.get("string", []), *WORDS]
                return {draw.choice(words): draw.choice(words) for _ in range(draw.randrange(3))}
            case _:
                words = [*self.pools.get("string", []), *WORDS[:4]]
                return [draw.choice(words) for _ in range(draw.randrange(4))]

    def _near_now(self) -> str:
        """Draw an instant at, or within a microsecond of, a limit's distance from now."""
        days = self.random.choice([*self.pools.get("int", []), 1, 30, 365])
        shift = timedelta(days=max(-9_000, min(days, 9_000)), microseconds=self.random.choice([-1, 0, 0, 1]))
        return format_timestamp(NOW - shift if self.random.random() < 0.7 else NOW + shift)


def maker(checks: Iterable[CompiledCheck], seed: int, hostile: bool, absent: float = 0.15) -> Maker:
    """Return a maker of subjects for checks of one kind."""
    checks = list(checks)
    uses = Uses()
    pools: dict[str, list[Any]] = {"string": [], "int": [], "double": []}
    for check in checks:
        uses |= check.uses
        for rule in (check.when, check.condition):
            for node in walk(rule.tree) if rule is not None else ():
                if isinstance(node, Const):
                    _pool(pools, node)
    kind = checks[0].entity.name
    stored = {**uses.members, kind: uses.attributes | uses.members.get(kind, frozenset())}
    stored[LINEAGE] = uses.lineage | {"complete"}
    return Maker(checks[0].schema, kind, stored, Random(seed), hostile, absent, pools)


def _pool(pools: dict[str, list[Any]], node: Const) -> None:
    for value in node.value if isinstance(node.value, tuple) else (node.value,):
        if isinstance(value, str):
            pools["string"].append(value)
        elif isinstance(value, float):
            pools["double"] += [value, value * 0.9, value * 1.1]
        elif isinstance(value, int) and not isinstance(value, bool):
            pools["int"] += [value, value - 1, value + 1]
