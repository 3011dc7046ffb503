"""What a rule lets go, goes, with a receipt and a statement; what no rule names stays for ever."""

import datetime
import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from accounts.approvals.errors import ActRefused
from accounts.journal.canonical.merkle import leaf_hash, root
from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import DeadLetter, Work
from audit.evidence.models import LedgerEntry
from audit.evidence.seal import seal_statements
from lineage.events.models import DeletionReceipt, Event, EventReceipt
from lineage.events.record import store_event
from lineage.graph.project import project, project_events
from lineage.inventory.models import Asset, ImportResult, Source
from lineage.retention.delete_events import delete_expired
from lineage.retention.models import Deletion
from lineage.retention.queries import RuleClass, preview
from tests.support.cast import Cast
from tests.support.openlineage import run_event
from tests.support.retention import about, database_now, delete_all, end, hold, keep_for, kept, old_event

MICROSECOND = datetime.timedelta(microseconds=1)


@pytest.fixture
def ours(cast: Cast) -> Iterator[Cast]:
    """Our workspace, entered."""
    with in_workspace(cast.workspace.pk):
        yield cast


def asset(cast: Cast, kind: str, uid: str, **document: object) -> Asset:
    at = database_now()
    return Asset.objects.create(
        workspace=cast.workspace, kind=kind, uid=uid, name=uid, state="reported", document=document, first_seen_at=at,
        last_seen_at=at, rev_changed=0,
    )  # fmt: skip


# ---- rules


def test_without_a_rule_nothing_is_deleted(ours: Cast) -> None:
    event = old_event(days=20_000)
    assert delete_all() == set()
    assert kept() == {event.pk}


def test_an_event_goes_once_it_is_older_than_its_rule_says(ours: Cast) -> None:
    keep_for(90)
    old, young = old_event(days=91), old_event(days=89)
    assert delete_all() == {old.pk}
    assert kept() == {young.pk}


def test_an_event_of_exactly_that_age_stays_and_one_a_microsecond_older_goes(ours: Cast) -> None:
    keep_for(30)
    edge = database_now() - datetime.timedelta(days=30)
    exact, older = old_event(received_at=edge), old_event(received_at=edge - MICROSECOND)
    assert delete_all() == {older.pk}
    assert kept() == {exact.pk}


def test_an_event_from_the_future_stays(ours: Cast) -> None:
    keep_for(1)
    ahead = old_event(days=-400)
    assert delete_all() == set()
    assert kept() == {ahead.pk}


def test_a_rule_for_a_kind_or_a_source_is_about_these_alone(ours: Cast) -> None:
    keep_for(10, kind="job")
    keep_for(10, kind="inventory", source="cmdb")
    job, run = old_event(kind="job"), old_event(kind="run")
    gone = old_event(b"{}", kind="inventory", source="cmdb", days=101)
    newest, other = (old_event(b"{}", kind="inventory", source=source) for source in ("cmdb", "hr"))
    assert delete_all() == {job.pk, gone.pk}
    assert kept() == {run.pk, newest.pk, other.pk}


def test_events_about_personal_data_have_a_period_of_their_own(ours: Cast) -> None:
    asset(ours, "dataset", "s3%3A%2F%2Flake/people", classification="personal")
    asset(ours, "dataset", "s3%3A%2F%2Flake/flagged", contains_personal_data=True)
    asset(ours, "dataset", "s3%3A%2F%2Flake/prices", classification="public")
    keep_for(365)
    keep_for(30, data_class="personal")
    gone = {old_event(about(name)).pk for name in ("people", "flagged")}
    stay = {old_event(about(name)).pk for name in ("prices", "unknown")}
    assert delete_all() == gone
    assert kept() == stay


def test_an_inventory_about_people_is_personal(ours: Cast) -> None:
    keep_for(30, data_class="personal")
    batches = [old_event(b"{}", kind="inventory", source="hr", days=days) for days in (103, 102, 101)]
    source = Source.objects.create(workspace=ours.workspace, door="inventory", name="hr")
    for batch, kinds in zip(batches, (["person", "team"], ["team"], []), strict=True):
        ImportResult.objects.create(
            workspace=ours.workspace, event=batch.pk, source=source, rows=0, created=0, changed=0, unchanged=0,
            retired=0, rejected=0, kinds=kinds,
        )  # fmt: skip
    assert delete_all() == {batches[0].pk}


