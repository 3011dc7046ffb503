"""What the API of kinds answers."""

from typing import TypedDict

from lineage.inventory.kinds.types import Attribute, Kind, Relation, Vocabulary
from lineage.inventory.rows import is_own_record


class AttributeAnswer(TypedDict):
    """One attribute. `unit` null: none. `origin` derived: computed, sources need not send it.

    `retired`: no source may send it any more.
    """

    name: str
    type: str
    unit: str | None
    origin: str
    best_grade: str
    meaning: str
    declared: bool
    retired: bool


class RelationAnswer(TypedDict):
    """One relation. `inverse` null: there is no other side."""

    name: str
    target: str
    inverse: str | None


class KindAnswer(TypedDict):
    """One kind with everything that it has, what is common to all kinds included.

    `declared`: by this workspace. `reported` false: Auditline keeps these records itself, and nobody sends them.
    """

    name: str
    meaning: str
    declared: bool
    reported: bool
    lineage: bool
    attributes: list[AttributeAnswer]
    relations: list[RelationAnswer]


class KindsAnswer(TypedDict):
    """The kinds in force, by name. `edition` counts what the workspace has declared; 0: nothing."""

    edition: int
    kinds: list[KindAnswer]


def kinds_answer(vocabulary: Vocabulary) -> KindsAnswer:
    """Return a vocabulary as JSON."""
    return {"edition": vocabulary.edition, "kinds": [_kind(kind) for _, kind in sorted(vocabulary.kinds.items())]}


def _kind(kind: Kind) -> KindAnswer:
    return {
        "name": kind.name,
        "meaning": kind.meaning,
        "declared": kind.declared,
        "reported": not is_own_record(kind),
        "lineage": kind.lineage,
        "attributes": [_attribute(each) for each in kind.attributes.values()],
        "relations": [_relation(each) for each in kind.relations.values()],
    }


def _attribute(attribute: Attribute) -> AttributeAnswer:
    return {
        "name": attribute.name,
        "type": attribute.type,
        "unit": attribute.unit,
        "origin": attribute.origin,
        "best_grade": attribute.best_grade,
        "meaning": attribute.meaning,
        "declared": attribute.declared,
        "retired": attribute.retired,
    }


def _relation(relation: Relation) -> RelationAnswer:
    return {"name": relation.name, "target": relation.target, "inverse": relation.inverse}
