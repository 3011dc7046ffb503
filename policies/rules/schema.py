"""What the compiler needs to know of kinds: the typed fields a rule may read, and where relations lead.

A `Schema` is made from a vocabulary once and shared by all checks that are compiled against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from lineage.inventory.kinds.load import load_vocabulary, shipped_vocabulary
from lineage.inventory.kinds.types import Age, Attribute, Vocabulary

FieldType = Literal[
    "bool", "int", "double", "string", "timestamp", "list(string)", "list(int)", "list(double)", "map", "lineage"
]
LINEAGE = "lineage"


@dataclass(frozen=True, eq=False)
class Entity:
    """What has fields: a kind, or the lineage facts of one (`lineage`).

    `attributes` holds what documents may carry, implied companions and instants of ages included; `fields` what a rule
    may read; `relations` leads from a relation's name to the kind of its members.
    """

    name: str
    fields: Mapping[str, FieldType]
    attributes: Mapping[str, Attribute]
    relations: Mapping[str, str]

    def age(self, field: str) -> Age | None:
        """Return how `field` is computed from instants, None where it is kept as it is."""
        attribute = self.attributes.get(field)
        return attribute.age if attribute is not None else None


@dataclass(frozen=True, eq=False)
class Schema:
    """All entities by name."""

    entities: Mapping[str, Entity]

    def entity(self, name: str) -> Entity:
        """Return an entity; KeyError where the name is no kind."""
        return self.entities[name]


@lru_cache(maxsize=64)
def schema_of(vocabulary: Vocabulary) -> Schema:
    """Make the compiler's schema of a vocabulary; the same one again for the same vocabulary."""
    entities: dict[str, Entity] = {}
    facts = vocabulary.lineage_facts
    fields: dict[str, FieldType] = {name: fact.type for name, fact in facts.items() if not fact.implied}
    entities[LINEAGE] = Entity(LINEAGE, MappingProxyType(fields), facts, MappingProxyType({}))
    for kind in vocabulary.kinds.values():
        own: dict[str, FieldType] = {name: attribute.type for name, attribute in kind.attributes.items()}
        if kind.lineage:
            own["lineage"] = "lineage"
        targets = {relation.name: relation.target for relation in kind.relations.values()}
        attributes = MappingProxyType({**kind.attributes, **kind.implied})
        entities[kind.name] = Entity(kind.name, MappingProxyType(own), attributes, MappingProxyType(targets))
    return Schema(MappingProxyType(entities))


def shipped_schema() -> Schema:
    """Return the schema of the shipped vocabulary, by which shipped checks are compiled once for all workspaces."""
    return schema_of(shipped_vocabulary())


def schema_in_force() -> Schema:
    """Return the schema of the entered workspace, what it declares included; outside of one the shipped one."""
    return schema_of(load_vocabulary())