def test_of_two_rules_the_narrower_decides_and_of_equal_ones_the_longer(ours: Cast) -> None:
    for name, label in (("people", "personal"), ("secret", "confidential")):
        asset(ours, "dataset", f"s3%3A%2F%2Flake/{name}", classification=label)
    keep_for(10)
    keep_for(500, kind="job")
    keep_for(50, data_class="personal")
    keep_for(5_000, data_class="confidential")
    assert delete_all() == set()
    job, personal = old_event(kind="job"), old_event(about("people"))
    both, plain = old_event(about("people", "secret")), old_event()
    assert delete_all() == {personal.pk, plain.pk}
    assert kept() == {job.pk, both.pk}


def test_an_ended_rule_deletes_nothing(ours: Cast) -> None:
    rule = keep_for(10)
    end(rule)
    with pytest.raises(ActRefused, match="Nothing is to be ended"):
        end(rule)
    event = old_event()
    assert delete_all() == set()
    assert kept() == {event.pk}


def test_a_new_rule_takes_the_place_of_the_former_one(ours: Cast) -> None:
    keep_for(10)
    keep_for(1_000)
    old_event()
    assert delete_all() == set()


# ---- what waits, and what is still in force


def test_an_event_that_is_not_projected_stays(ours: Cast) -> None:
    keep_for(10)
    event = old_event()
    work = Work.objects.create(workspace=ours.workspace, stage="project", subject=event.pk)
    assert delete_all() == set()
    work.delete()
    assert delete_all() == {event.pk}


def test_an_event_of_an_open_dead_letter_stays_until_it_was_replayed(ours: Cast) -> None:
    keep_for(10)
    event = old_event()
    letter = DeadLetter.objects.create(
        workspace=ours.workspace, stage="project", subject=event.pk, reason="ValueError: x", attempts=8
    )
    assert delete_all() == set()
    letter.replayed_at = database_now()
    letter.save()
    assert delete_all() == {event.pk}


def test_the_newest_batch_of_a_source_stays_for_it_is_what_the_source_says(ours: Cast) -> None:
    keep_for(10)
    first, last = (old_event(b"{}", kind="inventory", source="cmdb", days=days) for days in (200, 100))
    assert delete_all() == {first.pk}
    assert kept() == {last.pk}


# ---- what stays of a deleted event


def test_a_deleted_event_leaves_its_receipt_and_no_content(ours: Cast) -> None:
    rule, event = keep_for(10), old_event()
    delete_all()
    receipt = DeletionReceipt.objects.get(pk=event.pk)
    assert bytes(receipt.kept_digest) == event.kept_digest
    assert bytes(receipt.received_digest) == event.received_digest
    assert (receipt.kind, receipt.received_at, receipt.rule_id) == ("run", event.received_at, rule.pk)
    assert EventReceipt.objects.filter(pk=event.pk).exists()
    assert not {"body", "sender", "source", "parameters"} & {field.name for field in DeletionReceipt._meta.fields}


def test_a_batch_states_what_went_by_which_rule_beside_which_holds(ours: Cast) -> None:
    rule, other = keep_for(10), keep_for(20, kind="job")
    gone = sorted([old_event(), old_event(kind="job"), old_event()], key=lambda event: event.pk)
    stays = hold("event", event=old_event().pk)
    delete_all()
    deletion = Deletion.objects.get()
    body = Statement.objects.get(pk=deletion.statement, action="lineage:events:deleted").body
    leaves = [leaf_hash(event.pk.bytes + event.kept_digest) for event in gone]
    assert body["root"] == root(leaves).hex()
    assert (body["first"], body["last"], body["count"]) == (str(gone[0].pk), str(gone[-1].pk), 3)
    assert {each["rule"]: each["count"] for each in body["rules"]} == {str(rule.pk): 2, str(other.pk): 1}
    assert body["holds"] == [str(stays.pk)]
    assert (deletion.count, deletion.first, deletion.last) == (3, gone[0].pk, gone[-1].pk)


