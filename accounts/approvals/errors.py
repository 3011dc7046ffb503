"""What governed acts are refused for."""

from typing import Literal

from accounts.errors import AuditlineError

ActCode = Literal["act_refused", "act_kind_unknown", "act_decided", "act_expired", "act_changed"]
"""Stable, and listed in docs/errors.md."""


class ActRefused(AuditlineError):
    """An act that cannot be proposed or decided as things stand; `code` says why."""

    code = "act_refused"

    def __init__(self, message: str, *, code: ActCode = "act_refused") -> None:
        super().__init__(message)
        self.code = code


class SecondPersonNeeded(AuditlineError):
    """Who proposed an act wants to decide it, or who placed a hold approves its release: that takes another person."""

    code = "second_person_needed"
    status = 403


class PersonNeeded(AuditlineError):
    """A token acts where a signed-in member must: it can be handed on, and speaks for nobody."""

    code = "person_needed"
    status = 403


class RoleNeeded(AuditlineError):
    """The role may not propose or decide acts of this kind."""

    code = "permission_denied"
    status = 403
