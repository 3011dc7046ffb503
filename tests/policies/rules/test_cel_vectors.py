"""The conformance cases of google/cel-spec: inside the subset both engines agree with them, outside they are refused.

A case is run twice: as it is written, and with its literals lifted into facts of an asset, because SQL would compute
literals at load and never be asked.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from lineage.inventory.kinds.types import Attribute
from lineage.inventory.kinds.values import format_timestamp
from policies.rules.checks import Check, CompiledCheck, Rule, compile_check
from policies.rules.errors import RuleRefused
from policies.rules.facts import Subject
from policies.rules.judge import judge
from policies.rules.schema import LINEAGE, Entity, FieldType, Schema, shipped_schema
from policies.rules.tree import Call, Const, Field, Items, Macro, Node, Type, Variable
from policies.rules.uses import uses_of
from policies.rules.verdicts import Code
from tests.policies.rules.catalogue import NOW
from tests.policies.rules.cel_vectors import Case, cases
from tests.policies.rules.sql.estate import Estate

KIND = "sample"
RUN, REFUSED = 267, 484
"""Cases inside and outside of the subset, as counted: fewer inside would mean that the language shrank."""


@dataclass(frozen=True)
class Posed:
    """A case that compiles, the asset that carries its facts, and whether it must hold (None: undecided)."""

    id: str
    check: CompiledCheck
    document: dict[str, Any]
    holds: bool


def schema_with(fields: dict[str, str]) -> Schema:
    """Return a schema whose only kind has these facts."""
    attributes = {name: Attribute(name, type_, None, "reported", "A", "") for name, type_ in fields.items()}  # type: ignore[arg-type]
    empty: MappingProxyType[str, str] = MappingProxyType({})
    own: dict[str, FieldType] = {name: attribute.type for name, attribute in attributes.items()}
    entity = Entity(KIND, MappingProxyType(own), MappingProxyType(attributes), empty)
    return Schema(MappingProxyType({KIND: entity, LINEAGE: shipped_schema().entity(LINEAGE)}))


def written(case: Case) -> Posed | None:
    """Return the case as it is written; None where the language refuses it."""
    schema = schema_with({name: type_ for name, (type_, _) in case.bound.items()})
    for condition in case.conditions():
        try:
            check = compile_check(Check(case.id, KIND, condition), schema)
        except RuleRefused:
            continue
        document = {name: value for name, (_, value) in case.bound.items()}
        return Posed(case.id, check, document, case.expected is not None)
    return None


class Lifting:
    """Replaces literals of a tree by facts, which `fields` and `document` collect."""

    def __init__(self, posed: Posed) -> None:
        self.fields: dict[str, str] = {name: str(kind) for name, kind in posed.check.entity.fields.items()}
        self.document = dict(posed.document)

    def node(self, node: Node) -> Node:
        match node:
            case Const():
                return self._fact(node)
            case Call(op="matches"):
                return replace(node, args=(self.node(node.args[0]), node.args[1]))
            case Call():
                return replace(node, args=tuple(self.node(arg) for arg in node.args))
            case Items():
                return replace(node, items=tuple(self.node(item) for item in node.items))
            case Macro():
                guard = self.node(node.guard) if node.guard is not None else None
                return replace(node, source=self.node(node.source), body=self.node(node.body), guard=guard)
            case _:
                return node

    def _fact(self, node: Const) -> Node:
        value: Any = node.value
        if str(node.type) == "list(string)":
            value = list(value)
        elif isinstance(value, datetime):
            value = format_timestamp(value)
        elif node.type.name not in ("bool", "int", "double", "string"):
            return node  # no fact is a duration or a list of numbers
        name = f"fact_{len(self.fields)}"
        self.fields[name], self.document[name] = str(node.type), value
        return Field(Variable("asset", Type("entity", entity=KIND), node.at), name, node.type, node.at)


def lifted(posed: Posed) -> Posed:
    """Return the case with facts in place of literals; Google's engine still runs the text as written."""
    rule, lifting = posed.check.condition, Lifting(posed)
    assert rule is not None
    tree = lifting.node(rule.tree)
    schema = schema_with(lifting.fields)
    entity = schema.entity(KIND)
    condition = Rule(tree, rule.program, uses_of(tree, schema, entity))
    check = replace(posed.check, schema=schema, entity=entity, condition=condition)
    return Posed(f"{posed.id} lifted", check, lifting.document, posed.holds)


def differences(posed: Posed, estate: Estate) -> list[str]:
    """Judge by both engines; say where one differs from the case. SQL may leave a case to the row engine."""
    subject = Subject(posed.document)
    verdict = judge(posed.check, subject, NOW)
    [[by_sql]] = estate.judge([posed.check], [subject], NOW)
    expected = (Code.PASS,) if posed.holds else (Code.ERROR, Code.UNKNOWN)
    found = []
    if verdict.code not in expected or verdict.reason == "disagreement":
        found.append(f"{posed.id}: row engine {verdict.code.name} {verdict.reason} {verdict.lacks}")
    if by_sql is not None and (not posed.holds or by_sql != Code.PASS):
        found.append(f"{posed.id}: SQL {Code(by_sql).name}")
    return found


def test_every_case_is_either_refused_or_gives_what_the_specification_says(estate: Estate) -> None:
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for case in cases():
        posed = written(case)
        counts["run" if posed is not None else "refused"] += 1
        for one in (posed, lifted(posed)) if posed is not None else ():
            wrong += differences(one, estate)
    assert wrong == []
    assert counts["run"] + counts["refused"] == 751
    assert counts["run"] >= RUN, counts
    assert counts["refused"] <= REFUSED, counts
