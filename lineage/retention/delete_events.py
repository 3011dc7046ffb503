"""Delete the bodies of events that a rule lets go, in bounded batches; receipts and digests stay.

What may go is decided by the database alone (guards.py). Each batch is one transaction with its receipts and its
statement, so that no event is gone without a word in the journal.
"""

import uuid
from collections import Counter
from dataclasses import dataclass

import structlog
from django.db import OperationalError, connection, transaction

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.journal.canonical.merkle import leaf_hash, root
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace, in_workspace
from lineage.events.models import DeletionReceipt
from lineage.retention.queries import NO_ID, holds, receipts, rules

log = structlog.get_logger(__name__)
BATCH = 500
"""Events per transaction: whoever places a hold waits for one batch at most."""


@dataclass(frozen=True)
class Deleted:
    """What one batch did: how many went, and the id after which the next one begins; None = there is no more."""

    count: int
    reached: uuid.UUID | None


def delete_expired(workspace_id: uuid.UUID, *, batch: int = BATCH) -> int:
    """Delete what the rules of a workspace let go; return how many events went. Safe to run twice at once.

    Then let go of facets that were kept from such events, also those that a run before this one did not come to.
    """
    total, after = 0, NO_ID
    while True:
        with in_workspace(workspace_id):
            done = delete_batch(after, batch)
        total += done.count
        if done.reached is None:
            break
        after = done.reached
    with in_workspace(workspace_id), connection.cursor() as cursor:
        cursor.execute(_FORGET, [workspace_id])
    return total


def delete_batch(after: uuid.UUID, most: int = BATCH) -> Deleted:
    """Look at the next `most` events after an id in the entered workspace and delete those that may go.

    1. The database judges and deletes, and writes the batch and one receipt per event.
    2. State the batch in the journal; without the statement it does not commit.
    """
    batch, statement = new_id(), new_id()
    with connection.cursor() as cursor:
        cursor.execute("SELECT auditline_delete_events(%s, %s, %s, %s)", [batch, statement, after, most])  # 1
        reached: uuid.UUID | None = cursor.fetchone()[0]
    gone = list(receipts(batch).order_by("id"))
    if gone:
        append(Action.EVENTS_DELETED, _body(batch, gone), actor="stage:retain", key=statement)  # 2
    return Deleted(len(gone), reached)


def _body(batch: uuid.UUID, gone: list[DeletionReceipt]) -> dict[str, object]:
    """Return what a batch says: which events went, provably, by which rules, and which holds stood beside.

    `root` is the RFC 6962 root over one leaf per event in the order of ids: the 16 bytes of the id, then the 32 of the
    digest as kept, as in the statement of their projection ("auditline:deletion/v1"; another leaf, another version).
    """
    leaves = [leaf_hash(receipt.pk.bytes + bytes(receipt.kept_digest)) for receipt in gone]
    by_rule = Counter(str(receipt.rule_id) for receipt in gone)
    said = {str(rule.pk): rule for rule in rules().filter(pk__in=list(by_rule))}
    in_force = [str(each) for each in holds(active=True).order_by("id").values_list("pk", flat=True)]
    return {
        "format": "auditline:deletion/v1",
        "workspace": str(current_workspace()),
        "deletion": str(batch),
        "events": dict(sorted(Counter(receipt.kind for receipt in gone).items())),
        "first": str(gone[0].pk),
        "last": str(gone[-1].pk),
        "count": len(gone),
        "root": root(leaves).hex(),
        "rules": [
            {"rule": key, "covers": said[key].covers, "days": said[key].days, "count": count}
            for key, count in sorted(by_rule.items())
        ],
        "holds": in_force,
    }


def drop_empty_months() -> list[str]:
    """Drop the partitions of past months that hold nothing of anybody; return their names.

    One that others keep busy is left for the next day.
    """
    dropped = []
    with connection.cursor() as cursor:
        cursor.execute(_PAST_MONTHS)
        past = [row[0] for row in cursor.fetchall()]
        for child in past:
            try:
                with transaction.atomic():
                    cursor.execute("SELECT auditline_drop_empty_month(%s)", [child])
            except OperationalError as error:
                log.warning("retention.month_busy", partition=child, reason=str(error))
                continue
            if cursor.fetchone()[0]:
                dropped.append(child)
    return dropped


# A facet is a part of a body. Its digest stays, and an event that says it again brings it back (latest_facets.py).
_FORGET = """
UPDATE "lineage_facet" f SET body = NULL
WHERE f.workspace_id = %s AND f.body IS NOT NULL
  AND EXISTS (SELECT 1 FROM "lineage_deletionreceipt" d WHERE d.workspace_id = f.workspace_id AND d.id = f.event)
"""

_PAST_MONTHS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'lineage_event'::regclass AND c.relname ~ '^lineage_event_[0-9]{4}_[0-9]{2}$'
  AND c.relname < 'lineage_event_' || to_char(now() AT TIME ZONE 'UTC' - interval '1 day', 'YYYY_MM')
ORDER BY c.relname
"""
