"""Merkle trees of RFC 6962 section 2.1 (the same as RFC 9162 section 2.1): hashing, proofs, a compact range.

The two domain prefixes are law: a leaf is SHA-256(0x00 || data), a node SHA-256(0x01 || left || right). Without them
a node could be presented as a leaf (second pre-image). They, and the shape of the tree, never change: every root that
was ever signed depends on them.

Shape used throughout: at each level, neighbours are paired from the left and an odd last node moves up unchanged. Node
`i` of level `k` therefore covers leaves [i * 2**k, (i + 1) * 2**k), cut at the tree's size.

Hashes are bytes of length 32; verifiers refuse any other length. Verifiers return a bool that must be tested and never
raise on hostile input.
"""

import hashlib
from collections.abc import Iterable, Sequence

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

_sha256 = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of one leaf's data."""
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return _sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes in order; EMPTY_ROOT for none. About 1 microsecond per leaf."""
    level = leaf_hashes
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        level = _level_above(level)
    return level[0]


def _level_above(level: Sequence[bytes]) -> list[bytes]:
    above = [_sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
    if len(level) % 2:
        above.append(level[-1])
    return above


class Tree:
    """All nodes over one list of leaf hashes: for many proofs of one tree. Costs about 2 hashes of memory per leaf."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self._levels: list[Sequence[bytes]] = [leaf_hashes]
        while len(self._levels[-1]) > 1:
            self._levels.append(_level_above(self._levels[-1]))

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0])

    def root(self) -> bytes:
        """Return the root; EMPTY_ROOT for no leaves."""
        return self._levels[-1][0] if self.size else EMPTY_ROOT

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Return the sibling hashes from leaf `index` up to the root (RFC 9162 section 2.1.3.1).

        Raises IndexError when the tree has no such leaf.
        """
        if not 0 <= index < self.size:
            raise IndexError(f"Got leaf {index}, expected one below the tree's size {self.size}.")
        proof = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                proof.append(level[sibling])
            index >>= 1
        return proof

    def consistency_proof(self, first: int) -> list[bytes]:
        """Return the proof that the tree of the first `first` leaves is a prefix (RFC 9162 section 2.1.4.1).

        Empty when `first` is the whole tree. Raises IndexError unless 0 < first <= size: from an empty tree there is
        nothing to prove.
        """
        if not 0 < first <= self.size:
            raise IndexError(f"Got size {first}, expected one between 1 and the tree's size {self.size}.")
        if first == self.size:
            return []
        # The largest complete subtree that ends at `first`: the verifier has it already when it is all of `first`.
        height = (first & -first).bit_length() - 1
        node = (first >> height) - 1
        proof = [] if first == first & -first else [self._levels[height][node]]
        for level in self._levels[height:-1]:
            sibling = node ^ 1
            if sibling < len(level):
                proof.append(level[sibling])
            node >>= 1
        return proof


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int, size: int | None = None) -> list[bytes]:
    """Return one inclusion proof in the tree of the first `size` leaves (all by default); for many, keep a Tree."""
    return Tree(leaf_hashes if size is None else leaf_hashes[:size]).inclusion_proof(index)


def consistency_proof(leaf_hashes: Sequence[bytes], first: int, second: int | None = None) -> list[bytes]:
    """Return the proof from size `first` to size `second` (all by default); for many, keep a Tree."""
    return Tree(leaf_hashes if second is None else leaf_hashes[:second]).consistency_proof(first)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root_hash: bytes) -> bool:
    """Return whether `proof` shows the leaf hash at `index` under the root of `size` leaves (RFC 9162 2.1.3.2).

    A proof that is too long or too short is refused.
    """
    if not (0 <= index < size and _are_hashes([leaf, root_hash, *proof])):
        return False
    computed, last = leaf, size - 1
    for sibling in proof:
        if last == 0:
            return False
        if index & 1:
            computed = node_hash(sibling, computed)
        elif index == last:  # right edge: skip the levels where the node moves up unchanged
            while index & 1 == 0 and index:
                index >>= 1
                last >>= 1
            if index == 0:
                return False
            computed = node_hash(sibling, computed)
        else:
            computed = node_hash(computed, sibling)
        index >>= 1
        last >>= 1
    while last and index == last and index & 1 == 0:
        index >>= 1
        last >>= 1
    return last == 0 and computed == root_hash


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether the tree of `first` leaves is a prefix of the tree of `second` (RFC 9162 section 2.1.4.2).

    A proof from an empty tree proves nothing and is refused; equal sizes need equal roots and no proof.
    """
    if not (0 < first <= second and _are_hashes([first_root, second_root, *proof])):
        return False
    if first == second:
        return not proof and first_root == second_root
    path = list(proof)
    if first & (first - 1) == 0:  # a power of two: the first root is itself a node of the second tree
        path.insert(0, first_root)
    if not path:
        return False
    old_node, last = first - 1, second - 1
    while old_node & 1:
        old_node >>= 1
        last >>= 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if old_node & 1 or old_node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while old_node & 1 == 0 and old_node:
                old_node >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        old_node >>= 1
        last >>= 1
    return last == 0 and old == first_root and new == second_root


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_SIZE for value in values)


class CompactRange:
    """The frontier of a growing tree: appending costs O(log n) and keeps O(log n) hashes.

    `hashes` are the roots of the perfect subtrees, largest (leftmost) first, one per bit set in `size`. (size, hashes)
    is the whole state: keep it, and `restore` continues there.
    """

    def __init__(self) -> None:
        self._size = 0
        self._hashes: list[bytes] = []

    @classmethod
    def restore(cls, size: int, hashes: Sequence[bytes]) -> "CompactRange":
        """Return a range in a kept state; raises ValueError when the hashes cannot belong to `size`."""
        if size < 0 or len(hashes) != size.bit_count() or not _are_hashes(hashes):
            raise ValueError(
                f"Got {len(hashes)} hashes for size {size}, expected {max(size, 0).bit_count()} of {HASH_SIZE} bytes."
            )
        kept = cls()
        kept._size, kept._hashes = size, list(hashes)
        return kept

    @property
    def size(self) -> int:
        """Number of leaves appended."""
        return self._size

    @property
    def hashes(self) -> list[bytes]:
        """A copy of the frontier."""
        return list(self._hashes)

    def append(self, leaf: bytes) -> list[bytes]:
        """Add one leaf hash at the right; return the roots of the subtrees of 2, 4, 8 ... leaves that it completes."""
        size, hashes = self._size, self._hashes
        completed = []
        while size & 1:
            leaf = _sha256(b"\x01" + hashes.pop() + leaf).digest()
            completed.append(leaf)
            size >>= 1
        hashes.append(leaf)
        self._size += 1
        return completed

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes in order."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """Return the root of all leaves so far; EMPTY_ROOT for none."""
        if not self._hashes:
            return EMPTY_ROOT
        computed = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            computed = node_hash(left, computed)
        return computed
