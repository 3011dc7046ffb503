"""Where a record is sealed, as the proof panel shows it (web/components/proof.html)."""

from typing import Any

from accounts.journal.canonical.merkle import leaf_hash
from accounts.journal.models import Statement
from audit.evidence.queries import Place, place_of, statement_named
from policies.evaluation.lookups import leaf_of
from policies.evaluation.models import Transition

VERIFY = "python manage.py verify BUNDLE.zip --checkpoint CHECKPOINT"
"""How a stranger checks an export against a checkpoint that she kept."""


def proof_of_statement(statement: Statement, place: Place | None) -> dict[str, Any]:
    """Return where a statement stands; without a place it is written and waits for its seal."""
    if place is None:
        return {"statement_id": None}
    entry, head = place.entry, place.checkpoint
    return {
        "statement_id": statement.pk,
        "index": entry.index,
        "digest": bytes(entry.digest).hex(),
        "sealed_at": entry.sealed_at,
        "leaf_digest": None,
        "checkpoint_size": head.size,
        "checkpoint_at": head.published_at,
        "root": bytes(head.root).hex(),
        "witnessed": False,
        "key_id": entry.key_id[:16],
        "verify_command": VERIFY,
    }


def proof_of_change(change: Transition) -> dict[str, Any]:
    """Return the two steps that prove a verdict: its leaf in the statement, the statement in the ledger."""
    statement = statement_named(change.statement)
    if statement is None:
        return {"statement_id": None}
    proof = proof_of_statement(statement, place_of(statement.pk))
    leaf = leaf_of(change)
    if proof["statement_id"] is None or leaf is None:
        return proof
    commitment = statement.body.get("leaves", {})
    return proof | {
        "leaf_digest": leaf_hash(bytes(leaf.leaf)).hex(),
        "leaf_position": change.leaf_index + 1,
        "leaf_count": commitment.get("count"),
    }
