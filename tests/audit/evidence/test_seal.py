"""Every statement is ordered, signed and covered by a published checkpoint; nothing is sealed twice."""

import psycopg
import pytest

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.queue import Stage, push
from audit.evidence.ledger.note import Verifier, open_checkpoint, origin
from audit.evidence.models import Checkpoint, LedgerEntry
from audit.evidence.seal import LedgerBehind, checkpoint_path, seal_batch, seal_statements, signing_key
from config.stack.embedded import Embedded
from tests.support.cast import Cast


def seal(cast: Cast) -> None:
    seal_statements(cast.workspace.pk)


def test_every_statement_gets_one_entry_in_the_order_of_making(cast: Cast) -> None:
    seal(cast)
    with in_workspace(cast.workspace.pk):
        entries = list(LedgerEntry.objects.order_by("index").values_list("index", "statement"))
        made = list(Statement.objects.order_by("pk").values_list("pk", flat=True))
    assert entries == list(enumerate(made))


def test_the_checkpoint_covers_all_entries_and_opens_with_the_public_key(cast: Cast) -> None:
    seal(cast)
    name = origin(str(cast.workspace.pk))
    with in_workspace(cast.workspace.pk):
        newest = Checkpoint.objects.order_by("-size")[0]
        entries = LedgerEntry.objects.count()
    head = open_checkpoint(newest.note.encode(), Verifier(name, signing_key().public))
    assert (head.size, head.root) == (entries, bytes(newest.root))


def test_a_statement_delivered_twice_is_sealed_once(cast: Cast) -> None:
    seal(cast)
    with in_workspace(cast.workspace.pk):
        before = LedgerEntry.objects.count()
        push(Stage.SEAL, list(Statement.objects.values_list("pk", flat=True)))
    seal(cast)
    with in_workspace(cast.workspace.pk):
        assert LedgerEntry.objects.count() == before
        assert Checkpoint.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_database_behind_the_published_checkpoint_is_refused(cast: Cast, stack: Embedded) -> None:
    seal(cast)
    with in_workspace(cast.workspace.pk):
        append(Action.EXPORT_MADE, {"export": "x"}, actor="command")
    ahead = checkpoint_path(cast.workspace.pk).read_bytes()
    seal(cast)
    newest = checkpoint_path(cast.workspace.pk).read_bytes()
    assert newest != ahead
    with in_workspace(cast.workspace.pk):
        statement = append(Action.EXPORT_MADE, {"export": "y"}, actor="command")
        waiting = [statement.pk]
    with psycopg.connect(stack.superuser_url) as superuser:  # play the restored backup
        superuser.execute("DELETE FROM audit_checkpoint WHERE size = (SELECT max(size) FROM audit_checkpoint)")
    with pytest.raises(LedgerBehind, match="older than what was published"), in_workspace(cast.workspace.pk):
        seal_batch(waiting)
