"""Exports and the schedules that make them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.workspaces.models import WorkspaceModel, row_key


class ExportSchedule(WorkspaceModel):
    """When an export is made: a cron expression in a time zone. Exactly one export per slot."""

    name = models.CharField(max_length=120)
    cron = models.CharField(max_length=80)
    timezone = models.CharField(max_length=60, default="UTC")
    enabled = models.BooleanField(default=True)
    paused_at = models.DateTimeField(null=True)  # null = runs; a paused one keeps its place in the list
    next_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["workspace", "next_at"], condition=Q(enabled=True), name="schedule_due")]


class Export(WorkspaceModel):
    """One export: asked for, being made, ready (whole file, hashed) or failed with its reason."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    schedule = row_key("audit.ExportSchedule", null=True, on_delete=models.CASCADE)
    slot = models.DateTimeField(null=True)  # of the schedule
    requested_by = models.CharField(max_length=80)
    requested_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    rev = models.BigIntegerField(null=True)  # the revision that it states
    ledger_size = models.BigIntegerField(null=True)
    progress = models.SmallIntegerField(default=0)  # per cent
    file_name = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "schedule", "slot"], condition=Q(schedule__isnull=False), name="export_slot_once"
            ),
            models.CheckConstraint(
                name="export_ready_is_whole", condition=~Q(state="ready") | (~Q(sha256="") & Q(size__isnull=False))
            ),
        ]
        indexes = [models.Index(fields=["workspace", "requested_at"], name="export_by_time")]
