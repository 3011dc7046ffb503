"""The static cost of a rule: how deep, how nested and how large it may be, from its tree alone.

Modelled on the budget of Kubernetes' ValidatingAdmissionPolicy: every node costs one, and the body of a macro is
counted once per member of a list of the greatest declared length.
"""

from policies.rules.errors import Position, RuleRefused
from policies.rules.source import Source
from policies.rules.tree import Const, Items, Macro, Node, children

MAX_DEPTH = 100
MAX_MACRO_NESTING = 3
MAX_LITERAL_ITEMS = 1_000
LIST_LENGTH = 100
"""Members that a fact's list or a relation is counted with; longer ones are judged all the same."""
MAX_COST = 10_000_000


def check_budget(tree: Node, source: Source) -> None:
    """Raise RuleRefused where the tree is above the budget."""
    cost = _cost(tree, source, depth=1, nesting=0)
    if cost > MAX_COST:
        hint = "nest fewer macros, or split the check"
        raise source.refuse(Position(1, 1), f"the expression costs {cost} steps, the limit is {MAX_COST}", hint)


def _cost(node: Node, source: Source, depth: int, nesting: int) -> int:
    if depth > MAX_DEPTH:
        raise _refuse(source, node, f"the expression is more than {MAX_DEPTH} levels deep", "split the check")
    match node:
        case Const(value=tuple() as items):
            _check_length(source, node, len(items))
            return len(items)
        case Items():
            _check_length(source, node, len(node.items))
        case Macro():
            if nesting == MAX_MACRO_NESTING:
                raise _refuse(source, node, f"macros nest more than {MAX_MACRO_NESTING} deep", "split the check")
            bodies = [part for part in (node.guard, node.body) if part is not None]
            inner = sum(_cost(part, source, depth + 1, nesting + 1) for part in bodies)
            return 1 + _cost(node.source, source, depth + 1, nesting) + _length(node.source) * inner
        case _:
            pass
    return 1 + sum(_cost(child, source, depth + 1, nesting) for child in children(node))


def _length(source: Node) -> int:
    """Return how many members a macro's source is counted with."""
    match source:
        case Const(value=tuple() as items):
            return len(items)
        case Items():
            return len(source.items)
        case _:
            return LIST_LENGTH


def _check_length(source: Source, node: Node, length: int) -> None:
    if length > MAX_LITERAL_ITEMS:
        hint = f"a list has at most {MAX_LITERAL_ITEMS} members; put the names into a fact"
        raise _refuse(source, node, f"the list has {length} members", hint)


def _refuse(source: Source, node: Node, message: str, hint: str) -> RuleRefused:
    return source.refuse(node.at, message, hint)
