"""Facts as a rule sees them: typed values read from documents at a given `now`, and what is lacking.

A document is the jsonb of an asset. A null is an absent value. A value of a wrong type is broken: it is never read
as something else, and `has()` of it is undecided, so that no verdict rests on it.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from lineage.inventory.kinds.ages import age_at
from lineage.inventory.kinds.types import Age
from lineage.inventory.kinds.values import parse_timestamp
from policies.rules.schema import LINEAGE, Entity, FieldType, Schema

KEPT_TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?Z$", re.ASCII)
"""The one form in which documents keep instants. Whether the day exists is asked of the calendar."""

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


@dataclass(frozen=True)
class Member:
    """An asset that a relation reaches. `lineage` as in Subject."""

    id: str
    document: Mapping[str, Any]
    lineage: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Subject:
    """What one check is judged about.

    `known_relations`: names that somebody reported; a name that is not among them is a missing fact, while one that
    is, and has no entry in `related`, is known to be empty. `lineage` are the proven facts, `possible` those that
    add inputs x outputs; None: nobody traced the subject. `basis` possible: the row itself stands only for a
    possible flow.
    """

    document: Mapping[str, Any]
    known_relations: frozenset[str] = frozenset()
    related: Mapping[str, Sequence[Member]] = field(default_factory=dict)
    lineage: Mapping[str, Any] | None = None
    possible: Mapping[str, Any] | None = None
    basis: Literal["proven", "possible"] = "proven"


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that was read. `keys` are the stored facts behind it (an age is derived from instants), by their names
    in the document of `asset`: None for the subject, else the id of a related asset. Lineage facts are
    `lineage.<name>`, relations `related.<name>`.
    """

    path: str
    keys: tuple[str, ...]
    asset: str | None
    value: Any


@dataclass(frozen=True, slots=True)
class Lack:
    """Why something could not be decided:

    a `missing` fact, or one that is `broken` (wrong type, overflow, division by 0).
    """

    path: str
    keys: tuple[str, ...]
    asset: str | None
    why: Literal["missing", "broken"]
    detail: str


class Broken(Exception):
    """A stored value that is not of its declared type."""


def read_typed(type_: FieldType, value: Any) -> Any:
    """Return the value in the type's Python form.

    Raises Broken. Booleans are no numbers, and 7.0 is an int, 7.5 is not.
    """
    match type_:
        case "bool" if isinstance(value, bool):
            return value
        case "string" if isinstance(value, str):
            return value
        case "int" if isinstance(value, int | float) and not isinstance(value, bool):
            return _integer(value)
        case "double" if isinstance(value, int | float) and not isinstance(value, bool):
            return _double(value)
        case "timestamp" if isinstance(value, str):
            return _instant(value)
        case "list(string)" if isinstance(value, list) and all(isinstance(member, str) for member in value):
            return value
        case "map" if isinstance(value, dict) and all(isinstance(member, str) for member in value.values()):
            return value
        case "lineage" if isinstance(value, dict):
            return value
    text = repr(value)
    raise Broken(f"expected {type_}, got {text if len(text) <= 40 else text[:37] + '...'}")


def _integer(value: int | float) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise Broken(f"expected int, got {value!r}")
    number = int(value)
    if not INT_MIN <= number <= INT_MAX:
        raise Broken("expected int, got a number of more than 64 bits")
    return number


def _double(value: int | float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Broken("expected a finite double")
    return number


def _instant(value: str) -> datetime:
    instant = parse_timestamp(value) if KEPT_TIMESTAMP.match(value) else None
    if instant is None:
        raise Broken(f"expected an instant such as 2026-11-01T00:00:00Z, got {value[:40]!r}")
    return instant


@dataclass(frozen=True, eq=False)
class Thing:
    """An entity at run time: a document seen through its kind at `now`. Fields are read and typed on first use."""

    entity: Entity
    schema: Schema
    document: Mapping[str, Any] | None
    lineage: Mapping[str, Any] | None
    path: str
    asset: str | None
    now: datetime
    _seen: dict[str, "Fact | Lack | Thing"] = field(default_factory=dict)

    def read(self, name: str) -> "Fact | Lack | Thing":
        """Return the field: a Fact, what is lacking, or the Thing that lineage facts are fields of."""
        if name not in self._seen:
            self._seen[name] = self._read(name)
        return self._seen[name]

    def _read(self, name: str) -> "Fact | Lack | Thing":
        path = f"{self.path}.{name}"
        if self.entity.fields[name] == LINEAGE:
            facts = self.schema.entity(LINEAGE)
            return Thing(facts, self.schema, self.lineage, None, path, self.asset, self.now)
        prefix = "lineage." if self.entity.name == LINEAGE else ""
        age = self.entity.age(name)
        keys = tuple(prefix + key for key in (age.inputs if age else (name,)))
        if self.document is None:
            return Lack(path, keys, self.asset, "missing", "nothing is known of its lineage")
        try:
            value, used = self._age(age) if age else (self._stored(name), (name,))
        except Broken as broken:
            return Lack(path, keys, self.asset, "broken", str(broken))
        if value is None:
            needed = f"{age.start} is not reported" if age else "it is not reported"
            return Lack(path, keys, self.asset, "missing", needed)
        return Fact(path, tuple(prefix + key for key in used), self.asset, value)

    def instants(self, name: str) -> Mapping[str, Any] | None:
        """Return the stored facts behind an age that counts; None where it stands still, is missing or broken."""
        age = self.entity.age(name)
        if age is None or not isinstance(self.read(name), Fact):
            return None
        facts = {key: self._stored(key) for key in age.inputs}
        counts = facts[age.start] is not None and not (age.zero_if is not None and facts[age.zero_if] is True)
        return facts if counts else None

    def _stored(self, name: str) -> Any:
        value = self.document.get(name) if self.document is not None else None
        if value is None:
            return None
        return read_typed(self.entity.attributes[name].type, value)

    def _age(self, age: Age) -> tuple[int | float | None, tuple[str, ...]]:
        """Return the age and the stored facts that it comes from. A broken input breaks it, used or not."""
        facts = {key: self._stored(key) for key in age.inputs}
        try:
            value = age_at(age, facts, self.now)
        except OverflowError as error:
            raise Broken(str(error)) from error
        return value, tuple(key for key in age.inputs if facts[key] is not None)
