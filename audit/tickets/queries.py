"""Read tickets.

Column `resolution`: that of the finding once the ticket is closed, "passed" (fixed), "not_applicable", "retired".
"""

import datetime
import uuid
from collections.abc import Collection
from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts.paging import Page, page_of
from audit.tickets.models import Ticket, TicketEvent

WORKLIST = ["due_at", "id"]


def tickets(
    *,
    state: str = "",
    resolution: str = "",
    assignee: uuid.UUID | None = None,
    unassigned: bool = False,
    severity: str = "",
    family: str = "",
    due_before: datetime.datetime | None = None,
) -> QuerySet[Ticket]:
    """Return tickets by these filters, with their findings; `due_before` keeps those due before it."""
    exact: dict[str, Any] = {
        "state": Ticket.State.CLOSED if resolution and not state else state, "finding__resolution": resolution,
        "assignee": assignee, "finding__severity": severity, "finding__family": family,
    }  # fmt: skip
    rows = Ticket.objects.select_related("finding", "assignee")
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    rows = rows.filter(due_at__lt=due_before) if due_before else rows
    return rows.filter(assignee__isnull=True) if unassigned else rows


def ticket_page(after: str | None, limit: int, **filters: Any) -> Page[dict[str, object]]:
    """Return one page of the work list: what is due first."""
    return page_of(tickets(**filters), WORKLIST, after, limit, scope="tickets").map(ticket_row)


def ticket_row(ticket: Ticket) -> dict[str, object]:
    """Return a ticket as a plain row."""
    return {
        "id": ticket.pk,
        "number": ticket.number,
        "title": ticket.title,
        "state": ticket.state,
        "severity": ticket.finding.severity,
        "check": ticket.finding.check_id,
        "finding": ticket.finding_id,
        "assignee": ticket.assignee.email if ticket.assignee else "",
        "due_at": ticket.due_at,
        "opened_at": ticket.opened_at,
        "closed_at": ticket.closed_at,
        "resolution": ticket.finding.resolution if ticket.closed_at else "",
        "reopened": ticket.reopened,
    }


def history(ticket: uuid.UUID) -> QuerySet[TicketEvent]:
    """Return what happened to a ticket, oldest first."""
    return TicketEvent.objects.filter(ticket=ticket).order_by("at", "id")


def open_ticket_count() -> int:
    """Return the number of open tickets; served by the index of the work list alone."""
    return Ticket.objects.filter(state=Ticket.State.OPEN).count()


def due_counts(now: datetime.datetime, soon: datetime.datetime, entity: uuid.UUID | None = None) -> dict[str, int]:
    """Return how many tickets (of one entity) are open, overdue, and due before `soon`, these included; one query."""
    late, near = Count("id", filter=Q(due_at__lt=now)), Count("id", filter=Q(due_at__lt=soon))
    rows = Ticket.objects.filter(state=Ticket.State.OPEN)
    rows = rows if entity is None else rows.filter(finding__asset__organisation=entity)
    return rows.aggregate(open=Count("id"), overdue=late, soon=near)


def tickets_of(findings: Collection[uuid.UUID]) -> dict[uuid.UUID, Ticket]:
    """Return the ticket of each of these findings."""
    found = Ticket.objects.filter(finding__in=findings).select_related("assignee")
    return {ticket.finding_id: ticket for ticket in found}
