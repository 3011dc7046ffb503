"""Walk a rule's tree over a subject in three-valued logic and keep what decided it.

The values are those of CEL (cel-spec, doc/langdef.md): an error or a missing fact makes an expression undecided
unless the other side of `&&`, `||`, or another member of `all` and `exists`, decides alone. CEL's own engine does
not report which values it read; this walk does, and judge.py lets no verdict stand on which the two disagree.

Reads are those that the decision needed: of a false `&&` one false side, of a true one both.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from policies.rules.arithmetic import apply
from policies.rules.facts import Broken, Fact, Lack, Thing
from policies.rules.tree import Call, Const, Field, Has, Items, Macro, Node, Related, Variable


@dataclass(frozen=True, slots=True)
class Traced:
    """A value (None: undecided), the facts that it needed, and what was lacking where it is undecided."""

    value: Any
    facts: tuple[Fact, ...] = ()
    lacks: tuple[Lack, ...] = ()


@dataclass(frozen=True)
class Scene:
    """What the names of a rule stand for. `related` holds None for a relation that nobody reported."""

    asset: Thing
    now: datetime
    related: Mapping[str, Sequence[Thing] | None] = field(default_factory=dict)


Scope = Mapping[str, Any]


def trace(node: Node, scene: Scene) -> Traced:
    """Evaluate the tree. Never raises for bad data: what is wrong is a Lack."""
    return _Tracer(scene).run(node, {"asset": scene.asset, "now": scene.now})


def trace_part(node: Node, scene: Scene, scope: Scope) -> Traced:
    """Evaluate a part of a rule; `scope` gives the macro variables around it."""
    return _Tracer(scene).run(node, {"asset": scene.asset, "now": scene.now, **scope})


def trace_constant(node: Node, now: datetime) -> Any:
    """Evaluate a tree that reads no facts; None where it has no value (an overflow, a division by zero)."""
    return _Tracer(None).run(node, {"now": now}).value


@dataclass(frozen=True)
class _Tracer:
    scene: Scene | None

    def run(self, node: Node, scope: Scope) -> Traced:
        match node:
            case Const():
                return Traced(list(node.value) if isinstance(node.value, tuple) else node.value)
            case Variable():
                return Traced(scope[node.name])
            case Related():
                return self._related(node)
            case Field():
                return self._field(node, scope)
            case Has():
                return self._has(node, scope)
            case Items():
                return self._strict(list, [self.run(item, scope) for item in node.items], node)
            case Macro():
                return self._macro(node, scope)
            case Call():
                return self._call(node, scope)

    def _related(self, node: Related) -> Traced:
        path, keys = f"related('{node.name}')", (f"related.{node.name}",)
        members = self.scene.related.get(node.name) if self.scene is not None else None
        if members is None:
            return Traced(None, (), (Lack(path, keys, None, "missing", "the relation is not reported"),))
        return Traced(list(members), (Fact(path, keys, None, [member.asset for member in members]),))

    def _field(self, node: Field, scope: Scope) -> Traced:
        owner = self.run(node.operand, scope)
        if owner.value is None:
            return owner
        found = owner.value.read(node.name)
        match found:
            case Fact():
                return Traced(found.value, (*owner.facts, found))
            case Lack():
                return Traced(None, owner.facts, (found,))
        return Traced(found, owner.facts)

    def _has(self, node: Has, scope: Scope) -> Traced:
        owner = self.run(node.operand, scope)
        if owner.value is None:
            return owner
        if isinstance(owner.value, dict):
            return Traced(node.name in owner.value, owner.facts)
        found = owner.value.read(node.name)
        match found:
            case Fact():
                return Traced(True, (*owner.facts, found))
            case Lack() if found.why == "broken" or (isinstance(owner.value, Thing) and owner.value.document is None):
                return Traced(None, owner.facts, (found,))
            case Lack():
                return Traced(False, (*owner.facts, Fact(found.path, found.keys, found.asset, None)))
        return Traced(found.document is not None, owner.facts)

    def _strict(self, compute: Callable[..., Any], parts: Sequence[Traced], node: Node) -> Traced:
        """Apply a function that needs all of its arguments."""
        lacks = tuple(lack for part in parts for lack in part.lacks if part.value is None)
        if lacks:
            return Traced(None, (), lacks)
        facts = tuple(fact for part in parts for fact in part.facts)
        try:
            arguments = [part.value for part in parts]
            return Traced(compute(arguments) if compute is list else compute(*arguments), facts)
        except Broken as broken:
            place = f"line {node.at.line}, column {node.at.column}"
            keys = tuple(dict.fromkeys(key for fact in facts for key in fact.keys))
            return Traced(None, facts, (Lack(place, keys, None, "broken", str(broken)),))
        except _Absent as absent:
            keys = tuple(dict.fromkeys(key for fact in facts for key in fact.keys))
            path = f"{facts[-1].path if facts else 'map'}[{absent.args[0]!r}]"
            return Traced(None, facts, (Lack(path, keys, None, "missing", "the map has no such key"),))

    def _call(self, node: Call, scope: Scope) -> Traced:
        match node.op:
            case "&&" | "||":
                return self._either(node.op == "||", (self.run(arg, scope) for arg in node.args))
            case "?:":
                test = self.run(node.args[0], scope)
                if test.value is None:
                    return test
                chosen = self.run(node.args[1 if test.value else 2], scope)
                return Traced(chosen.value, test.facts + chosen.facts, chosen.lacks)
            case "index":
                return self._strict(_index, [self.run(arg, scope) for arg in node.args], node)
        parts = [self.run(arg, scope) for arg in node.args]
        return self._strict(lambda *values: apply(node.op, node.args[0].type.name, values), parts, node)

    def _either(self, decisive: bool, parts: Any) -> Traced:
        """Combine `||` (decisive True) or `&&` (decisive False):

        one decisive part is enough, else all must be known.
        """
        facts: list[Fact] = []
        lacks: list[Lack] = []
        for part in parts:
            if part.value is decisive:
                return Traced(decisive, part.facts)
            facts += part.facts
            lacks += part.lacks if part.value is None else ()
        return Traced(None, tuple(facts), tuple(lacks)) if lacks else Traced(not decisive, tuple(facts))

    def _macro(self, node: Macro, scope: Scope) -> Traced:
        source = self.run(node.source, scope)
        if source.value is None:
            return source
        members = list(source.value)
        if node.op in ("all", "exists"):
            bodies = (self.run(node.body, {**scope, node.variable: member}) for member in members)
            decided = self._either(node.op == "exists", bodies)
            return Traced(decided.value, source.facts + decided.facts, decided.lacks)
        return self._collect(node, scope, source, members)

    def _collect(self, node: Macro, scope: Scope, source: Traced, members: list[Any]) -> Traced:
        """Run exists_one, filter and map: one undecided member leaves the whole undecided."""
        facts = list(source.facts)
        lacks: list[Lack] = []
        kept: list[Any] = []
        for member in members:
            inner = {**scope, node.variable: member}
            test = self.run(node.guard if node.op == "map" and node.guard is not None else node.body, inner)
            facts += test.facts
            if test.value is None:
                lacks += test.lacks
            elif node.op == "map" and node.guard is not None:
                if test.value:
                    body = self.run(node.body, inner)
                    facts += body.facts
                    lacks += body.lacks if body.value is None else ()
                    kept.append(body.value)
            elif node.op == "map":
                kept.append(test.value)
            elif test.value:
                kept.append(member)
        if lacks:
            return Traced(None, tuple(facts), tuple(lacks))
        return Traced(len(kept) == 1 if node.op == "exists_one" else kept, tuple(facts))


class _Absent(Exception):
    """A key that a map does not have: a missing fact, unlike an index outside of a list."""


def _index(container: Any, key: Any) -> Any:
    if isinstance(container, dict):
        if key not in container:
            raise _Absent(key)
        return container[key]
    if not 0 <= key < len(container):
        raise Broken(f"index {key} is outside of a list of {len(container)}")
    return container[key]
