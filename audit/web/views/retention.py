"""Retention: the rules in force, what is deleted next, what holds keep, and what was deleted with its proof."""

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from accounts.approvals.kinds import ActKind, kind_named
from accounts.approvals.propose import propose
from accounts.approvals.queries import waiting_acts
from accounts.journal.models import Statement
from accounts.members.queries import actor_names
from accounts.members.rights import Right
from audit.evidence.queries import place_of, statement_named, statements
from audit.web.approval_forms import OneOfForm
from audit.web.forms import attempt
from audit.web.links import href
from audit.web.lists import PER_PAGE, FilterForm, count_up_to, csv_answer, pager
from audit.web.proofs import proof_of_statement
from audit.web.retention_forms import EndForm, HoldForm, ReleaseForm, RuleForm
from audit.web.scope import Scope, workspace_page
from audit.web.snippets import root_of_receipts
from audit.web.words import plural
from lineage.retention import queries
from lineage.retention.answers import ReceiptRow, receipt_row
from lineage.retention.hold import place_hold
from lineage.retention.models import Deletion, LegalHold, RetentionRule

KINDS = [ActKind.RETENTION_SET, ActKind.RETENTION_END, ActKind.HOLD_RELEASE]
LOOKED_AT = 500
"""The oldest events, of which a page says what the next deletion would do; as many as one batch of it takes."""
SHOWN = 100
"""Rules, holds and proposals that a page shows; more are listed by the API."""
_BY_ANOTHER, _BY_ANY = "another person approves it", "somebody approves it: four eyes are off"
FORMS: Mapping[str, tuple[str, str, type[forms.Form], str]] = {
    "rule_propose": ("Set a rule", "Propose", RuleForm, _BY_ANOTHER),
    "rule_end": ("End a rule", "Propose", EndForm, _BY_ANOTHER),
    "hold_place": ("Place a legal hold", "Place", HoldForm, "takes effect at once"),
    "hold_release": ("Release a legal hold", "Propose", ReleaseForm, "another person than who placed it approves it"),
}


