"""Months are partitions: the coming ones exist in time, and a row never fails, or blocks, for want of its month."""

import datetime
import uuid
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.journal.actions import Action
from accounts.journal.models import Statement
from accounts.tasks import partitions
from accounts.workspaces.ids import lowest_id, new_id
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.partitions import MONTHS_AHEAD, ensure_partitions, months_from, partitioned_tables
from config.stack.embedded import Embedded
from tests.support.cast import Cast

FAR = datetime.date(2041, 5, 1)


def statement_of(cast: Cast, instant: datetime.datetime) -> uuid.UUID:
    """Write a statement whose key says that it was made at this instant."""
    key = uuid.UUID(int=lowest_id(instant).int | 1)
    with in_workspace(cast.workspace.pk):
        Statement.objects.create(
            id=key, workspace=cast.workspace, action=Action.EXPORT_MADE, actor="command", made_at=instant, revision=0,
            body={},
        )  # fmt: skip
    return key


def place_of(stack: Embedded, key: uuid.UUID) -> str:
    """Return the partition in which a statement lies."""
    with psycopg.connect(stack.superuser_url) as superuser:
        row = superuser.execute(
            "SELECT tableoid::regclass::text FROM accounts_statement WHERE id = %s", [key]
        ).fetchone()
    assert row is not None
    return str(row[0])


def drop_far(stack: Embedded) -> None:
    """Take away the months that a test made."""
    with psycopg.connect(stack.owner_url) as owner:
        for table in partitioned_tables():
            owner.execute(f'DROP TABLE IF EXISTS "{table}_{FAR:%Y_%m}", "{table}_{FAR.year}_06"')


def test_a_key_lies_between_the_bounds_of_its_month() -> None:
    low, high = months_from(timezone.now().date(), 2)
    assert lowest_id(low) <= new_id() < lowest_id(high)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (datetime.date(2026, 11, 30), ["2026-11", "2026-12", "2027-01"]),
        (datetime.date(2026, 12, 31), ["2026-12", "2027-01", "2027-02"]),
        (datetime.date(2027, 1, 1), ["2027-01", "2027-02", "2027-03"]),
    ],
)
def test_months_go_on_over_the_turn_of_the_year(start: datetime.date, expected: list[str]) -> None:
    assert [f"{each:%Y-%m}" for each in months_from(start, 3)] == expected


def test_this_month_and_the_coming_ones_exist_for_every_partitioned_table(db: None) -> None:
    assert len(partitioned_tables()) >= 3
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits")
        there = {row[0] for row in cursor.fetchall()}
    months = months_from(timezone.now().date(), MONTHS_AHEAD)
    wanted = {f"{table}_{month:%Y_%m}" for table in partitioned_tables() for month in months}
    assert wanted | {f"{table}_default" for table in partitioned_tables()} <= there


@pytest.mark.django_db(transaction=True)
def test_a_row_lies_in_the_partition_of_its_month(cast: Cast, stack: Embedded) -> None:
    for month in months_from(timezone.now().date(), 2):
        assert place_of(stack, statement_of(cast, month)) == f"accounts_statement_{month:%Y_%m}"


@pytest.mark.django_db(transaction=True)
def test_a_row_of_a_month_that_nobody_made_is_taken_and_later_gets_its_partition(cast: Cast, stack: Embedded) -> None:
    first = datetime.datetime(FAR.year, FAR.month, 17, tzinfo=datetime.UTC)
    early, late = statement_of(cast, first), statement_of(cast, datetime.datetime(2042, 1, 1, tzinfo=datetime.UTC))
    assert place_of(stack, early) == place_of(stack, late) == "accounts_statement_default"
    try:
        with connection.cursor() as cursor:
            ensure_partitions(cursor, FAR, months=2)
        assert place_of(stack, early) == f"accounts_statement_{FAR:%Y_%m}"
        assert place_of(stack, late) == "accounts_statement_default"
        with in_workspace(cast.workspace.pk):
            assert Statement.objects.filter(pk__in=[early, late]).count() == 2
        with in_workspace(cast.elsewhere.pk):
            assert not Statement.objects.filter(pk__in=[early, late]).exists()
    finally:
        drop_far(stack)


@pytest.mark.django_db(transaction=True)
def test_making_the_coming_months_again_changes_nothing(db: None) -> None:
    def existing() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT inhrelid FROM pg_inherits ORDER BY 1")
            return list(cursor.fetchall())

    before = existing()
    partitions()
    assert existing() == before


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        ("accounts_user", "accounts_user_2041_05"),
        ("accounts_statement", "accounts_statement_old"),
        ("accounts_statement", "x; DROP TABLE accounts_user"),
    ],
)
def test_the_app_makes_partitions_of_listed_tables_and_nothing_else(cast: Cast, parent: str, child: str) -> None:
    with pytest.raises(Exception, match="no partitions for"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT auditline_ensure_partition(%s, %s, %s, %s)", [parent, child, uuid.UUID(int=0), uuid.UUID(int=1)]
        )


def test_the_app_does_not_reach_a_partition_round_its_parent(cast: Cast) -> None:
    for part in (f"accounts_statement_{timezone.now():%Y_%m}", "accounts_statement_default"):
        with (
            pytest.raises(Exception, match="permission denied"),
            in_workspace(cast.workspace.pk),
            connection.cursor() as cursor,
        ):
            cursor.execute(f'SELECT count(*) FROM "{part}"')  # noqa: S608 - our own name