def test_batches_are_bounded_and_each_has_its_statement(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        keep_for(10)
        gone = {old_event().pk for _ in range(7)}
        stays = old_event(kind="job", days=5).pk
    assert delete_expired(cast.workspace.pk, batch=3) == 7
    with in_workspace(cast.workspace.pk):
        assert sorted(Deletion.objects.values_list("count", flat=True)) == [1, 3, 3]
        assert Statement.objects.filter(action="lineage:events:deleted").count() == 3
        assert set(DeletionReceipt.objects.values_list("pk", flat=True)) == gone
        assert kept() == {stays}
    assert delete_expired(cast.workspace.pk, batch=3) == 0


def test_a_deletion_is_sealed(ours: Cast) -> None:
    keep_for(10)
    old_event()
    delete_all()
    seal_statements(ours.workspace.pk)
    assert LedgerEntry.objects.filter(statement=Deletion.objects.get().statement).exists()


# ---- readers of an event that has gone


def test_the_same_content_again_gets_its_old_receipt_with_the_digest(ours: Cast) -> None:
    keep_for(10)
    event = old_event()
    delete_all()
    digest = bytes(EventReceipt.objects.get(pk=event.pk).content_digest)
    again = store_event(Event.Kind.RUN, b"{}", "application/json", b"r" * 32, digest, "token:a")
    assert (again.event_id, again.duplicate, again.kept_digest) == (event.pk, True, event.kept_digest)
    assert kept() == set()
    assert not Work.objects.filter(subject=event.pk).exists()


def test_work_for_a_deleted_event_is_worked_off_and_changes_nothing(ours: Cast) -> None:
    keep_for(10)
    event = old_event()
    delete_all()
    before = Statement.objects.count()
    project_events([event.pk])
    Work.objects.create(workspace=ours.workspace, stage="project", subject=event.pk)
    assert project(ours.workspace.pk) == 1
    assert Statement.objects.count() == before
    assert not Asset.objects.exists()


def test_the_api_says_what_was_deleted_when_and_by_which_rule(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        rule, event = keep_for(10), old_event()
        delete_all()
        deletion = Deletion.objects.get()
    path = f"/api/v1/raw-events/{event.pk}"
    answer = cast.api["auditor"].get(path)
    assert answer.status_code == 410
    error = answer.json()["error"]
    assert error["code"] == "event_deleted"
    assert error["details"]["rule"] == str(rule.pk)
    assert error["details"]["kept_digest"] == event.kept_digest.hex()
    assert error["details"]["deletion"] == str(deletion.pk)
    assert error["details"]["statement"] == str(deletion.statement)
    assert cast.api["outsider"].get(path).status_code == 404
    assert cast.api["pipeline"].get(path).status_code == 403
    assert cast.api["auditor"].get("/api/v1/raw-events").json()["results"] == []


def test_auditor_computes_the_root_from_the_receipts(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        keep_for(10)
        for _ in range(3):
            old_event()
        delete_all()
        deletion = Deletion.objects.get()
        said = Statement.objects.get(pk=deletion.statement).body["root"]
    rows = cast.api["auditor"].get(f"/api/v1/deletion-receipts?deletion={deletion.pk}").json()["results"]
    leaves = [uuid.UUID(row["id"]).bytes + bytes.fromhex(row["kept_digest"]) for row in rows]
    assert root([leaf_hash(leaf) for leaf in leaves]).hex() == said
    assert cast.api["outsider"].get("/api/v1/deletion-receipts").json()["results"] == []
    assert cast.api["pipeline"].get("/api/v1/deletion-receipts").status_code == 403


# ---- before a rule is set


def test_a_preview_says_what_the_deletion_then_does(ours: Cast) -> None:
    waits, held = old_event(), old_event()
    Work.objects.create(workspace=ours.workspace, stage="project", subject=waits.pk)
    hold("event", event=held.pk)
    gone = sorted([old_event().pk, old_event().pk])
    old_event(days=5)
    newest = old_event(b"{}", kind="inventory", source="cmdb")
    seen = preview(RuleClass(), 10)
    assert (seen.would_delete, seen.held, seen.waiting, seen.newest) == (2, 1, 1, 1)
    assert (seen.first, seen.last, seen.complete) == (gone[0], gone[1], True)
    assert delete_all() == set()  # looking deletes nothing
    keep_for(10)
    assert delete_all() == set(gone)
    assert newest.pk in kept()


def test_a_preview_counts_what_narrower_rules_leave_to_it(ours: Cast) -> None:
    keep_for(1_000, kind="run")
    old_event()
    old_event(kind="job")
    assert preview(RuleClass(), 10).would_delete == 1


@pytest.mark.parametrize("days", [0, -1, 40_000])
def test_a_rule_of_no_days_is_refused(ours: Cast, days: int) -> None:
    with pytest.raises(ValidationError, match="Ensure this value"):
        keep_for(days)


# ---- names as uids are made


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30))
def test_the_database_quotes_names_as_uids_do(django_db_setup: None, django_db_blocker: Any, text: str) -> None:
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT auditline_quoted(%s)", [text])
        assert cursor.fetchone()[0] == quote(text, safe="")


def test_every_name_in_an_event_counts_wherever_it_stands(ours: Cast) -> None:
    body = run_event(
        namespace="a b", job="j/1",
        job_facets={"x": {"deep": [{"inputFields": [{"namespace": "é", "name": "t", "field": "c"}]}], "name": "no"}},
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT auditline_names(%s::jsonb)", [json.dumps(body)])
        assert set(cursor.fetchone()[0]) == {"a%20b/j%2F1", "%C3%A9/t"}
