"""Pulls: where inventories are fetched from, how often, and what came of the last try."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.workspaces.models import WorkspaceModel


class Pull(WorkspaceModel):
    """A place from which the inventory of one source is fetched on a schedule."""

    class Place(models.TextChoices):
        FOLDER = "folder", "Folder"
        HTTPS = "https", "Web address"
        S3 = "s3", "Object storage (S3)"
        SFTP = "sftp", "SFTP"
        NETBOX = "netbox", "NetBox"
        KUBERNETES = "kubernetes", "Kubernetes"

    source = models.CharField(max_length=120)
    place = models.CharField(max_length=12, choices=Place.choices)
    address = models.CharField(max_length=1000)  # as its place has it (places/); holds no secret
    options = models.JSONField(default=dict)  # by the place: user, pattern, region, host_key, ca
    secret = models.BinaryField(null=True)  # encrypted under a key derived from SECRET_KEY
    format = models.CharField(max_length=40, blank=True)  # '' = told from the content
    kind = models.CharField(max_length=40, blank=True)
    mode = models.CharField(max_length=5)
    every_hours = models.IntegerField()
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField()
    running_since = models.DateTimeField(null=True)
    # Of the last try: when, what came of it, and the event that it made; failures in a row.
    tried_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True)
    succeeded_at = models.DateTimeField(null=True)
    last_event = models.UUIDField(null=True)
    failures = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(name="pull_hours_positive", condition=Q(every_hours__gt=0)),
            models.UniqueConstraint(
                fields=["workspace", "source"], condition=Q(removed_at__isnull=True), name="pull_once_per_source"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "next_at"], condition=Q(removed_at__isnull=True), name="pull_due")]
