"""What people do about sources: answer a full inventory that asks before it withdraws much."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.approvals.errors import ActRefused
from accounts.approvals.kinds import ActKind
from accounts.approvals.models import GovernedAct
from accounts.approvals.propose import propose
from accounts.approvals.queries import waiting_acts
from accounts.members.rights import Right
from audit.web.approval_forms import reason
from audit.web.links import href
from audit.web.scope import Scope, workspace_page
from audit.web.words import plural
from lineage.inventory.models import Retirement
from lineage.inventory.retire import dismiss

QUESTIONS = 50
"""Questions that the page shows; a source has one at most."""


class ConfirmForm(forms.Form):
    """Say why so much is gone."""

    reason = reason()


def questions_shown(scope: Scope) -> list[dict[str, Any]]:
    """Return the questions that wait, with what the member may answer."""
    rows = Retirement.objects.filter(state=Retirement.State.PENDING).select_related("source").order_by("-id")
    waiting = waiting_acts().filter(kind=ActKind.RETIREMENT_CONFIRM)
    proposed = {str(act.payload["question"]): act for act in waiting[:QUESTIONS]}
    return [_question(scope, row, proposed.get(str(row.pk))) for row in rows[:QUESTIONS]]


def questions_waiting() -> Sequence[tuple[str, int, int]]:
    """Return source, withdrawn and known assets of the questions that wait, the largest first."""
    rows = Retirement.objects.filter(state=Retirement.State.PENDING).order_by("-withdraws", "id")
    return list(rows.values_list("source__name", "withdraws", "known")[:QUESTIONS])


def _question(scope: Scope, row: Retirement, act: GovernedAct | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": row.pk,
        "source": row.source.name,
        "withdraws": row.withdraws,
        "known": row.known,
        "percent": row.withdraws * 100 // max(row.known, 1),
        "limit": row.source.retire_percent,
        "full_at": row.full_at,
        "asked_at": row.asked_at,
        "sample": [{"kind": kind, "uid": uid, "name": name or uid} for kind, uid, name in row.sample],
        "more": row.withdraws - len(row.sample),
        "proposed_at": act.proposed_at if act else None,
    }
    if act is None and scope.may(Right.PROPOSE):
        shown["form"] = ConfirmForm(auto_id=f"confirm-{row.pk}-%s")
        shown["confirm_href"] = href("retirement_confirm", scope.slug, row.pk)
    if scope.may(Right.APPROVE):
        shown["dismiss_href"] = href("retirement_dismiss", scope.slug, row.pk)
    return shown


@workspace_page("sources", POST=Right.PROPOSE)
def retirement_confirm(request: HttpRequest, scope: Scope, question_id: uuid.UUID) -> HttpResponse:
    """Propose that what is missing is gone."""
    propose(
        ActKind.RETIREMENT_CONFIRM,
        {"question": str(question_id)},
        str(request.POST.get("reason", "")),
        scope.principal,
    )
    messages.success(request, "It is proposed. Nothing is withdrawn until it is approved on the page Approvals.")
    return redirect("web:sources", scope.slug)


@workspace_page("sources", POST=Right.APPROVE)
def retirement_dismiss(request: HttpRequest, scope: Scope, question_id: uuid.UUID) -> HttpResponse:
    """Answer that nothing is gone: all of it stays."""
    rows = Retirement.objects.select_for_update(of=("self",)).select_related("source")
    with transaction.atomic():
        question = get_object_or_404(rows, pk=question_id)
        try:
            dismiss(question, scope.principal.actor)
        except ActRefused as refused:
            messages.info(request, refused.message)
        else:
            kept = plural(question.withdraws, "asset")
            messages.success(request, f"It is dismissed: what {question.source.name} said of {kept} stays.")
    return redirect("web:sources", scope.slug)
