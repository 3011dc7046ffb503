"""Hand checks to the rules: one place where a check as read becomes one that both engines judge."""

from collections.abc import Mapping
from typing import Any

from policies.checklists.checks import Check, Checklist
from policies.checklists.errors import ChecklistRefused, Problem
from policies.rules import checks as rules
from policies.rules.errors import RuleProblem, RuleRefused
from policies.rules.schema import Schema


def compile_check(
    check: Check, schema: Schema | None = None, values: Mapping[str, Any] | None = None
) -> rules.CompiledCheck:
    """Compile a check against a schema (the vocabulary in force by default). Raises rules.RuleRefused.

    `values` are the workspace's approved parameters by name; the others keep their default.
    """
    own = values or {}
    params = {param.name: rules.Param(param.type, own.get(param.name, param.default)) for param in check.params}
    when = check.when or "true"
    return rules.compile_check(
        rules.Check(check.id, check.subject, check.condition, when, params, check.on_missing), schema
    )


def compile_checklist(checklist: Checklist, schema: Schema | None = None) -> Mapping[str, rules.CompiledCheck]:
    """Compile all checks, by id. Raises ChecklistRefused with every place at which a rule is not accepted."""
    compiled: dict[str, rules.CompiledCheck] = {}
    problems: list[Problem] = []
    for check in checklist.checks:
        try:
            compiled[check.id] = compile_check(check, schema)
        except RuleRefused as refused:
            problems += [_problem(checklist, check, problem) for problem in refused.problems]
    if problems:
        raise ChecklistRefused(tuple(problems))
    return compiled


def _problem(checklist: Checklist, check: Check, problem: RuleProblem) -> Problem:
    place = f"{problem.part}, line {problem.at.line}, column {problem.at.column}"
    return Problem(checklist.family, None, check.id, place, problem.message, "a rule of the language", problem.hint)
