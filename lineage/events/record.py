"""Record what was received: event, receipt and work in one statement, exactly once per content.

The commit of the caller's transaction is the commit point: a receipt may be answered only after it. Recording takes no
revision; what an event means is decided later, by `project`.
"""

import datetime
import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import transaction

from accounts.workspaces.arrays import array_literals
from accounts.workspaces.binding import bound_cursor
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace, run_in_workspace
from accounts.workspaces.queue import Stage, wake
from lineage.events.models import Event

Row = tuple[Any, ...]
Run = Callable[[str, Sequence[Any]], list[Row]]
"""How a statement runs: in the caller's transaction, or in one of its own."""
BODIES = 2  # their place among the columns


@dataclass(frozen=True)
class NewEvent:
    """What a door hands over for keeping. `body` is kept as it is: redact before."""

    kind: Event.Kind
    body: bytes
    media_type: str
    received_digest: bytes  # SHA-256 of the bytes as received (after Content-Encoding)
    content_digest: bytes  # SHA-256 of the content before redaction: the same content is the same event
    sender: str
    source: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    event_time: datetime.datetime | None = None
    redactions: list[dict[str, Any]] = field(default_factory=list)
    about: str = ""  # of a RunEvent: the run id in lower case


@dataclass(frozen=True)
class Receipt:
    """Proof of receipt. The same content gives the same one again, with `duplicate` true."""

    event_id: uuid.UUID
    content_digest: bytes
    kept_digest: bytes
    received_at: datetime.datetime
    duplicate: bool


def store_event(
    kind: Event.Kind,
    body: bytes,
    media_type: str,
    received_digest: bytes,
    content_digest: bytes,
    sender: str,
    source: str = "",
    parameters: dict[str, Any] | None = None,
    event_time: datetime.datetime | None = None,
    redactions: list[dict[str, Any]] | None = None,
) -> Receipt:
    """Record one event of the entered workspace; see `store_events`."""
    event = NewEvent(
        kind,
        body,
        media_type,
        received_digest,
        content_digest,
        sender,
        source,
        parameters or {},
        event_time,
        redactions or [],
    )
    return store_events([event])[0]


def store_events(events: Sequence[NewEvent], wake: Callable[[Stage, uuid.UUID], None] = wake) -> list[Receipt]:
    """Record events of the entered workspace and queue the new ones for `project`; return receipts in their order."""
    with bound_cursor() as cursor:

        def run(sql: str, parameters: Sequence[Any]) -> list[Row]:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

        return _store(current_workspace(), events, wake, run)


def store_at_once(
    workspace_id: uuid.UUID, events: Sequence[NewEvent], wake: Callable[[Stage, uuid.UUID], None] = wake
) -> list[Receipt]:
    """Record events in a transaction of their own, committed on return: `store_events` in one round trip."""
    return _store(workspace_id, events, wake, partial(run_in_workspace, workspace_id))


def _store(
    workspace_id: uuid.UUID, events: Sequence[NewEvent], wake: Callable[[Stage, uuid.UUID], None], run: Run
) -> list[Receipt]:
    """Record events by statements that `run` runs.

    1. Insert receipts; a content that is known already, or is just being recorded by somebody else, is left alone
       (the unique constraint `receipt_once` waits for the other transaction and decides).
    2. In the same statement, only for receipts that were new: the event and its work.
    3. For the others, read the receipt that exists.
    4. After commit, wake `project`.
    """
    # Of equal contents in different bytes the first is kept: its body with its digest.
    first: dict[bytes, NewEvent] = {}
    for event in events:
        first.setdefault(event.content_digest, event)
    # In the order of digests, so that two batches with the same contents wait for each other and never deadlock.
    ordered = [first[digest] for digest in sorted(first)]
    kept = {event.content_digest: hashlib.sha256(event.body).digest() for event in ordered}
    columns = _columns(workspace_id, ordered, kept)
    given = array_literals(columns)
    given[BODIES] = columns[BODIES]  # as bytes: as text they would be twice as long, and read a digit at a time
    rows = run(_INSERT, given)  # 1, 2
    fresh = {bytes(digest): Receipt(id, bytes(digest), kept[bytes(digest)], at, False) for digest, id, at in rows}
    known: dict[bytes, Receipt] = {}
    if missing := [digest for digest in kept if digest not in fresh]:
        known = {
            bytes(digest): Receipt(id, bytes(digest), bytes(kept_digest), at, True)
            for digest, id, at, kept_digest in run(_EXISTING, array_literals([workspace_id, missing]))  # 3
        }
    if fresh:
        transaction.on_commit(lambda: wake(Stage.PROJECT, workspace_id))  # 4
    return [_receipt(event.content_digest, fresh, known) for event in events]


