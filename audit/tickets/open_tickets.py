"""Open, close and reopen the ticket of each finding.

A ticket follows its finding and nothing else: the passing verdict closes it, the next failing one opens it again. A
person assigns it and sets its date (work_on.py).
"""

import uuid
from collections.abc import Sequence

from django.db.models import Max

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.queue import Stage
from accounts.workspaces.revisions import next_revision
from accounts.workspaces.stages import run_stage
from audit.findings.models import Finding
from audit.tickets.models import Ticket, TicketEvent

BATCH = 500
ACTOR = "stage:open"


def open_tickets(workspace_id: uuid.UUID) -> int:
    """Run the stage: its rows are findings that were raised, reopened or resolved."""
    return run_stage(Stage.OPEN, workspace_id, open_batch, limit=BATCH)


def open_batch(findings: Sequence[uuid.UUID]) -> None:
    """Bring the tickets of these findings in line with them; one revision and one statement for all."""
    subjects = list(Finding.objects.filter(pk__in=findings).order_by("severity_rank", "due_at", "id"))
    tickets = {ticket.finding_id: ticket for ticket in Ticket.objects.select_for_update().filter(finding__in=findings)}
    number = Ticket.objects.aggregate(last=Max("number"))["last"] or 0  # safe: the stage has one runner per workspace
    opened: list[Ticket] = []
    altered: list[Ticket] = []
    for finding in subjects:
        ticket = tickets.get(finding.pk)
        if ticket is None and finding.state == Finding.State.OPEN:
            number += 1
            opened.append(_opened(finding, number))
        elif ticket is not None and ticket.state != _wanted(finding):
            altered.append(_follow(ticket, finding))
    if opened or altered:
        _write(opened, altered)


def _wanted(finding: Finding) -> Ticket.State:
    return Ticket.State.OPEN if finding.state == Finding.State.OPEN else Ticket.State.CLOSED


def _opened(finding: Finding, number: int) -> Ticket:
    return Ticket(
        id=new_id(),
        workspace_id=current_workspace(),
        number=number,
        finding=finding,
        title=f"{finding.check_id}: {finding.name}",
        state=Ticket.State.OPEN,
        due_at=finding.due_at,
        opened_at=finding.detected_at,
    )


def _follow(ticket: Ticket, finding: Finding) -> Ticket:
    ticket.state = _wanted(finding)
    if ticket.state == Ticket.State.OPEN:
        ticket.closed_at, ticket.due_at = None, finding.due_at
        ticket.reopened += 1
    else:
        ticket.closed_at = finding.resolved_at
    return ticket


def _write(opened: list[Ticket], altered: list[Ticket]) -> None:
    Ticket.objects.bulk_create(opened, batch_size=1000)
    Ticket.objects.bulk_update(altered, ["state", "closed_at", "due_at", "reopened"], batch_size=500)
    history = [_event(ticket, "opened") for ticket in opened]
    history += [_event(ticket, "reopened" if ticket.state == Ticket.State.OPEN else "closed") for ticket in altered]
    TicketEvent.objects.bulk_create(history, batch_size=1000)
    append(
        Action.TICKETS_CHANGED,
        {"tickets": [_said(ticket, event) for ticket, event in zip([*opened, *altered], history, strict=True)]},
        actor=ACTOR,
        revision=next_revision("open"),
    )


def _event(ticket: Ticket, what: str) -> TicketEvent:
    detected = ticket.finding.detected_at
    at = (ticket.closed_at or detected) if what == "closed" else detected
    return TicketEvent(workspace_id=current_workspace(), ticket=ticket, what=what, actor=ACTOR, at=at)


def _said(ticket: Ticket, event: TicketEvent) -> dict[str, object]:
    return {
        "ticket": ticket.pk,
        "number": ticket.number,
        "finding": ticket.finding_id,
        "what": event.what,
        "due_at": ticket.due_at,
    }
