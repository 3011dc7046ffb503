"""Published checklists: immutable, content-hashed versions, and the checks in them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.workspaces.models import WorkspaceModel, row_key


class ChecklistVersion(WorkspaceModel):
    """One version of a checklist in a workspace. Never edited: another content is another version."""

    checklist = models.CharField(max_length=40)  # stable id, e.g. "SOV"
    title = models.CharField(max_length=200)
    answers = models.TextField(blank=True)
    content_hash = models.CharField(max_length=64)  # SHA-256 over the canonical form, hex
    body = models.JSONField()  # the whole checklist as read
    published_at = models.DateTimeField(db_default=Now())
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "checklist", "content_hash"], name="checklist_content_once"),
            models.UniqueConstraint(
                fields=["workspace", "checklist"], condition=Q(active=True), name="checklist_active_once"
            ),
        ]


class Check(WorkspaceModel):
    """One check of a version. `slot` is its place in verdict vectors, the same in all versions for ever."""

    append_only: ClassVar[bool] = True

    version = row_key("policies.ChecklistVersion", on_delete=models.CASCADE, related_name="checks")
    checklist = models.CharField(max_length=40)
    check_id = models.CharField(max_length=20)  # "SOV-04"
    slot = models.SmallIntegerField()
    kind = models.CharField(max_length=40)  # subject
    type = models.CharField(max_length=10)  # automatic, manual
    severity = models.CharField(max_length=10)
    question = models.TextField()
    body = models.JSONField()  # the check as read: when, condition, params, remediation, frameworks, ...
    check_hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "version", "check_id"], name="check_once"),
            models.UniqueConstraint(fields=["workspace", "version", "slot"], name="check_slot_once"),
            models.CheckConstraint(
                name="check_severity_known", condition=Q(severity__in=["critical", "high", "medium", "low"])
            ),
        ]
