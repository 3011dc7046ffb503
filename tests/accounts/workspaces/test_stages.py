"""A stage works off its rows: a bad one is found among many without holding up the others."""

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connection

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from accounts.workspaces.queue import Stage, push
from accounts.workspaces.stages import LOOKS, run_stage
from config.stack.embedded import Embedded
from tests.support.cast import Cast


def test_one_bad_row_among_hundreds_is_found_in_a_few_transactions(cast: Cast) -> None:
    rows = [new_id() for _ in range(300)]
    bad, handled, calls = rows[137], list[uuid.UUID](), list[int]()

    def handle(subjects: Sequence[uuid.UUID]) -> None:
        calls.append(len(subjects))
        if bad in subjects:
            raise ValueError("a bad row")
        handled.extend(subjects)

    with in_workspace(cast.workspace.pk):
        push(Stage.RAISE, rows)
    assert run_stage(Stage.RAISE, cast.workspace.pk, handle, limit=1000) == 299
    assert sorted(handled) == sorted(set(rows) - {bad}), "each of the others is handled, and once"
    assert len(calls) < 30
    with in_workspace(cast.workspace.pk):
        left = Work.objects.get(stage=Stage.RAISE)
    assert (left.subject, left.attempts) == (bad, 1)


def test_bad_rows_side_by_side_are_all_kept_for_later(cast: Cast) -> None:
    rows = [new_id() for _ in range(8)]

    def handle(subjects: Sequence[uuid.UUID]) -> None:
        if set(rows[2:5]) & set(subjects):
            raise ValueError("a bad row")

    with in_workspace(cast.workspace.pk):
        push(Stage.RAISE, rows)
    assert run_stage(Stage.RAISE, cast.workspace.pk, handle, limit=1000) == 5
    with in_workspace(cast.workspace.pk):
        waiting = Work.objects.filter(stage=Stage.RAISE).values_list("subject", "attempts")
        assert sorted(waiting) == sorted((row, 1) for row in rows[2:5])


def test_what_a_stage_leaves_goes_into_the_next_transactions(cast: Cast) -> None:
    rows, calls = [new_id() for _ in range(5)], list[list[uuid.UUID]]()

    def handle(subjects: Sequence[uuid.UUID]) -> Sequence[uuid.UUID]:
        calls.append(list(subjects[:2]))
        return subjects[2:]

    with in_workspace(cast.workspace.pk):
        push(Stage.RAISE, rows)
    assert run_stage(Stage.RAISE, cast.workspace.pk, handle, limit=1000) == 5
    assert calls == [rows[:2], rows[2:4], rows[4:]], "each once, in the order in which they came"


def test_what_a_half_leaves_is_not_taken_for_done(cast: Cast) -> None:
    rows, handled = [new_id() for _ in range(8)], list[uuid.UUID]()

    def handle(subjects: Sequence[uuid.UUID]) -> Sequence[uuid.UUID]:
        if rows[7] in subjects:
            raise ValueError("a bad row")
        handled.extend(subjects[:1])
        return subjects[1:]

    with in_workspace(cast.workspace.pk):
        push(Stage.RAISE, rows)
    run_stage(Stage.RAISE, cast.workspace.pk, handle, limit=1000)
    assert sorted(handled) == sorted(rows[:7]), "each of the others is handled, and once"
    with in_workspace(cast.workspace.pk):
        assert Work.objects.get(stage=Stage.RAISE).subject == rows[7]


@pytest.mark.django_db(transaction=True)
def test_what_comes_while_the_last_batch_lets_go_of_the_stage_is_done_by_its_runner(cast: Cast) -> None:
    ours, rows, handled, refused = cast.workspace.pk, [new_id(), new_id()], list[uuid.UUID](), list[int]()

    def handle(subjects: Sequence[uuid.UUID]) -> None:
        handled.extend(subjects)

    def come_late() -> None:
        """Be the one who brings work and is woken for it while the other still holds the stage."""
        with in_workspace(ours):
            push(Stage.RAISE, rows[1:])
        refused.append(run_stage(Stage.RAISE, ours, handle, limit=10))
        connection.close()

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        found = execute(sql, params, many, context)
        if "SKIP LOCKED" in sql and handled and not refused:
            others.submit(come_late).result()
        return found

    with in_workspace(ours):
        push(Stage.RAISE, rows[:1])
    with ThreadPoolExecutor(1) as others, connection.execute_wrapper(watch):
        assert run_stage(Stage.RAISE, ours, handle, limit=10) == 2
    assert (handled, refused) == (rows, [0])


@pytest.mark.django_db(transaction=True)
def test_a_runner_does_not_wait_for_what_another_transaction_holds(cast: Cast, stack: Embedded) -> None:
    ours, looks = cast.workspace.pk, list[str]()

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if "SKIP LOCKED" in sql:
            looks.append(sql)
            assert len(looks) <= LOOKS, "it looks for ever"
        return execute(sql, params, many, context)

    def handle(subjects: Sequence[uuid.UUID]) -> None:
        """Do nothing: what is handled is done."""

    row = new_id()
    with in_workspace(ours):
        push(Stage.RAISE, [row])
    with psycopg.connect(stack.superuser_url) as other, connection.execute_wrapper(watch):
        assert other.execute("SELECT FROM accounts_work WHERE subject = %s FOR UPDATE", [row]).rowcount == 1
        assert run_stage(Stage.RAISE, ours, handle, limit=10) == 0
    assert len(looks) == LOOKS
    assert run_stage(Stage.RAISE, ours, handle, limit=10) == 1
