"""Members and tokens: who may do what, and which machines send."""

import datetime
import secrets
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.members.manage import add_member, create_token, remove_member, revoke_token
from accounts.members.models import ApiToken, Membership, Role
from accounts.members.queries import is_known, tokens
from accounts.members.queries import members as members_here
from accounts.members.rights import Right
from audit.web.forms import MemberForm, TokenForm
from audit.web.links import href
from audit.web.scope import Scope, workspace_page

ROLES = [
    (Role.OFFICER, "Reads everything, works tickets, asks for exports and schedules, starts evaluations."),
    (Role.AUDITOR, "Reads and verifies; changes nothing."),
    (Role.ENGINEER, "Reads, works tickets, sends events and inventories."),
    (Role.ADMIN, "May do everything here, members and tokens included."),
]
CARD_OPEN = datetime.timedelta(minutes=15)


@workspace_page("members", GET=Right.READ, POST=Right.MANAGE_MEMBERS)
def members(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show the members; add one or change a role. A new person's first password is shown once."""
    form = MemberForm(request.POST or None) if scope.may(Right.MANAGE_MEMBERS) else None
    if request.method == "POST" and form is not None and form.is_valid():
        password = None if is_known(form.cleaned_data["email"]) else secrets.token_urlsafe(12)
        membership = add_member(
            form.cleaned_data["email"], form.cleaned_data["role"], actor=scope.principal.actor, password=password
        )
        messages.success(request, f"{membership.user.email} is {membership.role} here.")
        if password:
            messages.warning(request, f"First password, shown once; to be changed after signing in: {password}")
        return redirect("web:members", scope.slug)
    context = {
        "members": [_member(scope, each) for each in members_here()],
        "roles": [{"name": role.label, "meaning": meaning} for role, meaning in ROLES],
        "form": form,
        "add_href": href("members", scope.slug),
    }
    return render(request, "web/settings/members.html", context, status=400 if form and form.errors else 200)


def _member(scope: Scope, membership: Membership) -> dict[str, Any]:
    row: dict[str, Any] = {
        "email": membership.user.email,
        "role": membership.role,
        "entities": "the whole workspace",
        "joined_at": membership.created_at,
        "last_seen_at": membership.user.last_login,
        "two_factor": membership.two_factor,  # type: ignore[attr-defined]  # annotated by the query
        "is_you": membership.user_id == scope.user.pk,
    }
    if scope.may(Right.MANAGE_MEMBERS) and membership.user_id != scope.user.pk:
        row["remove_href"] = href("member_remove", scope.slug, membership.pk)
    return row


@workspace_page("members", GET=Right.MANAGE_MEMBERS, POST=Right.MANAGE_MEMBERS)
def member_remove(request: HttpRequest, scope: Scope, member_id: uuid.UUID) -> HttpResponse:
    """Confirm, then take a person out of the workspace."""
    membership = get_object_or_404(members_here(), pk=member_id)
    if request.method == "POST":
        remove_member(membership, actor=scope.principal.actor)
        messages.success(request, f"{membership.user.email} is no longer a member.")
        return redirect("web:members", scope.slug)
    card = _card(scope, "Remove", f"Remove {membership.user.email}?", "members", membership.user.email)
    card |= {"before": membership.role, "after": "no access; what she did stays in the journal"}
    return _confirm(request, scope, card, "Members", "members")


@workspace_page("tokens", GET=Right.READ, POST=Right.MANAGE_TOKENS)
def tokens_page(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show the tokens; make one. The secret is in this one answer and nowhere else."""
    form = TokenForm(request.POST or None) if scope.may(Right.MANAGE_TOKENS) else None
    secret = None
    if request.method == "POST" and form is not None and form.is_valid():
        secret = make_token(request, scope, form)
        form = TokenForm()
    context = {
        "secret": secret,
        "tokens": [_token(scope, each) for each in tokens()],
        "form": form,
        "make_href": href("tokens", scope.slug),
    }
    return render(request, "web/settings/tokens.html", context, status=400 if form and form.errors else 200)


def make_token(request: HttpRequest, scope: Scope, form: TokenForm) -> dict[str, str]:
    """Make the token that a valid form describes; return its name, secret and the two lines that a pipeline needs."""
    given = form.cleaned_data
    made = create_token(
        given["name"],
        given["role"],
        actor=scope.principal.actor,
        namespaces=given["namespaces"],
        days=given["days"],
        created_by=scope.user,
    )
    address = f"{request.scheme}://{request.get_host()}"
    lines = f"export OPENLINEAGE_URL={address}\nexport OPENLINEAGE_API_KEY={made.secret}"
    return {"name": made.token.name, "secret": made.secret, "snippet": lines}


def _token(scope: Scope, token: ApiToken) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": token.name,
        "role": token.role,
        "prefix": token.hint,
        "namespaces": token.namespaces,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "expired": token.expires_at is not None and token.expires_at <= scope.now,
    }
    if scope.may(Right.MANAGE_TOKENS):
        row["revoke_href"] = href("token_revoke", scope.slug, token.pk)
    return row


@workspace_page("tokens", GET=Right.MANAGE_TOKENS, POST=Right.MANAGE_TOKENS)
def token_revoke(request: HttpRequest, scope: Scope, token_id: uuid.UUID) -> HttpResponse:
    """Confirm, then end a token."""
    token = get_object_or_404(tokens(), pk=token_id)
    if request.method == "POST":
        revoke_token(token, actor=scope.principal.actor)
        messages.success(request, f"The token {token.name} is revoked; what it sent stays.")
        return redirect("web:tokens", scope.slug)
    card = _card(scope, "Revoke", f"Revoke the token {token.name}?", "tokens", token.name)
    card |= {"before": "may send", "after": "every request with it is refused"}
    return _confirm(request, scope, card, "Tokens", "tokens")


def _card(scope: Scope, verb: str, title: str, back: str, target: str) -> dict[str, Any]:
    return {
        "verb": verb,
        "title": title,
        "action_href": "",
        "cancel_href": href(back, scope.slug),
        "fields": [],
        "targets_count": 1,
        "targets": [{"label": target, "href": href(back, scope.slug)}],
        "expires_at": scope.now + CARD_OPEN,
        "danger": True,
    }


def _confirm(request: HttpRequest, scope: Scope, card: dict[str, Any], label: str, back: str) -> HttpResponse:
    crumbs = [{"label": label, "href": href(back, scope.slug)}, {"label": card["title"], "href": ""}]
    return render(request, "web/confirm.html", {"card": card, "crumbs": crumbs})
