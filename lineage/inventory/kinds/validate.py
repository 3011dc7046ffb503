"""Validate the attributes of one reported asset: the good fields are kept, each bad one is a problem of its own.

A pydantic model per kind (`model_of`) is the one schema: it also gives the JSON schema for the API and for forms.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from lineage.inventory.kinds.ages import instant_of
from lineage.inventory.kinds.types import NEVER_AGE, Age, Attribute, Kind
from lineage.inventory.kinds.values import (
    MISSING,
    Refused,
    format_timestamp,
    parse_timestamp,
    read_value,
    show,
    writable,
)


@dataclass(frozen=True)
class Problem:
    """One refused field: what was got and expected, and what to do."""

    field: str
    got: str
    expected: str
    hint: str


@dataclass(frozen=True)
class Validated:
    """What a report says. `missing` are fields that were sent and are no facts (null, an unresolved place)."""

    values: Mapping[str, Any]
    problems: tuple[Problem, ...]
    missing: tuple[str, ...]


def validate_attributes(kind: Kind, attributes: Mapping[str, Any], observed_at: datetime) -> Validated:
    """Check reported attributes against the kind. Never raises: one bad field loses no other.

    1. Unknown names are refused with the nearest known one.
    2. Every value is read strictly by its type (no coercion; values in the kept form of values.py).
    3. Ages become the instants that they stand for: `observed_at` minus the age, plus for an end.
    4. What the conventions add on receipt: a residency limit where countries are named. To deny it beside them is a
       contradiction: it is refused, and the limit stands.
    """
    problems = [_unknown(kind, name, value) for name, value in attributes.items() if not kind.takes(name)]
    known = {name: value for name, value in attributes.items() if kind.takes(name)}
    read, refused = _read(kind, known)
    missing = tuple(name for name, value in read.items() if value is MISSING or _empty_place(kind, name, value))
    values = {name: value for name, value in read.items() if name not in missing}
    values, unclear = _ages_to_instants(kind, values, observed_at)
    if values.get("allowed_countries") and "residency_limited" in kind.attributes:
        if values.get("residency_limited") is False:
            unclear.append(_CONTRADICTION)
        values["residency_limited"] = True
    return Validated(values, tuple(problems + refused + unclear + _drop_pointless_companions(kind, values)), missing)


@lru_cache(maxsize=1024)
def model_of(kind: Kind) -> type[BaseModel]:
    """Return the pydantic model of a kind's attributes: all optional, unknown names forbidden, ages as sources send."""
    fields: dict[str, Any] = {
        attribute.name: (_field_type(attribute), Field(default=None, description=attribute.meaning))
        for attribute in (*kind.attributes.values(), *kind.implied.values())
    }
    config = ConfigDict(strict=True, extra="forbid", protected_namespaces=())
    return create_model(f"{kind.name}_attributes", __config__=config, **fields)


def _field_type(attribute: Attribute) -> Any:
    def read(value: Any) -> Any:
        try:
            return read_value(attribute, value)
        except Refused as refused:
            context = {"got": refused.got, "expected": refused.expected, "hint": refused.hint}
            raise PydanticCustomError("refused", "got {got}, expected {expected}: {hint}", context) from refused

    return Annotated[Any, BeforeValidator(read), WithJsonSchema(_json_schema(attribute))]


def _json_schema(attribute: Attribute) -> dict[str, Any]:
    text: dict[str, Any] = {"type": "string"}
    if attribute.is_country:
        text["pattern"] = "^[A-Z]{2}$"
    schema: dict[str, Any] = {
        "string": text,
        "int": {"type": "integer"},
        "double": {"type": "number"},
        "bool": {"type": "boolean"},
        "timestamp": {"type": "string", "format": "date-time"},
        "list(string)": {"type": "array", "items": text},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
    }[attribute.type]
    return schema | ({"x-unit": attribute.unit} if attribute.unit else {})


