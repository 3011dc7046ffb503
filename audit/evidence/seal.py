"""Seal: order the journal's statements, sign them, append them to the ledger, publish a checkpoint.

The sequencer is the only holder of the private key and the only writer of a workspace's log: the stage runs once at a
time per workspace under a transaction-level advisory lock.

Commit point: entries and checkpoint row commit together, so there is never a root without its entries and never a
second root of one size. The checkpoint file is written after that; a crash in between leaves an older file, which the
next run replaces. A file that is ahead of the database means a restored backup: sealing stops (LedgerBehind), because
going on would sign a second root at a size that is already out in the world.
"""

import datetime
import uuid
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.errors import AuditlineError
from accounts.journal.canonical.merkle import CompactRange
from accounts.journal.models import Statement
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.queue import Stage
from accounts.workspaces.stages import run_stage
from audit.evidence.ledger.keys import SigningKey
from audit.evidence.ledger.note import Checkpoint as Head
from audit.evidence.ledger.note import Verifier, open_checkpoint, origin, sign_checkpoint
from audit.evidence.ledger.record import seal
from audit.evidence.models import Checkpoint, LedgerEntry, LedgerNode
from audit.evidence.nodes import kept_nodes
from audit.evidence.private import write_private
from audit.evidence.statements import as_sealed

BATCH = 1000


class LedgerBehind(AuditlineError):
    """The database knows fewer entries than the published checkpoint."""

    code = "ledger_behind"
    status = 503


def seal_statements(workspace_id: uuid.UUID) -> int:
    """Run the stage: its rows are statements that were appended to the journal."""
    return run_stage(Stage.SEAL, workspace_id, seal_batch, limit=BATCH)


def seal_batch(statements: Sequence[uuid.UUID]) -> None:
    """Append these statements to the log and publish its new head.

    1. Restore the head; refuse when the published one is ahead.
    2. Leave out what an earlier delivery sealed already.
    3. Sign each statement at its index, in the order of their ids (which is that of their making).
    4. Write entries, the nodes that they complete, and the checkpoint; publish the file once they are committed.
    """
    log_name = origin(str(current_workspace()))
    head = _restore(log_name)
    sealed = set(LedgerEntry.objects.filter(statement__in=statements).values_list("statement", flat=True))
    waiting = Statement.objects.filter(pk__in=set(statements) - sealed).order_by("pk")
    now = timezone.now()
    nodes: list[LedgerNode] = []
    entries = [_entry(statement, head, now, nodes) for statement in waiting]
    if not entries:
        return
    note = sign_checkpoint(Head(log_name, head.size, head.root()), signing_key()).decode()
    LedgerEntry.objects.bulk_create(entries, batch_size=500)
    LedgerNode.objects.bulk_create(nodes, batch_size=500)
    Checkpoint.objects.create(
        workspace_id=current_workspace(),
        size=head.size,
        root=head.root(),
        frontier=[node.hex() for node in head.hashes],
        note=note,
        vkey=Verifier(log_name, signing_key().public).vkey,
        published_at=now,
    )
    path = checkpoint_path(current_workspace())
    transaction.on_commit(lambda: write_private(path, note))


def _entry(statement: Statement, head: CompactRange, now: datetime.datetime, nodes: list[LedgerNode]) -> LedgerEntry:
    """Sign one statement as the next entry and move the head past it; add the nodes that it completes to `nodes`."""
    signer = signing_key()
    sealed = seal(as_sealed(statement, head.size, now), signer)
    completed = kept_nodes(sealed.index, head.append(sealed.leaf_hash))
    nodes += [
        LedgerNode(workspace_id=current_workspace(), level=level, index=index, hash=node)
        for level, index, node in completed
    ]
    return LedgerEntry(
        workspace_id=current_workspace(),
        index=sealed.index,
        statement=statement.pk,
        salt=sealed.salt,
        digest=sealed.digest,
        leaf_hash=sealed.leaf_hash,
        signature=sealed.signature,
        key_id=signer.public.fingerprint,
        sealed_at=now,
    )


def _restore(log_name: str) -> CompactRange:
    newest = Checkpoint.objects.order_by("-size").first()
    size = newest.size if newest else 0
    path = checkpoint_path(current_workspace())
    if path.is_file():
        published = open_checkpoint(path.read_bytes(), Verifier(log_name, signing_key().public))
        if published.size > size:
            raise LedgerBehind(
                f"The published checkpoint {path} covers {published.size} entries, this database knows {size}: it "
                "is older than what was published. Restore the newest backup; nothing is sealed until then."
            )
    if newest is None:
        return CompactRange()
    return CompactRange.restore(size, [bytes.fromhex(node) for node in newest.frontier])


@cache
def signing_key() -> SigningKey:
    """Return the ledger's private key; only the sequencer and export covers call this.

    It is made where no ledger has ever been published; after that a missing file is an error (KeyRefused), because a
    new key made in silence could not be told from a forgery.
    """
    path = Path(settings.AUDITLINE_SIGNING_KEY_FILE)
    if path.exists() or ledger_folder().exists():
        return SigningKey.load(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return SigningKey.create(path)


def ledger_folder() -> Path:
    """Return where checkpoints are published, one folder per workspace."""
    return Path(settings.AUDITLINE_HOME) / "ledger"


def checkpoint_path(workspace_id: uuid.UUID) -> Path:
    """Return where the newest checkpoint of a workspace is published as a file."""
    return ledger_folder() / str(workspace_id) / "checkpoint"
