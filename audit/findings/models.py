"""Findings: failed checks with a life of their own."""

from django.db import models
from django.db.models import Q

from accounts.workspaces.models import WorkspaceModel, row_key


class Finding(WorkspaceModel):
    """A failed check on an asset. One row per fingerprint (workspace, check, kind, uid): it reopens, never doubles."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        RESOLVED = "resolved", "Resolved"

    class Resolution(models.TextChoices):
        """Why it ended. Only what passed is fixed; after any other end its first limit counts on when it comes back."""

        PASSED = "passed", "Fixed"
        NOT_APPLICABLE = "not_applicable", "No longer concerns the asset"
        RETIRED = "retired", "No longer reported or judged"

    check_id = models.CharField(max_length=20)
    checklist = models.CharField(max_length=40)
    family = models.CharField(max_length=10)
    severity = models.CharField(max_length=10)
    severity_rank = models.SmallIntegerField()  # 0 critical .. 3 low, for sorting
    title = models.TextField()
    asset = row_key("lineage.Asset")
    kind = models.CharField(max_length=40)
    uid = models.CharField(max_length=4000)
    name = models.CharField(max_length=4000)
    entity = row_key("lineage.Asset", null=True)
    owner = models.CharField(max_length=400, blank=True)
    state = models.CharField(max_length=10, choices=State.choices)
    # The limit is frozen at detection (notes: critical 15, high 30, medium 90, low 180 days).
    detected_at = models.DateTimeField()
    limit_days = models.SmallIntegerField()
    due_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    # '' while it is open, and for what was resolved before this was recorded and can no longer be told.
    resolution = models.CharField(max_length=14, choices=Resolution.choices, blank=True, default="", db_default="")
    reopened = models.SmallIntegerField(default=0)
    # How it had ended when it last came back: after "passed" it is a new detection, else detected_at and due_at stayed.
    reopened_after = models.CharField(max_length=14, choices=Resolution.choices, blank=True, default="", db_default="")
    grade = models.CharField(max_length=1, blank=True)
    reason = models.TextField(blank=True)
    transition = models.UUIDField()  # the one that raised or last changed it
    statement = models.UUIDField()  # that sealed that transition
    rev = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "check_id", "kind", "uid"], name="finding_fingerprint_once"),
            models.CheckConstraint(
                name="finding_resolved_has_time",
                condition=Q(state="open", resolved_at__isnull=True) | Q(state="resolved", resolved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="finding_open_has_no_resolution",
                condition=Q(state="open", resolution="")
                | Q(state="resolved", resolution__in=["", "passed", "not_applicable", "retired"]),
            ),
            models.CheckConstraint(name="finding_due_after_detection", condition=Q(due_at__gt=models.F("detected_at"))),
        ]
        indexes = [
            models.Index(fields=["workspace", "state", "severity_rank", "due_at", "id"], name="finding_worklist"),
            models.Index(fields=["workspace", "asset"], name="finding_by_asset"),
            models.Index(fields=["workspace", "family", "state"], name="finding_by_family"),
            models.Index(
                fields=["workspace", "resolution", "severity_rank", "due_at", "id"],
                condition=~Q(resolution=""),
                name="finding_by_resolution",
            ),
        ]
