"""Tickets: who does what by when; a passing verdict closes them, nobody else does."""

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
from audit.findings.queries import findings
from audit.tickets.api import TicketRow
from audit.tickets.models import Ticket
from audit.tickets.queries import WORKLIST, due_counts, history, ticket_page, tickets
from audit.tickets.work_on import assign, set_due
from audit.web.filters import TicketFilters
from audit.web.forms import AssignForm, DueForm
from audit.web.links import href
from audit.web.lists import count_up_to, csv_answer, fetched, list_context, named_views
from audit.web.scope import Scope, workspace_page
from audit.web.timelines import newest_first, ticket_events, verdict_events
from audit.web.words import reason_sentence, shown_verdict
from policies.checklists.queries import check_as_judged
from policies.evaluation.codes import NOT_JUDGED, STALE, WAIVED, word
from policies.evaluation.lookups import bytes_of
from policies.evaluation.queries import change_in_leaf, transitions

VIEWS = {"open": "Open", "mine": "Mine", "overdue": "Overdue", "unassigned": "Nobody assigned", "closed": "Closed"}
HISTORY = 50


def _filters(scope: Scope, form: TicketFilters) -> dict[str, Any]:
    """Return the filters of the form and of its view, as the queries take them."""
    chosen = form.chosen
    narrowed = {name: chosen.get(name, "") for name in ("severity", "family")}
    match chosen.get("view", "open"):
        case "mine":
            return narrowed | {"state": Ticket.State.OPEN, "assignee": scope.user.pk}
        case "overdue":
            return narrowed | {"state": Ticket.State.OPEN, "due_before": scope.now}
        case "unassigned":
            return narrowed | {"state": Ticket.State.OPEN, "unassigned": True}
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
        request, form, lambda after, limit: page_of(tickets(**filters), WORKLIST, after, limit, scope="tickets")
    )
    counts = due_counts(scope.now, scope.now)
    total = count_up_to(tickets(**filters)) if form.is_valid() else 0
    context = {
        "views": named_views(
            request, VIEWS, form.chosen.get("view", "open"), {name: counts[name] for name in ("open", "overdue")}
        ),
        "tickets": [_row(scope, ticket) for ticket in page.rows],
        **list_context(request, form, page, total),
    }
    return render(request, "web/tickets/list.html", context)


@workspace_page("tickets", GET=Right.READ)
def ticket_csv(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """Give the filtered list as CSV, with the columns of the API."""
    form = TicketFilters(request.GET)
    filters = _filters(scope, form)
    columns = list(TicketRow.__annotations__)
    return csv_answer(scope, form, lambda after, limit: ticket_page(after, limit, **filters), columns, "tickets")


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
        "reopened": ticket.reopened,
        "finding": {"id": finding.pk, "check_code": finding.check_id},
        "asset": {"id": finding.asset_id, "name": finding.name, "kind": finding.kind},
    }


@workspace_page("tickets", GET=Right.READ)
def ticket_detail(request: HttpRequest, scope: Scope, ticket_id: uuid.UUID) -> HttpResponse:
    """Show a ticket: what to change, who has it, and what happened."""
    ticket = get_object_or_404(tickets(), pk=ticket_id)
    may = scope.may(Right.WORK_TICKETS)
    return _page(request, scope, ticket, _assign_form(ticket) if may else None, _due_form(ticket) if may else None)


@workspace_page("tickets", POST=Right.WORK_TICKETS)
def ticket_assign(request: HttpRequest, scope: Scope, ticket_id: uuid.UUID) -> HttpResponse:
    """Give the ticket to a member, or to nobody."""
    ticket = get_object_or_404(tickets(), pk=ticket_id)
    form = _assign_form(ticket, request.POST)
    if not form.is_valid():
        return _page(request, scope, ticket, form, _due_form(ticket))
    chosen = form.cleaned_data["assignee"]
    member = next((each.user for each in members() if str(each.user.pk) == chosen), None)
    assign(ticket, member, actor=scope.principal.actor)
    messages.success(request, f"Ticket no. {ticket.number} is assigned to {member.email if member else 'nobody'}.")
    return redirect("web:ticket", scope.slug, ticket.pk)


@workspace_page("tickets", POST=Right.WORK_TICKETS)
def ticket_due(request: HttpRequest, scope: Scope, ticket_id: uuid.UUID) -> HttpResponse:
    """Set the day by which the ticket is to be done."""
    ticket = get_object_or_404(tickets(), pk=ticket_id)
    form = _due_form(ticket, request.POST)
    if not form.is_valid():
        return _page(request, scope, ticket, _assign_form(ticket), form)
    set_due(ticket, form.cleaned_data["due"], actor=scope.principal.actor)
    messages.success(request, f"Ticket no. {ticket.number} is due on {form.cleaned_data['due']}.")
    return redirect("web:ticket", scope.slug, ticket.pk)


def _assign_form(ticket: Ticket, given: Mapping[str, Any] | None = None) -> AssignForm:
    form = AssignForm(given, initial={"assignee": str(ticket.assignee_id or "")})
    field = form.fields["assignee"]
    assert isinstance(field, forms.ChoiceField)
    field.choices = [("", "Nobody"), *((str(each.user.pk), each.user.email) for each in members())]
    return form


def _due_form(ticket: Ticket, given: Mapping[str, Any] | None = None) -> DueForm:
    return DueForm(given, initial={"due": ticket.due_at.date()})


def _page(
    request: HttpRequest, scope: Scope, ticket: Ticket, assign_form: AssignForm | None, due_form: DueForm | None
) -> HttpResponse:
    finding = get_object_or_404(findings(), pk=ticket.finding_id)
    changes = list(transitions(asset=finding.asset_id, check=finding.check_id)[:HISTORY])
    change = get_object_or_404(transitions(), pk=finding.transition)
    rule = check_as_judged(finding.check_id, change.check_hash)
    byte = bytes_of([(finding.asset_id, finding.check_id)]).get((finding.asset_id, finding.check_id), NOT_JUDGED)
    row = _row(scope, ticket)
    row["finding"] |= {
        "check_title": finding.title,
        "verdict": shown_verdict(word(byte)),
        "waived": bool(byte & WAIVED),
        "stale": bool(byte & STALE),
    }
    context = {
        "crumbs": [
            {"label": "Tickets", "href": href("tickets", scope.slug)},
            {"label": f"No. {ticket.number}", "href": ""},
        ],
        "ticket": row
        | {
            "reason": reason_sentence(change_in_leaf(change)),
            "remediation": rule.check.remediation if rule else "",
            "closed_by": f"{finding.check_id} {finding.reason}" if ticket.closed_at else "",
        },
        "events": newest_first(
            verdict_events(scope.slug, changes), ticket_events(ticket.number, list(history(ticket.pk)))
        ),
        "assign_form": assign_form,
        "due_form": due_form,
        "comment_form": None,
        "assign_href": href("ticket_assign", scope.slug, ticket.pk),
        "due_href": href("ticket_due", scope.slug, ticket.pk),
    }
    return render(request, "web/tickets/detail.html", context)
