"""Read who belongs to the entered workspace, which tokens it has, and what to call an actor."""

import uuid
from collections.abc import Iterable

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, QuerySet

from accounts.members.models import ApiToken, Membership, User
from accounts.workspaces.isolation import current_workspace

_KINDS = {
    "command": "an operator, by command",
    "member": "a former member",
    "token": "a token",
    "hook": "a webhook",
    "schedule": "a schedule",
}
_STAGES = {"raise": "findings", "open": "tickets", "export": "exports", "seal": "sealing"}


def members() -> QuerySet[Membership]:
    """Return the members of the entered workspace, longest first; `two_factor` tells who signs in with two factors."""
    found = Membership.objects.filter(workspace_id=current_workspace()).select_related("user", "workspace")
    factors = Authenticator.objects.filter(user=OuterRef("user"))
    return found.annotate(two_factor=Exists(factors)).order_by("created_at", "id")


def tokens() -> QuerySet[ApiToken]:
    """Return the tokens of the entered workspace that were not revoked, newest first."""
    return ApiToken.objects.filter(revoked_at__isnull=True).order_by("-created_at", "-id")


def nobody_yet() -> bool:
    """Tell whether this installation has no person at all: the first one is made by command."""
    return not User.objects.exists()


def is_known(email: str) -> bool:
    """Tell whether a person of this address can sign in already, in whatever workspace."""
    return User.objects.filter(email=email.lower()).exists()


def actor_names(actors: Iterable[str]) -> dict[str, str]:
    """Return what people call these actors ("member:<id>", "token:<id>", "stage:<stage>", ...); two queries at most."""
    wanted = set(actors)
    names = {actor: _plain_name(actor) for actor in wanted}
    if people := _ids(wanted, "member"):
        names |= {
            f"member:{key}": email for key, email in User.objects.filter(pk__in=people).values_list("pk", "email")
        }
    if machines := _ids(wanted, "token"):
        rows = ApiToken.objects.filter(pk__in=machines).values_list("pk", "name")
        names |= {f"token:{key}": f"token {name}" for key, name in rows}
    return names


def _ids(actors: Iterable[str], kind: str) -> set[uuid.UUID]:
    return {uuid.UUID(actor.partition(":")[2]) for actor in actors if actor.startswith(f"{kind}:")}


def _plain_name(actor: str) -> str:
    kind, _, rest = actor.partition(":")
    return f"Auditline, {_STAGES.get(rest, rest)}" if kind == "stage" else _KINDS.get(kind, actor)
