"""What was asked and answered."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from accounts.workspaces.models import WorkspaceModel


class Question(WorkspaceModel):
    """A question with its plan and answer: what was asked, which tool with which arguments, at which revision."""

    append_only: ClassVar[bool] = True

    text = models.TextField()
    asked_by = models.CharField(max_length=80)
    asked_at = models.DateTimeField(db_default=Now())
    plan = models.JSONField()  # {"tool", "version", "arguments"}; {} where nothing could be grounded
    rev = models.BigIntegerField()
    answer = models.JSONField()  # {"sentence", "total", "returned", "scope", "evidence", ...}; rows are reproducible
    results_digest = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["workspace", "asked_at"], name="question_by_time")]
