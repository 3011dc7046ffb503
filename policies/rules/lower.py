"""Lower a checked expression to our typed tree; refuse, with its place, whatever is outside the documented subset.

Macros do not survive the parser (`macro_calls` is empty): they are recognised from the shape of the comprehension
that each expands to, as in cel-spec, doc/langdef.md, section Macros.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.rules.errors import Position
from policies.rules.functions import FUNCTIONS, fold
from policies.rules.parse import Checked
from policies.rules.source import RELATED
from policies.rules.tree import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    Call,
    Const,
    Field,
    Has,
    Items,
    Macro,
    MacroOp,
    Node,
    Related,
    Scalar,
    Type,
    Variable,
)

_PRIMITIVES = {1: BOOL, 2: INT, 4: DOUBLE, 5: STRING}
_WELL_KNOWN = {2: TIMESTAMP, 3: DURATION}
_ACCUMULATOR = "@result"
_ROOTS = frozenset({"asset", "params", "now"})


def lower(checked: Checked, params: Mapping[str, Scalar | tuple[Scalar, ...]]) -> Node:
    """Return the typed tree; parameters become constants of their value. Raises RuleRefused."""
    return _Lowering(checked, params).node(checked.expression.expr, frozenset())


@dataclass(frozen=True)
class _Lowering:
    checked: Checked
    params: Mapping[str, Scalar | tuple[Scalar, ...]]

    def node(self, expr: Any, scope: frozenset[str]) -> Node:
        """Lower one expression; `scope` holds the variables of the enclosing macros."""
        shape = expr.WhichOneof("expr_kind")
        handlers: Mapping[str, Callable[[Any, frozenset[str]], Node]] = {
            "const_expr": self._const,
            "ident_expr": self._ident,
            "select_expr": self._select,
            "call_expr": self._call,
            "list_expr": self._list,
            "comprehension_expr": self._comprehension,
        }
        if shape not in handlers:
            raise self._refuse(expr, "map and message literals are not supported", "compare fields one by one")
        return handlers[shape](expr, scope)

    def _const(self, expr: Any, _: frozenset[str]) -> Node:
        kind = expr.const_expr.WhichOneof("constant_kind")
        if kind not in ("bool_value", "int64_value", "double_value", "string_value"):
            name = "null" if kind == "null_value" else kind.removesuffix("_value")
            raise self._refuse(expr, f"{name} literals are not supported", "a fact is there or missing: ask with has()")
        value = getattr(expr.const_expr, kind)
        if isinstance(value, str) and "\x00" in value:
            raise self._refuse(expr, "the text holds a NUL character", "no fact can hold one, so leave it out")
        return Const(value, self._type(expr), self._at(expr))

    def _ident(self, expr: Any, scope: frozenset[str]) -> Node:
        name = expr.ident_expr.name
        if name in scope or name in ("asset", "now"):
            return Variable(name, self._type(expr), self._at(expr))
        if name.startswith(RELATED):
            return Related(name.removeprefix(RELATED), self._type(expr), self._at(expr))
        raise self._refuse(expr, f"'{name}' cannot stand alone", "name one of its fields, such as params.max_days")

    def _select(self, expr: Any, scope: frozenset[str]) -> Node:
        select, at = expr.select_expr, self._at(expr)
        operand_is_params = select.operand.WhichOneof("expr_kind") == "ident_expr" and (
            select.operand.ident_expr.name == "params" and "params" not in scope
        )
        if operand_is_params:
            if select.test_only:
                return Const(True, BOOL, at)
            return Const(self.params[select.field], self._type(expr), at, name=select.field)
        operand = self.node(select.operand, scope)
        if select.test_only:
            if isinstance(operand, Variable | Field) and operand.type.name in ("entity", "map"):
                return Has(operand, select.field, at)
            raise self._refuse(expr, "has() takes a field of an asset or a map", "write has(asset.<attribute>)")
        type_ = self._type(expr)
        if operand.type.name == "map":
            return Call("index", (operand, Const(select.field, STRING, at)), type_, at)
        return Field(operand, select.field, type_, at)

    def _call(self, expr: Any, scope: frozenset[str]) -> Node:
        call = expr.call_expr
        parts = ([call.target] if call.HasField("target") else []) + list(call.args)
        if call.function not in FUNCTIONS:
            known = ", ".join(sorted(name for name in FUNCTIONS if name.isalpha()))
            raise self._refuse(expr, f"{call.function.strip('_@')}() is not supported", f"functions are {known}")
        args = tuple(self.node(part, scope) for part in parts)
        made = Call(FUNCTIONS[call.function], args, self._type(expr), self._at(expr))
        return fold(made, self.checked.source)

    def _list(self, expr: Any, scope: frozenset[str]) -> Node:
        if expr.list_expr.optional_indices:
            raise self._refuse(expr, "optional members are not supported", "leave out the question mark")
        items = tuple(self.node(item, scope) for item in expr.list_expr.elements)
        type_, at = self._type(expr), self._at(expr)
        known = [item.value for item in items if isinstance(item, Const) and not isinstance(item.value, tuple)]
        if len(known) == len(items):
            return Const(tuple(known), type_, at)
        return Items(items, type_, at)

    def _comprehension(self, expr: Any, scope: frozenset[str]) -> Node:
        loop = expr.comprehension_expr
        shape = _recognise(loop)
        if loop.iter_var in _ROOTS or loop.iter_var in scope:
            hint = "give every macro a variable of its own"
            raise self._refuse(expr, f"the macro variable '{loop.iter_var}' hides another name", hint)
        if shape is None or loop.iter_var2:
            hint = "use all, exists, exists_one, filter or map with one variable"
            raise self._refuse(expr, "this macro is not supported", hint)
        source, inner = self.node(loop.iter_range, scope), scope | {loop.iter_var}
        body = self.node(shape.body, inner)
        guard = self.node(shape.guard, inner) if shape.guard is not None else None
        if source.type.name == "map":
            raise self._refuse(expr, "macros over maps are not supported", "name the keys that you need")
        return Macro(shape.op, loop.iter_var, source, body, self._type(expr), self._at(expr), guard)

    def _type(self, expr: Any) -> Type:
        return self._convert(expr, self.checked.expression.type_map[expr.id])

    def _convert(self, expr: Any, type_: Any) -> Type:
        match type_.WhichOneof("type_kind"):
            case "primitive" if type_.primitive in _PRIMITIVES:
                return _PRIMITIVES[type_.primitive]
            case "well_known" if type_.well_known in _WELL_KNOWN:
                return _WELL_KNOWN[type_.well_known]
            case "list_type":
                return Type("list", self._convert(expr, type_.list_type.elem_type))
            case "map_type":
                return Type("map", self._convert(expr, type_.map_type.value_type))
            case "message_type" if type_.message_type.startswith("auditline."):
                return Type("entity", entity=type_.message_type.rsplit(".", 1)[-1])
            case _:
                hint = "use bool, int, double, string, timestamp, duration, and lists of one of them"
                raise self._refuse(expr, "values of this type are not supported", hint)

    def _at(self, expr: Any) -> Position:
        return self.checked.source.position(self.checked.expression.source_info.positions.get(expr.id, 0))

    def _refuse(self, expr: Any, message: str, hint: str) -> Exception:
        return self.checked.source.refuse(self._at(expr), message, hint)


@dataclass(frozen=True)
class _Shape:
    op: MacroOp
    body: Any
    guard: Any = None


def _recognise(loop: Any) -> _Shape | None:
    """Tell which macro a comprehension came from;

    None for none of ours. The forms are those of cel-spec's expansions.
    """
    step = loop.loop_step.call_expr
    function = step.function
    if function == "_&&_" and _is_accumulator(step.args[0]) and loop.accu_init.const_expr.bool_value:
        return _Shape("all", step.args[1])
    if function == "_||_" and _is_accumulator(step.args[0]):
        return _Shape("exists", step.args[1])
    if function == "_+_" and _is_accumulator(step.args[0]):
        return _Shape("map", step.args[1].list_expr.elements[0])
    if function != "_?_:_":
        return None
    guard, then = step.args[0], step.args[1].call_expr
    if loop.accu_init.WhichOneof("expr_kind") == "const_expr":
        return _Shape("exists_one", guard)
    kept = then.args[1].list_expr.elements[0]
    if kept.ident_expr.name == loop.iter_var and kept.WhichOneof("expr_kind") == "ident_expr":
        # map(x, p, x) has the same expansion and the same meaning.
        return _Shape("filter", guard)
    return _Shape("map", kept, guard)


def _is_accumulator(expr: Any) -> bool:
    return bool(expr.ident_expr.name == _ACCUMULATOR)
