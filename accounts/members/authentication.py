"""Tell who is asking: a bearer token (one workspace each) or a signed-in member."""

import datetime
import hashlib
import uuid

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts.errors import AuditlineError
from accounts.members.models import ApiToken, Membership, Role, User
from accounts.members.rights import Principal
from accounts.workspaces.isolation import in_workspace

WORKSPACE_HEADER = "X-Auditline-Workspace"
_USED_AGAIN_AFTER = datetime.timedelta(minutes=1)  # last_used_at is kept to the minute: a write per request is too dear


class WorkspaceNotNamed(AuditlineError):
    """A member of several workspaces named none of them, or one that is not hers."""

    code = "workspace_not_named"


class CsrfRefused(AuditlineError):
    """A browser's request without the token that shows that our own page made it."""

    code = "csrf_refused"
    status = 403


class TokenUser:
    """The `request.user` of a token: signed in, and no person."""

    is_authenticated = True
    is_active = True
    is_anonymous = False
    pk = None


def secret_digest(secret: str) -> bytes:
    """Return the digest under which a secret is stored: SHA-256, enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


def find_door(digest: bytes) -> tuple[uuid.UUID, uuid.UUID] | None:
    """Return (workspace, subject) of a token or webhook digest, through the only function that may look it up."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT workspace_id, subject FROM accounts_find_door(%s)", [digest])
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <secret>`, as OpenLineage clients send it."""

    def authenticate(self, request: Request) -> tuple[TokenUser, Principal] | None:
        """Return the token's principal, or None where no bearer token was sent."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed("The Authorization header must read `Bearer <token>`, in two words.")
        return TokenUser(), token_principal(words[1].decode("latin-1"))

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that a missing token is answered with 401."""
        return "Bearer"


def token_principal(secret: str) -> Principal:
    """Return the principal of a secret; raise AuthenticationFailed when unknown, revoked or expired."""
    door = find_door(secret_digest(secret))
    if door is None:
        raise AuthenticationFailed("This token is not known.")
    workspace_id, token_id = door
    now = timezone.now()
    with in_workspace(workspace_id):
        token = ApiToken.objects.filter(pk=token_id).first()
        if token is None or token.revoked_at is not None:
            raise AuthenticationFailed("This token was revoked.")
        if token.expires_at is not None and token.expires_at <= now:
            raise AuthenticationFailed(f"This token expired on {token.expires_at:%Y-%m-%d}.")
        unused = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - _USED_AGAIN_AFTER)
        ApiToken.objects.filter(unused, pk=token_id).update(last_used_at=now)
    return Principal(
        workspace_id,
        Role(token.role),
        f"token:{token_id}",
        f"token {token.name}",
        tuple(token.namespaces),
        source=token.source,
    )


class MemberAuthentication(SessionAuthentication):
    """A signed-in member; with several workspaces the header X-Auditline-Workspace (a slug) says which."""

    def enforce_csrf(self, request: Request) -> None:
        """Look for the token in the request as Django has it: the doors read their bodies themselves and parse none."""
        try:
            super().enforce_csrf(request._request)  # type: ignore[arg-type]
        except PermissionDenied as refused:
            raise CsrfRefused(
                f"{refused.detail} Expected the value of the cookie csrftoken in the header X-CSRFToken. Send it with "
                "each request that changes something, or use a token: `Authorization: Bearer <token>`."
            ) from None

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        """Return the member's principal in the chosen workspace, or None where nobody is signed in."""
        found = super().authenticate(request)
        if found is None:
            return None
        user = found[0]
        slug = request.headers.get(WORKSPACE_HEADER, "") or request.query_params.get("workspace", "")
        memberships = {each.workspace.slug: each for each in member_of(user)}
        if not memberships:
            raise AuthenticationFailed("You are a member of no workspace.")
        chosen = memberships.get(slug) if slug else next(iter(memberships.values()))
        if chosen is None or (not slug and len(memberships) > 1):
            listed = sorted(memberships)
            raise WorkspaceNotNamed(
                f"Workspace: got {slug[:80] or 'none'!r}, expected one that you are a member of: {', '.join(listed)}. "
                f"Name it in the header {WORKSPACE_HEADER}, or as ?workspace={listed[0]}.",
                details={"expected": listed},
            )
        return user, member_principal(chosen)


def member_of(user: User, slug: str = "") -> QuerySet[Membership]:
    """Return the memberships of a user, of all workspaces or of the one with this slug."""
    memberships = Membership.objects.filter(user=user).select_related("workspace", "user").order_by("created_at")
    return memberships.filter(workspace__slug=slug) if slug else memberships


def member_principal(membership: Membership) -> Principal:
    """Return what a member may do, as a principal."""
    user = membership.user
    return Principal(membership.workspace_id, Role(membership.role), f"member:{user.pk}", user.email)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe the bearer token in the OpenAPI schema."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the security scheme object."""
        return {"type": "http", "scheme": "bearer"}


class MemberScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe the session cookie in the OpenAPI schema."""

    target_class = MemberAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the security scheme object."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
