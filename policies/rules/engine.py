"""Run Google's CEL on plain dicts: the reference for what an expression means.

The program was type-checked against messages (parse.py) and runs on maps: an unset field of a message reads as
false, 0 or '', which would turn missing facts into verdicts, while a missing key of a map is an error, which is
what undecided means.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cel_expr_python import cel
from google.protobuf import timestamp_pb2

from policies.rules.facts import Fact, Lack, Thing
from policies.rules.parse import Checked
from policies.rules.schema import LINEAGE, Schema
from policies.rules.source import RELATED
from policies.rules.trace import Scene


@dataclass(frozen=True)
class Program:
    """An expression that Google's engine evaluates."""

    expression: Any
    relations: tuple[str, ...]


@lru_cache(maxsize=64)
def _untyped(schema: Schema) -> Any:
    """Return the environment in which the facts are maps; one per schema, with every relation's name."""
    facts = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    relations = {name for entity in schema.entities.values() for name in entity.relations}
    variables = {"asset": facts, "params": facts, "now": cel.Type.TIMESTAMP}
    return cel.NewEnv(variables=variables | {RELATED + name: cel.Type.List(cel.Type.DYN) for name in relations})


def load_program(schema: Schema, checked: Checked) -> Program:
    """Load a checked expression for evaluation over dicts."""
    return Program(_untyped(schema).deserialize(checked.serialized), checked.source.relations)


class Unusable(Exception):
    """A fact is broken: the engine has no way to be given an error in place of a value."""


def run(program: Program, scene: Scene, params: Mapping[str, Any], fields: Mapping[str, frozenset[str]]) -> bool | None:
    """Evaluate; None is what CEL calls an error. `fields` are the names, by entity, that the expression reads.

    Raises Unusable where one of them is broken, since then only the trace can tell.
    """
    given = {name: _as_cel(value) for name, value in params.items()}
    data: dict[str, Any] = {"params": given, "now": _as_cel(scene.now), "asset": _as_map(scene.asset, fields)}
    for name in program.relations:
        members = scene.related.get(name)
        if members is not None:
            data[RELATED + name] = [_as_map(member, fields) for member in members]
    value = program.expression.eval(data=data)
    return value.plain_value() if value.type() == cel.Type.BOOL else None


def _as_map(thing: Thing, fields: Mapping[str, frozenset[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in fields.get(thing.entity.name, frozenset()):
        match thing.read(name):
            case Fact(value=value):
                found[name] = _as_cel(value)
            case Lack(why="broken"):
                raise Unusable(name)
    if LINEAGE in thing.entity.fields and LINEAGE in fields:
        lineage = thing.read(LINEAGE)
        if isinstance(lineage, Thing) and lineage.document is not None:
            found[LINEAGE] = _as_map(lineage, fields)
    return found


def _as_cel(value: Any) -> Any:
    """Return what the binding takes inside of a map: there, it takes no datetime and no tuple."""
    if isinstance(value, tuple):
        return [_as_cel(member) for member in value]
    if isinstance(value, datetime):
        message = timestamp_pb2.Timestamp()
        message.FromDatetime(value)
        return message
    return value
