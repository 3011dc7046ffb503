"""What was received: immutable events, their receipts, and the signed webhook doors."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.workspaces.models import WorkspaceModel, row_key, workspace_of_many


class Event(WorkspaceModel):
    """One record as received: an OpenLineage event or an inventory batch. Durable when its receipt is answered."""

    append_only: ClassVar[bool] = True
    partitioned: ClassVar[bool] = True

    class Kind(models.TextChoices):
        RUN = "run", "OpenLineage RunEvent"
        JOB = "job", "OpenLineage JobEvent"
        DATASET = "dataset", "OpenLineage DatasetEvent"
        INVENTORY = "inventory", "Inventory batch"

    workspace = workspace_of_many()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    # The bytes as kept: after redaction, exact otherwise (no float round trip).
    body = models.BinaryField()
    media_type = models.CharField(max_length=60)
    received_digest = models.BinaryField(max_length=32)  # SHA-256 of the bytes as received (after Content-Encoding)
    kept_digest = models.BinaryField(max_length=32)  # SHA-256 of `body`; equal to the former where nothing was redacted
    redactions = models.JSONField(default=list)  # [{"rule": "...", "version": 1, "paths": ["..."]}]
    about = models.CharField(max_length=200, blank=True, default="")  # RunEvents: the run id, in lower case
    sender = models.CharField(max_length=80)  # "token:<id>", "hook:<id>", "member:<id>", "command"
    source = models.CharField(max_length=120, blank=True)  # inventories: the name of the source
    parameters = models.JSONField(default=dict)  # inventories: format, mode
    event_time = models.DateTimeField(null=True)  # the producer's clock; decides meaning, never order of arrival
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "id"], name="event_by_id"),
            models.Index(fields=["workspace", "source", "id"], name="event_by_source"),
            models.Index(fields=["workspace", "about", "id"], condition=~Q(about=""), name="event_by_about"),
            # RunEvents by the producer's time: what happened in a period, whenever it was heard of.
            models.Index(fields=["workspace", "event_time", "id"], condition=Q(kind="run"), name="event_by_time"),
        ]


class EventReceipt(WorkspaceModel):
    """Content -> event: the same content again gets the same receipt. `id` is the event's id; unpartitioned."""

    append_only: ClassVar[bool] = True

    # SHA-256 of the sorted-key JSON before redaction (lineage), or of the bytes, source and parameters (inventories).
    content_digest = models.BinaryField(max_length=32)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "content_digest"], name="receipt_once")]


class Hook(WorkspaceModel):
    """A webhook door signed by Standard Webhooks, for senders that cannot set a bearer token."""

    name = models.CharField(max_length=120)
    secret = models.BinaryField()  # encrypted with a key derived from SECRET_KEY; needed in clear to check an HMAC
    namespaces = ArrayField(models.CharField(max_length=400), default=list, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True, blank=True)


class HookDelivery(WorkspaceModel):
    """A webhook message that was taken: its id within the time window gives the same receipt."""

    append_only: ClassVar[bool] = True

    hook = row_key("lineage.Hook", on_delete=models.CASCADE)
    message_id = models.CharField(max_length=120)
    receipts = models.JSONField()
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "hook", "message_id"], name="hook_message_once")]


class DeletionReceipt(WorkspaceModel):
    """What stays of a deleted event: its id (the key), its digests, when it came, by which rule it went. No content."""

    granted: ClassVar[str] = "SELECT"  # auditline_delete_events alone writes it: no receipt without a deletion

    kind = models.CharField(max_length=12, choices=Event.Kind.choices)
    received_digest = models.BinaryField(max_length=32)
    kept_digest = models.BinaryField(max_length=32)
    received_at = models.DateTimeField()
    rule = row_key("lineage.RetentionRule")
    deletion = row_key("lineage.Deletion")

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "id"], name="deletion_receipt_by_id"),
            models.Index(fields=["workspace", "deletion", "id"], name="deletion_receipt_by_batch"),
        ]
