"""Tickets: the work on a finding. Internal here; trackers mirror them later."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.workspaces.models import WorkspaceModel, row_key


class Ticket(WorkspaceModel):
    """One per finding; closed when that ends, with why it did, reopened by the next failing verdict."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    number = models.IntegerField()  # per workspace, for people: T-17
    finding = row_key("audit.Finding", on_delete=models.CASCADE)
    title = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    due_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    reopened = models.SmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "finding"], name="ticket_once"),
            models.UniqueConstraint(fields=["workspace", "number"], name="ticket_number_once"),
            models.CheckConstraint(
                name="ticket_closed_has_time",
                condition=Q(state="open", closed_at__isnull=True) | Q(state="closed", closed_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["workspace", "state", "due_at", "id"], name="ticket_worklist")]


class TicketEvent(WorkspaceModel):
    """What happened to a ticket; append-only.

    `what`: opened, assigned, due date set, closed, reopened, still closed (and why that is so now).
    """

    append_only = True

    ticket = row_key("audit.Ticket", on_delete=models.CASCADE)
    what = models.CharField(max_length=20)
    detail = models.TextField(blank=True)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "ticket", "at"], name="ticket_event_by_time")]
