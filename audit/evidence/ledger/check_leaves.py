"""Hold the leaves of a batch against what its signed statement committed to (accounts/journal/canonical/batch.py)."""

import base64
import binascii
from collections.abc import Iterator, Mapping

from accounts.journal.canonical.batch import MARK_SIZE
from accounts.journal.canonical.merkle import CompactRange, leaf_hash
from audit.evidence.ledger.envelope import Statement
from audit.evidence.ledger.report import Code, Log
from audit.evidence.ledger.rows import Leaf


def check_leaves(statement: Statement, leaves: Iterator[Leaf], log: Log) -> None:
    """Check that `leaves` are exactly those that the statement committed to.

    The root decides. Marks only tell which leaf it was; where they cannot, the statement is named.
    """
    commitment = statement.body.get("leaves")
    count, root, marks = _commitment(commitment)
    tree, named = CompactRange(), False
    for leaf in leaves:
        log.count("leaves")
        if named:
            continue
        position = tree.size
        hashed = leaf_hash(leaf.content)
        tree.append(hashed)
        problem = _judge(leaf, position, hashed, count, marks, statement)
        if problem is not None:
            log.problem(problem[0], problem[1], problem[2])
            named = True
    if named:
        return
    if tree.size < count:
        end = f"{tree.size}..{count - 1}" if count - tree.size > 1 else f"{tree.size}"
        log.problem(
            Code.LEAF_MISSING,
            f"leaf {end} of {_name(statement)}",
            f"Got {tree.size} leaves, expected {count}: the rest was removed.",
        )
    elif count and tree.root() != root:
        log.problem(
            Code.LEAVES_MISMATCH, _name(statement), f"Got {count} leaves of another root: one of them was changed."
        )


def _judge(
    leaf: Leaf, position: int, hashed: bytes, count: int, marks: bytes, statement: Statement
) -> tuple[Code, str, str] | None:
    """Return what is wrong with the leaf at `position`; None where nothing can be seen yet."""
    mark = hashed[:MARK_SIZE]
    if leaf.statement != statement.id:
        return Code.LEAF_CHANGED, leaf.name, f"Got it under another statement, expected {statement.id}."
    if position >= count:
        return Code.LEAF_UNKNOWN, leaf.name, f"Got a leaf beyond the {count} that the statement committed to."
    if leaf.index > position or (marks and mark == _mark(marks, position + 1) != _mark(marks, position)):
        record = f"leaf {position} of {_name(statement)}"
        return Code.LEAF_MISSING, record, "Got the leaf after it in its place: it was removed or moved."
    if leaf.index < position:
        return Code.LEAF_UNKNOWN, leaf.name, f"Got it at position {position}: it stands twice, or was moved."
    if marks and mark != _mark(marks, position):
        return Code.LEAF_CHANGED, leaf.name, "Got other bytes than the statement committed to: the leaf was changed."
    return None


def _mark(marks: bytes, position: int) -> bytes:
    return marks[position * MARK_SIZE : (position + 1) * MARK_SIZE]


def _name(statement: Statement) -> str:
    return f"statement {statement.id} (index {statement.sequence})"


def _commitment(value: object) -> tuple[int, bytes, bytes]:
    """Return (count, root, marks) of a signed commitment; (0, b"", b"") for a statement without leaves."""
    if not isinstance(value, Mapping) or not isinstance(value.get("count"), int):
        return 0, b"", b""
    count, root, marks = value["count"], value.get("root"), value.get("marks")
    try:
        return count, bytes.fromhex(root or ""), base64.b64decode(marks or "", validate=True)
    except (ValueError, TypeError, binascii.Error):
        return count, b"", b""
