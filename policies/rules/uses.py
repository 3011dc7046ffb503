"""What a rule depends on, from its tree alone: which changes can change its verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.rules.schema import LINEAGE, Entity, Schema
from policies.rules.tree import Field, Has, Node, Related, Variable, walk


@dataclass(frozen=True)
class Uses:
    """Facts by the names under which they are stored.

    attributes: of the subject (instants and companions in place of ages). lineage: of `asset.lineage`. relations: that
    the subject reads. fields: what the rule names, by entity, ages by their own name. members: stored facts of related
    assets, by the kind that has them. time: whether the verdict can change by time alone.
    """

    attributes: frozenset[str] = frozenset()
    lineage: frozenset[str] = frozenset()
    relations: frozenset[str] = frozenset()
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    time: bool = False

    @property
    def reads_lineage(self) -> bool:
        """Whether `asset.lineage` is read, so that the rules for incomplete and possible lineage apply."""
        return bool(self.lineage)

    def __or__(self, other: "Uses") -> "Uses":
        return Uses(
            self.attributes | other.attributes,
            self.lineage | other.lineage,
            self.relations | other.relations,
            _merge(self.members, other.members),
            _merge(self.fields, other.fields),
            self.time or other.time,
        )


def _merge(a: Mapping[str, frozenset[str]], b: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    return {name: a.get(name, frozenset()) | b.get(name, frozenset()) for name in {*a, *b}}


def uses_of(tree: Node, schema: Schema, kind: Entity) -> Uses:
    """Collect what the tree reads."""
    uses = Uses()
    for node in walk(tree):
        match node:
            case Variable(name="now"):
                uses |= Uses(time=True)
            case Related():
                uses |= Uses(relations=frozenset({node.name}))
            case Field() | Has() if node.operand.type.entity is not None:
                uses |= _field(node, schema)
            case _:
                pass
    return uses


def _field(node: Field | Has, schema: Schema) -> Uses:
    entity = schema.entity(str(node.operand.type.entity))
    age = entity.age(node.name)
    stored = frozenset(age.inputs) if age is not None else frozenset({node.name})
    time = age is not None and age.counts != "between"
    fields = {entity.name: frozenset({node.name})}
    owner = node.operand
    if entity.name == LINEAGE and isinstance(owner, Field):
        if _is_subject(owner.operand):
            return Uses(lineage=stored, fields=fields, time=time)
        return Uses(members={str(owner.operand.type.entity): frozenset({LINEAGE})}, fields=fields, time=time)
    if node.name == LINEAGE and entity.fields.get(LINEAGE) == LINEAGE:
        return Uses(lineage=frozenset({"complete"}) if _is_subject(owner) and isinstance(node, Has) else frozenset())
    if _is_subject(owner):
        return Uses(attributes=stored, fields=fields, time=time)
    return Uses(members={entity.name: stored}, fields=fields, time=time)


def _is_subject(node: Node) -> bool:
    return isinstance(node, Variable) and node.name == "asset"
