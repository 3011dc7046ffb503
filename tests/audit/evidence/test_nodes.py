"""A proof from kept nodes is the proof from all leaves, and costs a few rows however long the ledger is."""

import hashlib
from collections.abc import Collection

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.journal.canonical.merkle import CompactRange, inclusion_proof, verify_inclusion
from accounts.workspaces.isolation import in_workspace
from audit.evidence import seal
from audit.evidence.models import LedgerEntry, LedgerNode
from audit.evidence.nodes import LOWEST_KEPT, NodeKey, inclusion_path, kept_nodes
from audit.evidence.queries import proof_of
from tests.support.cast import Cast

LEAVES = [hashlib.sha256(bytes([0, number >> 8, number & 255])).digest() for number in range(1100)]
SIZES = [*range(1, 130), 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 1100]


class Ledger:
    """A ledger of `size` entries in memory; `read` counts the hashes that were asked for."""

    def __init__(self, size: int, *, nodes_kept: bool = True) -> None:
        self.read = 0
        head = CompactRange()
        self._nodes: dict[NodeKey, bytes] = {}
        for index, leaf in enumerate(LEAVES[:size]):
            completed = head.append(leaf)
            self._nodes |= {(level, at): node for level, at, node in kept_nodes(index, completed) if nodes_kept}
        self.size, self.frontier = size, head.hashes

    def leaves(self, start: int, stop: int) -> list[bytes]:
        assert stop <= self.size
        self.read += stop - start
        return LEAVES[start:stop]

    def nodes(self, keys: Collection[NodeKey]) -> dict[NodeKey, bytes]:
        self.read += len(keys)
        return {key: self._nodes[key] for key in keys if key in self._nodes}

    def path(self, index: int) -> list[bytes]:
        return inclusion_path(index, self.size, self.frontier, leaves=self.leaves, nodes=self.nodes)


@pytest.mark.parametrize("nodes_kept", [True, False], ids=["kept", "sealed before nodes were kept"])
def test_it_equals_the_proof_from_all_leaves_for_every_size_and_place(nodes_kept: bool) -> None:
    for size in SIZES:
        ledger = Ledger(size, nodes_kept=nodes_kept)
        step = 1 if size < 130 else 7
        for index in {*range(0, size, step), size - 1}:
            assert ledger.path(index) == inclusion_proof(LEAVES, index, size), (index, size)


def test_it_reads_one_block_and_one_hash_per_level() -> None:
    for size in SIZES:
        for index in {0, size // 2, size - 1}:
            ledger = Ledger(size)
            ledger.path(index)
            assert ledger.read <= (1 << LOWEST_KEPT) + size.bit_length(), (index, size)


def test_proofs_of_sealed_statements_verify_against_the_head_in_five_queries(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal, "BATCH", 30)  # several heads, and nodes that one batch begins and another completes
    with in_workspace(cast.workspace.pk):
        for number in range(150):
            append(Action.WORK_REPLAYED, {"number": number}, actor="command")
    seal.seal_statements(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        leaves = [bytes(entry.leaf_hash) for entry in LedgerEntry.objects.order_by("index")]
        assert LedgerNode.objects.filter(level=LOWEST_KEPT).count() == len(leaves) >> LOWEST_KEPT
        for entry in LedgerEntry.objects.filter(index__in=[0, 15, 16, 77, 128, 150, len(leaves) - 1]):
            with CaptureQueriesContext(
                connection,
            ) as made:
                proof = proof_of(entry.statement)
            assert proof is not None
            assert proof.hashes == [node.hex() for node in inclusion_proof(leaves, entry.index)]
            path = [bytes.fromhex(node) for node in proof.hashes]
            root = bytes(proof.checkpoint.root)
            assert verify_inclusion(leaves[entry.index], entry.index, len(leaves), path, root)
            assert len(made) <= 5, "no level has a query of its own"


def test_every_statement_of_a_short_ledger_is_proved_also_where_the_head_cuts_all_siblings(cast: Cast) -> None:
    seal.seal_statements(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        for number in range(20 - LedgerEntry.objects.count()):  # one block of 16, and a cut one
            append(Action.WORK_REPLAYED, {"number": number}, actor="command")
    seal.seal_statements(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        entries = list(LedgerEntry.objects.order_by("index"))
        leaves = [bytes(entry.leaf_hash) for entry in entries]
        assert len(leaves) == 20
        for entry in entries:
            proof = proof_of(entry.statement)
            assert proof is not None
            assert proof.hashes == [node.hex() for node in inclusion_proof(leaves, entry.index)]
