"""Filter assets by an attribute of their kind, shipped or declared: equal, at least, at most.

    where(load_kinds()["pump"], "flow_litres", "gte", "12.5")
    narrowed(rows, [...])

Values are read by the attribute's type, as a cell of a CSV is. Of a list one member, of a map one `key=value` is asked
for. Row security keeps the planner from an index over documents (their operators are not leakproof), so whoever lists
looks at a bounded number of assets per page (paging.page_within).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import F, Func, JSONField, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Collate
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from accounts.members.strict import BadParameter, did_you_mean
from lineage.inventory.formats.csv_per_kind import read_cell
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.kinds.types import Attribute, Kind
from lineage.inventory.kinds.values import MISSING, Refused, read_value
from lineage.inventory.models import Asset

Operator = Literal["", "gte", "lte"]
PREFIX = "attr."
"""Begins the names of parameters that ask for an attribute."""
ORDERED = ("int", "double", "timestamp")
"""Types of which `gte` and `lte` can be asked."""


class WhereRefused(BadParameter):
    """A filter by an attribute that cannot be used: says what was got, what was expected and what to do."""


@dataclass(frozen=True)
class Where:
    """One condition: `name` is an attribute, `value` in the form in which documents keep it."""

    name: str
    operator: Operator
    value: Any
    timestamp: bool = False


def where(kind: Kind, name: str, operator: Operator, text: str) -> Where:
    """Return the condition that a name and a text mean for assets of a kind. Raises WhereRefused."""
    attribute = kind.attribute(name)
    if attribute is None:
        near = did_you_mean(name, [*kind.attributes, *kind.implied])
        raise WhereRefused(f"expected an attribute of {kind.name} (GET /api/v1/kinds lists them).{near}")
    if attribute.age is not None:
        raise WhereRefused(f"expected an attribute that is kept: this is an age, filter by {attribute.age.start}.")
    if operator and attribute.type not in ORDERED:
        raise WhereRefused(f"expected {name} without __{operator}: it is {attribute.type}, which has no order.")
    return Where(name, operator, _value(attribute, text), attribute.type == "timestamp")


def narrowed(rows: "QuerySet[Asset]", conditions: Iterable[Where]) -> "QuerySet[Asset]":
    """Return the assets that meet all conditions. An asset of which the attribute is not known meets none."""
    for each in conditions:
        match each.operator:
            case "":
                rows = rows.filter(document__contains={each.name: each.value})
            case "gte":
                rows = rows.filter(GreaterThanOrEqual(*_sides(each)))
            case "lte":
                rows = rows.filter(LessThanOrEqual(*_sides(each)))
    return rows


def _sides(each: Where) -> tuple[Any, Any]:
    """Return what is kept and what is asked for, in a form that sorts: instants as text without their Z.

    With it a whole second would sort after its fractions.
    """
    if not each.timestamp:
        return KeyTransform(each.name, F("document")), Value(each.value, JSONField())
    kept = Func(KeyTextTransform(each.name, F("document")), Value("Z"), function="rtrim", output_field=TextField())
    return Collate(kept, "C"), Value(each.value.rstrip("Z"))


def _value(attribute: Attribute, text: str) -> Any:
    try:
        value = read_value(attribute, read_cell(attribute, text))
    except Refused as refused:
        raise WhereRefused(f"expected {refused.expected}: {refused.hint}.") from refused
    if value is MISSING or (isinstance(value, list | dict) and not value):
        raise WhereRefused("expected a value that an asset can have.")
    return value


def asked_for(kind: str, parameters: Mapping[str, str]) -> tuple[Where, ...]:
    """Return the conditions that parameters such as `attr.flow_litres__gte` mean. Raises WhereRefused.

    `kind` is one of the kinds in force, or '' where none was named: then no attribute can be asked for.
    """
    given = {name.removeprefix(PREFIX): text for name, text in parameters.items() if name.startswith(PREFIX)}
    return tuple(_asked_for(kind, name, text) for name, text in given.items() if text)


def _asked_for(kind: str, named: str, text: str) -> Where:
    name, operator = _split(named)
    try:
        if not kind:
            raise WhereRefused("expected the kind beside it whose attribute it is. Add &kind=...")
        return where(load_kinds()[kind], name, operator, text)
    except WhereRefused as refused:
        raise WhereRefused(f"{PREFIX}{named[:80]}={text[:80]!r} cannot be used: {refused.message}") from refused


def _split(named: str) -> tuple[str, Operator]:
    if named.endswith("__gte"):
        return named.removesuffix("__gte"), "gte"
    return (named.removesuffix("__lte"), "lte") if named.endswith("__lte") else (named, "")
