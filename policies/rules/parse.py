"""Parse and type-check a rule with Google's CEL (cel-expr-python) against the messages of the kinds.

Unknown names, wrong types, int against double and a condition that is not bool are refused here, with their place.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel

from policies.rules.descriptors import PARAMS_MESSAGE, entity_message, parse_checked, schema_pool
from policies.rules.errors import Position, RuleProblem, RuleRefused
from policies.rules.schema import Entity, FieldType, Schema
from policies.rules.source import RELATED, Source, read_source

_ERROR = re.compile(r"^(?:INVALID_ARGUMENT: )?ERROR: <input>:(-?\d+):(-?\d+): (.*)$", re.MULTILINE)
_FIELD = re.compile(r"undefined field '(\w+)' not found in struct '([\w.]+)'")
_NAME = re.compile(r"undeclared reference to '(\w+)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']+)' applied to '([^']*)'")
FUNCTIONS = (
    "has", "all", "exists", "exists_one", "filter", "map", "size", "contains", "startsWith", "endsWith", "matches",
    "double", "int", "timestamp", "duration", "related",
)  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """A rule that passed the checker:

    `expression` is the parsed CheckedExpr, `serialized` what the row engine loads.
    """

    source: Source
    expression: Any
    serialized: bytes


@dataclass(frozen=True, eq=False)
class Checker:
    """The typed environment of one check: its subject's kind and its parameters."""

    schema: Schema
    kind: Entity
    params: Mapping[str, FieldType]
    env: Any

    def check(self, part: str, text: str) -> Checked:
        """Parse and type-check one expression that must be bool. Raises RuleRefused with every problem found."""
        source = read_source(part, text)
        for name in source.relations:
            if name not in self.kind.relations:
                offset = source.rewritten.index(RELATED + name)
                known = _nearest(name, self.kind.relations)
                raise source.refuse(source.position(offset), f"{self.kind.name} has no relation '{name}'", known)
        try:
            expression = self.env.compile(source.rewritten)
        except RuntimeError as error:
            raise RuleRefused(*self._problems(source, str(error))) from error
        result = expression.return_type().name()
        if result != "BOOL":
            message, hint = f"the expression gives {result.lower()}, expected bool", "compare it with something"
            raise source.refuse(Position(1, 1), message, hint)
        serialized = expression.serialize()
        return Checked(source, parse_checked(serialized), serialized)

    def _problems(self, source: Source, text: str) -> list[RuleProblem]:
        found = [
            self._problem(
                source,
                Position(max(int(match[1]), 1), max(int(match[2]), 1)),
                match[3].removesuffix(" [INVALID_ARGUMENT]"),
            )
            for match in _ERROR.finditer(text)
        ]
        return found or [self._problem(source, Position(1, 1), text.splitlines()[0])]

    def _problem(self, source: Source, at: Position, message: str) -> RuleProblem:
        if match := _FIELD.search(message):
            owner = match[2].rsplit(".", 1)[-1]
            entity = self.schema.entities.get(owner)
            known = self.params if entity is None else entity.fields
            name = "the parameters have" if entity is None else f"{owner} has"
            return RuleProblem(source.part, at, f"{name} no '{match[1]}'", _nearest(match[1], known))
        if match := _NAME.search(message):
            names = ["asset", "params", "now", *FUNCTIONS]
            return RuleProblem(source.part, at, f"'{match[1]}' is not known", _nearest(match[1], names))
        if match := _OVERLOAD.search(message):
            types = re.sub(r"auditline\.(?:entities\.)?", "", match[2])
            mixed = {"int", "double"} <= set(re.findall(r"\w+", types))
            hint = "int and double do not mix: write 1.0 for 1, or double(x)" if mixed else "use values of one type"
            return RuleProblem(source.part, at, f"'{match[1].strip('_')}' does not take {types}", hint)
        if "recursion depth" in message:
            return RuleProblem(source.part, at, "the expression is nested too deep", "name intermediate facts")
        hint = "see docs/rules.md#operators-and-functions for what the language has"
        return RuleProblem(source.part, at, message, hint)


def checker(schema: Schema, kind: str, params: Mapping[str, FieldType]) -> Checker:
    """Build the environment in which the expressions of one check are typed."""
    entity = schema.entity(kind)
    variables = {
        "asset": cel.Type(entity_message(kind)),
        "params": cel.Type(PARAMS_MESSAGE),
        "now": cel.Type.TIMESTAMP,
    } | {RELATED + name: cel.Type.List(cel.Type(entity_message(target))) for name, target in entity.relations.items()}
    env = cel.NewEnv(descriptor_pool=schema_pool(schema, params), variables=variables)
    return Checker(schema, entity, params, env)


def _nearest(name: str, known: Mapping[str, Any] | list[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    if near:
        return "did you mean " + " or ".join(f"'{one}'" for one in near) + "?"
    return "known are " + ", ".join(sorted(known)[:12]) if known else "there are none"
