"""Statements: what every stage and every person's act says about itself, waiting to be sealed or sealed."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Func

from accounts.workspaces.models import WorkspaceModel


def _member(name: str) -> Func:
    """Read one text member of the canonical record, in SQL."""
    return Func(
        F("record"),
        template=f"(%(expressions)s::jsonb ->> '{name}')",  # noqa: S608 - a literal of this file
        output_field=models.TextField(),
    )


class Statement(WorkspaceModel):
    """One record, written in the transaction of its cause; durable when that commits, never changed after.

    It is sealed once the ledger holds an entry for it (audit/evidence). `record` is the canonical JSON whose UTF-8 bytes get signed;
    the other columns are computed from it by the database, so there is nothing beside it that could say something else.
    The time of writing is in the id (UUIDv7).
    """

    append_only: ClassVar[bool] = True
    partitioned: ClassVar[bool] = True

    record = models.TextField()
    action = models.GeneratedField(expression=_member("action"), output_field=models.TextField(), db_persist=True)
    actor = models.GeneratedField(expression=_member("actor"), output_field=models.TextField(), db_persist=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "action", "id"], name="statement_by_action")]
