"""Imports: files that are too large for one batch, cut into parts that are each recorded as an event of their own."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.workspaces.models import WorkspaceModel, row_key


class Import(WorkspaceModel):
    """One file on its way in. Its parts are recorded all or none; a full one retires once all are projected."""

    class State(models.TextChoices):
        JUDGING = "judging", "Being read"
        PROJECTING = "projecting", "Being projected"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    source = models.CharField(max_length=120)
    format = models.CharField(max_length=40)
    mode = models.CharField(max_length=5)
    filename = models.CharField(max_length=200, blank=True)
    sender = models.CharField(max_length=80)
    digest = models.BinaryField(max_length=32)  # SHA-256 of the file as received
    # What was sent, as the source and its parameters have it (receive.py), and as what it was recorded: of content that
    # does not say when it holds, a later sending is another.
    content = models.BinaryField(max_length=32)
    recorded_as = models.BinaryField(max_length=32, null=True)
    dates_itself = models.BooleanField(default=False)
    size = models.BigIntegerField()  # bytes, after decompression
    read = models.BigIntegerField(default=0)  # of them, so far
    state = models.CharField(max_length=10, choices=State.choices, default=State.JUDGING)
    error = models.TextField(blank=True)  # why it failed, in words for its sender
    parts = models.IntegerField(default=0)
    projected = models.IntegerField(default=0)  # of the parts
    rows = models.IntegerField(default=0)
    accepted = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)  # problems, not rows
    declared = models.IntegerField(null=True)  # rows, as its manifest counts them
    complete = models.BooleanField(default=False)
    known = models.IntegerField(default=0)  # assets of which its source said something before, where it retires
    # What came of it, by part: an asset that two parts name counts with both.
    created = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    retired = models.IntegerField(default=0)
    started_at = models.DateTimeField(db_default=Now())
    touched_at = models.DateTimeField(db_default=Now())  # last sign of life of who reads it
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "recorded_as"],
                condition=Q(recorded_as__isnull=False) & ~Q(state="failed"),
                name="import_recorded_once",
            ),
            models.CheckConstraint(
                name="import_projected_within_parts",
                condition=Q(projected__gte=0) & Q(projected__lte=models.F("parts")),
            ),
            models.CheckConstraint(
                name="import_ended_has_time", condition=~Q(state__in=("done", "failed")) | Q(finished_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "id"], name="import_by_id"),
            models.Index(fields=["workspace", "content"], name="import_by_content"),
        ]

    @property
    def retires(self) -> bool:
        """Whether it retires what it does not name: all that its source knows, and found complete when it was read."""
        return self.complete and self.mode == "full"


class ImportPart(WorkspaceModel):
    """A part that was projected: which assets it names, until the import is done and what it does not name retired."""

    of_import = row_key("lineage.Import", on_delete=models.CASCADE)
    event = models.UUIDField()
    named = ArrayField(models.UUIDField(), default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "of_import", "event"], name="import_part_once")]
