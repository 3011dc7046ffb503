"""What a workspace declares beside the shipped vocabulary: attributes, relations and whole kinds.

    {"kinds": {"storage": {"meaning": null, "attributes": [...], "relations": [...]}, "pump": {"meaning": "...", ...}}}

is the content of an edition: all that the workspace has declared so far. Editions only ever add: nothing shipped is
changed, no attribute is removed and none changes its type; it can be retired, so that no source may send it any more
while what was said before can be read. Where a later release ships a name that a workspace has declared, the shipped
one holds.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal, TypedDict, get_args

from lineage.inventory.kinds.types import Attribute, AttributeType, Kind, Relation, Vocabulary

TYPES: tuple[str, ...] = get_args(AttributeType)
NAME = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", re.ASCII)
LONGEST_NAME, LONGEST_UNIT, LONGEST_MEANING = 40, 40, 400
MOST_KINDS, MOST_NAMES = 100, 200
"""Kinds that a workspace may declare, and attributes or relations that it may add to one kind."""
TAKEN = frozenset({"uid", "kind", "name", "origin", "observed_at", "attributes", "relations", "lineage", "reason"})
"""Members and columns of rows, and what rules read under another meaning."""
OF_CEL = frozenset({
    "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
    "namespace", "null", "package", "return", "true", "var", "void", "while", "asset", "params", "now", "related",
})  # fmt: skip
"""Names that cannot be written after `asset.` in a rule (CEL, "Syntax"), and those of its variables."""


class AttributeRow(TypedDict):
    """One attribute of an edition. `unit` null: none."""

    name: str
    type: AttributeType
    unit: str | None
    meaning: str
    retired: bool


class RelationRow(TypedDict):
    """One relation of an edition. `inverse` null: there is no other side."""

    name: str
    target: str
    inverse: str | None


class KindRow(TypedDict):
    """What an edition says of a kind. `meaning` null: the kind is shipped, and this is added to it."""

    meaning: str | None
    attributes: list[AttributeRow]
    relations: list[RelationRow]


Content = Mapping[Literal["kinds"], Mapping[str, KindRow]]
EMPTY: Content = {"kinds": {}}


def merged(shipped: Vocabulary, content: Content, edition: int) -> Vocabulary:
    """Return the shipped vocabulary with what an edition adds. Kinds without an addition stay the same."""
    kinds = dict(shipped.kinds)
    for name, row in content["kinds"].items():
        base = kinds.get(name) or replace(shipped.common, name=name, meaning=row["meaning"] or "", declared=True)
        added = {each["name"]: _attribute(each) for each in row["attributes"] if base.attribute(each["name"]) is None}
        kinds[name] = replace(base, attributes=MappingProxyType({**base.attributes, **added}))
    for name, row in content["kinds"].items():
        for relation in row["relations"]:
            _relate(kinds, name, relation)
    return replace(shipped, kinds=MappingProxyType(kinds), edition=edition)


def extended(content: Content, said: Mapping[str, Any]) -> Content:
    """Return the content with an addition (see problems_of) that has no problems."""
    former = content["kinds"].get(said["kind"]) or KindRow(meaning=said["meaning"] or None, attributes=[], relations=[])
    given = {each["name"]: _row(each) for each in said["attributes"]}
    attributes = [given.pop(each["name"], each) for each in former["attributes"]] + list(given.values())
    for number, each in enumerate(attributes):
        if each["name"] in said["retire"]:
            attributes[number] = AttributeRow(
                name=each["name"], type=each["type"], unit=each["unit"], meaning=each["meaning"], retired=True
            )
    relations = [*former["relations"], *(_edge(each) for each in said["relations"])]
    row = KindRow(meaning=former["meaning"], attributes=attributes, relations=relations)
    return {"kinds": dict(sorted({**content["kinds"], said["kind"]: row}.items()))}


def _row(said: Mapping[str, Any]) -> AttributeRow:
    return AttributeRow(
        name=said["name"], type=said["type"], unit=said["unit"] or None, meaning=said["meaning"].strip(), retired=False
    )


def _edge(said: Mapping[str, Any]) -> RelationRow:
    return RelationRow(name=said["name"], target=said["target"], inverse=said["inverse"] or None)


def problems_of(vocabulary: Vocabulary, said: Mapping[str, Any]) -> list[str]:
    """Return why `vocabulary` cannot be extended by an addition; empty where it can.

    An addition: {"kind", "meaning" ('' for a kind that exists), "attributes" [{name, type, unit, meaning}], "relations"
    [{name, target, inverse}], "retire" [names]}. An attribute that was retired may be declared again as it was.
    """
    kind = vocabulary.kinds.get(said["kind"])
    problems = [*_of_kind(vocabulary, kind, said)]
    base = kind or vocabulary.common
    names = [each["name"] for each in (*said["attributes"], *said["relations"])]
    problems += [f"{name}: got it more than once, expected each name once." for name in _twice(names)]
    for each in said["attributes"]:
        problems += _of_attribute(base, said["kind"], each)
    for each in said["relations"]:
        problems += _of_relation(vocabulary, base, said["kind"], each)
    for name in said["retire"]:
        attribute = base.attributes.get(name)
        if attribute is None or not attribute.declared or attribute.retired:
            known = ", ".join(each.name for each in base.offered.values() if each.declared) or "none so far"
            problems.append(f"retire: got {name[:80]!r}, expected an attribute that this workspace declared: {known}.")
    if kind is not None and not (names or said["retire"]):
        problems.append("attributes: got nothing to add and nothing to retire, expected at least one of them.")
    return problems


def _attribute(row: AttributeRow) -> Attribute:
    return Attribute(
        row["name"], row["type"], row["unit"], "reported", "A", row["meaning"], declared=True, retired=row["retired"]
    )


def _relate(kinds: dict[str, Kind], name: str, row: RelationRow) -> None:
    """Add a relation, and its inverse to the kind that it leads to."""
    sides = [(name, Relation(row["name"], row["target"], row["inverse"]))]
    if row["inverse"] is not None:
        sides.append((row["target"], Relation(row["inverse"], name, row["name"])))
    if row["target"] in kinds and not any(side.name in kinds[owner].relations for owner, side in sides):
        for owner, side in sides:
            relations = MappingProxyType({**kinds[owner].relations, side.name: side})
            kinds[owner] = replace(kinds[owner], relations=relations)


def _of_kind(vocabulary: Vocabulary, kind: Kind | None, said: Mapping[str, Any]) -> Iterator[str]:
    name, declared = said["kind"], sum(each.declared for each in vocabulary.kinds.values())
    added = [each for each in (kind.attributes.values() if kind else ()) if each.declared]
    if kind is None:
        yield from _of_name("kind", name)
        if not said["meaning"].strip():
            near = "and does not exist yet, so a meaning is expected: what things of this kind are"
            yield f"meaning: got nothing; {name[:80]!r} {near}."
        if declared >= MOST_KINDS:
            yield f"kind: this workspace has declared {declared} kinds, which is the most that it may."
    elif said["meaning"].strip():
        yield f"meaning: the kind {name} exists, and its meaning cannot be changed: leave it out."
    elif kind.origin == "record":
        yield f"kind: {name} is a record that follows from events or that Auditline keeps: nothing is added to it."
    if len(added) + len(said["attributes"]) > MOST_NAMES or len(said["relations"]) > MOST_NAMES:
        yield f"attributes: expected at most {MOST_NAMES} on one kind."


def _of_name(where: str, name: str) -> Iterator[str]:
    if not NAME.match(name) or len(name) > LONGEST_NAME:
        expected = f"small letters, digits and single underscores, a letter first, at most {LONGEST_NAME}: data_tier"
        yield f"{where}: got {name[:80]!r}, expected {expected}."
    elif name in TAKEN | OF_CEL:
        yield f"{where}: {name!r} has a meaning of its own in rows or rules: choose another name."


def _of_attribute(base: Kind, kind: str, row: Mapping[str, Any]) -> Iterator[str]:
    name, known = row["name"], base.attribute(row["name"])
    if known is not None and known.declared and known.retired:
        if (row["type"], row["unit"]) != (known.type, known.unit):
            was = f"{known.type} ({known.unit or 'no unit'})"
            yield f"{name}: it was {was}, and facts of it are kept: give it another name."
    elif known is not None:
        yield f"{name}: {kind} has this attribute already ({known.type}), expected a name that is free."
    else:
        yield from _of_name(f"{name[:80]}", name)
    if row["type"] not in TYPES:
        yield f"{name}: got the type {row['type'][:40]!r}, expected one of {', '.join(TYPES)}."
    elif row["type"] in ("int", "double") and not (row["unit"] or "").strip():
        yield f"{name}: got no unit, expected what the number counts, such as days, count, EUR or 0-1."
    if len(row["unit"] or "") > LONGEST_UNIT:
        yield f"{name}: got a unit of {len(row['unit'])} characters, expected at most {LONGEST_UNIT}."
    if not row["meaning"].strip() or len(row["meaning"]) > LONGEST_MEANING:
        yield f"{name}: got a meaning of {len(row['meaning'])} characters, expected 1 to {LONGEST_MEANING}."


def _of_relation(vocabulary: Vocabulary, base: Kind, kind: str, row: Mapping[str, Any]) -> Iterator[str]:
    name, target, inverse = row["name"], row["target"], row["inverse"]
    yield from _of_name(name[:80], name)
    if name in base.relations:
        yield f"{name}: {kind} has this relation already, expected a name that is free."
    there = base if target == kind else vocabulary.kinds.get(target)
    if there is None:
        yield f"{name}: it leads to {target[:80]!r}, expected a kind that exists or the one that is declared."
    elif inverse is not None:
        yield from _of_name(f"inverse of {name[:80]}", inverse)
        if inverse in there.relations or (target == kind and inverse == name):
            yield f"{name}: {target} has the relation {inverse} already, expected a free name as the inverse, or none."


def _twice(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
