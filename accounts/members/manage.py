"""Create workspaces, members and tokens: the acts behind commands and pages, each with its statement."""

import datetime
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email, validate_slug
from django.db import transaction
from django.utils import timezone

from accounts.errors import AuditlineError
from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.members.authentication import secret_digest
from accounts.members.models import MEMBER_ROLES, ApiToken, Door, Membership, Role, User
from accounts.workspaces.isolation import current_workspace, in_workspace
from accounts.workspaces.models import Workspace

TOKEN_PREFIX = "al_"  # noqa: S105 - lets secret scanners recognise a leaked token
LONGEST_TOKEN_DAYS = 3650
# As wide as the columns are.
LONGEST_WORKSPACE, LONGEST_NAME, LONGEST_EMAIL, LONGEST_NAMESPACE, LONGEST_SOURCE = 200, 120, 254, 400, 120


class InvalidAccount(AuditlineError):
    """A workspace, member or token was described in a way that cannot be used."""

    code = "invalid_account"


@dataclass(frozen=True)
class NewToken:
    """A token just made; `secret` is shown once and kept nowhere."""

    token: ApiToken
    secret: str


def create_workspace(slug: str, name: str, *, actor: str, is_demo: bool = False) -> Workspace:
    """Create a workspace; raise InvalidAccount when the slug is taken or not usable in an address."""
    try:
        validate_slug(slug)
    except ValidationError:
        raise InvalidAccount(
            f"Workspace slug: got {slug!r}, expected letters, digits, hyphens or underscores. Choose another."
        ) from None
    with transaction.atomic():
        _readable("Name", name, LONGEST_WORKSPACE)
        if len(slug) > 40 or Workspace.objects.filter(slug=slug).exists():
            raise InvalidAccount(f"Workspace slug: {slug!r} is taken or longer than 40 characters. Choose another.")
        workspace = Workspace.objects.create(slug=slug, name=name or slug, is_demo=is_demo)
        with in_workspace(workspace.pk):
            append(Action.WORKSPACE_CREATED, {"slug": slug, "name": workspace.name, "demo": is_demo}, actor=actor)
    return workspace


def add_member(email: str, role: str, *, actor: str, password: str | None = None) -> Membership:
    """Add a person to the entered workspace, or change her role; a new person gets `password` (none = sign-on only)."""
    known = _member_role(role)
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidAccount(f"E-mail address: got {email[:80]!r}, expected name@domain.example.") from None
    _readable("E-mail address", email, LONGEST_EMAIL)
    with transaction.atomic():
        user = User.objects.filter(email=email.lower()).first() or User.objects.create_user(email, password)
        if known != Role.ADMIN:
            _keep_an_admin(user)
        membership, created = Membership.objects.update_or_create(
            workspace_id=current_workspace(), user=user, defaults={"role": known.value}
        )
        action = Action.MEMBER_ADDED if created else Action.MEMBER_CHANGED
        append(action, {"member": str(user.pk), "role": known.value}, actor=actor)
    return membership


def remove_member(membership: Membership, *, actor: str) -> None:
    """Take a person out of the entered workspace; the last admin cannot be removed."""
    _keep_an_admin(membership.user)
    append(Action.MEMBER_REMOVED, {"member": str(membership.user_id), "role": membership.role}, actor=actor)
    membership.delete()


def _keep_an_admin(leaving: User) -> None:
    """Refuse to take the role admin from the last one: nobody could give it to anybody again."""
    admins = Membership.objects.select_for_update().filter(workspace_id=current_workspace(), role=Role.ADMIN)
    if {each.user_id for each in admins} == {leaving.pk}:
        raise InvalidAccount("This is the last admin of the workspace. Give another member the role admin first.")


def _member_role(role: str) -> Role:
    names = [known.value for known in MEMBER_ROLES]
    if role not in names:
        raise InvalidAccount(f"Role: got {role!r}, expected one of {', '.join(names)}.")
    return Role(role)


def create_token(
    name: str,
    role: str,
    *,
    actor: str,
    namespaces: Sequence[str] = (),
    source: str = "",
    days: int | None = None,
    created_by: User | None = None,
) -> NewToken:
    """Make a token in the entered workspace: one sender each, with an end after `days` (None = without end).

    `source` binds it to one inventory source: it sends for that, and nothing else.
    """
    if role not in Role.values:
        raise InvalidAccount(f"Role: got {role!r}, expected one of {', '.join(Role.values)}.")
    if days is not None and not 0 < days <= LONGEST_TOKEN_DAYS:
        raise InvalidAccount(f"Days: got {days}, expected 1 to {LONGEST_TOKEN_DAYS}.")
    _readable("Name", name, LONGEST_NAME)
    for namespace in namespaces:
        _readable("Namespace", namespace, LONGEST_NAMESPACE)
    source = source.strip()
    _readable("Source", source, LONGEST_SOURCE)
    if source and (role != Role.PIPELINE or any(namespaces)):
        got = f"the role {role}" if role != Role.PIPELINE else "job namespaces as well"
        raise InvalidAccount(
            f"Source: got {got}, expected the role pipeline and no namespace: a token that is bound to an inventory "
            "source sends for that source and does nothing else. Make a second token for the rest."
        )
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            workspace_id=current_workspace(),
            name=name or role,
            role=role,
            hint=secret[:9],
            namespaces=[namespace for namespace in namespaces if namespace],
            source=source,
            created_by=created_by,
            expires_at=timezone.now() + datetime.timedelta(days=days) if days else None,
        )
        Door.objects.bulk_create(
            [Door(digest=secret_digest(secret), workspace_id=current_workspace(), subject=token.pk)]
        )
        body = {"token": str(token.pk), "name": token.name, "role": role, "namespaces": list(token.namespaces)}
        body |= {"source": source} if source else {}
        append(Action.TOKEN_CREATED, body, actor=actor)
    return NewToken(token, secret)


def _readable(what: str, text: str, most: int) -> None:
    """Refuse text that the column cannot hold, or that nobody could read."""
    if len(text) > most or not text.isprintable():
        got = f"{len(text)} characters" if len(text) > most else repr(text)
        raise InvalidAccount(f"{what}: got {got}, expected at most {most} printable characters. Choose another.")


def revoke_token(token: ApiToken, *, actor: str) -> None:
    """End a token now; what it sent stays."""
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        append(Action.TOKEN_REVOKED, {"token": str(token.pk), "name": token.name}, actor=actor)
