"""Every statement is ordered, signed and covered by a published checkpoint; nothing is sealed twice."""

import html
import subprocess
from pathlib import Path

import psycopg
import pytest
from pytest_django import Settings

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.queue import Stage, push
from audit.evidence.ledger.errors import KeyRefused
from audit.evidence.ledger.note import Verifier, open_checkpoint, origin
from audit.evidence.models import Checkpoint, LedgerEntry
from audit.evidence.seal import LedgerBehind, checkpoint_path, seal_batch, seal_statements, signing_key
from config.stack.embedded import Embedded
from tests.support.cast import Cast

DOC = Path(__file__).parents[3] / "docs" / "evidence.md"


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


def test_the_verifier_key_is_published_with_the_head_and_readers_see_it_on_page_and_api(cast: Cast) -> None:
    seal(cast)
    wanted = Verifier(origin(str(cast.workspace.pk)), signing_key().public).vkey
    (row,) = cast.api["auditor"].get("/api/v1/checkpoints").json()["results"]
    assert row["vkey"] == wanted
    assert open_checkpoint(row["note"].encode(), Verifier.parse(row["vkey"])).size == row["size"]
    page = cast.page(cast.auditor).get(f"/w/{cast.workspace.slug}/evidence/").content.decode()
    assert wanted in html.unescape(page)


def test_reading_evidence_never_opens_the_private_key(cast: Cast, settings: Settings, tmp_path: Path) -> None:
    seal(cast)
    signing_key.cache_clear()
    settings.AUDITLINE_SIGNING_KEY_FILE = tmp_path / "broken.pem"
    (tmp_path / "broken.pem").write_text("no key: whoever opens this file fails")
    try:
        assert cast.page(cast.auditor).get(f"/w/{cast.workspace.slug}/evidence/").status_code == 200
        assert cast.api["auditor"].get("/api/v1/checkpoints").status_code == 200
        with pytest.raises(KeyRefused):
            signing_key()
    finally:
        signing_key.cache_clear()


@pytest.mark.parametrize("changed", [False, True], ids=["as published", "one entry more"])
def test_a_stranger_checks_a_checkpoint_as_the_docs_say(cast: Cast, tmp_path: Path, changed: bool) -> None:
    seal(cast)
    (row,) = cast.api["auditor"].get("/api/v1/checkpoints").json()["results"]
    note = row["note"].replace(f"\n{row['size']}\n", f"\n{row['size'] + 1}\n") if changed else row["note"]
    (tmp_path / "checkpoint").write_text(note)
    (tmp_path / "vkey").write_text(row["vkey"] + "\n")
    commands = DOC.read_text().partition("```sh\n")[2].partition("```")[0]
    said = subprocess.run(["sh", "-c", commands], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (said.returncode == 0) == (not changed), said.stderr
    assert ("Signature Verified Successfully" in said.stdout) == (not changed)
