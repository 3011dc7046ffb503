"""What lineage says of each asset, as rules read it: over revisions, on proven flows and on all flows."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.workspaces.models import WorkspaceModel, row_key


class LabelSet(WorkspaceModel):
    """One content of lineage facts, up or down the stream, that many assets share. Its id is made from the content.

    An estate has few of them, so that a row per asset stays small and what did not change is told by its id.
    """

    append_only: ClassVar[bool] = True

    facts = models.JSONField()


class Traced(WorkspaceModel):
    """The lineage facts of one asset on one basis, valid over revisions [rev_from, rev_to).

    `possible` has a row only where it differs from `proven`. No row: no event named the asset.
    """

    class Basis(models.TextChoices):
        PROVEN = "proven", "Proven flows"
        POSSIBLE = "possible", "All flows"

    asset = row_key("lineage.Asset", on_delete=models.CASCADE)
    basis = models.CharField(max_length=8, choices=Basis.choices)
    up = models.UUIDField()  # LabelSet of what feeds it
    down = models.UUIDField()  # LabelSet of what it feeds
    # Counts stop at trace.MOST: that stands for as many or more. null = not known.
    upstream_count = models.IntegerField()
    untraced_inputs = models.IntegerField()
    downstream_count = models.IntegerField()
    downstream_over_retention = models.IntegerField(null=True)
    rev_from = models.BigIntegerField()
    rev_to = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "asset", "basis"], condition=Q(rev_to__isnull=True), name="traced_current_once"
            ),
            models.CheckConstraint(
                name="traced_revisions_ordered", condition=Q(rev_to__isnull=True) | Q(rev_to__gt=models.F("rev_from"))
            ),
        ]


class TraceDue(WorkspaceModel):
    """An asset whose surroundings have to be traced anew at an instant: at once, or when time alone changes them."""

    asset = row_key("lineage.Asset", on_delete=models.CASCADE)
    due_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "asset"], name="trace_due_once")]
        indexes = [models.Index(fields=["workspace", "due_at"], name="trace_due_by_time")]


class TracedMasking(WorkspaceModel):
    """A job whose declared masking counted when lineage was last traced: what differs now has to be traced anew."""

    asset = row_key("lineage.Asset", on_delete=models.CASCADE)  # the job

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "asset"], name="traced_masking_once")]
