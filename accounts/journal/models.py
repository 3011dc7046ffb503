"""Pending and sealed statements: what every stage and every person's act says about itself."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from accounts.workspaces.models import WorkspaceModel


class Statement(WorkspaceModel):
    """One canonical record, written in the transaction of its cause; durable when that commits, never changed after.

    It counts as sealed once the ledger holds an entry for it (audit/evidence). `payload` is the canonical form that
    is signed; `salt` blinds its leaf, so that a payload can be erased while its proof stays.
    """

    append_only: ClassVar[bool] = True
    partitioned: ClassVar[bool] = True

    action = models.CharField(max_length=60)
    # Who acted: "stage:evaluate", "member:<user id>", "token:<token id>", "command".
    actor = models.CharField(max_length=80)
    payload = models.BinaryField()
    digest = models.BinaryField(max_length=32)
    salt = models.BinaryField(max_length=32)
    # Merkle root over the per-asset leaves of a batch (JudgedLeaf rows); null for an act.
    leaves_root = models.BinaryField(max_length=32, null=True)
    leaves_count = models.IntegerField(default=0)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["workspace", "recorded_at"], name="statement_by_time")]
        constraints = [
            models.CheckConstraint(
                name="statement_root_goes_with_leaves",
                condition=models.Q(leaves_root__isnull=True, leaves_count=0)
                | models.Q(leaves_root__isnull=False, leaves_count__gt=0),
            ),
        ]
