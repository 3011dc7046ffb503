"""Tickets: the work behind findings, who has it and until when."""

import datetime
import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from accounts.members.queries import members
from accounts.members.rights import Right
from accounts.paging import page_of
from audit.findings.endings import ending_of
from audit.findings.models import Finding
from audit.tickets.api import TicketRow
from audit.tickets.models import Ticket
from audit.tickets.queries import WORKLIST, due_counts, history, ticket_page, tickets
from audit.tickets.work_on import assign, set_due
from audit.web.endings import came_back, ended_word, why_it_ended
from audit.web.filters import TicketFilters
from audit.web.forms import AssignForm, DueForm, attempt, sent
from audit.web.links import href
from audit.web.lists import count_up_to, csv_answer, fetched, list_context, named_views
from audit.web.scope import Scope, workspace_page
from audit.web.timelines import newest_first, ticket_events
from audit.web.words import reason_sentence, shown_verdict
from policies.checklists.queries import check_remediations
from policies.evaluation.codes import STALE, WAIVED, word
from policies.evaluation.lookups import bytes_of
from policies.evaluation.queries import change_in_leaf, transitions

NAME = "tickets"
NARROWING = ("resolution", "severity", "family")
PER_PAGE = 25
"""Half of what other lists show: a ticket is a card of several lines on a telephone, where its assignee reads it."""
SOON = datetime.timedelta(days=7)
VIEWS = TicketFilters.views


def _view(form: TicketFilters) -> str:
    """Return the view that is shown: who asks how tickets ended looks at those that are closed."""
    chosen = form.chosen
    return str(chosen.get("view") or ("closed" if chosen.get("resolution") else "open"))


def _filters(scope: Scope, form: TicketFilters) -> dict[str, Any]:
    chosen = form.chosen
    narrowed: dict[str, Any] = {name: chosen.get(name, "") for name in NARROWING}
    match _view(form):
        case "mine":
            return narrowed | {"state": Ticket.State.OPEN, "assignee": scope.user.pk}
        case "unassigned":
            return narrowed | {"state": Ticket.State.OPEN, "unassigned": True}
        case "soon":
            return narrowed | {"state": Ticket.State.OPEN, "due_before": scope.now + SOON}
        case "overdue":
            return narrowed | {"state": Ticket.State.OPEN, "due_before": scope.now}
        case "closed":
            return narrowed | {"state": Ticket.State.CLOSED}
        case _:
            return narrowed | {"state": Ticket.State.OPEN}


