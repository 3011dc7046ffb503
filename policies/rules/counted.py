"""Lineage counts are not counted to the end: refuse what would take the number at which they stop for the number.

At COUNTED_TO a count stands for as many or more. A comparison is accepted where all of these give the same answer, so
that a check never passes, or fails, for a number that nobody counted:

    asset.lineage.upstream_count <= 249     accepted: 250 and more all give false
    asset.lineage.upstream_count < 500      refused: 250 gives true, and so would a count that is really 700
"""

from lineage.inventory.kinds.types import COUNTED, COUNTED_TO
from policies.rules.errors import RuleRefused
from policies.rules.schema import LINEAGE
from policies.rules.source import Source
from policies.rules.tree import Call, Const, Field, Node, children

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
"""What a comparison says with its two sides exchanged."""


def check_counts(node: Node, source: Source) -> None:
    """Raise RuleRefused where the tree reads a count in another way than by a comparison that its end decides."""
    match node:
        case Call(args=(Field() as count, Const() as number)) if _is_count(count):
            _check(node.op, count, number, source)
            rest: tuple[Node, ...] = (count.operand,)
        case Call(args=(Const() as number, Field() as count)) if _is_count(count):
            _check(_TURNED.get(node.op, ""), count, number, source)
            rest = (count.operand,)
        case Field() if _is_count(node):
            raise _computed(node, source)
        case _:
            rest = children(node)
    for child in rest:
        check_counts(child, source)


def _check(op: str, count: Field, number: Const, source: Source) -> None:
    if op not in (*_TURNED, "in"):
        raise _computed(count, source)
    known = number.value if isinstance(number.value, tuple) else (number.value,)
    greatest = max((each for each in known if isinstance(each, int)), default=0)
    if greatest < COUNTED_TO or (greatest == COUNTED_TO and op in ("<", ">=")):
        return
    named = f"params.{number.name}, {greatest}" if number.name else str(greatest)
    hint = f"use a number below {COUNTED_TO}, or ask whether it is >= {COUNTED_TO}"
    raise source.refuse(count.at, f"{_stops(count)}, so it cannot be compared with {named}", hint)


def _computed(count: Field, source: Source) -> RuleRefused:
    hint = f"compare {count.name} itself with a number below {COUNTED_TO}"
    return source.refuse(count.at, f"{_stops(count)}, so nothing can be computed from it", hint)


def _stops(count: Field) -> str:
    return f"'{count.name}' is counted to {COUNTED_TO}, which stands for {COUNTED_TO} or more"


def _is_count(node: Field) -> bool:
    return node.operand.type.entity == LINEAGE and node.name in COUNTED
