"""The ledger's rows: entries in order, and the checkpoints that sign its head."""

from typing import ClassVar

from django.db import models

from accounts.workspaces.models import WorkspaceModel


class LedgerEntry(WorkspaceModel):
    """Statement `statement` stands at `index` of the workspace's log; written once by the sequencer."""

    append_only: ClassVar[bool] = True

    index = models.BigIntegerField()
    statement = models.UUIDField()
    salt = models.BinaryField(max_length=32)  # blinds the leaf, so that a payload can be erased and its proof stays
    digest = models.BinaryField(max_length=32)  # SHA-256 of the canonical payload
    leaf_hash = models.BinaryField(max_length=32)
    signature = models.BinaryField()  # Ed25519 over the DSSE pre-authentication encoding
    key_id = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "index"], name="ledger_index_once"),
            models.UniqueConstraint(fields=["workspace", "statement"], name="ledger_statement_once"),
            models.CheckConstraint(name="ledger_index_not_negative", condition=models.Q(index__gte=0)),
        ]


class LedgerNode(WorkspaceModel):
    """The root of a perfect subtree: node `index` of `level` covers entries [index * 2**level, (index + 1) * 2**level).

    Kept from nodes.LOWEST_KEPT upwards as entries complete them, so that a proof reads a few rows of a long ledger.
    A copy of what the entries say, never their replacement: verification does not use it.
    """

    append_only: ClassVar[bool] = True

    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "level", "index"], name="ledger_node_once"),
            models.CheckConstraint(name="ledger_node_not_negative", condition=models.Q(level__gte=0, index__gte=0)),
        ]


class Checkpoint(WorkspaceModel):
    """A signed head of the log at `size` entries; `frontier` is the compact range, so that appending costs log n."""

    append_only: ClassVar[bool] = True

    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    frontier = models.JSONField()  # hex hashes of the perfect subtrees, left to right
    note = models.TextField()  # C2SP signed note
    # C2SP verifier key, for readers that must never open the private one; empty on heads older than this column.
    vkey = models.CharField(max_length=250, blank=True, default="", db_default="")
    published_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "size"], name="checkpoint_size_once")]