@workspace_page("tickets", GET=Right.READ)
def ticket_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List tickets, what is due first."""
    form = TicketFilters(request.GET)
    filters = _filters(scope, form)
    page = fetched(
        request,
        form,
        lambda after, limit: page_of(tickets(**filters), WORKLIST, after, min(limit, PER_PAGE), scope=NAME),
    )
    view, counts = _view(form), due_counts(scope.now, scope.now + SOON)
    narrowed = any(filters[name] for name in NARROWING)
    total = counts[view] if view in counts and not narrowed else count_up_to(tickets(**filters))
    context = {
        "views": named_views(request, VIEWS, view, counts),
        "tickets": [_row(scope, ticket) for ticket in page.rows],
        **list_context(request, form, page, total if form.is_valid() else 0),
    }
    return render(request, "web/tickets/list.html", context)


@workspace_page("tickets", GET=Right.READ)
def ticket_csv(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """Give the filtered list as CSV, with the columns of the API."""
    form = TicketFilters(request.GET)
    filters = _filters(scope, form)
    columns = list(TicketRow.__annotations__)
    return csv_answer(scope, form, lambda after, limit: ticket_page(after, limit, **filters), columns, NAME)


def _row(scope: Scope, ticket: Ticket) -> dict[str, Any]:
    finding = ticket.finding
    return {
        "id": ticket.pk,
        "number": ticket.number,
        "title": ticket.title,
        "severity": finding.severity,
        "state": ticket.state,
        "assignee": ticket.assignee.email if ticket.assignee else "",
        "due_at": ticket.due_at,
        "overdue": ticket.state == Ticket.State.OPEN and ticket.due_at < scope.now,
        "opened_at": ticket.opened_at,
        "closed_at": ticket.closed_at,
        "ended": ended_word(finding.state, finding.resolution) if ticket.closed_at else "",
        "fixed": finding.resolution == Finding.Resolution.PASSED,
        "reopened": ticket.reopened,
        "finding": {"id": finding.pk, "check_code": finding.check_id, "check_title": finding.title},
        "asset": {"id": finding.asset_id, "name": finding.name, "kind": finding.kind},
    }


@workspace_page("tickets", GET=Right.READ)
def ticket_detail(request: HttpRequest, scope: Scope, ticket_id: uuid.UUID) -> HttpResponse:
    """Show a ticket: what to change, by whom, by when."""
    ticket = get_object_or_404(tickets(), pk=ticket_id)
    return _show(request, scope, ticket, {})


@workspace_page("tickets", POST=Right.WORK_TICKETS)
def ticket_assign(request: HttpRequest, scope: Scope, ticket_id: uuid.UUID) -> HttpResponse:
    """Give the ticket to a member, or to nobody."""
    ticket = get_object_or_404(tickets(), pk=ticket_id)
    form = _assign_form(ticket, request.POST)
    if form.is_valid():
        email = form.cleaned_data["assignee"]
        chosen = next((each.user for each in members() if each.user.email == email), None)
        if attempt(form, lambda: assign(ticket, chosen, actor=scope.principal.actor), "assignee"):
            messages.success(request, f"Ticket no. {ticket.number} is assigned to {email or 'nobody'}.")
            return redirect("web:ticket", scope.slug, ticket.pk)
    return _show(request, scope, ticket, {"assign_form": form}, 400)


@workspace_page("tickets", POST=Right.WORK_TICKETS)
def ticket_due(request: HttpRequest, scope: Scope, ticket_id: uuid.UUID) -> HttpResponse:
    """Set the day by which it shall be done."""
    ticket = get_object_or_404(tickets(), pk=ticket_id)
    form = sent(DueForm, request)
    if form.is_valid():
        due = form.cleaned_data["due"]
        if attempt(form, lambda: set_due(ticket, due, actor=scope.principal.actor), "due"):
            messages.success(request, f"Ticket no. {ticket.number} is due on {due:%-d %B %Y}.")
            return redirect("web:ticket", scope.slug, ticket.pk)
    return _show(request, scope, ticket, {"due_form": form}, 400)


def _why(finding: Finding) -> dict[str, Any]:
    """Return what the last change of the finding's verdict rests on, from its sealed leaf, and what it did to it."""
    change = transitions().filter(pk=finding.transition).first()
    said = change_in_leaf(change) if change else {}
    ending = ending_of(finding, said) if finding.state == Finding.State.RESOLVED else None
    return {
        "reason": reason_sentence(said) if change else finding.title,
        "closed_by": why_it_ended(finding, said, ending) if ending else "",
        "ended_by": ending,
        "came_back": came_back(finding),
    }


def _assign_form(ticket: Ticket, data: Any = None) -> AssignForm:
    form = AssignForm(data, initial={"assignee": ticket.assignee.email if ticket.assignee else ""})
    field = form.fields["assignee"]
    assert isinstance(field, forms.ChoiceField)
    field.choices = [("", "Nobody"), *[(each.user.email, each.user.email) for each in members()]]
    return form


def _show(
    request: HttpRequest, scope: Scope, ticket: Ticket, bound: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    finding = ticket.finding
    byte = bytes_of([(finding.asset_id, finding.check_id)]).get((finding.asset_id, finding.check_id), 0)
    shown = _row(scope, ticket)
    shown["finding"] |= {
        "verdict": shown_verdict(word(byte)),
        "waived": bool(byte & WAIVED),
        "stale": bool(byte & STALE),
    }
    shown |= {"remediation": check_remediations().get(finding.check_id, ""), **_why(finding)}
    context: dict[str, Any] = {
        "crumbs": [
            {"label": "Tickets", "href": href("tickets", scope.slug)},
            {"label": f"No. {ticket.number}", "href": ""},
        ],
        "ticket": shown,
        "events": newest_first(ticket_events(ticket.number, list(history(ticket.pk)))),
        "assign_href": href("ticket_assign", scope.slug, ticket.pk),
        "due_href": href("ticket_due", scope.slug, ticket.pk),
    }
    if scope.may(Right.WORK_TICKETS) and ticket.state == Ticket.State.OPEN:
        context |= {"assign_form": _assign_form(ticket), "due_form": DueForm(initial={"due": ticket.due_at.date()})}
    return render(request, "web/tickets/detail.html", context | dict(bound), status=status)
