"""What the API of retention answers."""

from typing import TypedDict

from accounts.journal.canonical.encode import instant
from lineage.events.models import DeletionReceipt
from lineage.retention.models import LegalHold, RetentionRule
from lineage.retention.queries import Preview


class HoldRow(TypedDict):
    """One hold; of what it may name, what its scope says, the rest null. `released_at` null: in force."""

    id: str
    scope: str
    covers: str
    namespace: str | None
    asset_kind: str | None
    asset_uid: str | None
    sender: str | None
    source: str | None
    received_from: str | None
    received_until: str | None
    event: str | None
    reason: str
    reference: str
    placed_by: str
    placed_at: str
    released_act: str | None
    released_by: str | None
    released_at: str | None
    release_reason: str | None


class RuleRow(TypedDict):
    """One rule; null in its class: any. `ended_at` null: in force.

    `act`, `ended_act`: the governed acts that set and ended it; null where it was before these were governed.
    """

    id: str
    covers: str
    kind: str | None
    source: str | None
    data_class: str | None
    days: int
    reason: str
    act: str | None
    set_by: str
    set_at: str
    ended_act: str | None
    ended_by: str | None
    ended_at: str | None


class PreviewRow(TypedDict):
    """What would become of the oldest events: `would_delete` now; `held`, `waiting` and `newest` are kept although old.

    `complete` false: there are more events than were looked at.
    """

    looked_at: int
    would_delete: int
    held: int
    waiting: int
    newest: int
    first: str | None
    last: str | None
    complete: bool


class ReceiptRow(TypedDict):
    """What stays of a deleted event; digests in hex."""

    id: str
    kind: str
    received_digest: str
    kept_digest: str
    received_at: str
    rule: str
    deletion: str


def hold_row(hold: LegalHold) -> HoldRow:
    """Return a hold as JSON."""
    return {
        "id": str(hold.pk),
        "scope": hold.scope,
        "covers": hold.covers,
        "namespace": hold.namespace,
        "asset_kind": hold.asset_kind,
        "asset_uid": hold.asset_uid,
        "sender": hold.sender,
        "source": hold.source,
        "received_from": instant(hold.received_from) if hold.received_from else None,
        "received_until": instant(hold.received_until) if hold.received_until else None,
        "event": str(hold.event) if hold.event else None,
        "reason": hold.reason,
        "reference": hold.reference,
        "placed_by": hold.placed_by,
        "placed_at": instant(hold.placed_at),
        "released_act": str(hold.released_act_id) if hold.released_act_id else None,
        "released_by": hold.released_by,
        "released_at": instant(hold.released_at) if hold.released_at else None,
        "release_reason": hold.release_reason,
    }


def rule_row(rule: RetentionRule) -> RuleRow:
    """Return a rule as JSON."""
    return {
        "id": str(rule.pk),
        "covers": rule.covers,
        "kind": rule.kind,
        "source": rule.source,
        "data_class": rule.data_class,
        "days": rule.days,
        "reason": rule.reason,
        "act": str(rule.act_id) if rule.act_id else None,
        "set_by": rule.set_by,
        "set_at": instant(rule.set_at),
        "ended_act": str(rule.ended_act_id) if rule.ended_act_id else None,
        "ended_by": rule.ended_by,
        "ended_at": instant(rule.ended_at) if rule.ended_at else None,
    }


def preview_row(found: Preview) -> PreviewRow:
    """Return a preview as JSON."""
    return {
        "looked_at": found.looked_at,
        "would_delete": found.would_delete,
        "held": found.held,
        "waiting": found.waiting,
        "newest": found.newest,
        "first": str(found.first) if found.first else None,
        "last": str(found.last) if found.last else None,
        "complete": found.complete,
    }


def receipt_row(receipt: DeletionReceipt) -> ReceiptRow:
    """Return a receipt as JSON."""
    return {
        "id": str(receipt.pk),
        "kind": receipt.kind,
        "received_digest": bytes(receipt.received_digest).hex(),
        "kept_digest": bytes(receipt.kept_digest).hex(),
        "received_at": instant(receipt.received_at),
        "rule": str(receipt.rule_id),
        "deletion": str(receipt.deletion_id),
    }
