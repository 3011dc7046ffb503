"""Members and tokens: who may do what, and which machines send."""

import datetime
import secrets
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.members.manage import NewToken, add_member, create_token, remove_member, revoke_token
from accounts.members.models import ApiToken, Membership, Role
from accounts.members.queries import is_known, tokens
from accounts.members.queries import members as members_here
from accounts.members.rights import Right
from audit.web.forms import MemberForm, RoleForm, TokenForm, attempt, sent
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
    """Show the members; add one, or change a role. A new person's first password is in this one answer only."""
    form = sent(MemberForm, request)
    added = add_person(scope, form) if request.method == "POST" and form.is_valid() else None
    if added is not None and not added["password"]:
        messages.success(request, f"{added['email']} is {added['role']} here.")
        return redirect("web:members", scope.slug)
    context = {
        "added": added,
        "members": [_member(scope, each) for each in members_here()],
        "roles": [{"name": role.label, "meaning": meaning} for role, meaning in ROLES],
        "form": (MemberForm() if added else form) if scope.may(Right.MANAGE_MEMBERS) else None,
        "add_href": href("members", scope.slug),
    }
    return render(request, "web/settings/members.html", context, status=400 if form.errors else 200)


def add_person(scope: Scope, form: MemberForm) -> dict[str, str] | None:
    """Add the person of a valid form; return address, role and, for a new one, the password. None where refused."""
    email, role = form.cleaned_data["email"].lower(), form.cleaned_data["role"]
    password = "" if is_known(email) else secrets.token_urlsafe(12)
    done = attempt(form, lambda: add_member(email, role, actor=scope.principal.actor, password=password or None))
    return {"email": email, "role": role, "password": password} if done else None


@workspace_page("members", POST=Right.MANAGE_MEMBERS)
def member_role(request: HttpRequest, scope: Scope, member_id: uuid.UUID) -> HttpResponse:
    """Give a member another role."""
    membership = get_object_or_404(members_here(), pk=member_id)
    form = sent(RoleForm, request)
    if form.is_valid():
        email, role = membership.user.email, form.cleaned_data["role"]
        if attempt(form, lambda: add_member(email, role, actor=scope.principal.actor)):
            messages.success(request, f"{email} is {role} here.")
    for texts in form.errors.values():
        messages.error(request, " ".join(str(text) for text in texts))
    return redirect("web:members", scope.slug)


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
    if scope.may(Right.MANAGE_MEMBERS):
        row["remove_href"] = href("member_remove", scope.slug, membership.pk)
        row["role_href"] = href("member_role", scope.slug, membership.pk)
        row["role_form"] = RoleForm(initial={"role": membership.role}, auto_id=f"role-{membership.pk}-%s")
    return row


@workspace_page("members", GET=Right.MANAGE_MEMBERS, POST=Right.MANAGE_MEMBERS)
def member_remove(request: HttpRequest, scope: Scope, member_id: uuid.UUID) -> HttpResponse:
    """Confirm, then take a person out of the workspace."""
    membership = get_object_or_404(members_here(), pk=member_id)
    if request.method == "POST":
        remove_member(membership, actor=scope.principal.actor)
        messages.success(request, f"{membership.user.email} is no longer a member.")
        if membership.user_id == scope.user.pk:
            return redirect("web:home")
        return redirect("web:members", scope.slug)
    card = _card(scope, "Remove", f"Remove {membership.user.email}?", "members", membership.user.email)
    card |= {"before": membership.role, "after": "no access; what was done under this name stays in the journal"}
    return _confirm(request, scope, card, "Members", "members")


@workspace_page("tokens", GET=Right.READ, POST=Right.MANAGE_TOKENS)
def tokens_page(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show the tokens; make one. The secret is in this one answer and nowhere else."""
    form = sent(TokenForm, request)
    secret = make_token(request, scope, form) if request.method == "POST" and form.is_valid() else None
    context = {
        "secret": secret,
        "tokens": [_token(scope, each) for each in tokens()],
        "form": (TokenForm() if secret else form) if scope.may(Right.MANAGE_TOKENS) else None,
        "make_href": href("tokens", scope.slug),
    }
    return render(request, "web/settings/tokens.html", context, status=400 if form.errors else 200)


def make_token(request: HttpRequest, scope: Scope, form: TokenForm) -> dict[str, Any] | None:
    """Make the token of a valid form; return its secret and the two lines for a pipeline, None where refused."""
    given = form.cleaned_data
    made: list[NewToken] = []
    wanted = {
        "actor": scope.principal.actor,
        "namespaces": given["namespaces"],
        "source": given["source"],
        "days": given["days"],
        "created_by": scope.user,
    }
    if not attempt(form, lambda: made.append(create_token(given["name"], given["role"], **wanted))):
        return None
    secret = made[0].secret
    lines = f"export OPENLINEAGE_URL={request.scheme}://{request.get_host()}\nexport OPENLINEAGE_API_KEY={secret}"
    return {"id": made[0].token.pk, "name": given["name"], "secret": secret, "snippet": lines}


def _token(scope: Scope, token: ApiToken) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": token.name,
        "role": token.role,
        "prefix": token.hint,
        "namespaces": token.namespaces,
        "source": token.source,
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
