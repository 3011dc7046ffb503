"""Findings: the work list, and one finding with what was read, the rule, the ticket and the proof."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render

from accounts.members.rights import Right
from accounts.paging import Page
from audit.findings.api import FindingRow
from audit.findings.endings import ending_of
from audit.findings.models import Finding
from audit.findings.queries import finding_page, findings, worklist_counts
from audit.tickets.models import Ticket
from audit.tickets.queries import history as ticket_history
from audit.tickets.queries import tickets_of
from audit.web.endings import came_back, ended_word, why_it_ended
from audit.web.facts import facts_read
from audit.web.filters import FindingFilters
from audit.web.links import href
from audit.web.lists import count_up_to, csv_answer, fetched, list_context, named_views
from audit.web.proofs import proof_of_change
from audit.web.rules import clauses_of, rule_of
from audit.web.scope import Scope, workspace_page
from audit.web.timelines import newest_first, ticket_events, verdict_events
from audit.web.witnesses import lit_paths
from audit.web.words import reason_sentence, shown_verdict
from lineage.inventory.summaries import names_of, people_named
from policies.checklists.queries import check_as_judged
from policies.evaluation.codes import STALE, WAIVED, word
from policies.evaluation.lookups import bytes_of
from policies.evaluation.queries import change_in_leaf, current_verdicts, transitions, verdict_row

VIEWS = FindingFilters.views
NAMED = ("resolution", "severity", "family", "check", "kind", "owner")


def _view(form: FindingFilters) -> str:
    """Return the view that is shown: who asks how findings ended looks at those that did."""
    chosen = form.chosen
    return str(chosen.get("view") or ("resolved" if chosen.get("resolution") else "open"))


def _filters(scope: Scope, form: FindingFilters) -> dict[str, Any]:
    """Return the filters of the form and of its view, as the queries take them."""
    chosen = form.chosen
    narrowed = {name: chosen.get(name, "") for name in NAMED}
    match _view(form):
        case "overdue":
            return narrowed | {"overdue_at": scope.now}
        case "ownerless":
            return narrowed | {"state": Finding.State.OPEN, "ownerless": True}
        case "resolved":
            return narrowed | {"state": Finding.State.RESOLVED}
        case "all":
            return narrowed
        case _:
            return narrowed | {"state": Finding.State.OPEN}


@workspace_page("findings", GET=Right.READ)
def finding_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List findings, worst first."""
    form = FindingFilters(request.GET)
    filters = _filters(scope, form)
    page = fetched(request, form, lambda after, limit: finding_page(after, limit, **filters))
    counts = worklist_counts(scope.now)
    view = _view(form)
    narrowed = any(filters[name] for name in NAMED)
    total = counts[view] if view in counts and not narrowed else count_up_to(findings(**filters))
    context = {
        "views": named_views(request, VIEWS, view, counts),
        "findings": _rows(scope, page),
        **list_context(request, form, page, total if form.is_valid() else 0),
    }
    return render(request, "web/findings/list.html", context)


