"""Filter assets by attributes of their kind, shipped or declared: equal, at least, at most.

Row security keeps the planner from an index over documents (their operators are not leakproof), so whoever lists looks
at a bounded number of assets per page (paging.page_within).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F, Func, JSONField, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Collate
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from accounts.members.strict import BadParameter
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.kinds.where import CannotAsk, Operator, Where, where
from lineage.inventory.models import Asset

PREFIX = "attr."
"""Begins the names of parameters that ask for an attribute."""


class WhereRefused(BadParameter):
    """A filter by an attribute that cannot be used: says what was got, what was expected and what to do."""


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
            raise CannotAsk("expected the kind beside it whose attribute it is. Add &kind=...")
        return where(load_kinds()[kind], name, operator, text)
    except CannotAsk as refused:
        raise WhereRefused(f"{PREFIX}{named[:80]}={text[:80]!r} cannot be used: {refused}") from refused


def _split(named: str) -> tuple[str, Operator]:
    if named.endswith("__gte"):
        return named.removesuffix("__gte"), "gte"
    return (named.removesuffix("__lte"), "lte") if named.endswith("__lte") else (named, "")
