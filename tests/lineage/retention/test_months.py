"""Months that are over and hold nothing of anybody are dropped; no other table, and none with a row in it."""

import datetime
import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.db import Error, connection, transaction

from accounts.workspaces.ids import lowest_id
from accounts.workspaces.isolation import in_workspace
from config.stack.embedded import Embedded
from lineage.events.models import DeletionReceipt
from lineage.retention.delete_events import drop_empty_months
from lineage.retention.tasks import retain
from tests.support.cast import Cast
from tests.support.retention import hold, id_at, keep_for, kept, old_event, release

MONTH = "lineage_event_2020_05"
IN_MAY = datetime.datetime(2020, 5, 17, tzinfo=datetime.UTC)


@pytest.fixture
def may(stack: Embedded, django_db_setup: None) -> Iterator[str]:
    """A month of events that is over."""
    low, high = (lowest_id(datetime.datetime(2020, month, 1, tzinfo=datetime.UTC)) for month in (5, 6))
    with psycopg.connect(stack.app_url) as app:
        app.execute("SELECT auditline_ensure_partition('lineage_event', %s, %s, %s)", [MONTH, low, high])
    yield MONTH
    with psycopg.connect(stack.owner_url) as owner:
        owner.execute(f"DROP TABLE IF EXISTS {MONTH}")


def months(stack: Embedded) -> set[str]:
    with psycopg.connect(stack.app_url) as app:
        found = app.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'lineage_event'::regclass"
        )
        return {name for (name,) in found.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_a_past_month_with_a_held_row_stays_and_goes_once_it_is_empty(cast: Cast, stack: Embedded, may: str) -> None:
    with in_workspace(cast.workspace.pk):
        keep_for(10)
        event = old_event(received_at=IN_MAY)
        placed = hold("event", event=event.pk)
    assert retain() == 0
    assert may in months(stack)
    with in_workspace(cast.workspace.pk):
        assert kept() == {event.pk}
        release(placed)
    assert retain() == 1
    assert may not in months(stack)
    with in_workspace(cast.workspace.pk):
        assert DeletionReceipt.objects.get().pk == event.pk
        late = old_event(received_at=IN_MAY)  # what comes for a month that has gone is kept like any other
        assert late.pk in kept()


@pytest.mark.django_db(transaction=True)
def test_a_month_is_not_dropped_over_the_row_of_another_workspace(cast: Cast, stack: Embedded, may: str) -> None:
    with in_workspace(cast.elsewhere.pk):
        theirs = old_event(received_at=IN_MAY)
    with in_workspace(cast.workspace.pk), connection.cursor() as cursor:
        cursor.execute("SELECT auditline_drop_empty_month(%s)", [may])
        assert cursor.fetchone() == (False,)
    with in_workspace(cast.elsewhere.pk):
        assert kept() == {theirs.pk}


@pytest.mark.django_db(transaction=True)
def test_a_month_is_not_dropped_from_an_older_snapshot(cast: Cast, stack: Embedded, may: str) -> None:
    with psycopg.connect(stack.app_url) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT 1")
        with in_workspace(cast.workspace.pk):
            late = old_event(received_at=IN_MAY)
        with pytest.raises(psycopg.errors.RaiseException, match="READ COMMITTED"):
            old.execute("SELECT auditline_drop_empty_month(%s)", [may])
        old.rollback()
    with in_workspace(cast.workspace.pk):
        assert kept() == {late.pk}


@pytest.mark.django_db(transaction=True)
def test_a_month_that_others_write_to_is_left_for_the_next_day(cast: Cast, stack: Embedded, may: str) -> None:
    with in_workspace(cast.workspace.pk):
        event = old_event(received_at=IN_MAY, days=1)  # not yet committed: the month looks empty to others
        dropping: list[list[str]] = []
        other = threading.Thread(target=lambda: dropping.append(dropped_in_thread()))
        other.start()
        other.join()
        assert dropping == [[]]
    with in_workspace(cast.workspace.pk):
        assert kept() == {event.pk}
    assert may in months(stack)


def dropped_in_thread() -> list[str]:
    try:
        return drop_empty_months()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "child",
    ["lineage_event_default", "lineage_event", "accounts_user", "lineage_event_1999_01", "x; DROP TABLE accounts_user"],
)
def test_no_other_table_is_dropped(cast: Cast, child: str) -> None:
    with pytest.raises(Error, match="no month of events"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT auditline_drop_empty_month(%s)", [child])


def test_this_month_and_the_coming_ones_are_never_dropped(cast: Cast, stack: Embedded) -> None:
    before = months(stack)
    assert drop_empty_months() == []
    assert months(stack) == before
    current = before - {"lineage_event_default"}
    assert current
    for child in current:
        with pytest.raises(Error, match="no month of events"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT auditline_drop_empty_month(%s)", [child])


def test_a_month_under_a_false_name_is_known_by_its_bounds(cast: Cast, stack: Embedded) -> None:
    """The app may make partitions: one that is named for the past and holds the future is no month that is over."""
    child = "lineage_event_2019_01"
    low, high = (lowest_id(datetime.datetime(2090, month, 1, tzinfo=datetime.UTC)) for month in (1, 2))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT auditline_ensure_partition('lineage_event', %s, %s, %s)", [child, low, high])
        with pytest.raises(Error, match="no month of events"):
            cursor.execute("SELECT auditline_drop_empty_month(%s)", [child])
        transaction.set_rollback(True)
    assert id_at(IN_MAY) < low
