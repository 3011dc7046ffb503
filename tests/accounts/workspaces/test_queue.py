"""Rows are the queue: nothing that was pushed is lost, nothing is done twice, and what fails is seen."""

import datetime
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from celery import Celery, current_app
from django.db import connection
from django.utils import timezone

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import DeadLetter, Work
from accounts.workspaces.queue import (
    MAX_ATTEMPTS,
    Stage,
    alone,
    claim,
    done,
    drive,
    due_now,
    lease,
    postpone,
    push,
    waiting,
)
from accounts.workspaces.stages import run_stage
from tests.support.cast import Cast

STAGE = Stage.RAISE
SECOND = datetime.timedelta(seconds=1)
two_connections = pytest.mark.django_db(transaction=True)


class Bad(Exception):
    """What the handler of a test raises."""


def in_another_process(act: Callable[[], object]) -> object:
    """Run something on a database connection of its own, as another worker would; return what it returns."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(act())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def pushed(cast: Cast, count: int, due_at: datetime.datetime | None = None) -> list[uuid.UUID]:
    subjects = [new_id() for _ in range(count)]
    with in_workspace(cast.workspace.pk):
        push(STAGE, subjects, due_at)
    return subjects


def claimed(cast: Cast, limit: int = 100) -> list[uuid.UUID]:
    with in_workspace(cast.workspace.pk):
        return [item.subject for item in claim(STAGE, limit)]


def come_due(cast: Cast) -> None:
    """Let the time come at which everything that was put off is due."""
    Work.objects.filter(workspace=cast.workspace, stage=STAGE).update(due_at=timezone.now())


def test_work_comes_in_the_order_of_its_time_and_no_more_than_asked_for(cast: Cast) -> None:
    late = pushed(cast, 1, timezone.now() - SECOND)
    early = pushed(cast, 2, timezone.now() - 60 * SECOND)
    assert claimed(cast, limit=2) == early
    assert claimed(cast) == early + late


def test_work_of_another_stage_another_workspace_or_a_later_time_is_not_claimed(cast: Cast) -> None:
    pushed(cast, 1, timezone.now() + 3600 * SECOND)
    with in_workspace(cast.workspace.pk):
        push(Stage.OPEN, [new_id()])
    with in_workspace(cast.elsewhere.pk):
        push(STAGE, [new_id()])
    assert claimed(cast) == []


@two_connections
def test_two_workers_never_hold_the_same_work(cast: Cast) -> None:
    subjects = pushed(cast, 5)
    with in_workspace(cast.workspace.pk):
        mine = [item.subject for item in claim(STAGE, 2)]
        theirs = in_another_process(lambda: claimed(cast))
    assert isinstance(theirs, list)
    assert len(mine) == 2
    assert sorted(mine + theirs) == sorted(subjects)


@two_connections
def test_work_whose_worker_died_is_there_again(cast: Cast) -> None:
    subjects = pushed(cast, 3)

    def die_at_the_end() -> None:
        done(claim(STAGE, 3))
        raise Bad

    with pytest.raises(Bad), in_workspace(cast.workspace.pk):
        die_at_the_end()
    assert claimed(cast) == subjects


@two_connections
def test_a_stage_has_one_runner_per_workspace(cast: Cast) -> None:
    pushed(cast, 1)

    def other(workspace: uuid.UUID) -> bool:
        with in_workspace(workspace), alone(STAGE) as only_runner:
            return only_runner

    with in_workspace(cast.workspace.pk), alone(STAGE) as first:
        assert first
        assert in_another_process(lambda: other(cast.workspace.pk)) is False
        assert in_another_process(lambda: other(cast.elsewhere.pk)) is True
        assert in_another_process(lambda: run_stage(STAGE, cast.workspace.pk, fine, limit=10)) == 0
    assert in_another_process(lambda: other(cast.workspace.pk)) is True
    assert run_stage(STAGE, cast.workspace.pk, fine, limit=10) == 1


def fine(subjects: Sequence[uuid.UUID]) -> None:
    """Handle a batch without a complaint."""


def test_a_stage_hands_over_distinct_subjects_and_deletes_all_their_rows(cast: Cast) -> None:
    once = pushed(cast, 2)
    with in_workspace(cast.workspace.pk):
        push(STAGE, [once[0], once[0]])
    handed: list[uuid.UUID] = []
    assert run_stage(STAGE, cast.workspace.pk, handed.extend, limit=10) == 4
    assert handed == once
    with in_workspace(cast.workspace.pk):
        assert waiting(STAGE) == 0


def test_a_bad_row_waits_and_the_rest_of_its_batch_is_done(cast: Cast) -> None:
    subjects = pushed(cast, 4)
    handed: list[uuid.UUID] = []

    def handle(batch: Sequence[uuid.UUID]) -> None:
        if subjects[1] in batch:
            raise Bad("no such thing")
        handed.extend(batch)

    before = timezone.now()
    assert run_stage(STAGE, cast.workspace.pk, handle, limit=10) == 3
    assert handed == [subjects[0], *subjects[2:]]
    left = Work.objects.get(workspace=cast.workspace, stage=STAGE)
    assert (left.subject, left.attempts) == (subjects[1], 1)
    assert before + 2 * SECOND <= left.due_at <= timezone.now() + 2 * SECOND
    assert claimed(cast) == []


def test_each_failure_waits_twice_as_long_and_the_eighth_is_a_dead_letter(cast: Cast) -> None:
    (subject,) = pushed(cast, 1)

    def handle(batch: Sequence[uuid.UUID]) -> None:
        raise Bad("no such thing")

    for attempt in range(1, MAX_ATTEMPTS):
        come_due(cast)
        before = timezone.now()
        run_stage(STAGE, cast.workspace.pk, handle, limit=10)
        row = Work.objects.get(workspace=cast.workspace, stage=STAGE)
        assert row.attempts == attempt
        assert before + 2**attempt * SECOND <= row.due_at <= timezone.now() + 2**attempt * SECOND
    with in_workspace(cast.workspace.pk):
        assert not DeadLetter.objects.exists()
    come_due(cast)
    run_stage(STAGE, cast.workspace.pk, handle, limit=10)
    with in_workspace(cast.workspace.pk):
        letter = DeadLetter.objects.get()
        assert waiting(STAGE) == 0
    assert (letter.stage, letter.subject, letter.attempts) == ("raise", subject, 8)
    assert letter.reason == "Bad: no such thing"


def test_time_alone_makes_due_at_one_instant_the_last_one_that_was_set(cast: Cast) -> None:
    subject, other = new_id(), new_id()
    now = timezone.now()
    with in_workspace(cast.workspace.pk):
        push(STAGE, [subject])
        postpone(STAGE, {subject: now + 300 * SECOND, other: now + 300 * SECOND})
        postpone(STAGE, {subject: now + 200 * SECOND})
        postpone(STAGE, {subject: now + 400 * SECOND})
    rows = Work.objects.filter(workspace=cast.workspace, stage=STAGE, due_at__gt=now + SECOND)
    assert set(rows.values_list("subject", "due_at")) == {
        (subject, now + 400 * SECOND),
        (other, now + 300 * SECOND),
    }
    assert claimed(cast) == [subject]  # what already waited is not put off


def test_an_instant_that_has_passed_by_now_is_due_at_once(cast: Cast) -> None:
    subject = new_id()
    with in_workspace(cast.workspace.pk):
        postpone(STAGE, {subject: timezone.now() - SECOND})
    assert claimed(cast) == [subject]


def test_leased_work_is_anothers_only_after_the_lease(cast: Cast) -> None:
    subjects = pushed(cast, 2)
    with in_workspace(cast.workspace.pk):
        lease(claim(STAGE, 1), timezone.now() + 60 * SECOND)
    assert claimed(cast) == subjects[1:]
    come_due(cast)
    assert sorted(claimed(cast)) == sorted(subjects)


def test_what_is_due_is_counted_up_to_a_limit_and_what_waits_in_full(cast: Cast) -> None:
    pushed(cast, 3)
    pushed(cast, 2, timezone.now() + 60 * SECOND)
    with in_workspace(cast.workspace.pk):
        assert (due_now([STAGE], 100), due_now([STAGE], 2), due_now([Stage.OPEN], 100)) == (3, 2, 0)
        assert waiting(STAGE) == 5


@contextmanager
def broker_that_is_down() -> Iterator[None]:
    """Let Celery speak to an address where nothing listens, once and without patience."""
    former = current_app._get_current_object()
    down = Celery("down", broker="redis://127.0.0.1:1/0")
    down.conf.task_publish_retry = False
    down.conf.broker_connection_retry = False
    down.set_current()
    try:
        yield
    finally:
        down.close()
        former.set_current()


@two_connections
def test_a_wake_up_that_is_lost_loses_no_work(cast: Cast) -> None:
    with broker_that_is_down():
        subjects = pushed(cast, 2)
    assert claimed(cast) == subjects


@two_connections
def test_what_was_missed_is_driven_once_per_workspace_and_stage(cast: Cast) -> None:
    Work.objects.all().delete()
    assert drive() == 0
    pushed(cast, 3)
    pushed(cast, 1, timezone.now() + 60 * SECOND)
    with in_workspace(cast.elsewhere.pk):
        push(STAGE, [new_id()])
        push(Stage.OPEN, [new_id()])
        push(Stage.SEAL, [new_id()], timezone.now() + 60 * SECOND)
    assert drive() == 3
    assert run_stage(STAGE, cast.workspace.pk, fine, limit=10) == 3
    assert drive() == 2
