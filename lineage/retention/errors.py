"""What holds and rules are refused for, and what a reader of a deleted event gets."""

from accounts.errors import AuditlineError


class RetentionRefused(AuditlineError):
    """A hold or a rule that cannot be used as described."""

    code = "retention_refused"


class PersonNeeded(AuditlineError):
    """An act that only a signed-in member may do: a token speaks for nobody."""

    code = "person_needed"
    status = 403


class SecondPersonNeeded(AuditlineError):
    """The same member may not release what she placed."""

    code = "second_person_needed"
    status = 403
