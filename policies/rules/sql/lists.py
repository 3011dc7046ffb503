"""Lists and macros in SQL.

A list of values is jsonb; the assets of a relation, and what filter() leaves of them, are rows of a sub-query. Every
macro keeps CEL's three values: one undecided member leaves all() and exists() open unless another member decides, and
leaves exists_one(), filter() and map() open in any case.
"""

from dataclasses import dataclass, field

from sqlglot import exp

from policies.rules.sql.build import (
    binary,
    call,
    cast,
    choose,
    column,
    guarded,
    is_known,
    is_null,
    literal,
    null,
    number,
    text,
    when,
)
from policies.rules.sql.rows import Row, plain_text, with_joins
from policies.rules.sql.shapes import Compiling, Handle, Scope
from policies.rules.tree import BOOL, STRINGS, Call, Const, Macro, Node, Related, Type, Variable, walk


@dataclass
class Source:
    """What a macro runs over: a query without columns, the element, and how far the whole is known.

    `known` tells whether there is a list at all. `keep` is what filters before this macro say of an element (NULL:
    undecided), None where there is none. `order` is the element's place.
    """

    query: exp.Select
    handle: Handle
    known: exp.Expression | None
    order: exp.Expression
    rows: list[Row] = field(default_factory=list)
    keep: exp.Expression | None = None


def macro(compiler: Compiling, node: Macro, scope: Scope) -> exp.Expression:
    """Return the SQL of a macro that gives a bool or a list of values."""
    if node.type.of is not None and node.type.of.name == "entity":
        return compiler.give_up(node)
    if node.op == "filter":
        source = _source(compiler, node, scope)
        element = source.handle if source is not None else None
        if source is None or not isinstance(element, exp.Expression):
            return compiler.give_up(node)
        return _collect(compiler, source, element)
    contained = _containment(compiler, node, scope)
    if contained is not None:
        return contained
    source = _source(compiler, node.source, scope)
    if source is None:
        return compiler.give_up(node)
    inner = {**scope, node.variable: source.handle}
    if node.guard is not None:
        _narrow(source, compiler.compile(node.guard, inner))
    body = compiler.compile(node.body, inner)
    if node.op == "map":
        return _collect(compiler, source, body)
    return _decide(compiler, source, node.op, body)


def _containment(compiler: Compiling, node: Macro, scope: Scope) -> exp.Expression | None:
    """Return all() and exists() of `v in names` as one operator, where it means the same; None where it is another
    form.

    The empty list has all of its members anywhere, also in a list that is not known.
    """
    body = node.body
    if node.op not in ("all", "exists") or not isinstance(body, Call) or body.op != "in" or node.source.type != STRINGS:
        return None
    member, container = body.args
    is_variable = isinstance(member, Variable) and member.name == node.variable
    if not is_variable or container.type != STRINGS or _mentions(container, node.variable):
        return None
    if node.op == "all":
        source, known = compiler.compile(node.source, scope), compiler.compile(container, scope)
        empty = exp.EQ(this=source.copy(), expression=cast(text("[]"), "JSONB"))
        return when((empty, exp.true()), default=binary(exp.ArrayContainedBy, source, known))
    if isinstance(container, Const) and isinstance(container.value, tuple) and container.value:
        names = exp.Array(expressions=[text(str(name)) for name in container.value])
        return binary(exp.JSONBContainsAnyTopKeys, compiler.compile(node.source, scope), names)
    return None


def _mentions(node: Node, variable: str) -> bool:
    return any(isinstance(part, Variable) and part.name == variable for part in walk(node))


def count(compiler: Compiling, node: Node, scope: Scope) -> exp.Expression:
    """Return size() of a list of assets."""
    source = _source(compiler, node, scope)
    if source is None:
        return cast(exp.Null(), "BIGINT")
    counted = exp.Count(this=exp.Star())
    total = counted if source.keep is None else _only(counted, column("x", "k"))
    return _aggregate(compiler, source, exp.true(), when(*_undecided(source, "BIGINT"), default=cast(total, "BIGINT")))


def _source(compiler: Compiling, node: Node, scope: Scope) -> Source | None:
    match node:
        case Related():
            query, row, known = compiler.members(node)
            return Source(query, row, known, column(row.alias, "id"), [row])
        case Macro(op="filter"):
            source = _source(compiler, node.source, scope)
            if source is not None:
                _narrow(source, compiler.compile(node.body, {**scope, node.variable: source.handle}))
            return source
        case _ if node.type.of is not None and node.type.of.name != "entity":
            return _values(compiler, node, node.type.of, scope)
        case _:
            return None


def _values(compiler: Compiling, node: Node, of: Type, scope: Scope) -> Source:
    alias, value = compiler.alias(), compiler.compile(node, scope)
    columns = [exp.to_identifier(name, quoted=True) for name in ("e", "i")]
    elements = exp.Table(
        this=call("jsonb_array_elements", value),
        ordinality=True,
        alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True), columns=columns),
    )
    known = None if isinstance(node, Const) else is_known(value)
    return Source(exp.Select().from_(elements), element_value(column(alias, "e"), of), known, column(alias, "i"))