@workspace_page("findings", GET=Right.READ)
def finding_csv(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """Give the filtered list as CSV, with the columns of the API."""
    form = FindingFilters(request.GET)
    filters = _filters(scope, form)
    columns = list(FindingRow.__annotations__)
    return csv_answer(scope, form, lambda after, limit: finding_page(after, limit, **filters), columns, "findings")


def finding_rows(scope: Scope, limit: int) -> list[dict[str, Any]]:
    """Return the worst open findings as shown in lists."""
    return _rows(scope, finding_page(None, limit, state=Finding.State.OPEN))


def _rows(scope: Scope, page: Page[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows as shown: with the verdict of today, the ticket and the owner's name; three queries for all."""
    verdicts = bytes_of([(row["asset"], row["check"]) for row in page.rows])
    tickets = tickets_of([row["id"] for row in page.rows])
    people = people_named({row["owner"] for row in page.rows})
    return [
        _row(scope, row, verdicts.get((row["asset"], row["check"]), 0), tickets.get(row["id"]))
        | {"owner": _owner(row["owner"], tickets.get(row["id"]), people)}
        for row in page.rows
    ]


def _owner(owner: str, ticket: Ticket | None, people: Mapping[str, str]) -> str:
    """Return who has it: the member with its ticket, else the owner of the asset, by name where known."""
    return ticket.assignee.email if ticket and ticket.assignee else people.get(owner, owner)


def _row(scope: Scope, row: Mapping[str, Any], byte: int, ticket: Ticket | None) -> dict[str, Any]:
    return {
        **row,
        "check_code": row["check"],
        "check_title": row["title"],
        "verdict": shown_verdict(word(byte)),
        "waived": bool(byte & WAIVED),
        "stale": bool(byte & STALE),
        "asset": {"id": row["asset"], "name": row["name"], "kind": row["kind"]},
        "overdue": row["resolved_at"] is None and row["due_at"] < scope.now,
        "ended": ended_word(row["state"], row["resolution"]),
        "ticket": {"id": ticket.pk, "number": ticket.number} if ticket else None,
    }


@workspace_page("findings", GET=Right.READ)
def finding_detail(request: HttpRequest, scope: Scope, finding_id: uuid.UUID) -> HttpResponse:
    """Show why the check failed, from the sealed leaf of the change that raised or last changed the finding."""
    finding = get_object_or_404(findings(), pk=finding_id)
    changes = list(transitions(asset=finding.asset_id, check=finding.check_id)[:50])
    change = get_object_or_404(transitions(), pk=finding.transition)  # it may be older than those shown
    said = change_in_leaf(change)
    rule = check_as_judged(finding.check_id, change.check_hash)
    ticket = tickets_of([finding.pk]).get(finding.pk)
    work = ticket_events(ticket.number, list(ticket_history(ticket.pk))) if ticket else []
    context = {
        "crumbs": [
            {"label": "Findings", "href": href("findings", scope.slug)},
            {"label": f"{finding.check_id} on {finding.name}", "href": ""},
        ],
        "finding": _shown(scope, finding, said),
        "facts": facts_read(said, finding.kind, rule.check if rule else None),
        "ways": lit_paths(scope.slug, finding.asset_id, finding.kind, said),
        "rule": rule_of(scope.slug, change, rule),
        "remediation": rule.check.remediation if rule else "",
        "clauses": clauses_of(rule.check.frameworks) if rule else [],
        "ticket": _ticket(ticket),
        "proof": proof_of_change(change),
        "events": newest_first(verdict_events(scope.slug, changes), work),
        "may": {},
    }
    return render(request, "web/findings/detail.html", context)


def _shown(scope: Scope, finding: Finding, said: Mapping[str, Any]) -> dict[str, Any]:
    now = _current(finding)
    ending = ending_of(finding, said) if finding.state == Finding.State.RESOLVED else None
    entity = names_of([finding.entity_id]) if finding.entity_id else {}
    return {
        "id": finding.pk,
        "check_code": finding.check_id,
        "check_title": finding.title,
        "severity": finding.severity,
        "verdict": shown_verdict(str(now.get("verdict", "not_judged"))),
        "waived": now.get("waived", False),
        "stale": now.get("stale", False),
        "grade": finding.grade,
        "asset": {"id": finding.asset_id, "name": finding.name, "kind": finding.kind, "uid": finding.uid},
        "entity": entity.get(finding.entity_id, "") if finding.entity_id else "",
        "state": finding.state,
        "detected_at": finding.detected_at,
        "due_at": finding.due_at,
        "overdue": finding.state == Finding.State.OPEN and finding.due_at < scope.now,
        "resolved_at": finding.resolved_at,
        "ended": ended_word(finding.state, finding.resolution),
        "ended_by": ending,
        "came_back": came_back(finding),
        "owner": people_named([finding.owner]).get(finding.owner, finding.owner),
        "reason": why_it_ended(finding, said, ending) if ending else reason_sentence(said),
        "missing": said.get("missing", []),
        "next_flip_at": now.get("flip_at"),
        "next_flip_to": now.get("flip_to"),
        "limit_days": finding.limit_days,
        "waiver": None,
    }


def _current(finding: Finding) -> Mapping[str, Any]:
    row = current_verdicts(asset=finding.asset_id, check=finding.check_id).first()
    return verdict_row(row) if row is not None else {}


def _ticket(ticket: Ticket | None) -> dict[str, Any] | None:
    if ticket is None:
        return None
    return {
        "id": ticket.pk,
        "number": ticket.number,
        "state": ticket.state,
        "assignee": ticket.assignee.email if ticket.assignee else "",
        "due_at": ticket.due_at,
    }
