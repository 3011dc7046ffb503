"""Turn the bytes of a request into events to record: understood, allowed, redacted, digested.

Nothing here touches the database, so that a body is read and judged before a transaction opens.
"""

import hashlib
from dataclasses import dataclass

from django.utils import timezone

from accounts.errors import AuditlineError
from accounts.journal.canonical.exact import BodyRefused, Exact, content_digest, encode_exact, parse_exact
from accounts.members.rights import Principal
from lineage.events.errors import BodyTooLarge, EventRefused, OutsideNamespaces, OutsideSource
from lineage.events.models import Event
from lineage.events.record import NewEvent
from lineage.events.redact import redact
from lineage.events.schemas import FUTURE_ALLOWED, Understood, understand
from lineage.events.split import split_array

MEDIA_TYPE = "application/json"
AHEAD = "eventTime is more than an hour ahead of receipt; for the graph the event counts from received_at"
MAX_BATCH = 20_000
_NAMED = {Event.Kind.RUN: "job", Event.Kind.JOB: "job", Event.Kind.DATASET: "dataset"}


@dataclass(frozen=True)
class FailedEvent:
    """One event of a batch that cannot be kept; the others can."""

    index: int
    error: AuditlineError


@dataclass(frozen=True)
class Batch:
    """A batch as received: events to record with their index, and those that failed."""

    received: int
    events: tuple[tuple[int, NewEvent], ...]
    failed: tuple[FailedEvent, ...]


def receive_event(raw: bytes, principal: Principal) -> NewEvent:
    """Return the event in `raw`. Raises EventRefused, or OutsideNamespaces.

    1. Parse with exact numbers; refuse what has no single meaning, and NUL, which the database cannot hold.
    2. Understand what it is about.
    3. Check that the sender may speak for that namespace.
    4. Digest the content as received.
    5. Redact. The bytes stay exactly as received where there is nothing to redact.
    """
    value = _parse(raw)  # 1
    seen = understand(value)  # 2
    check_namespace(seen, principal)  # 3
    digest = content_digest(value)  # 4
    clean, redactions = redact(raw, value)  # 5
    return NewEvent(
        kind=seen.kind,
        body=encode_exact(clean) if redactions else raw,
        media_type=MEDIA_TYPE,
        received_digest=hashlib.sha256(raw).digest(),
        content_digest=digest,
        sender=principal.actor,
        parameters={"notes": notes} if (notes := _notes(seen)) else {},
        event_time=seen.event_time,
        about=seen.about,
        redactions=redactions,
    )


def _notes(seen: Understood) -> list[str]:
    """Return what a reader of the event has to know of how it was read (the graph reads it in read_event.py)."""
    ahead = seen.event_time > timezone.now() + FUTURE_ALLOWED
    return [*seen.notes, *([AHEAD] if ahead else [])]


def receive_batch(raw: bytes, principal: Principal) -> Batch:
    """Return the events of a JSON array, each judged by itself. Raises EventRefused where `raw` is no array."""
    items = split_array(raw)
    if len(items) > MAX_BATCH:
        raise BodyTooLarge(f"Got a batch of {len(items)} events, expected at most {MAX_BATCH}. Send it in parts.")
    events: list[tuple[int, NewEvent]] = []
    failed: list[FailedEvent] = []
    for index, item in enumerate(items):
        try:
            events.append((index, receive_event(item, principal)))
        except AuditlineError as error:
            failed.append(FailedEvent(index, error))
    return Batch(len(items), tuple(events), tuple(failed))


def refuse_bound(principal: Principal) -> None:
    """Refuse events of a sender that is bound to an inventory source."""
    if principal.source:
        raise OutsideSource(
            f"Got an event of lineage, but {principal.name} may only send inventories of the source "
            f"{principal.source!r}. Use a token for lineage, or have an admin make one on the page Tokens."
        )


def check_namespace(seen: Understood, principal: Principal) -> None:
    """Refuse what a namespaced sender asserts beyond its prefixes: a job's namespace, or that of a DatasetEvent."""
    if principal.namespaces and not seen.namespace.startswith(principal.namespaces):
        raise OutsideNamespaces(
            f"The {_NAMED[seen.kind]} has the namespace {seen.namespace[:200]!r}, but {principal.name} may only send "
            f"for namespaces that start with {', '.join(principal.namespaces)}. Use the token of that namespace, or "
            "have an admin make one with `manage.py create_token --namespace`."
        )


def _parse(raw: bytes) -> Exact:
    try:
        value = parse_exact(raw)
    except BodyRefused as error:
        raise EventRefused(f"{error.message} Correct it at the producer.", code=error.code) from None
    # Only an escape can bring a NUL; the walk is spared where the bytes hold none.
    if b"\\u0000" in raw and _holds_nul(value):
        raise EventRefused(
            "Got the NUL character (\\u0000) in a text, expected texts without it: the database cannot hold it. "
            "Remove it at the producer.",
            code="json_nul",
        )
    return value


def _holds_nul(value: Exact) -> bool:
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, str) and "\x00" in node:
            return True
        if isinstance(node, dict):
            pending.extend(node)
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    return False