def element_value(element: exp.Expression, of: Type) -> exp.Expression:
    """Return the typed value of a jsonb list member. The list was built or checked by us: no cast can fail."""
    match of.name:
        case "string":
            return plain_text(element)
        case "bool":
            return cast(element, "BOOLEAN")
        case "double":
            return cast(element, "DOUBLE PRECISION")
        case "int" | "timestamp" | "duration":
            return cast(element, "BIGINT")
        case _:
            return element


def _narrow(source: Source, test: exp.Expression) -> None:
    source.keep = test if source.keep is None else choose(source.keep, test, exp.false())


def _undecided(source: Source, type_: str = "BOOLEAN") -> list[tuple[exp.Expression, exp.Expression]]:
    return [] if source.keep is None else [(_any(is_null(column("x", "k"))), cast(exp.Null(), type_))]


def _decide(compiler: Compiling, source: Source, op: str, body: exp.Expression) -> exp.Expression:
    verdict, kept = column("x", "b"), column("x", "k") if source.keep is not None else None
    no, open_ = exp.Is(this=verdict.copy(), expression=exp.false()), is_null(verdict)
    undecided = (_only(_any(open_), kept), null(BOOL))
    match op:
        case "all":
            result = when(*_undecided(source), (_only(_any(no), kept), exp.false()), undecided, default=exp.true())
        case "exists":
            found = (_only(_any(verdict), kept), exp.true())
            result = when(*_undecided(source), found, undecided, default=exp.false())
        case _:
            chosen = verdict if kept is None else exp.And(this=kept.copy(), expression=verdict.copy())
            matches = exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=chosen.copy()))
            one = binary(exp.EQ, matches, exp.Literal.number(1))
            result = when(*_undecided(source), undecided, default=one)
    return _aggregate(compiler, source, body, result)


def _collect(compiler: Compiling, source: Source, body: exp.Expression) -> exp.Expression:
    kept = column("x", "k") if source.keep is not None else None
    ordered = exp.Order(this=call("to_jsonb", column("x", "b")), expressions=[exp.Ordered(this=column("x", "i"))])
    members = _only(exp.Anonymous(this="jsonb_agg", expressions=[ordered]), kept)
    gathered = exp.Coalesce(this=members, expressions=[cast(text("[]"), "JSONB")])
    missing = (_only(_any(is_null(column("x", "b"))), kept), cast(exp.Null(), "JSONB"))
    return _aggregate(compiler, source, body, when(*_undecided(source, "JSONB"), missing, default=gathered))


def _aggregate(compiler: Compiling, source: Source, body: exp.Expression, result: exp.Expression) -> exp.Expression:
    """Return `(SELECT result FROM (SELECT keep AS k, body AS b, order AS i FROM source) AS x)`, NULL without a list."""
    columns = [("b", body), ("i", source.order)] + ([("k", source.keep)] if source.keep is not None else [])
    inner = source.query.select(*(exp.alias_(value.copy(), name, quoted=True) for name, value in columns))
    inner = with_joins(inner, source.rows)
    outer = exp.select(result).from_(inner.subquery(exp.to_identifier("x", quoted=True)))
    value = exp.Paren(this=outer.subquery())
    return value if source.known is None else guarded(source.known, value)


def _any(test: exp.Expression) -> exp.Expression:
    return call("bool_or", test)


def _only(aggregate: exp.Expression, kept: exp.Expression | None) -> exp.Expression:
    if kept is None:
        return aggregate
    return exp.Filter(this=aggregate.copy(), expression=exp.Where(this=kept.copy()))


def contains(compiler: Compiling, node: Call, scope: Scope) -> exp.Expression:
    """Return `value in container`."""
    member, container = node.args
    value = compiler.compile(member, scope)
    of = container.type.of
    if isinstance(container, Const) and isinstance(container.value, tuple) and of is not None:
        if not container.value:
            return guarded(is_known(value), exp.false())
        return exp.Paren(this=exp.In(this=value, expressions=[literal(each, of) for each in container.value]))
    known = compiler.compile(container, scope)
    if member.type.name == "string":
        return binary(exp.JSONBContainsTopKey, known, value)
    return guarded(is_known(value), binary(exp.ArrayContainsAll, known, call("jsonb_build_array", value)))


def index(node: Call, container: exp.Expression, key: exp.Expression) -> exp.Expression:
    """Return `container[key]`; a negative index counts from the end in PostgreSQL, and is an error in CEL."""
    if node.args[0].type.name == "map":
        return exp.Paren(this=exp.JSONExtractScalar(this=container, expression=key, only_json_types=True))
    inside = exp.Paren(this=exp.Between(this=key.copy(), low=number(0), high=number(10**6)))
    element = exp.Paren(this=exp.JSONExtract(this=container, expression=cast(key, "INT"), only_json_types=True))
    return guarded(inside, element_value(element, node.type))


def size(compiler: Compiling, node: Call, scope: Scope) -> exp.Expression:
    """Return size() of a string (code points), a list or a map."""
    source = node.args[0]
    if source.type.of is not None and source.type.of.name == "entity":
        return count(compiler, source, scope)
    value = compiler.compile(source, scope)
    match source.type.name:
        case "string":
            return cast(call("length", value), "BIGINT")
        case "list":
            return cast(call("jsonb_array_length", value), "BIGINT")
        case _:
            keys = exp.select(exp.Count(this=exp.Star())).from_(exp.Table(this=call("jsonb_object_keys", value)))
            return guarded(is_known(value), exp.Paren(this=keys.subquery()))
