"""No way round a legal hold: by SQL as the app's role, by the models, by another connection."""

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import Error, connection, transaction
from django.db.models import ProtectedError

from accounts.approvals.models import GovernedAct
from accounts.approvals.propose import propose, state_act
from accounts.journal.actions import Action
from accounts.members.models import Role
from accounts.members.rights import Principal
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace, in_workspace
from config.stack.embedded import Embedded
from lineage.events.models import DeletionReceipt, Event
from lineage.retention.delete_events import delete_expired
from lineage.retention.models import LegalHold, RetentionRule
from lineage.retention.queries import NO_ID
from tests.support.cast import Cast
from tests.support.retention import (
    ONE,
    TWO,
    database_now,
    delete_all,
    end,
    govern,
    hold,
    keep_for,
    kept,
    old_event,
    release,
)


@pytest.fixture
def ours(cast: Cast) -> Iterator[Cast]:
    """Our workspace, entered, with a rule that lets everything go after ten days."""
    with in_workspace(cast.workspace.pk):
        keep_for(10)
        yield cast


# ---- SQL as the app's role

DENIED = "permission denied|must be owner|not owner"
FORBIDDEN = [
    'DELETE FROM "lineage_event"',
    "UPDATE \"lineage_event\" SET body = ''",
    'TRUNCATE "lineage_event"',
    'DROP TABLE "lineage_event"',
    'ALTER TABLE "lineage_event" DISABLE ROW LEVEL SECURITY',
    'ALTER TABLE "lineage_event" DETACH PARTITION "lineage_event_default"',
    "DELETE FROM lineage_event_default",
    "DROP TABLE lineage_event_default",
    'DELETE FROM "lineage_legalhold"',
    'TRUNCATE "lineage_legalhold"',
    "UPDATE \"lineage_legalhold\" SET scope = 'event'",
    "UPDATE \"lineage_legalhold\" SET placed_by = 'member:three'",
    'ALTER TABLE "lineage_legalhold" DISABLE TRIGGER ALL',
    "SET session_replication_role = replica",
    "SET ROLE auditline_owner",
    'DELETE FROM "lineage_retentionrule"',
    'UPDATE "lineage_retentionrule" SET days = 1',
    'DELETE FROM "lineage_deletionreceipt"',
    'DELETE FROM "lineage_deletion"',
    'INSERT INTO "lineage_deletionreceipt" (id) VALUES (gen_random_uuid())',
    'INSERT INTO "lineage_deletion" (id) VALUES (gen_random_uuid())',
    "CREATE OR REPLACE FUNCTION auditline_hold_of(e lineage_event) RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
    "CREATE FUNCTION public.auditline_hold_of(e text) RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
    "DROP FUNCTION auditline_guard_hold() CASCADE",
]


BROKEN = {
    "UPDATE \"lineage_legalhold\" SET released_by = placed_by, released_at = now(), release_reason = ''": "an approved",
    "UPDATE \"lineage_legalhold\" SET released_by = 'token:x', released_at = now(), release_reason = ''": "an approved",
    'UPDATE "lineage_legalhold" SET released_at = now()': "an approved",
    'DELETE FROM "accounts_workspace"': "foreign key",
}


