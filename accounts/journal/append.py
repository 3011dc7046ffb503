"""Append a statement to the journal, in the transaction of its cause.

Every stage calls this once per batch and every person's act once; the sequencer (audit/evidence/seal.py) signs and
orders it afterwards. No statement without its effect, no effect without its statement.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence

from django.utils import timezone

from accounts.journal.actions import Action
from accounts.journal.canonical.encode import encode
from accounts.journal.canonical.merkle import leaf_hash, root
from accounts.journal.models import Statement
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.queue import Stage, push

STATEMENT_VERSION = 1


def append(action: Action, body: Mapping[str, object], *, actor: str, leaves: Sequence[bytes] = ()) -> Statement:
    """Write one statement and queue it for sealing; return it.

    `body` holds strings, integers below 2^53, booleans, null, lists and objects (the canonical form of RFC 8785 that
    accounts/journal/canonical accepts). `leaves` are the canonical bytes of a batch's per-asset leaves; the statement
    carries their Merkle root and count.
    """
    identifier = new_id()
    at = timezone.now()
    batch_root = root([leaf_hash(leaf) for leaf in leaves]) if leaves else None
    payload = encode(
        {
            "version": STATEMENT_VERSION,
            "id": str(identifier),
            "workspace": str(current_workspace()),
            "action": str(action),
            "actor": actor,
            "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "leaves": {"count": len(leaves), "root": batch_root.hex() if batch_root else None},
            "body": dict(body),
        }
    )
    statement = Statement.objects.create(
        id=identifier,
        workspace_id=current_workspace(),
        action=action,
        actor=actor,
        payload=payload,
        digest=hashlib.sha256(payload).digest(),
        salt=secrets.token_bytes(32),
        leaves_root=batch_root,
        leaves_count=len(leaves),
        recorded_at=at,
    )
    push(Stage.SEAL, [identifier])
    return statement
