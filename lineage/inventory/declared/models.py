"""What workspaces declare beside the shipped vocabulary: one row per edition, each the whole of what holds since."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.workspaces.models import WorkspaceModel, row_key
from lineage.inventory.declared.guards import GUARDS


class VocabularyEdition(WorkspaceModel):
    """One edition of the kinds of a workspace; written by governed acts alone (govern.py, guards.py), never changed.

    `content` is all that the workspace has declared up to here (kinds/declared.py). Batches keep the number of the
    edition by which they were judged.
    """

    append_only: ClassVar[bool] = True
    installed: ClassVar[tuple[str, ...]] = GUARDS

    number = models.IntegerField()  # 1, 2, 3, ... in each workspace
    content = models.JSONField()
    digest = models.BinaryField(max_length=32)  # SHA-256 of the canonical content
    act = row_key("accounts.GovernedAct")
    declared_by = models.CharField(max_length=80)  # who approved it
    declared_at = models.DateTimeField(db_default=Now())
    revision = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="edition_number_once"),
            models.CheckConstraint(name="edition_number_positive", condition=Q(number__gte=1)),
        ]
