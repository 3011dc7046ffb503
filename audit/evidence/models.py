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


class Checkpoint(WorkspaceModel):
    """A signed head of the log at `size` entries; `frontier` is the compact range, so that appending costs log n."""

    append_only: ClassVar[bool] = True

    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    frontier = models.JSONField()  # hex hashes of the perfect subtrees, left to right
    note = models.TextField()  # C2SP signed note
    published_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "size"], name="checkpoint_size_once")]