def run(*statements: str) -> None:
    """Run SQL in a savepoint, its deferred constraints included."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (*statements, "SET CONSTRAINTS ALL IMMEDIATE"):
            cursor.execute(statement)


@pytest.mark.parametrize(
    ("statement", "refusal"), [*((each, DENIED) for each in FORBIDDEN), *BROKEN.items()], ids=lambda value: value[:60]
)
def test_the_app_cannot_say_it(ours: Cast, statement: str, refusal: str) -> None:
    hold("everything")
    event = old_event()
    with pytest.raises(Error, match=refusal):
        run(statement)
    assert delete_all() == set()
    assert kept() == {event.pk}
    assert LegalHold.objects.get().released_at is None


def test_a_release_is_not_taken_back_nor_given_at_the_start(ours: Cast) -> None:
    placed = hold("everything")
    release(placed)
    undo = {"released_by": None, "released_at": None, "release_reason": None}
    with pytest.raises(Error, match="released once"), transaction.atomic():
        LegalHold.objects.filter(pk=placed.pk).update(**undo)
    with pytest.raises(Error, match="placed before it is released"), transaction.atomic():
        LegalHold.objects.create(
            workspace=ours.workspace, scope="everything", reason="x", placed_by=ONE, released_by=TWO,
            released_at=database_now(), release_reason="x",
        )  # fmt: skip


def test_an_ended_rule_does_not_come_back(ours: Cast) -> None:
    rule = RetentionRule.objects.get()
    end(rule)
    with pytest.raises(Error, match="ends once"), transaction.atomic():
        RetentionRule.objects.filter(pk=rule.pk).update(ended_at=None, ended_by=None, ended_act=None)


def call(batch: uuid.UUID, statement: uuid.UUID, after: uuid.UUID, most: int | None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT auditline_delete_events(%s, %s, %s, %s)", [batch, statement, after, most])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("most", [0, -1, 1_001, None])
def test_the_function_takes_bounded_batches_alone(ours: Cast, most: int | None) -> None:
    old_event()
    with pytest.raises(Error, match="1 to 1000"), transaction.atomic():
        call(new_id(), new_id(), NO_ID, most)


def test_the_function_with_other_arguments_deletes_nothing_that_is_held(ours: Cast) -> None:
    held = old_event()
    hold("event", event=held.pk)
    for after in (NO_ID, uuid.UUID(int=held.pk.int - 1), held.pk, uuid.UUID(int=2**128 - 1)):
        call(held.pk, held.pk, after, 1)
    assert kept() == {held.pk}
    assert not DeletionReceipt.objects.exists()


def test_a_deletion_without_its_statement_does_not_commit(ours: Cast) -> None:
    event = old_event()
    with pytest.raises(Error, match="statement"):
        run(f"SELECT auditline_delete_events(gen_random_uuid(), gen_random_uuid(), '{NO_ID}', 10)")
    assert kept() == {event.pk}
    assert not DeletionReceipt.objects.exists()


def test_the_setting_of_another_workspace_reaches_the_rows_of_that_one_under_its_own_holds(cast: Cast) -> None:
    with in_workspace(cast.elsewhere.pk):
        keep_for(10)
        hold("everything")
        theirs = old_event()
    with in_workspace(cast.workspace.pk):
        keep_for(10)
        gone = old_event()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('auditline.workspace', %s, true)", [str(cast.elsewhere.pk)])
            call(new_id(), new_id(), NO_ID, 100)
            cursor.execute("SELECT set_config('auditline.workspace', %s, true)", [str(cast.workspace.pk)])
        assert kept() == {gone.pk}
    with in_workspace(cast.elsewhere.pk):
        assert kept() == {theirs.pk}


def test_without_a_workspace_the_function_refuses(cast: Cast) -> None:
    with pytest.raises(Error, match="no workspace"), transaction.atomic():
        call(new_id(), new_id(), NO_ID, 10)


def test_the_orm_deletes_neither_events_nor_their_workspace(ours: Cast) -> None:
    event = old_event()
    hold("everything")
    for act in (event.delete, Event.objects.all().delete, ours.workspace.delete):
        with pytest.raises((Error, ProtectedError)), transaction.atomic():
            act()
    assert kept() == {event.pk}


def test_an_event_is_not_overwritten_by_one_of_the_same_id(ours: Cast) -> None:
    event = old_event()
    with pytest.raises(Error), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(received_at=database_now())
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO "lineage_event" SELECT * FROM "lineage_event" '
            "ON CONFLICT (id) DO UPDATE SET body = ''::bytea"
        )
    assert bytes(Event.objects.get(pk=event.pk).body) == event.body


def test_work_that_somebody_takes_away_changes_nothing_for_a_held_event(ours: Cast) -> None:
    event = old_event()
    hold("event", event=event.pk)
    with connection.cursor() as cursor:
        cursor.execute('DELETE FROM "accounts_work"')
    assert delete_all() == set()
    assert kept() == {event.pk}


# ---- no act, no statement


SET_RULE = """
INSERT INTO "lineage_retentionrule" (id, workspace_id, kind, source, data_class, days, reason, set_by, act_id)
VALUES (%s, %s, %s, %s, %s, %s, 'x', %s, %s)
"""
END_RULE = 'UPDATE "lineage_retentionrule" SET ended_at = now(), ended_by = %s, ended_act_id = %s WHERE id = %s'
RELEASE = """
UPDATE "lineage_legalhold" SET released_at = now(), released_by = %s, release_reason = 'x', released_act_id = %s
WHERE id = %s
"""
PLACE = """
INSERT INTO "lineage_legalhold" (id, workspace_id, scope, asset_sources, reason, reference, placed_by)
VALUES (%s, %s, 'everything', '{}', 'x', '', 'member:one')
"""


def write(statement: str, *values: Any) -> None:
    """Run SQL in a savepoint, as if it were the whole of a transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def approved_alone(
    kind: str, payload: dict[str, Any], proposer: str = ONE, decider: str = TWO, state: str = "approved"
) -> GovernedAct:
    """Return an act that is approved (or rejected) and on record, and that nothing was done for."""
    act = propose(kind, payload, "x", Principal(current_workspace(), Role.OFFICER, proposer, "one"))
    act.state, act.decided_by, act.decider, act.decided_at = state, decider, uuid.UUID(decider[7:]), database_now()
    act.save(update_fields=["state", "decided_by", "decider", "decided_at"])
    state_act(act, Action.ACT_APPROVED if state == "approved" else Action.ACT_REJECTED, decider)
    return act


