"""How often a source should be heard of is told from its habits; one odd time neither makes nor hides a silence."""

import datetime
import uuid
from collections.abc import Iterable

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.models import Source
from lineage.inventory.queries import silent_sources
from tests.support.cast import Cast
from tests.support.flow import send_and_project
from tests.support.openlineage import new_run, run_event

MONDAY = datetime.datetime(2026, 9, 7, 2, tzinfo=datetime.UTC)
DAY, HOUR = datetime.timedelta(days=1), datetime.timedelta(hours=1)


@pytest.fixture
def workspace(cast: Cast) -> uuid.UUID:
    return cast.workspace.pk


def run_at(workspace: uuid.UUID, times: Iterable[datetime.datetime]) -> int | None:
    """Send a run at each of these times; return after how many hours the source is silent."""
    send_and_project(workspace, [run_event(at=at.isoformat(), run=new_run()) for at in times])
    with in_workspace(workspace):
        return Source.objects.get(door="lineage", name="airflow").expected_every_hours


def is_silent(workspace: uuid.UUID, now: datetime.datetime) -> bool:
    with in_workspace(workspace):
        return bool(silent_sources(now))


def daily(days: int) -> list[datetime.datetime]:
    return [MONDAY + day * DAY for day in range(days)]


def weekdays(weeks: int, *hours: int) -> list[datetime.datetime]:
    return [
        MONDAY + (7 * week + day) * DAY + hour * HOUR for week in range(weeks) for day in range(5) for hour in hours
    ]


def test_a_daily_pipeline_is_silent_after_two_days(workspace: uuid.UUID) -> None:
    assert run_at(workspace, daily(6)) == 48
    assert not is_silent(workspace, MONDAY + 7 * DAY)
    assert is_silent(workspace, MONDAY + 8 * DAY)


@pytest.mark.parametrize(
    "odd",
    [
        datetime.datetime(1, 1, 1, tzinfo=datetime.UTC),
        datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
        MONDAY - 60 * DAY,
    ],
    ids=["the first year", "years ago", "within the last three months"],
)
def test_one_backfilled_run_does_not_hide_that_a_daily_pipeline_stopped(
    workspace: uuid.UUID, odd: datetime.datetime
) -> None:
    assert run_at(workspace, [*daily(6), odd]) == 48
    assert is_silent(workspace, MONDAY + 8 * DAY)


def test_a_pipeline_of_weekdays_is_not_silent_on_sundays_once_two_weekends_were_seen(workspace: uuid.UUID) -> None:
    assert run_at(workspace, weekdays(3, 0)) == 144
    friday = MONDAY + 18 * DAY
    assert not is_silent(workspace, friday + 2 * DAY)
    assert is_silent(workspace, friday + 7 * DAY)


def test_many_runs_within_days_do_not_outvote_the_weekends(workspace: uuid.UUID) -> None:
    assert run_at(workspace, weekdays(3, *range(9))) == 128
    friday = MONDAY + 18 * DAY + 8 * HOUR
    assert not is_silent(workspace, friday + 2 * DAY)


def test_an_hourly_pipeline_is_silent_after_two_hours(workspace: uuid.UUID) -> None:
    assert run_at(workspace, [MONDAY + hour * HOUR for hour in range(80)]) == 2


def test_a_monthly_pipeline_has_a_cadence_too(workspace: uuid.UUID) -> None:
    months = [datetime.datetime(2026, month, 1, 2, 0, second, tzinfo=datetime.UTC) for month, second in
              ((7, 0), (8, 0), (9, 0), (10, 59))]  # fmt: skip
    assert run_at(workspace, months) == 2 * 31 * 24


def test_what_was_usual_more_than_three_months_ago_does_not_count(workspace: uuid.UUID) -> None:
    weekly = [MONDAY - (100 + 7 * week) * DAY for week in range(10)]
    assert run_at(workspace, [*weekly, *daily(6)]) == 48


def test_three_hours_with_runs_tell_no_cadence(workspace: uuid.UUID) -> None:
    assert run_at(workspace, daily(3)) is None
