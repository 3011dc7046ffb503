"""Items of AWS Config: where they stand, the JSON inside their strings, and what they say of one another."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lineage.inventory.assets import Key
from lineage.inventory.formats.look import at, objects, text

NESTED = 3
"""How often a value is JSON inside a string inside JSON, at most."""
LISTS = ("configurationItems", "baseConfigurationItems", "Results")
"""Members that hold items: of a snapshot or history, of a batch of items, of a query (as JSON inside strings)."""
ZONES = {"AWS::EC2::VPC": "vpc", "AWS::EC2::Subnet": "subnet", "AWS::EC2::SecurityGroup": "security-group"}
"""Networks by their type, with what they are called in an ARN."""

Item = Mapping[str, Any]


def items_of(document: Any) -> Iterator[tuple[str, Item]]:
    """Yield the items of a document with their places; a document without a list is one item."""
    member = next((name for name in LISTS if at(document, name) is not None), None)
    if member is None:
        if isinstance(document, Mapping):
            yield "$", document
        return
    listed = at(document, member)
    opened = [opened_json(each) for each in listed] if isinstance(listed, list) else []
    for index, item in objects(opened):
        yield f"{member}[{index}]", item


def inside(item: Item, *path: str | int) -> Any:
    """Return a value of `configuration` or `supplementaryConfiguration`, opening JSON inside strings on the way."""
    value: Any = item
    for step in path:
        value = opened_json(at(value, step))
    return value


def opened_json(value: Any) -> Any:
    """Return what a string holds where it holds JSON."""
    for _ in range(NESTED):
        if not isinstance(value, str) or value[:1] not in ("{", "[", '"'):
            break
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            break
    return value


def first_of(item: Item, *paths: tuple[str | int, ...]) -> Any:
    """Return the first of some values of `configuration` that is there."""
    return next((found for path in paths if (found := inside(item, "configuration", *path)) is not None), None)


class Account:
    """All items of a document: what one says decides what another means."""

    def __init__(self, items: list[tuple[str, Item]]) -> None:
        self._by_arn: dict[str, Item] = {}
        self._by_id: dict[tuple[str, str], Item] = {}
        for _, item in items:
            if (arn := text(item.get("arn"))) is not None:
                self._by_arn[arn] = item
            type_, identifier = text(item.get("resourceType")), text(item.get("resourceId"))
            if type_ is not None and identifier is not None:
                self._by_id[type_, identifier] = item

    def named(self, arn: Any) -> Item:
        """Return the item of an ARN; an empty one where the document has none."""
        return self._by_arn.get(text(arn) or "", {})

    def key_control(self, key: Any) -> str | None:
        """Return who controls a key of AWS KMS; None where it cannot be told.

        An ARN alone does not say whether the key is the customer's or one that AWS keeps for a service; the item of
        the key does.
        """
        name = text(key)
        if name is None:
            return None
        if name.rpartition("alias/")[2].startswith("aws/"):
            return "provider"
        item = self.named(name)
        manager, origin = (
            text(inside(item, "configuration", "keyManager")),
            text(inside(item, "configuration", "origin")),
        )
        if manager == "CUSTOMER":
            return {"AWS_CLOUDHSM": "customer_hsm", "EXTERNAL_KEY_STORE": "hold_your_own_key"}.get(
                origin or "", "customer_kms"
            )
        return "provider" if manager == "AWS" else None

    def related(self, item: Item, *types: str) -> list[tuple[str, str]]:
        """Return (type, id) of the resources of these types that an item is related to."""
        found = [
            (text(each.get("resourceType")) or "", text(each.get("resourceId")) or "")
            for _, each in objects(item.get("relationships"))
        ]
        return [each for each in dict.fromkeys(found) if each[0] in types and each[1]]

    def zones(self, item: Item) -> list[Key]:
        """Return the networks that an item is related to, by their ARNs."""
        found = []
        for type_, identifier in self.related(item, *ZONES):
            own = text(self._by_id.get((type_, identifier), {}).get("arn"))
            parts = (text(item.get("arn")) or "").split(":")
            if own is None and len(parts) > 5 and parts[3] and parts[4]:
                own = f"arn:{parts[1]}:ec2:{parts[3]}:{parts[4]}:{ZONES[type_]}/{identifier}"
            if own is not None:
                found.append(("isolation_zone", own))
        return found

    def disks(self, item: Item) -> list[Item] | None:
        """Return the disks of a machine; None where it names none, or one that the document does not hold."""
        named = self.related(item, "AWS::EC2::Volume")
        held = [self._by_id[each] for each in named if each in self._by_id]
        return held if named and len(held) == len(named) else None
