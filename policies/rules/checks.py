"""The entry to the rules: compile a check. Judging is in judge.py, the next flip in flips.py, SQL in sql/.

A check is refused as a whole (RuleRefused) with every problem's place; what compiles can be judged by both engines.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from policies.rules.budget import check_budget
from policies.rules.counted import check_counts
from policies.rules.engine import Program, load_program
from policies.rules.errors import Position, RuleProblem, RuleRefused
from policies.rules.facts import Broken, read_typed
from policies.rules.lower import lower
from policies.rules.parse import Checked, Checker, checker
from policies.rules.schema import Entity, FieldType, Schema, schema_in_force
from policies.rules.tree import Node
from policies.rules.uses import Uses, uses_of

ParamType = Literal["bool", "int", "double", "string", "timestamp", "list(string)", "list(int)", "list(double)"]


@dataclass(frozen=True)
class Param:
    """A parameter's type and the value that holds in the workspace (the default, or an approved one)."""

    type: ParamType
    value: Any


@dataclass(frozen=True)
class Check:
    """What of a check the rules need. `condition` None: a person answers (type manual)."""

    id: str
    kind: str
    condition: str | None
    when: str = "true"
    params: Mapping[str, Param] = field(default_factory=dict)
    on_missing: Literal["unknown", "fail"] = "unknown"


@dataclass(frozen=True)
class Rule:
    """One compiled expression: the tree that traces and SQL are made from, and Google's program of the same text."""

    tree: Node
    program: Program
    uses: Uses


@dataclass(frozen=True, eq=False)
class CompiledCheck:
    """A check that both engines can judge. `params` are typed values; `uses` says what its verdict depends on."""

    check: Check
    schema: Schema
    entity: Entity
    params: Mapping[str, Any]
    when: Rule
    condition: Rule | None

    @property
    def uses(self) -> Uses:
        """What `when` and `condition` read together."""
        return self.when.uses if self.condition is None else self.when.uses | self.condition.uses


def compile_check(check: Check, schema: Schema | None = None) -> CompiledCheck:
    """Compile a check against a schema (by default the vocabulary in force). Raises RuleRefused.

    1. Type the parameters' values.
    2. Parse and type-check `when` and `condition` with Google's CEL.
    3. Lower both to our tree, which refuses what is outside the subset.
    4. Refuse what costs more than the static budget, and what asks a count for more than is counted.
    """
    schema = schema or schema_in_force()
    if check.kind not in schema.entities or check.kind == "lineage":
        raise RuleRefused(RuleProblem("subject", Position(1, 1), f"no kind '{check.kind}'", "name a declared kind"))
    values = {name: _typed(name, param) for name, param in check.params.items()}
    types: dict[str, FieldType] = {name: param.type for name, param in check.params.items()}
    typed = checker(schema, check.kind, types)
    problems: list[RuleProblem] = []
    rules = {
        part: _rule(typed, part, text, values, problems)
        for part, text in (("when", check.when), ("condition", check.condition))
        if text is not None
    }
    if problems:
        raise RuleRefused(*problems)
    return CompiledCheck(check, schema, typed.kind, values, _known(rules["when"]), rules.get("condition"))


def _rule(typed: Checker, part: str, text: str, values: Mapping[str, Any], problems: list[RuleProblem]) -> Rule | None:
    try:
        checked: Checked = typed.check(part, text)
        tree = lower(checked, values)
        check_budget(tree, checked.source)
        check_counts(tree, checked.source)
    except RuleRefused as refused:
        problems.extend(refused.problems)
        return None
    return Rule(tree, load_program(typed.schema, checked), uses_of(tree, typed.schema, typed.kind))


def _known(rule: Rule | None) -> Rule:
    assert rule is not None, "a rule without problems has been built"
    return rule


def _typed(name: str, param: Param) -> Any:
    """Return the parameter's value in its type's Python form; lists as tuples."""
    member = {"list(int)": "int", "list(double)": "double", "list(string)": "string"}.get(param.type)
    try:
        if member is None:
            return read_typed(param.type, param.value)
        if not isinstance(param.value, list | tuple):
            raise Broken(f"expected {param.type}, got {param.value!r}")
        return tuple(read_typed(member, value) for value in param.value)  # type: ignore[arg-type]
    except Broken as broken:
        hint = f"give a value of type {param.type}"
        raise RuleRefused(RuleProblem(f"params.{name}", Position(1, 1), str(broken), hint)) from broken