def _receipt(digest: bytes, fresh: dict[bytes, Receipt], known: dict[bytes, Receipt]) -> Receipt:
    """Return the receipt of one event; the second of two equal ones in a batch is a duplicate of the first."""
    if digest in known:
        return known[digest]
    receipt = fresh[digest]
    known[digest] = Receipt(receipt.event_id, digest, receipt.kept_digest, receipt.received_at, True)
    return receipt


def _columns(workspace_id: uuid.UUID, events: Sequence[NewEvent], kept: dict[bytes, bytes]) -> list[Any]:
    return [
        [new_id() for _ in events],
        [str(event.kind) for event in events],
        [event.body for event in events],
        [event.media_type for event in events],
        [event.received_digest for event in events],
        [kept[event.content_digest] for event in events],
        [event.content_digest for event in events],
        [event.sender for event in events],
        [event.source for event in events],
        [json.dumps(event.parameters) if event.parameters else "{}" for event in events],
        [json.dumps(event.redactions) if event.redactions else "[]" for event in events],
        [event.event_time for event in events],
        [event.about for event in events],
        workspace_id,
        workspace_id,
        workspace_id,
        str(Stage.PROJECT),
    ]


_INSERT = """
WITH given AS (
  SELECT * FROM unnest(%s::uuid[], %s::text[], %b::bytea[], %s::text[], %s::bytea[], %s::bytea[], %s::bytea[],
                       %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
    AS g(id, kind, body, media_type, received_digest, kept_digest, content_digest, sender, source, parameters,
         redactions, event_time, about)
), receipt AS (
  INSERT INTO "lineage_eventreceipt" (id, workspace_id, content_digest)
  SELECT id, %s, content_digest FROM given
  ON CONFLICT (workspace_id, content_digest) DO NOTHING
  RETURNING id, content_digest, received_at
), event AS (
  INSERT INTO "lineage_event" (id, workspace_id, kind, body, media_type, received_digest, kept_digest, redactions,
                               sender, source, parameters, event_time, about, received_at)
  SELECT id, %s, kind, body, media_type, received_digest, kept_digest, redactions::jsonb, sender, source,
         parameters::jsonb, event_time, about, r.received_at
  FROM given g JOIN receipt r USING (id)
), work AS (
  INSERT INTO "accounts_work" (workspace_id, stage, subject, attempts)
  SELECT %s, %s, id, 0 FROM receipt
)
SELECT content_digest, id, received_at FROM receipt
"""

# The event itself may have been deleted by retention: then the receipt of its deletion has the digest as kept.
_EXISTING = """
SELECT r.content_digest, r.id, r.received_at, coalesce(e.kept_digest, d.kept_digest)
FROM "lineage_eventreceipt" r LEFT JOIN "lineage_event" e ON e.id = r.id AND e.workspace_id = r.workspace_id
LEFT JOIN "lineage_deletionreceipt" d ON d.id = r.id AND d.workspace_id = r.workspace_id
WHERE r.workspace_id = %s AND r.content_digest = ANY(%s::bytea[])
"""
