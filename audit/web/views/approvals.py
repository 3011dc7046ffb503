"""Approvals: what waits for a second person, in plain words; proposing; what was decided."""

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.approvals.decide import approve, reject, withdraw
from accounts.approvals.errors import ActRefused
from accounts.approvals.kinds import ActKind, kind_named
from accounts.approvals.models import GovernedAct
from accounts.approvals.propose import propose
from accounts.approvals.queries import decided_acts, waiting_acts
from accounts.members.queries import actor_names
from accounts.members.rights import Right
from accounts.paging import page_of
from audit.web.approval_forms import DecisionForm, FourEyesForm, MaskingForm, RevokeForm
from audit.web.forms import attempt
from audit.web.links import href
from audit.web.lists import PER_PAGE, count_up_to, pager
from audit.web.scope import Scope, workspace_page
from lineage.graph.masking import in_force

WAITING = 50
"""Waiting acts that the page shows; more than a person reads at once."""
REVOCABLE = 200
_FORMS: Mapping[str, type[forms.Form]] = {
    ActKind.FOUR_EYES: FourEyesForm,
    ActKind.MASKING_APPROVE: MaskingForm,
    ActKind.MASKING_REVOKE: RevokeForm,
}


@workspace_page("approvals", GET=Right.READ)
def approvals(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show what waits, and what was decided."""
    return _show(request, scope, {})


@workspace_page("approvals", POST=Right.PROPOSE)
def act_propose(request: HttpRequest, scope: Scope, kind: str) -> HttpResponse:
    """Propose an act of a kind."""
    known = kind_named(kind)
    if known.name not in _FORMS:
        raise ActRefused(f"{known.title}: this is proposed on the page that it is about. Nothing was proposed.")
    form = _form(scope, known.name, request.POST)
    if form.is_valid():
        given = dict(form.cleaned_data)
        reason = str(given.pop("reason"))
        if attempt(form, lambda: propose(known.name, _payload(known.name, given), reason, scope.principal)):
            messages.success(request, "It is proposed. It takes effect when it is approved.")
            return redirect("web:approvals", scope.slug)
    return _show(request, scope, {str(known.name): form}, 400)


@workspace_page("approvals", POST=Right.APPROVE)
def act_approve(request: HttpRequest, scope: Scope, act_id: uuid.UUID) -> HttpResponse:
    """Approve an act and put it in force."""
    said = _said(request)
    approve(act_id, scope.principal, digest=said["digest"], note=said["note"])
    messages.success(request, "It is approved and in force.")
    return redirect("web:approvals", scope.slug)


@workspace_page("approvals", POST=Right.APPROVE)
def act_reject(request: HttpRequest, scope: Scope, act_id: uuid.UUID) -> HttpResponse:
    """Reject an act."""
    said = _said(request)
    reject(act_id, scope.principal, digest=said["digest"], note=said["note"])
    messages.success(request, "It is rejected; nothing has changed.")
    return redirect("web:approvals", scope.slug)


@workspace_page("approvals", POST=Right.PROPOSE)
def act_withdraw(request: HttpRequest, scope: Scope, act_id: uuid.UUID) -> HttpResponse:
    """Withdraw one's own proposal."""
    withdraw(act_id, scope.principal)
    messages.success(request, "It is withdrawn; nothing has changed.")
    return redirect("web:approvals", scope.slug)


def _said(request: HttpRequest) -> dict[str, str]:
    return {name: str(request.POST.get(name, "")) for name in ("digest", "note")}


def _payload(kind: ActKind, given: dict[str, Any]) -> dict[str, Any]:
    if kind == ActKind.MASKING_APPROVE:
        job = given["job"]
        return {"job": str(job.pk), "purpose": given["purpose"], "until": given["until"].isoformat()}
    return {"on": given["on"] == "on"} if kind == ActKind.FOUR_EYES else {"act": given["act"]}


def _form(scope: Scope, kind: ActKind, data: Any = None) -> forms.Form:
    form = _FORMS[kind](data, auto_id=f"{kind.replace('.', '-')}-%s")
    if isinstance(form, FourEyesForm):
        form.turn_over(scope.workspace.four_eyes)
    if isinstance(form, RevokeForm):
        rows = in_force(scope.now).select_related("job").order_by("until", "id")[:REVOCABLE]
        form.offer([(str(each.act_id), f"{each.job.name}: {each.purpose}") for each in rows])
    return form


def _show(request: HttpRequest, scope: Scope, bound: Mapping[str, forms.Form], status: int = 200) -> HttpResponse:
    waiting = list(waiting_acts()[:WAITING])
    page = page_of(decided_acts(), ["-id"], request.GET.get("after") or None, PER_PAGE, scope="decided-acts")
    names = actor_names(actor for act in [*waiting, *page.rows] for actor in (act.proposed_by, act.decided_by) if actor)
    offered = [kind for kind in _FORMS if scope.may(kind_named(kind).proposes)]
    if not in_force(scope.now).exists() and ActKind.MASKING_REVOKE not in bound:
        offered = [kind for kind in offered if kind != ActKind.MASKING_REVOKE]  # there is nothing to revoke
    context = {
        "four_eyes": scope.workspace.four_eyes,
        "waiting": [_waiting(scope, act, names) for act in waiting],
        "decided": [_decided(act, names) for act in page.rows],
        "page": pager(request, page, count_up_to(decided_acts())),
        "proposals": [
            {
                "kind": kind.replace(".", "-"),
                "title": kind_named(kind).title,
                "href": href("act_propose", scope.slug, kind),
                "form": bound.get(kind) or _form(scope, ActKind(kind)),
            }
            for kind in offered
        ],
    }
    return render(request, "web/approvals/list.html", context, status=status)


def _waiting(scope: Scope, act: GovernedAct, names: Mapping[str, str]) -> dict[str, Any]:
    kind, mine = kind_named(act.kind), act.proposer == scope.user.pk
    two = kind.always_two or scope.workspace.four_eyes
    row: dict[str, Any] = {
        "id": act.pk,
        "title": kind.title,
        "effect": act.effect,
        "reason": act.reason,
        "by": names.get(act.proposed_by, act.proposed_by),
        "at": act.proposed_at,
        "valid_until": act.valid_until,
        "mine": mine,
        "needs_another": two and mine,
        "digest": bytes(act.digest).hex(),
    }
    if scope.may(Right.APPROVE) and not (two and mine):
        row |= {
            "form": DecisionForm(auto_id=f"decide-{act.pk}-%s"),
            "approve_href": href("act_approve", scope.slug, act.pk),
            "reject_href": href("act_reject", scope.slug, act.pk),
        }
    if mine and scope.may(Right.PROPOSE):
        row["withdraw_href"] = href("act_withdraw", scope.slug, act.pk)
    return row


def _decided(act: GovernedAct, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": act.pk,
        "title": kind_named(act.kind).title,
        "effect": act.effect,
        "reason": act.reason,
        "state": act.state,
        "one_person": act.state == GovernedAct.State.APPROVED and not act.four_eyes,
        "by": names.get(act.proposed_by, act.proposed_by),
        "at": act.proposed_at,
        "decided_by": names.get(act.decided_by, act.decided_by),
        "decided_at": act.decided_at,
        "note": act.note,
    }