def _read(kind: Kind, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return what the model of the kind says of each; by its readers, as going through a model takes twice as long."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in attributes.items():
        attribute = kind.attribute(name)
        assert attribute is not None
        try:
            values[name] = read_value(attribute, value)
        except Refused as refused:
            problems.append(Problem(name, refused.got, refused.expected, refused.hint))
    return values, problems


def _unknown(kind: Kind, name: str, value: Any) -> Problem:
    if kind.attribute(name) is not None:
        expected = f"an attribute of the kind {kind.name} that is in use"
        return Problem(writable(name), show(value), expected, "it was retired in this workspace: leave it out")
    names = [*kind.offered, *kind.implied]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f'did you mean "{near[0]}"?' if near else f"send it under labels, or add it to the kind {kind.name}"
    return Problem(writable(name), show(value), f"an attribute of the kind {kind.name}", hint)


_CONTRADICTION = Problem(
    "residency_limited",
    "false",
    "true beside allowed_countries",
    "leave out allowed_countries where no rule limits the countries",
)


def _empty_place(kind: Kind, name: str, value: Any) -> bool:
    """Apply the convention `places`: no storage country, or no serving country of a service, is an unknown place."""
    return value == [] and (name == "storage_countries" or (name == "serving_countries" and kind.name == "service"))


def _ages_to_instants(
    kind: Kind, values: Mapping[str, Any], observed_at: datetime
) -> tuple[dict[str, Any], list[Problem]]:
    kept = dict(values)
    problems: list[Problem] = []
    for name in values:
        attribute = kind.attributes.get(name)
        if attribute is None or attribute.age is None:
            continue
        value = kept.pop(name)
        if attribute.age.start in values and attribute.age.counts != "between":
            continue  # the instant was sent as well, and it is the fact
        converted = _instant(attribute.age, value, values, observed_at)
        if converted is None:
            expected, instant = _unit_in_words(attribute.age), attribute.age.end or attribute.age.start
            problems.append(Problem(name, show(value), expected, f"send the instant {instant} in its place"))
        else:
            kept |= converted
    return kept, problems


def _instant(age: Age, value: float, values: Mapping[str, Any], observed_at: datetime) -> dict[str, Any] | None:
    """Return the facts that stand for a sent age; None where no instant can be told from it."""
    if value == NEVER_AGE:
        return {age.never: True}
    if value == 0 and age.start.startswith("oldest_"):
        return {age.none: True}
    end = parse_timestamp(values[age.end]) if age.end is not None and age.end in values else None
    try:
        if age.counts == "between":
            return None  # a term says nothing of where it lies
        return {age.start: format_timestamp(instant_of(age, value, observed_at, end))}
    except (OverflowError, ValueError):
        return None


def _unit_in_words(age: Age) -> str:
    return f"{age.unit} that lead to an instant between the years 1 and 9999"


def _drop_pointless_companions(kind: Kind, values: dict[str, Any]) -> list[Problem]:
    """Refuse a companion beside the instant that it stands in place of; the instant is kept."""
    problems = []
    for name in [name for name in values if name in kind.implied and kind.implied[name].type == "bool"]:
        instant = name.rsplit("_", 1)[0] + "_at"
        if values[name] is True and instant in values:
            del values[name]
            problems.append(Problem(name, "true", f"either {name} or {instant}", "leave out the one that is not so"))
    return problems


def displaced_by(kind: Kind, name: str) -> frozenset[str]:
    """Return the facts that a newer fact `name` puts out of force: an instant its companions, a companion the rest.

    Whoever merges reports calls this, since "never" and an instant are two answers to one question.
    """
    stem = name.removesuffix("_at") if name.endswith("_at") else name.removesuffix("_never").removesuffix("_none")
    group = {f"{stem}_at", f"{stem}_never", f"{stem}_none"}
    is_group = f"{stem}_never" in kind.implied and name in group
    return frozenset(group - {name}) if is_group else frozenset()