@workspace_page("retention", GET=Right.READ)
def retention(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show what is kept for how long, and what went."""
    return _show(request, scope, {})


@workspace_page("retention", POST=Right.MANAGE_RETENTION)
def rule_propose(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Propose a rule."""
    form = RuleForm(request.POST, auto_id="rule_propose-%s")
    return _proposed(request, scope, "rule_propose", ActKind.RETENTION_SET, form)


@workspace_page("retention", POST=Right.MANAGE_RETENTION)
def rule_end(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Propose to end a rule."""
    form = EndForm(request.POST, auto_id="rule_end-%s")
    form.offer(_rule_choices(_rules()))
    return _proposed(request, scope, "rule_end", ActKind.RETENTION_END, form)


@workspace_page("retention", POST=Right.MANAGE_RETENTION)
def hold_release(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Propose to release a hold."""
    form = ReleaseForm(request.POST, auto_id="hold_release-%s")
    form.offer(_hold_choices(_holds()))
    return _proposed(request, scope, "hold_release", ActKind.HOLD_RELEASE, form)


@workspace_page("retention", POST=Right.MANAGE_RETENTION)
def hold_place(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Place a hold."""
    form = HoldForm(request.POST, auto_id="hold_place-%s")
    if form.is_valid() and attempt(form, lambda: _place(scope, form)):
        messages.success(request, "It is placed: from now on nothing that it covers is deleted.")
        return redirect("web:retention", scope.slug)
    return _show(request, scope, {"hold_place": form}, 400)


@workspace_page("retention", GET=Right.READ)
def deletion(request: HttpRequest, scope: Scope, deletion_id: uuid.UUID) -> HttpResponse:
    """Show what was deleted together: the receipts, their root, and how a stranger verifies them."""
    row = get_object_or_404(queries.deletions(), pk=deletion_id)
    found = queries.receipts(row.pk)
    page = queries.receipt_page(found, request.GET.get("after") or None, PER_PAGE)
    covers = {rule.pk: rule.covers for rule in queries.rules().filter(pk__in={each.rule_id for each in page.rows})}
    statement = statement_named(row.statement)
    context = {
        "crumbs": [
            {"label": "Retention", "href": href("retention", scope.slug)},
            {"label": "Deletion", "href": ""},
        ],
        "deletion": {
            "id": row.pk,
            "at": row.deleted_at,
            "count": row.count,
            "root": statement.body["root"] if statement else "",
            "rules": statement.body["rules"] if statement else [],
            "holds": len(statement.body["holds"]) if statement else None,
        },
        "receipts": [{**receipt_row(each), "at": each.received_at, "rule": covers[each.rule_id]} for each in page.rows],
        "page": pager(request, page, row.count),
        "csv_href": href("deletion_csv", scope.slug, row.pk),
        "program": root_of_receipts(f"{scope.slug}-receipts.csv"),
        "proof": proof_of_statement(statement, place_of(statement.pk)) if statement else {"statement_id": None},
    }
    return render(request, "web/retention/deletion.html", context)


@workspace_page("retention", GET=Right.READ)
def deletion_csv(request: HttpRequest, scope: Scope, deletion_id: uuid.UUID) -> HttpResponseBase:
    """Give the receipts of a deletion as CSV, in the order of the leaves under its root."""
    found = queries.receipts(get_object_or_404(queries.deletions(), pk=deletion_id).pk)
    return csv_answer(
        scope,
        FilterForm(request.GET),
        lambda after, limit: queries.receipt_page(found, after, limit).map(receipt_row),
        list(ReceiptRow.__annotations__),
        "receipts",
    )


# ---- what people send


def _proposed(request: HttpRequest, scope: Scope, name: str, kind: ActKind, form: forms.Form) -> HttpResponse:
    """Propose an act of which the form's fields are the payload, without those that are empty, and the reason."""
    if form.is_valid():
        payload = {field: value for field, value in form.cleaned_data.items() if value != ""}
        reason = payload.pop("reason")
        if attempt(form, lambda: propose(kind, payload, reason, scope.principal)):
            messages.success(request, "It is proposed. It takes effect when it is approved, on the page Approvals.")
            return redirect("web:retention", scope.slug)
    return _show(request, scope, {name: form}, 400)


def _place(scope: Scope, form: HoldForm) -> LegalHold:
    said = form.cleaned_data
    return place_hold(said["hold"], reason=said["reason"], reference=said["reference"], actor=scope.principal.actor)


def _forms(scope: Scope, bound: Mapping[str, forms.Form], rules: Any, holds: Any) -> list[dict[str, Any]]:
    offered: dict[str, forms.Form] = {}
    for name, (_, _, form, _) in FORMS.items():
        offered[name] = bound.get(name) or form(auto_id=f"{name}-%s")
    for name, choices in (("rule_end", _rule_choices(rules)), ("hold_release", _hold_choices(holds))):
        form_ = offered[name]
        if not choices and name not in bound:
            del offered[name]  # there is nothing to choose
        elif isinstance(form_, OneOfForm):
            form_.offer(choices)
    return [
        {
            "name": name,
            "title": title,
            "verb": verb,
            "note": note if scope.workspace.four_eyes else note.replace(_BY_ANOTHER, _BY_ANY),
            "form": offered[name],
            "href": href(name, scope.slug),
        }
        for name, (title, verb, _, note) in FORMS.items()
        if name in offered
    ]


def _rule_choices(rules: list[RetentionRule]) -> list[tuple[str, str]]:
    return [(str(rule.pk), f"{rule.covers}: {plural(rule.days, 'day')}") for rule in rules]


def _hold_choices(holds: list[LegalHold]) -> list[tuple[str, str]]:
    return [(str(hold.pk), f"{hold.covers[:80]}: {hold.reason[:80]}") for hold in holds]


# ---- what is shown


def _rules() -> list[RetentionRule]:
    """Return all that are in force, of which the next deletion is foretold: one per class of events."""
    return list(queries.rules(active=True).select_related("act").order_by("-id"))


def _holds() -> list[LegalHold]:
    return list(queries.holds(active=True).order_by("-id")[:SHOWN])


def _show(request: HttpRequest, scope: Scope, bound: Mapping[str, forms.Form], status: int = 200) -> HttpResponse:
    in_force, holds = _rules(), _holds()
    rules = in_force[:SHOWN]
    released = list(queries.holds().filter(released_at__isnull=False).order_by("-released_at", "-id")[:20])
    waiting = list(waiting_acts().filter(kind__in=KINDS)[:SHOWN])
    page = queries.deletion_page(request.GET.get("after") or None, PER_PAGE)
    said = statements().in_bulk([each.statement for each in page.rows])
    names = actor_names(
        actor
        for actors in (
            (each.placed_by for each in [*holds, *released]),
            (each.released_by for each in released),
            (each.set_by for each in rules),
            (each.act.proposed_by for each in rules if each.act),
            (each.proposed_by for each in waiting),
        )
        for actor in actors
        if actor
    )
    following = queries.next_deletion(in_force, scope.now, LOOKED_AT)
    context = {
        "rules": [_rule(each, names, following) for each in rules],
        "rules_total": len(in_force),
        "following": following,
        "waiting": [
            {"title": kind_named(act.kind).title, "effect": act.effect, "by": names[act.proposed_by], "act": act}
            for act in waiting
        ],
        "holds": [_hold(each, names) for each in holds],
        "holds_total": queries.holds(active=True).count(),
        "released": [_hold(each, names) for each in released],
        "deletions": [_deletion(scope, each, said.get(each.statement)) for each in page.rows],
        "page": pager(request, page, count_up_to(queries.deletions())),
        "forms": _forms(scope, bound, rules, holds) if scope.may(Right.MANAGE_RETENTION) else [],
    }
    return render(request, "web/retention/list.html", context, status=status)


def _rule(rule: RetentionRule, names: Mapping[str, str], following: queries.NextDeletion | None) -> dict[str, Any]:
    return {
        "id": rule.pk,
        "covers": rule.covers,
        "days": rule.days,
        "reason": rule.reason,
        "at": rule.set_at,
        "by": names[rule.set_by],
        "proposed_by": names.get(rule.act.proposed_by, "") if rule.act else "",
        "deletes": following.deletes.get(rule.pk, 0) if following else 0,
    }


def _hold(hold: LegalHold, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": hold.pk,
        "covers": hold.covers,
        "reason": hold.reason,
        "reference": hold.reference,
        "at": hold.placed_at,
        "by": names[hold.placed_by],
        "released_at": hold.released_at,
        "released_by": names.get(hold.released_by or "", ""),
        "release_reason": hold.release_reason or "",
    }


def _deletion(scope: Scope, row: Deletion, statement: Statement | None) -> dict[str, Any]:
    rules = statement.body["rules"] if statement else []
    return {
        "id": row.pk,
        "at": row.deleted_at,
        "count": row.count,
        "rules": [{"covers": each["covers"], "days": each["days"], "count": each["count"]} for each in rules],
        "holds": len(statement.body["holds"]) if statement else None,
        "root": statement.body["root"] if statement else "",
        "href": href("deletion", scope.slug, row.pk),
    }
