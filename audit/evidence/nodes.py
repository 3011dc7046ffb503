"""Prove one entry from a few hashes: the perfect subtrees that sealing kept, a block of leaves, the head's frontier.

A proof in a ledger of n entries reads one block of 2**LOWEST_KEPT leaves and at most log2(n) nodes. Sealing keeps nodes
from LOWEST_KEPT upwards, one row per 8 entries; smaller subtrees are computed from the block. A subtree that the head
cuts is incomplete: its hash follows from the frontier (shape of the tree: accounts/journal/canonical/merkle.py).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import reduce

from accounts.journal.canonical.merkle import Tree, node_hash, root

LOWEST_KEPT = 4
NodeKey = tuple[int, int]
"""Level and index: the node covers entries [index * 2**level, (index + 1) * 2**level)."""
Leaves = Callable[[int, int], Sequence[bytes]]
"""Return the leaf hashes of the entries [start, stop)."""
Nodes = Callable[[Collection[NodeKey]], Mapping[NodeKey, bytes]]
"""Return those of the nodes that are kept."""


def kept_nodes(index: int, completed: Sequence[bytes]) -> list[tuple[int, int, bytes]]:
    """Return (level, index, hash) of the nodes to keep, of those that entry `index` completed (CompactRange.append)."""
    return [(level, index >> level, node) for level, node in enumerate(completed, 1) if level >= LOWEST_KEPT]


def inclusion_path(index: int, size: int, frontier: Sequence[bytes], *, leaves: Leaves, nodes: Nodes) -> list[bytes]:
    """Return the inclusion proof of entry `index` in the tree of `size` entries, equal to merkle.inclusion_proof.

    1. Inside its block of leaves.
    2. Above it, the sibling of each level: a kept node, or one that the head cuts.
    3. A sibling that is not kept, because it was sealed before nodes were, is computed from its leaves.
    """
    start = index >> LOWEST_KEPT << LOWEST_KEPT
    block = Tree(leaves(start, min(start + (1 << LOWEST_KEPT), size)))
    siblings = _siblings(index, size)
    kept = nodes([key for key in siblings if not _is_cut(key, size)]) if siblings else {}
    path = block.inclusion_proof(index - start)  # 1
    for level, sibling in siblings:
        if _is_cut((level, sibling), size):
            path.append(_cut_node(level, size, frontier))  # 2
        elif (level, sibling) in kept:
            path.append(kept[level, sibling])
        else:
            path.append(root(leaves(sibling << level, (sibling + 1) << level)))  # 3
    return path


def _siblings(index: int, size: int) -> list[NodeKey]:
    """Return the siblings on the way from the block to the root, from below; a level without one is passed over."""
    found = []
    level, last = LOWEST_KEPT, (size - 1) >> LOWEST_KEPT
    while last:
        sibling = (index >> level) ^ 1
        if sibling <= last:
            found.append((level, sibling))
        level, last = level + 1, last >> 1
    return found


def _is_cut(key: NodeKey, size: int) -> bool:
    level, index = key
    return (index + 1) << level > size


def _cut_node(level: int, size: int, frontier: Sequence[bytes]) -> bytes:
    """Return the hash of the last node of `level`, which the head cuts: all of the frontier that lies in it."""
    parts = frontier[-(size & ((1 << level) - 1)).bit_count() :]
    return reduce(lambda right, left: node_hash(left, right), reversed(parts[:-1]), parts[-1])
