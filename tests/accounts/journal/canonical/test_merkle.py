"""Merkle trees against the definitions of RFC 6962, written out as the RFC writes them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.journal.canonical.merkle import (
    EMPTY_ROOT,
    CompactRange,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(130)]


def split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def mth(leaves: list[bytes]) -> bytes:
    if len(leaves) <= 1:
        return leaves[0] if leaves else EMPTY_ROOT
    k = split(len(leaves))
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), mth(leaves[k:])]
    return [*path(index - k, leaves[k:]), mth(leaves[:k])]


def subproof(first: int, leaves: list[bytes], known: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if known else [mth(leaves)]
    k = split(len(leaves))
    if first <= k:
        return [*subproof(first, leaves[:k], known), mth(leaves[k:])]
    return [*subproof(first - k, leaves[k:], False), mth(leaves[:k])]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Tree([]).root() == CompactRange().root() == EMPTY_ROOT


@pytest.mark.parametrize("size", [*range(1, 34), 63, 64, 65, 100, 127, 128, 129])
def test_roots_and_proofs_are_those_of_the_rfc(size: int) -> None:
    leaves = LEAVES[:size]
    tree, top, growing = Tree(leaves), mth(leaves), CompactRange()
    growing.extend(leaves)
    assert root(leaves) == tree.root() == growing.root() == top
    for index in range(size):
        assert tree.inclusion_proof(index) == path(index, leaves)
        assert verify_inclusion(leaves[index], index, size, path(index, leaves), top)
        first = index + 1
        assert tree.consistency_proof(first) == subproof(first, leaves, True)
        assert verify_consistency(first, size, mth(leaves[:first]), top, subproof(first, leaves, True))


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_no_other_leaf_index_size_or_proof_verifies(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 130))
    index = data.draw(st.integers(0, size - 1))
    proof, top = inclusion_proof(LEAVES, index, size), root(LEAVES[:size])
    other_index = data.draw(st.integers(-1, 140))
    assert verify_inclusion(LEAVES[index], other_index, size, proof, top) == (other_index == index)
    assert not verify_inclusion(LEAVES[index], index, size, [*proof, top], top)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, top)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        bit = data.draw(st.integers(0, 255))
        assert not verify_inclusion(LEAVES[index], index, size, [*proof[:at], *proof[at + 1 :]], top)
        assert not verify_inclusion(LEAVES[index], index, size, _flip(proof, at, bit), top)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_no_other_history_is_consistent(data: st.DataObject) -> None:
    second = data.draw(st.integers(2, 130))
    first = data.draw(st.integers(1, second - 1))
    proof = consistency_proof(LEAVES, first, second)
    old, new = root(LEAVES[:first]), root(LEAVES[:second])
    assert verify_consistency(first, second, old, new, proof)
    assert not verify_consistency(first, second, leaf_hash(b"rewritten"), new, proof)
    assert not verify_consistency(first, second, old, leaf_hash(b"rewritten"), proof)
    assert not verify_consistency(first, second, old, new, [*proof, new])
    assert not verify_consistency(first, second, old, new, proof[:-1])
    assert not verify_consistency(second, first, new, old, proof)
    at, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    assert not verify_consistency(first, second, old, new, _flip(proof, at, bit))


def _flip(proof: list[bytes], at: int, bit: int) -> list[bytes]:
    changed = bytearray(proof[at])
    changed[bit // 8] ^= 1 << bit % 8
    return [*proof[:at], bytes(changed), *proof[at + 1 :]]


def test_a_node_presented_as_a_leaf_is_refused() -> None:
    node = LEAVES[0] + LEAVES[1]  # without domain prefixes its hash would be the root of two
    assert leaf_hash(node) != root(LEAVES[:2])
    assert not verify_inclusion(leaf_hash(node), 0, 1, [], root(LEAVES[:2]))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 100])
def test_a_compact_range_continues_from_its_kept_state(size: int) -> None:
    before = CompactRange()
    before.extend(LEAVES[:size])
    after = CompactRange.restore(before.size, before.hashes)
    after.extend(LEAVES[size:])
    assert (after.size, after.root()) == (len(LEAVES), root(LEAVES))
    assert len(before.hashes) == size.bit_count()


@pytest.mark.parametrize(("size", "hashes"), [(3, LEAVES[:1]), (2, LEAVES[:2]), (-1, []), (1, [b"short"])])
def test_a_state_that_cannot_belong_to_its_size_is_refused(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="expected"):
        CompactRange.restore(size, hashes)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: inclusion_proof(LEAVES, 5, 5),
        lambda: consistency_proof(LEAVES, 0),
        lambda: consistency_proof(LEAVES, 9, 8),
    ],
)
def test_a_proof_of_what_is_not_there_is_refused(ask: object) -> None:
    with pytest.raises(IndexError, match="expected"):
        ask()  # type: ignore[operator]
