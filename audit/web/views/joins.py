"""Joins: the namespaces that no storage serves, what may serve them, and the joins that people accepted."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.approvals.kinds import ActKind
from accounts.approvals.propose import propose
from accounts.approvals.queries import waiting_acts
from accounts.members.rights import Right
from accounts.paging import Page
from audit.web.approval_forms import OneOfForm, reason
from audit.web.forms import attempt
from audit.web.links import asset_href, href
from audit.web.lists import pager
from audit.web.scope import Scope, workspace_page
from lineage.inventory.models import NamespaceJoin
from lineage.inventory.places.suggest import Suggestion, unserved_page

SHOWN = 20
"""Namespaces on a page: each has a form."""
ACCEPTED = 100
WAITING = 200


class AcceptForm(OneOfForm):
    """Join a namespace to one of the storages that may serve it."""

    chosen = "storage"
    namespace = forms.CharField(max_length=2000, widget=forms.HiddenInput)
    storage = forms.ChoiceField(
        label="Storage",
        error_messages={
            "required": "Got no storage, expected one of those that are like it. Choose it.",
            "invalid_choice": "Got %(value)s, expected one of those that are like it now. Choose it again.",
        },
    )
    reason = reason()


class SentAcceptForm(forms.Form):
    """What comes back of an AcceptForm: any storage, because what is alike may have changed meanwhile."""

    namespace = forms.CharField(max_length=2000, error_messages={"required": "Got no namespace. Choose one again."})
    storage = forms.UUIDField(
        error_messages={
            "required": "Got no storage, expected one of those that are like it. Choose it.",
            "invalid": "Got a storage that is none, expected one of those that are like it. Choose it again.",
        }
    )
    reason = reason()


class WithdrawForm(forms.Form):
    """Say why a join ends."""

    reason = reason()


class SentWithdrawForm(WithdrawForm):
    """What comes back of a WithdrawForm."""

    join = forms.UUIDField(
        error_messages={
            "required": "Got no join. Choose one again.",
            "invalid": "Got a join that is none, expected one that is in force. Choose it again.",
        }
    )


@workspace_page("sources", GET=Right.READ)
def joins(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show what nothing serves, a page at a time, and the accepted joins, newest first."""
    return _show(request, scope)


@workspace_page("sources", POST=Right.PROPOSE)
def join_accept(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Propose that a storage serves a namespace."""
    return _proposed(request, scope, ActKind.JOIN_ACCEPT, SentAcceptForm(request.POST))


@workspace_page("sources", POST=Right.PROPOSE)
def join_withdraw(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Propose that an accepted join ends."""
    return _proposed(request, scope, ActKind.JOIN_WITHDRAW, SentWithdrawForm(request.POST))


def _proposed(request: HttpRequest, scope: Scope, kind: ActKind, form: forms.Form) -> HttpResponse:
    if form.is_valid():
        payload = {name: str(value) for name, value in form.cleaned_data.items()}
        why = payload.pop("reason")
        if attempt(form, lambda: propose(kind, payload, why, scope.principal)):
            messages.success(request, "It is proposed. It takes effect when it is approved on the page Approvals.")
            return redirect("web:joins", scope.slug)
    return _show(request, scope, [str(each) for errors in form.errors.values() for each in errors], 400)


def _show(request: HttpRequest, scope: Scope, refused: list[str] | None = None, status: int = 200) -> HttpResponse:
    found: Page[Suggestion] = unserved_page(request.GET.get("after") or None, SHOWN)
    waiting = waiting_acts().filter(kind__in=[ActKind.JOIN_ACCEPT, ActKind.JOIN_WITHDRAW])[:WAITING]
    asked = {str(act.payload.get("namespace") or act.payload.get("join")) for act in waiting}
    rows = NamespaceJoin.objects.filter(ended_at__isnull=True).select_related("storage").order_by("-id")
    context = {
        "crumbs": [{"label": "Sources", "href": href("sources", scope.slug)}, {"label": "Joins", "href": ""}],
        "refused": refused or [],
        "unserved": [_unserved(scope, each, asked, place) for place, each in enumerate(found.rows, 1)],
        "page": pager(request, found, None),
        "accept_href": href("join_accept", scope.slug),
        "accepted": [_accepted(scope, row, asked) for row in rows[:ACCEPTED]],
        "withdraw_href": href("join_withdraw", scope.slug),
    }
    return render(request, "web/sources/joins.html", context, status=status)


def _unserved(scope: Scope, each: Suggestion, asked: set[str], place: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "namespace": each.namespace,
        "datasets": each.datasets,
        "candidates": [
            {
                "name": one.name or one.uid,
                "uid": one.uid,
                "likeness": one.likeness,
                "because": one.because,
                "href": asset_href(scope.slug, one.storage),
            }
            for one in each.candidates
        ],
        "proposed": each.namespace in asked,
    }
    if each.candidates and not shown["proposed"] and scope.may(Right.PROPOSE):
        form = AcceptForm(initial={"namespace": each.namespace}, auto_id=f"join-{place}-%s")
        form.offer([(str(one.storage), f"{one.name or one.uid} ({one.likeness})") for one in each.candidates])
        shown["form"] = form
    return shown


def _accepted(scope: Scope, row: NamespaceJoin, asked: set[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": row.pk,
        "namespace": row.namespace,
        "storage": row.storage.name or row.storage.uid,
        "href": asset_href(scope.slug, row.storage_id),
        "at": row.accepted_at,
        "proposed": str(row.pk) in asked,
    }
    if not shown["proposed"] and scope.may(Right.PROPOSE):
        shown["form"] = WithdrawForm(auto_id=f"withdraw-{row.pk}-%s")
    return shown
