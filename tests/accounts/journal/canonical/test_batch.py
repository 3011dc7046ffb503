"""A single verdict is provable from its batch, and only as it was."""

import json

import pytest

from accounts.journal.canonical.batch import commit, leaf_proof, make_leaf, verify_leaf
from accounts.journal.canonical.encode import NotCanonical, encode
from accounts.journal.canonical.merkle import leaf_hash, root

LEAVES = [make_leaf({"asset": {"kind": "dataset", "uid": str(number)}, "to": "fail"}) for number in range(7)]


def test_every_leaf_has_a_proof_in_its_batch() -> None:
    commitment = commit(LEAVES)
    assert commitment["count"] == 7
    assert commitment["root"] == root([leaf_hash(leaf) for leaf in LEAVES]).hex()
    for index, leaf in enumerate(LEAVES):
        assert verify_leaf(leaf, index, commitment, leaf_proof(LEAVES, index))


def test_a_leaf_with_another_verdict_is_not_in_the_batch() -> None:
    forged = LEAVES[3].replace(b'"fail"', b'"pass"')
    assert not verify_leaf(forged, 3, commit(LEAVES), leaf_proof(LEAVES, 3))


@pytest.mark.parametrize(
    "commitment",
    [{}, {"count": 7}, {"count": "7", "root": "00"}, {"count": 7, "root": "zz"}, {"count": 0, "root": None}],
)
def test_a_commitment_of_another_form_proves_nothing(commitment: dict[str, object]) -> None:
    assert not verify_leaf(LEAVES[0], 0, commitment, leaf_proof(LEAVES, 0))


def test_a_leaf_is_canonical_and_cannot_be_guessed_from_its_hash() -> None:
    content = {"asset": {"kind": "dataset", "uid": "1"}}
    one, other = make_leaf(content), make_leaf(content)
    assert one != other
    assert encode(json.loads(one)) == one
    assert json.loads(one)["type"] == "auditline:leaf/v1"


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"asset": "x"},
        {"asset": {"kind": "a"}},
        {"asset": {"kind": "a", "uid": "b"}, "salt": "00"},
        {"asset": {"kind": "a", "uid": "b"}, "x": 0.5},
    ],
)
def test_a_leaf_of_another_form_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(NotCanonical, match="expected"):
        make_leaf(content)


def test_an_empty_batch_commits_to_nothing() -> None:
    assert commit([]) == {"count": 0, "root": None}
