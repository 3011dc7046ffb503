"""What the doors refuse, by what the sender should do: correct it (4xx, final) or wait (503).

OpenLineage clients give an event up on any 4xx and repeat it on 503, so nothing here is ever 409 or 429.
"""

from typing import Literal

from accounts.errors import AuditlineError
from accounts.journal.canonical.exact import BodyCode

EventCode = Literal[
    BodyCode, "json_nul", "event_invalid", "name_too_long", "gzip_malformed", "body_incomplete"
]  # fmt: skip
"""Stable, and listed in docs/errors.md."""


class EventRefused(AuditlineError):
    """The body is no event that can be kept; `code` says which rule it breaks."""

    code = "event_invalid"

    def __init__(self, message: str, *, code: EventCode = "event_invalid", details: object = None) -> None:
        super().__init__(message, details=details)
        self.code = code


class OutsideNamespaces(AuditlineError):
    """The sender may not speak for this namespace."""

    code = "outside_namespaces"
    status = 403


class OutsideSource(AuditlineError):
    """The sender is bound to one inventory source, and may not send for another, nor anything else."""

    code = "outside_source"
    status = 403


class BodyTooLarge(AuditlineError):
    """More bytes, after decompression, or more events than one request may carry."""

    code = "body_too_large"
    status = 413


class EncodingRefused(AuditlineError):
    """A Content-Encoding other than one gzip."""

    code = "encoding_unsupported"
    status = 415


class Overloaded(AuditlineError):
    """Too much waits to be projected; nothing of this request was kept."""

    code = "overloaded"
    status = 503
    retryable = True

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class SignatureRefused(AuditlineError):
    """A webhook message that is not signed with the hook's secret, or not now; says no more, to help no forger."""

    code = "signature_refused"
    status = 401

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"WWW-Authenticate": "Standard-Webhooks"})


class MessageIdReused(AuditlineError):
    """A webhook message whose id was taken with other content: its receipt would not be that of this content."""

    code = "webhook_id_reused"


class HookRefused(AuditlineError):
    """A webhook door that cannot be made as described."""

    code = "hook_refused"


class EventDeleted(AuditlineError):
    """An event whose body was deleted by retention; `details` are its receipt."""

    code = "event_deleted"
    status = 410


class Unavailable(AuditlineError):
    """The database is away; nothing of this request was kept."""

    code = "unavailable"
    status = 503
    retryable = True
