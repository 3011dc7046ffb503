"""Read statements, their place in the ledger, and proofs."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from accounts.journal.models import Statement
from accounts.paging import Page, page_of
from audit.evidence.models import Checkpoint, LedgerEntry, LedgerNode
from audit.evidence.nodes import NodeKey, inclusion_path

SELF_SIGNED = "self-signed: the operator could have rewritten this"
"""Promise 5: said wherever there is neither witness nor timestamp, which is everywhere as yet."""


def statements(*, action: str = "", actions: Collection[str] = ()) -> QuerySet[Statement]:
    """Return statements of this action, or of one of these ('' and () = any)."""
    rows = Statement.objects.filter(action=action) if action else Statement.objects.all()
    return rows.filter(action__in=actions) if actions else rows


def statement_page(after: str | None, limit: int, **filters: Any) -> Page[dict[str, object]]:
    """Return one page of statements, newest first, with their place in the ledger (None = not sealed yet)."""
    rows = statements(**filters)
    page = page_of(rows, ["-id"], after, limit, scope="statements")
    places = _places([row.pk for row in page.rows])
    return page.map(lambda row: statement_row(row, places.get(row.pk)))


def _places(statements: list[uuid.UUID]) -> dict[uuid.UUID, LedgerEntry]:
    return {entry.statement: entry for entry in LedgerEntry.objects.filter(statement__in=statements)}


def statement_row(row: Statement, entry: LedgerEntry | None) -> dict[str, object]:
    """Return a statement as a plain row."""
    return {
        "id": row.pk,
        "action": row.action,
        "actor": row.actor,
        "made_at": row.made_at,
        "revision": row.revision,
        "index": entry.index if entry else None,
        "sealed_at": entry.sealed_at if entry else None,
        "digest": bytes(entry.digest).hex() if entry else "",
    }


@dataclass(frozen=True)
class Proof:
    """Where a statement stands and why that is so: the hashes from its leaf to the checkpoint's root."""

    entry: LedgerEntry
    checkpoint: Checkpoint
    hashes: list[str]  # hex, RFC 9162 section 2.1.3


def proof_of(statement: uuid.UUID) -> Proof | None:
    """Return the inclusion proof of a statement in the newest checkpoint; None while it is not sealed.

    Costs a few rows (nodes.py), however long the ledger is.
    """
    entry = LedgerEntry.objects.filter(statement=statement).first()
    newest = newest_checkpoint()
    if entry is None or newest is None:
        return None
    frontier = [bytes.fromhex(node) for node in newest.frontier]
    hashes = inclusion_path(entry.index, newest.size, frontier, leaves=_leaf_hashes, nodes=_node_hashes)
    return Proof(entry, newest, [node.hex() for node in hashes])


def _leaf_hashes(start: int, stop: int) -> list[bytes]:
    rows = LedgerEntry.objects.filter(index__gte=start, index__lt=stop).order_by("index")
    return [bytes(leaf) for leaf in rows.values_list("leaf_hash", flat=True)]


def _node_hashes(keys: Collection[NodeKey]) -> dict[NodeKey, bytes]:
    if not keys:  # the head cuts all of them
        return {}
    wanted = reduce(or_, (Q(level=level, index=index) for level, index in keys))
    rows = LedgerNode.objects.filter(wanted).values_list("level", "index", "hash")
    return {(level, index): bytes(node) for level, index, node in rows}


def newest_checkpoint() -> Checkpoint | None:
    """Return the newest checkpoint of the entered workspace."""
    return Checkpoint.objects.order_by("-size").first()


def checkpoints() -> QuerySet[Checkpoint]:
    """Return all checkpoints."""
    return Checkpoint.objects.all()


def checkpoint_row(row: Checkpoint) -> dict[str, Any]:
    """Return a checkpoint as a plain row; `note` is the signed note to keep, `vkey` the key that verifies it."""
    root = bytes(row.root).hex()
    return {"size": row.size, "root": root, "note": row.note, "vkey": row.vkey, "published_at": row.published_at}


@dataclass(frozen=True)
class Place:
    """Where a statement stands, without the hashes that prove it: cheap enough for every page."""

    entry: LedgerEntry
    checkpoint: Checkpoint


def place_of(statement: uuid.UUID) -> Place | None:
    """Return the entry of a statement and the newest checkpoint, which covers it; None while it is not sealed."""
    entry = LedgerEntry.objects.filter(statement=statement).first()
    newest = newest_checkpoint()
    return None if entry is None or newest is None else Place(entry, newest)


def newest_entry() -> LedgerEntry | None:
    """Return the last entry of the ledger."""
    return LedgerEntry.objects.order_by("-index").first()


def statement_named(statement: uuid.UUID) -> Statement | None:
    """Return a statement; None where the workspace has none of this id."""
    return Statement.objects.filter(pk=statement).first()