def test_a_rule_by_sql_needs_an_approved_act_that_says_just_this(ours: Cast) -> None:
    key = GovernedAct.objects.get().pk  # of the rule that is in force: any events, ten days
    waits = propose("retention.set", {"kind": "job", "days": 9}, "x", Principal(ours.workspace.pk, Role.ADMIN, ONE, ""))
    of_all, of_jobs = (None, None, None), ("job", None, None)
    for about, days, by, act in (
        (of_jobs, 10, TWO, key), ((None, "cmdb", None), 10, TWO, key), ((None, None, "personal"), 10, TWO, key),
        (of_all, 9, TWO, key), (of_all, 10, ONE, key), (of_all, 10, TWO, None), (of_all, 10, TWO, new_id()),
        (of_jobs, 9, TWO, waits.pk),
    ):  # fmt: skip
        with pytest.raises(Error, match="set by an approved act"):
            write(SET_RULE, new_id(), ours.workspace.pk, *about, days, by, act)


@pytest.mark.parametrize(("state", "by"), [("rejected", TWO), ("approved", f"member:{uuid.UUID(int=3)}")])
def test_an_act_that_was_rejected_or_that_another_decided_does_nothing(ours: Cast, state: str, by: str) -> None:
    rule, placed = RetentionRule.objects.get(), hold("everything")
    job = approved_alone("retention.set", {"kind": "job", "days": 9}, state=state)
    ends = approved_alone("retention.end", {"rule": str(rule.pk)}, state=state)
    releases = approved_alone("hold.release", {"hold": str(placed.pk)}, state=state)
    with pytest.raises(Error, match="set by an approved act"):
        write(SET_RULE, new_id(), ours.workspace.pk, "job", None, None, 9, by, job.pk)
    with pytest.raises(Error, match="ends by an approved act"):
        write(END_RULE, by, ends.pk, rule.pk)
    with pytest.raises(Error, match="released by an approved act"):
        write(RELEASE, by, releases.pk, placed.pk)


def test_an_act_sets_one_rule(ours: Cast) -> None:
    key = GovernedAct.objects.get().pk
    end(RetentionRule.objects.get())
    with pytest.raises(Error, match="retention_once_per_act"):
        write(SET_RULE, new_id(), ours.workspace.pk, None, None, None, 10, TWO, key)


def test_a_rule_by_sql_does_not_end_without_an_act_about_it(ours: Cast) -> None:
    rule, other = RetentionRule.objects.get(), keep_for(5, kind="job")
    for act in (None, rule.act_id, other.act_id):
        with pytest.raises(Error, match="ends by an approved act"):
            write(END_RULE, TWO, act, rule.pk)


def test_a_hold_by_sql_is_not_released_without_an_act_about_it(ours: Cast) -> None:
    placed, other = hold("everything"), hold("sender", sender="token:a")
    for act in (None, govern("hold.release", {"hold": str(other.pk)}).pk):
        with pytest.raises(Error, match="released by an approved act"):
            write(RELEASE, TWO, act, placed.pk)


def test_who_placed_a_hold_does_not_release_it_by_an_act_that_another_proposed(ours: Cast) -> None:
    placed = hold("everything")
    act = approved_alone("hold.release", {"hold": str(placed.pk)}, proposer=TWO, decider=ONE)
    with pytest.raises(Error, match="hold_released_by_another"):
        write(RELEASE, ONE, act.pk, placed.pk)


def test_what_is_done_by_sql_does_not_commit_without_its_statement(ours: Cast) -> None:
    rule, placed = RetentionRule.objects.get(), hold("everything")
    job = approved_alone("retention.set", {"kind": "job", "days": 9})
    ends = approved_alone("retention.end", {"rule": str(rule.pk)})
    releases = approved_alone("hold.release", {"hold": str(placed.pk)})
    for statement, *values in (
        [SET_RULE, new_id(), ours.workspace.pk, "job", None, None, 9, TWO, job.pk],
        [END_RULE, TWO, ends.pk, rule.pk],
        [RELEASE, TWO, releases.pk, placed.pk],
        [PLACE, new_id(), ours.workspace.pk],
    ):
        with pytest.raises(Error, match="has no statement that says so"):
            write(str(statement), *values)
    assert [each.ended_at for each in RetentionRule.objects.all()] == [None]
    assert [each.released_at for each in LegalHold.objects.all()] == [None]


