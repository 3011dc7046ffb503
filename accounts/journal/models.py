"""Statements: what every stage and every person's act says about itself, waiting to be sealed or sealed."""

from typing import ClassVar

from django.db import models

from accounts.workspaces.models import WorkspaceModel


class Statement(WorkspaceModel):
    """One record, written in the transaction of its cause; durable when that commits, never changed after.

    It is sealed once the ledger holds an entry for it (audit/evidence): the sequencer builds the canonical payload from
    these columns and signs it, and an export builds it again, so that an edited row fails its own signature.
    """

    append_only: ClassVar[bool] = True
    partitioned: ClassVar[bool] = True

    action = models.CharField(max_length=60)  # a member of actions.Action
    # Who acted: "stage:evaluate", "member:<user id>", "token:<token id>", "command".
    actor = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    revision = models.BigIntegerField()  # what was known when it was said
    subjects = models.JSONField(default=list)  # [{"name", "digest": {"sha256"}}] of what it speaks about
    body = models.JSONField()  # canonical types only; a batch carries its commitment under "leaves"

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "id"], name="statement_by_id"),
            models.Index(fields=["workspace", "made_at"], name="statement_by_time"),
            models.Index(fields=["workspace", "action", "id"], name="statement_by_action"),
        ]
