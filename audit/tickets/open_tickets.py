"""Open, close and reopen the ticket of each finding.

A ticket follows its finding and nothing else: it is closed when that ends, with the reason why, and the next failing
verdict opens it again. Only after a pass it gets a new date then; after any other end its date stays, also one that a
person has set (work_on.py).
"""

import datetime
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
from policies.evaluation.models import Transition

BATCH = 500
ACTOR = "stage:open"
CLOSED_BY: dict[str, str] = {
    Finding.Resolution.PASSED: "the check passes",
    Finding.Resolution.NOT_APPLICABLE: "not fixed, the check no longer concerns the asset",
    Finding.Resolution.RETIRED: "not fixed, the asset is no longer reported or judged",
}
NEW_DATE = "a new detection with a new limit"
SAME_DATE = "it had not passed, so its due date stays"


def open_tickets(workspace_id: uuid.UUID) -> int:
    """Run the stage: its rows are findings that were raised, reopened or resolved."""
    return run_stage(Stage.OPEN, workspace_id, open_batch, limit=BATCH)


def open_batch(findings: Sequence[uuid.UUID]) -> None:
    """Bring the tickets of these findings in line with them; one revision and one statement for all."""
    subjects = list(Finding.objects.filter(pk__in=findings).order_by("severity_rank", "due_at", "id"))
    tickets = {ticket.finding_id: ticket for ticket in Ticket.objects.select_for_update().filter(finding__in=findings)}
    number = Ticket.objects.aggregate(last=Max("number"))["last"] or 0  # safe: the stage has one runner per workspace
    changed_at = _changed_at(subjects)
    opened: list[Ticket] = []
    altered: list[Ticket] = []
    history: list[TicketEvent] = []  # of those that are altered
    for finding in subjects:
        ticket = tickets.get(finding.pk)
        if ticket is None and finding.state == Finding.State.OPEN:
            number += 1
            opened.append(_opened(finding, number))
        elif ticket is not None and (event := _follow(ticket, finding, changed_at[finding.pk])):
            altered.append(ticket)
            history.append(event)
    if opened or altered:
        _write(opened, altered, history)


def _changed_at(findings: Sequence[Finding]) -> dict[uuid.UUID, datetime.datetime]:
    """Return when each of these last changed: the instant of the verdict change that did it."""
    changes = Transition.objects.filter(pk__in=[finding.transition for finding in findings])
    judged = dict(changes.values_list("pk", "judged_at"))
    return {finding.pk: judged.get(finding.transition, finding.detected_at) for finding in findings}


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


def _follow(ticket: Ticket, finding: Finding, at: datetime.datetime) -> TicketEvent | None:
    """Bring a ticket in line with its finding, which last changed at `at`; return what happened, None for nothing."""
    ticket.finding = finding
    closed_at, was_open = ticket.closed_at, ticket.state == Ticket.State.OPEN
    if finding.state == Finding.State.OPEN:
        return None if was_open else _reopen(ticket, at)
    ticket.state, ticket.closed_at = Ticket.State.CLOSED, finding.resolved_at
    why = CLOSED_BY.get(finding.resolution, "why was not recorded")
    if was_open:
        return _event(ticket, "closed", why, at)
    return _event(ticket, "still closed", why, at) if closed_at != finding.resolved_at else None


def _reopen(ticket: Ticket, at: datetime.datetime) -> TicketEvent:
    is_new = ticket.closed_at is not None and ticket.finding.detected_at > ticket.closed_at
    if is_new:
        ticket.due_at = ticket.finding.due_at
    ticket.state, ticket.closed_at = Ticket.State.OPEN, None
    ticket.reopened += 1
    return _event(ticket, "reopened", NEW_DATE if is_new else SAME_DATE, at)


def _write(opened: list[Ticket], altered: list[Ticket], history: list[TicketEvent]) -> None:
    Ticket.objects.bulk_create(opened, batch_size=1000)
    Ticket.objects.bulk_update(altered, ["state", "closed_at", "due_at", "reopened"], batch_size=500)
    events = [*(_event(ticket, "opened", "", ticket.opened_at) for ticket in opened), *history]
    TicketEvent.objects.bulk_create(events, batch_size=1000)
    append(
        Action.TICKETS_CHANGED,
        {
            "content": "tickets/v2",
            "tickets": [_said(ticket, event) for ticket, event in zip([*opened, *altered], events, strict=True)],
        },
        actor=ACTOR,
        revision=next_revision("open"),
    )


def _event(ticket: Ticket, what: str, detail: str, at: datetime.datetime) -> TicketEvent:
    return TicketEvent(workspace_id=current_workspace(), ticket=ticket, what=what, detail=detail, actor=ACTOR, at=at)


def _said(ticket: Ticket, event: TicketEvent) -> dict[str, object]:
    """Return what the statement says of a ticket: an export's row but the assignee, whom an act of a person names.

    Members are only added: audit/evidence/ledger/sealed.py reads them for ever.
    """
    return {
        "ticket": ticket.pk,
        "number": ticket.number,
        "finding": ticket.finding_id,
        "what": event.what,
        "resolution": str(ticket.finding.resolution),
        "due_at": ticket.due_at,
        "title": ticket.title,
        "opened_at": ticket.opened_at,
        "closed_at": ticket.closed_at,
        "reopened": ticket.reopened,
    }