# ---- two connections


def committed(cast: Cast) -> Event:
    """Commit a rule and an event that it lets go."""
    with in_workspace(cast.workspace.pk):
        keep_for(10)
        return old_event()


def place_as(connection: "psycopg.Connection[Any]", cast: Cast) -> None:
    """Place a hold on everything with its statement, by SQL, and commit."""
    key = new_id()
    with connection.transaction():
        connection.execute("SELECT set_config('auditline.workspace', %s, true)", [str(cast.workspace.pk)])
        connection.execute(
            "INSERT INTO lineage_legalhold (id, workspace_id, scope, asset_sources, reason, reference, placed_by) "
            "VALUES (%s, %s, 'everything', '{}', 'x', '', 'member:one')",
            [key, cast.workspace.pk],
        )
        connection.execute(
            "INSERT INTO accounts_statement (id, workspace_id, action, actor, made_at, revision, subjects, body) "
            "VALUES (%s, %s, 'lineage:hold:placed', 'command', now(), 0, '[]', jsonb_build_object('hold', %s::text))",
            [new_id(), cast.workspace.pk, key],
        )


@pytest.mark.django_db(transaction=True)
def test_a_hold_placed_after_the_transaction_of_a_deletion_began_is_seen(cast: Cast, stack: Embedded) -> None:
    event = committed(cast)
    with in_workspace(cast.workspace.pk), psycopg.connect(stack.app_url) as other:
        assert kept() == {event.pk}  # selected
        place_as(other, cast)
        assert delete_all() == set()
    with in_workspace(cast.workspace.pk):
        assert kept() == {event.pk}


@pytest.mark.django_db(transaction=True)
def test_a_deletion_waits_for_a_hold_that_is_being_placed(cast: Cast, stack: Embedded) -> None:
    event = committed(cast)
    with psycopg.connect(stack.app_url) as placing:
        with placing.transaction():
            place_as(placing, cast)
            deleting = threading.Thread(target=in_thread, args=[cast])
            deleting.start()
            wait_until_locked(placing, deleting)
            assert deleting.is_alive()
        deleting.join()
    with in_workspace(cast.workspace.pk):
        assert kept() == {event.pk}


@pytest.mark.django_db(transaction=True)
def test_a_hold_that_comes_during_a_deletion_waits_for_its_end(cast: Cast, stack: Embedded) -> None:
    committed(cast)
    with psycopg.connect(stack.app_url) as placing, psycopg.connect(stack.app_url) as watching:
        with in_workspace(cast.workspace.pk):
            assert len(delete_all()) == 1
            waiting = threading.Thread(target=place_as, args=[placing, cast])
            waiting.start()
            wait_until_locked(watching, waiting)
            assert waiting.is_alive()
        waiting.join()
    with in_workspace(cast.workspace.pk):
        assert LegalHold.objects.count() == 1
        later = old_event()
        assert delete_all() == set()
        assert kept() == {later.pk}


def in_thread(cast: Cast) -> None:
    try:
        delete_expired(cast.workspace.pk)
    finally:
        connection.close()


def wait_until_locked(watching: "psycopg.Connection[Any]", thread: threading.Thread) -> None:
    """Return once the thread waits for the lock of retention, or has ended without waiting."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while thread.is_alive() and watching.execute(waiting).fetchone() == (0,):
        pass


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_deletion_from_an_older_snapshot_is_refused(cast: Cast, stack: Embedded, level: str) -> None:
    event = committed(cast)
    with psycopg.connect(stack.app_url) as old, psycopg.connect(stack.app_url) as other:
        old.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        old.execute("SELECT set_config('auditline.workspace', %s, true)", [str(cast.workspace.pk)])
        assert old.execute("SELECT count(*) FROM lineage_event").fetchone() == (1,)
        place_as(other, cast)
        with pytest.raises(psycopg.errors.RaiseException, match="READ COMMITTED"):
            old.execute("SELECT auditline_delete_events(%s, %s, %s, 10)", [new_id(), new_id(), NO_ID])
        old.rollback()
    with in_workspace(cast.workspace.pk):
        assert kept() == {event.pk}
