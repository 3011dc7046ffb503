"""Load the vocabulary: the shipped file, and what the entered workspace has declared beside it.

Plain Python, read by rules and planner too: who knows the workspaces says so once, by `follow`.

    load_kinds()                       # of the entered workspace; outside of one the shipped kinds
    with speaking(vocabulary): ...     # judge by another one: by that which held when a batch was received
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from lineage.inventory.kinds.ages import parse_age
from lineage.inventory.kinds.types import Age, Attribute, Kind, Relation, Vocabulary

SHIPPED = Path(__file__).with_name("vocabulary.yaml")


_spoken: ContextVar[Vocabulary | None] = ContextVar("vocabulary", default=None)
_followed: list[Callable[[], Vocabulary | None]] = []


@cache
def shipped_vocabulary() -> Vocabulary:
    """Return the vocabulary as shipped; read once per process."""
    return parse_vocabulary(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))


def load_vocabulary() -> Vocabulary:
    """Return the vocabulary that is spoken, else that of the entered workspace, else the shipped one."""
    if (spoken := _spoken.get()) is not None:
        return spoken
    for source in _followed:
        if (found := source()) is not None:
            return found
    return shipped_vocabulary()


def follow(source: Callable[[], Vocabulary | None]) -> None:
    """Ask `source` from now on which vocabulary holds; it answers None where it knows none."""
    if source not in _followed:
        _followed.append(source)


@contextmanager
def speaking(vocabulary: Vocabulary) -> Iterator[None]:
    """Let `vocabulary` hold inside, whatever the entered workspace has declared."""
    token = _spoken.set(vocabulary)
    try:
        yield
    finally:
        _spoken.reset(token)


def load_kinds() -> Mapping[str, Kind]:
    """Return the kinds in force by name, common attributes and relations merged in."""
    return load_vocabulary().kinds


def load_lineage_facts() -> Mapping[str, Attribute]:
    """Return the attributes of `asset.lineage` by name."""
    return load_vocabulary().lineage_facts


def parse_vocabulary(data: Mapping[str, Any]) -> Vocabulary:
    """Build the vocabulary from its parsed YAML. Raises ValueError where a kind or relation does not add up."""
    common = _attributes(data["common_attributes"])
    relations = _relations(data["common_relations"])
    kinds = {name: _kind(name, row, common, relations) for name, row in data["kinds"].items()}
    _check_targets(kinds)
    facts = _attributes(data["lineage_facts"])
    every = Kind(
        name="",
        meaning="",
        origin="inventory",
        lineage=False,
        attributes=MappingProxyType(common),
        relations=MappingProxyType(relations),
        implied=MappingProxyType(_implied(common)),
    )
    return Vocabulary(data["version"], MappingProxyType(kinds), MappingProxyType(facts | _implied(facts)), every)


def _kind(
    name: str, row: Mapping[str, Any], common: Mapping[str, Attribute], relations: Mapping[str, Relation]
) -> Kind:
    listed = dict(common) | _attributes(row["attributes"], beside=common)
    return Kind(
        name=name,
        meaning=row["meaning"],
        origin=row["origin"],
        lineage=row["lineage"],
        attributes=MappingProxyType(listed),
        relations=MappingProxyType(dict(relations) | _relations(row["relations"])),
        replaces=tuple(row.get("replaces", ())),
        implied=MappingProxyType(_implied(listed)),
    )


def _attributes(rows: Iterable[Mapping[str, Any]], beside: Iterable[str] = ()) -> dict[str, Attribute]:
    rows = list(rows)
    own = {row["name"] for row in rows} | set(beside)
    return {row["name"]: _attribute(row, own) for row in rows}


def _attribute(row: Mapping[str, Any], own: set[str]) -> Attribute:
    note = row.get("from")
    return Attribute(
        name=row["name"],
        type=row["type"],
        unit=row.get("unit"),
        origin=row["origin"],
        best_grade=row["best_grade"],
        meaning=row["meaning"],
        age=parse_age(row["name"], row["type"], row.get("unit"), note, own) if note else None,
        source_note=note,
    )


def _relations(rows: Iterable[Mapping[str, Any]]) -> dict[str, Relation]:
    return {row["name"]: Relation(row["name"], row["target"], row["inverse"]) for row in rows}


def _implied(listed: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """Return what sources may send beside the listed attributes: companions, and instants that ages imply."""
    implied: dict[str, Attribute] = {}
    for attribute in listed.values():
        age = attribute.age
        if age is None:
            continue
        if age.start not in listed:
            implied[age.start] = _implied_attribute(attribute, age, age.start, "timestamp", "Instant behind")
        for instant in (age.start, age.end):
            if instant is None:
                continue
            for suffix, meaning in (("never", "Known never to have happened, or not to end"), ("none", "No open item")):
                name = f"{instant.removesuffix('_at')}_{suffix}"
                implied[name] = _implied_attribute(attribute, age, name, "bool", f"{meaning}, for")
    return {name: attribute for name, attribute in implied.items() if name not in listed}


def _implied_attribute(of: Attribute, age: Age, name: str, type_: Any, meaning: str) -> Attribute:
    return Attribute(
        name=name,
        type=type_,
        unit=None,
        origin="derived" if name == age.start else "reported",
        best_grade=of.best_grade,
        meaning=f"{meaning} {of.name}",
        source_note=of.source_note if name == age.start else None,
        implied=True,
    )


def _check_targets(kinds: Mapping[str, Kind]) -> None:
    for kind in kinds.values():
        for relation in kind.relations.values():
            if relation.target not in kinds:
                raise ValueError(
                    f"relation {kind.name}.{relation.name} leads to the kind {relation.target!r}, which is not "
                    "declared: declare that kind, or correct the target"
                )
            back = kinds[relation.target].relations
            if relation.inverse is not None and relation.inverse not in back:
                raise ValueError(
                    f"relation {kind.name}.{relation.name} names the inverse {relation.inverse!r}, which "
                    f"{relation.target} does not have: it has {', '.join(sorted(back))}"
                )
