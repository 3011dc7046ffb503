"""Our typed tree of a rule: about ten node types, all frozen, each with its static type and its place in the source.

Both the row judge's trace and the SQL are made from it. It holds no protobuf and nothing of Google's checker.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from policies.rules.errors import Position

TypeName = Literal["bool", "int", "double", "string", "timestamp", "duration", "list", "map", "entity"]
Scalar = bool | int | float | str | datetime | timedelta

CallOp = Literal[
    "==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", "?:", "in", "index", "size",
    "+", "-", "*", "/", "%", "negate", "contains", "startsWith", "endsWith", "matches",
    "double", "int", "timestamp", "duration",
]  # fmt: skip
MacroOp = Literal["all", "exists", "exists_one", "filter", "map"]


@dataclass(frozen=True, slots=True)
class Type:
    """`of` is the member type of a list and the value type of a map (keys are strings);

    `entity` names a kind or lineage.
    """

    name: TypeName
    of: "Type | None" = None
    entity: str | None = None

    def __str__(self) -> str:
        if self.name == "list":
            return f"list({self.of})"
        return self.entity or self.name


BOOL, INT, DOUBLE, STRING = Type("bool"), Type("int"), Type("double"), Type("string")
TIMESTAMP, DURATION = Type("timestamp"), Type("duration")
STRINGS, MAP = Type("list", STRING), Type("map", STRING)


@dataclass(frozen=True, slots=True)
class Const:
    """A literal, or a parameter whose value is known at load (`name` is then the parameter's). Lists are tuples."""

    value: Scalar | tuple[Scalar, ...]
    type: Type
    at: Position
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """`asset`, `now`, or the variable of an enclosing macro."""

    name: str
    type: Type
    at: Position


@dataclass(frozen=True, slots=True)
class Related:
    """`related('<name>')`: the assets that the subject's relation reaches;

    missing where nobody reported the relation.
    """

    name: str
    type: Type
    at: Position


@dataclass(frozen=True, slots=True)
class Field:
    """An attribute of an entity: `asset.x`, `asset.lineage.x`, `member.x`."""

    operand: "Node"
    name: str
    type: Type
    at: Position


@dataclass(frozen=True, slots=True)
class Has:
    """`has(e.x)` where e is an entity or a map."""

    operand: "Node"
    name: str
    at: Position
    type: Type = BOOL


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function. Arguments in source order, a method's target first."""

    op: CallOp
    args: tuple["Node", ...]
    type: Type
    at: Position


@dataclass(frozen=True, slots=True)
class Items:
    """A list literal with at least one member that is not constant (constant ones are a Const)."""

    items: tuple["Node", ...]
    type: Type
    at: Position


@dataclass(frozen=True, slots=True)
class Macro:
    """`source.op(variable, body)`; `guard` is the filter of the three-argument map."""

    op: MacroOp
    variable: str
    source: "Node"
    body: "Node"
    type: Type
    at: Position
    guard: "Node | None" = None


Node = Const | Variable | Related | Field | Has | Call | Items | Macro


def children(node: Node) -> tuple[Node, ...]:
    """Return the direct parts of a node."""
    match node:
        case Const() | Variable() | Related():
            return ()
        case Field() | Has():
            return (node.operand,)
        case Call():
            return node.args
        case Items():
            return node.items
        case Macro():
            return (node.source, node.body) if node.guard is None else (node.source, node.guard, node.body)


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and everything below it, parents first."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(children(current)))
