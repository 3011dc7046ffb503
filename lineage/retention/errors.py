"""What holds and rules are refused for, and what a reader of a deleted event gets."""

from accounts.errors import AuditlineError


class RetentionRefused(AuditlineError):
    """A hold or a rule that cannot be used as described."""

    code = "retention_refused"
