"""From a rule's tree to SQL in exact three-valued logic: true, false, and NULL for what is not decided here.

NULL stands for a missing fact, for a broken one, and for the few things that SQL cannot compute exactly: each is
decided by the row engine in a second pass. AND, OR and NOT of SQL are CEL's; every other form must keep NULL from
turning into a value: no ELSE in a ternary, no NOT EXISTS, no COALESCE to false.
"""

from dataclasses import dataclass, field
from datetime import datetime
from math import isnan

from sqlglot import exp

from policies.rules.schema import LINEAGE, Schema
from policies.rules.sql import lists, scalars
from policies.rules.sql.binding import Binding
from policies.rules.sql.build import (
    all_of,
    binary,
    call,
    choose,
    column,
    guarded,
    is_known,
    literal,
    negate,
    null,
    text,
)
from policies.rules.sql.rows import Row
from policies.rules.sql.shapes import Scope
from policies.rules.trace import trace_constant
from policies.rules.tree import Call, Const, Field, Has, Items, Macro, Node, Related, Variable, walk

SUBJECT = "s"
"""Alias of the row set of subjects."""


@dataclass
class Compiler:
    """Compiles the rules of one kind into one statement; `subject` and `lineage` collect the columns that are read.

    `exact` turns false as soon as something was left to the row engine altogether.
    """

    schema: Schema
    binding: Binding
    now: datetime
    subject: Row
    lineage: Row | None
    aliases: list[int] = field(default_factory=lambda: [0])
    exact: bool = True

    def alias(self) -> str:
        """Return a table alias that is not yet used."""
        self.aliases[0] += 1
        return f"t{self.aliases[0]}"

    def give_up(self, node: Node) -> exp.Expression:
        """Return NULL for what SQL does not compute exactly."""
        self.exact = False
        return null(node.type)

    def compile(self, node: Node, scope: Scope) -> exp.Expression:
        """Return the SQL of a scalar, list or map node."""
        if not isinstance(node, Const) and is_static(node):
            return self._static(node)
        match node:
            case Const():
                return literal(node.value, node.type)
            case Variable():
                handle = scope.get(node.name)
                return handle.copy() if isinstance(handle, exp.Expression) else self.give_up(node)
            case Field():
                row = self._row(node.operand, scope)
                return row.field(node.name) if row is not None else self.give_up(node)
            case Has():
                return self._has(node, scope)
            case Items():
                members = [self.compile(item, scope) for item in node.items]
                return guarded(all_of([is_known(member) for member in members]), call("jsonb_build_array", *members))
            case Macro():
                return lists.macro(self, node, scope)
            case Related():
                return self.give_up(node)
            case Call():
                return self._call(node, scope)

    def members(self, node: Related) -> tuple[exp.Select, Row, exp.Expression]:
        """Return a query over a relation's assets without columns, their row, and whether the relation is reported.

        An edge that two sources report is two rows, hence DISTINCT.
        """
        names, alias = self.binding, self.alias()
        edges = (
            exp.select(exp.alias_(column("r", "to_asset_id"), "id", quoted=True))
            .distinct()
            .from_(exp.to_table(names.relations).as_("r", quoted=True))
            .where(
                exp.EQ(this=column("r", "from_asset_id"), expression=column(SUBJECT, names.id)),
                exp.EQ(this=column("r", "name"), expression=text(node.name)),
                exp.Is(this=column("r", "rev_to"), expression=exp.Null()),
            )
        )
        assets = exp.to_table(names.assets).as_(alias, quoted=True)
        same = exp.EQ(this=column(alias, "id"), expression=column(f"{alias}_e", "id"))
        query = exp.Select().from_(edges.subquery(exp.to_identifier(f"{alias}_e", quoted=True))).join(assets, on=same)
        entity = self.schema.entity(self.subject.entity.relations[node.name])
        row = Row(entity, column(alias, "document"), alias, self.now)
        known = binary(exp.JSONBContainsTopKey, column(SUBJECT, names.known_relations), text(node.name))
        return query, row, known

    def _row(self, node: Node, scope: Scope) -> Row | None:
        """Return the row that an entity node stands for; None where the statement has none (lineage of a member)."""
        match node:
            case Variable():
                handle = scope.get(node.name, self.subject if node.name == "asset" else None)
                return handle if isinstance(handle, Row) else None
            case Field(operand=Variable(name="asset"), name="lineage"):
                return self.lineage
            case _:
                return None

    def _static(self, node: Node) -> exp.Expression:
        """Compute what depends on `now`, literals and parameters alone."""
        value = trace_constant(node, self.now)
        if isinstance(value, float) and isnan(value):
            return self.give_up(node)  # PostgreSQL holds NaN equal to itself
        return literal(value, node.type)

    def _has(self, node: Has, scope: Scope) -> exp.Expression:
        if node.operand.type.name == "map":
            return binary(exp.JSONBContainsTopKey, self.compile(node.operand, scope), text(node.name))
        row = self._row(node.operand, scope)
        if row is self.subject and node.name == LINEAGE and self.lineage is not None:
            return is_object(self.lineage.document)
        if row is None or node.name == LINEAGE:
            return self.give_up(node)
        return guarded(is_object(row.document), row.has(node.name)) if row is self.lineage else row.has(node.name)

    def _call(self, node: Call, scope: Scope) -> exp.Expression:
        match node.op:
            case "size":
                return lists.size(self, node, scope)
            case "in":
                return lists.contains(self, node, scope)
            case "matches" | "timestamp" | "duration":
                return self.give_up(node)
            case _:
                return self._operator(node, [self.compile(arg, scope) for arg in node.args])

    def _operator(self, node: Call, args: list[exp.Expression]) -> exp.Expression:
        match node.op:
            case "&&":
                return binary(exp.And, args[0], args[1])
            case "||":
                return binary(exp.Or, args[0], args[1])
            case "!":
                return negate(args[0])
            case "?:":
                return choose(args[0], args[1], args[2])
            case "==" | "!=" | "<" | "<=" | ">" | ">=":
                return scalars.compare(node, args[0], args[1])
            case "index":
                return lists.index(node, args[0], args[1])
            case "contains" | "startsWith" | "endsWith":
                return scalars.search(node.op, args[0], args[1])
            case "double" | "int":
                return scalars.convert(node, args[0])
            case _:
                computed = scalars.arithmetic(node, args, self.schema)
                return computed if computed is not None else self.give_up(node)


def is_object(document: exp.Expression) -> exp.Expression:
    """Return whether a jsonb column holds an object: false for NULL."""
    return all_of([is_known(document), exp.EQ(this=call("jsonb_typeof", document), expression=text("object"))])


def is_static(node: Node) -> bool:
    """Return whether a node depends on nothing but `now`, literals and parameters."""
    bound = {part.variable for part in walk(node) if isinstance(part, Macro)}
    for part in walk(node):
        match part:
            case Related() | Field() | Has():
                return False
            case Variable() if part.name != "now" and part.name not in bound:
                return False
            case _:
                pass
    return True
