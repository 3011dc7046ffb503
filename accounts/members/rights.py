"""Who may do what: the one table of rights, by role."""

import uuid
from dataclasses import dataclass, field
from enum import StrEnum

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.members.models import Role


class Right(StrEnum):
    """What a request needs."""

    SEND_EVENTS = "send_events"
    SEND_INVENTORY = "send_inventory"
    MANAGE_PULLS = "manage_pulls"
    READ = "read"
    ASK = "ask"
    WORK_TICKETS = "work_tickets"
    EXPORT = "export"
    SCHEDULE = "schedule"
    EVALUATE = "evaluate"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_TOKENS = "manage_tokens"
    REPLAY = "replay"
    MANAGE_RETENTION = "manage_retention"
    DECLARE_KINDS = "declare_kinds"
    PROPOSE = "propose"
    APPROVE = "approve"
    GOVERN = "govern"


ALLOWED: dict[Role, frozenset[Right]] = {
    Role.PIPELINE: frozenset({Right.SEND_EVENTS, Right.SEND_INVENTORY}),
    Role.AUDITOR: frozenset({Right.READ, Right.ASK}),
    Role.ENGINEER: frozenset(
        {
            Right.SEND_EVENTS,
            Right.SEND_INVENTORY,
            Right.MANAGE_PULLS,
            Right.READ,
            Right.ASK,
            Right.WORK_TICKETS,
            Right.PROPOSE,
        }
    ),
    Role.OFFICER: frozenset(
        {
            Right.READ,
            Right.ASK,
            Right.WORK_TICKETS,
            Right.EXPORT,
            Right.SCHEDULE,
            Right.EVALUATE,
            Right.REPLAY,
            Right.MANAGE_RETENTION,
            Right.DECLARE_KINDS,
            Right.PROPOSE,
            Right.APPROVE,
        }
    ),
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True)
class Principal:
    """Who acts in which workspace: a member or a token, with its role."""

    workspace_id: uuid.UUID
    role: Role
    actor: str  # "member:<user id>" or "token:<token id>", as written to the journal
    name: str  # for people
    namespaces: tuple[str, ...] = ()  # job namespaces (or prefixes) that a token may assert; empty = any
    source: str = field(default="", kw_only=True)  # the inventory source that a token sends for alone; '' = it is free

    def may(self, right: Right) -> bool:
        """Tell whether the role carries this right."""
        return right in ALLOWED[self.role]


class HasRight(BasePermission):
    """Let a request pass when its principal holds the right that the view names for the method.

    A view names them as `rights = {"GET": Right.READ}`; a method that is not named is refused, so that a forgotten
    entry closes the door.
    """

    def has_permission(self, request: Request, view: object) -> bool:
        """Return whether to let it pass; set the message that tells what is missing."""
        principal = request.auth
        if not isinstance(principal, Principal):
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        right: Right | None = getattr(view, "rights", {}).get(method)
        if right is None or not principal.may(right):
            needed = sorted(role.value for role in Role if right in ALLOWED[role])
            self.message = (
                f"{request.method} {request.path} needs one of the roles {', '.join(needed)}; "
                f"{principal.name} has the role {principal.role.value}."
            )
            return False
        return True
