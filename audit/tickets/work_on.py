"""What a person does with a ticket: take it or give it to a member, set its date. Each is an act in the journal.

Who sends the same again changes nothing, and so leaves no second act: the row is locked to compare with what it holds.
"""

import datetime
from collections.abc import Mapping

from django.utils import timezone

from accounts.errors import AuditlineError
from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.members.models import Membership, User
from accounts.workspaces.isolation import current_workspace
from audit.tickets.models import Ticket, TicketEvent


class TicketRefused(AuditlineError):
    """A ticket cannot be changed like that."""

    code = "ticket_refused"


def assign(ticket: Ticket, assignee: User | None, *, actor: str) -> None:
    """Give the ticket to a member of the workspace, or to nobody."""
    if assignee and not Membership.objects.filter(workspace_id=current_workspace(), user=assignee).exists():
        raise TicketRefused("The assignee is not a member of this workspace. Choose a member, or add the person first.")
    if _held(ticket).assignee_id == (assignee.pk if assignee else None):
        return
    ticket.assignee = assignee
    ticket.save(update_fields=["assignee"])
    _record(ticket, "assigned", assignee.email if assignee else "nobody", actor, {})


def set_due(ticket: Ticket, due: datetime.date, *, actor: str) -> None:
    """Set the day by whose end it shall be done; not in the past, and never after the finding's own limit."""
    instant = datetime.datetime.combine(due, datetime.time(23, 59, 59), tzinfo=datetime.UTC)
    limit = ticket.finding.due_at
    if instant < timezone.now():
        raise TicketRefused(f"Due date: got {due}, which has passed. Choose today or a later day.")
    if due > limit.date():
        raise TicketRefused(
            f"Due date: got {due}, expected {limit.date()} at the latest, the limit that its severity set at detection."
        )
    wanted = min(instant, limit)  # on the last day the limit comes before the day's end
    if _held(ticket).due_at == wanted:
        return
    ticket.due_at = wanted
    ticket.save(update_fields=["due_at"])
    _record(ticket, "due date set", str(due), actor, {"due_at": ticket.due_at})


def _held(ticket: Ticket) -> Ticket:
    """Return the ticket as it stands now, locked until the end of the transaction."""
    return Ticket.objects.select_for_update().get(pk=ticket.pk)


def _record(ticket: Ticket, what: str, detail: str, actor: str, exact: Mapping[str, object]) -> None:
    """Keep it in the ticket's history and in the journal; `exact` is what the words leave open."""
    TicketEvent.objects.create(
        workspace_id=current_workspace(), ticket=ticket, what=what, detail=detail, actor=actor, at=timezone.now()
    )
    append(Action.TICKET_ASSIGNED, {"ticket": ticket.pk, "what": what, "detail": detail, **exact}, actor=actor)
