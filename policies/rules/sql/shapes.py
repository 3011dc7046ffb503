"""What the parts of the compiler know of each other."""

from collections.abc import Mapping
from typing import Protocol

from sqlglot import exp

from policies.rules.sql.rows import Row
from policies.rules.tree import Node, Related

Handle = Row | exp.Expression
Scope = Mapping[str, Handle]
"""What the variables of the enclosing macros stand for: a row, or an element's typed value."""


class Compiling(Protocol):
    """The compiler as its parts see it."""

    def compile(self, node: Node, scope: Scope) -> exp.Expression:
        """Return the SQL of a scalar, list or map node."""
        ...

    def give_up(self, node: Node) -> exp.Expression:
        """Return NULL for what SQL does not compute exactly."""
        ...

    def alias(self) -> str:
        """Return a table alias that is not yet used."""
        ...

    def members(self, node: Related) -> tuple[exp.Select, Row, exp.Expression]:
        """Return a query over a relation's assets without columns, their row, and whether the relation is reported."""
        ...
