"""Ask for an attribute: what a name, an operator and a text mean for assets of a kind.

    where(load_kinds()["pump"], "flow_litres", "gte", "12.5")
    said(load_kinds()["pump"], "flow_litres>=12.5")

Values are read by the attribute's type, as a cell of a CSV is. Of a list one member, of a map one `key=value` is asked
for.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from lineage.inventory.kinds.cells import read_cell
from lineage.inventory.kinds.types import Attribute, Kind
from lineage.inventory.kinds.values import MISSING, Refused, read_value
from lineage.inventory.nearest import closing

Operator = Literal["", "gte", "lte"]
ORDERED = ("int", "double", "timestamp")
"""Types of which `gte` and `lte` can be asked."""
SIGNS: dict[str, Operator] = {"=": "", ">=": "gte", "<=": "lte"}
_SAID = re.compile(r"^\s*([A-Za-z0-9_]{1,80})\s*(>=|<=|=)\s*(.*?)\s*$", re.DOTALL)


class CannotAsk(ValueError):
    """An attribute that cannot be asked for so: says what was expected and what to do."""


@dataclass(frozen=True)
class Where:
    """One condition: `name` is an attribute, `value` in the form in which documents keep it."""

    name: str
    operator: Operator
    value: Any
    timestamp: bool = False


def where(kind: Kind, name: str, operator: Operator, text: str) -> Where:
    """Return the condition that a name and a text mean for assets of a kind. Raises CannotAsk."""
    attribute = kind.attribute(name)
    if attribute is None:
        near = closing(name, [*kind.attributes, *kind.implied])
        raise CannotAsk(
            f"expected an attribute of {kind.name}, as the page Kinds and GET /api/v1/kinds list them{near}"
        )
    if attribute.age is not None:
        raise CannotAsk(f"expected an attribute that is kept: {name} is an age, filter by {attribute.age.start}.")
    if operator and attribute.type not in ORDERED:
        raise CannotAsk(f"expected {name} without an order: it is {attribute.type}, which has none.")
    return Where(name, operator, _value(attribute, text), attribute.type == "timestamp")


def said(kind: Kind, text: str) -> Where:
    """Return the condition that `name=value`, `name>=value` or `name<=value` means. Raises CannotAsk."""
    match = _SAID.match(text)
    if match is None:
        raise CannotAsk("expected name=value, name>=value or name<=value, such as owner=risk")
    return where(kind, match[1], SIGNS[match[2]], match[3])


def _value(attribute: Attribute, text: str) -> Any:
    try:
        value = read_value(attribute, read_cell(attribute, text))
    except Refused as refused:
        raise CannotAsk(f"expected {refused.expected}: {refused.hint}.") from refused
    if value is MISSING or value in ("", [], {}) or (isinstance(value, list) and "" in value):
        raise CannotAsk("expected a value that an asset can have.")
    return value
