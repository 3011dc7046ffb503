"""How far a producer's clock is from ours is a fact of its source, whatever order its events come in."""

import datetime
import itertools
import uuid
from typing import Any

import pytest
from django.utils import timezone

from accounts.members.manage import create_workspace
from accounts.workspaces.isolation import in_workspace
from audit.web.views.sources import span
from lineage.graph.clocks import lead_of
from lineage.graph.project import project
from lineage.inventory.models import Source
from tests.support.cast import Cast
from tests.support.flow import send_and_project
from tests.support.openlineage import job_event, new_run, post, run_event


def at(seconds: float) -> str:
    return (timezone.now() + datetime.timedelta(seconds=seconds)).isoformat()


def source_of(cast: Cast) -> dict[str, Any]:
    project(cast.workspace.pk)
    [row] = cast.api["officer"].get("/api/v1/inventory-sources?door=lineage").json()["results"]
    return row  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("seconds", "clock"), [(1800, "ahead"), (7200, "ahead"), (100, "agrees"), (-100, "agrees"), (-3600, "late")]
)
def test_a_clock_beyond_the_bound_is_told_by_the_api(cast: Cast, seconds: int, clock: str) -> None:
    assert post(cast.api["pipeline"], run_event(at=at(seconds))).status_code == 201
    row = source_of(cast)
    assert row["clock"] == clock
    assert abs(row["clock_lead_seconds"] - seconds) < 90


def test_retries_and_backfills_beside_one_prompt_event_are_no_skew(cast: Cast) -> None:
    for seconds in (-86_400 * 30, -5, -7200):
        post(cast.api["pipeline"], run_event(at=at(seconds), run=new_run()))
    assert source_of(cast)["clock"] == "agrees"


def test_what_is_not_comparable_says_nothing(cast: Cast) -> None:
    post(cast.api["pipeline"], job_event(at=at(-9_000_000)))
    post(cast.api["pipeline"], run_event(at="2026-11-01T08:00:00"))
    row = source_of(cast)
    assert (row["clock"], row["clock_lead_seconds"]) == ("", None)


def test_the_page_says_it_in_words(cast: Cast) -> None:
    post(cast.api["pipeline"], run_event(at=at(1830)))
    project(cast.workspace.pk)
    assert "its clock is 30 minutes ahead of ours" in cast.page(cast.officer).get("/w/ours/sources/").content.decode()


@pytest.mark.django_db
def test_no_order_of_events_changes_it() -> None:
    times = [at(-4000), at(1200), at(30)]
    seen = set()
    for number, order in enumerate(itertools.permutations(times)):
        workspace: uuid.UUID = create_workspace(f"order-{number}", "", actor="command").pk
        for one in order:
            send_and_project(workspace, [run_event(at=one, run=new_run())])
        with in_workspace(workspace):
            seen.add(round((Source.objects.get().clock_lead_seconds or 0) / 1000))
    assert seen == {1}


def test_of_two_days_the_later_counts_and_of_one_day_the_greatest() -> None:
    day = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)
    minute = datetime.timedelta(minutes=1)
    leads = [lead_of(day + 9 * minute, day), lead_of(day + 1 * minute, day + 1440 * minute), lead_of(day, day)]
    assert max(leads) == (datetime.date(2026, 11, 2), -1439 * 60)
    assert max(leads[0], leads[2]) == (datetime.date(2026, 11, 1), 540)


def test_a_span_is_said_in_the_largest_unit_of_which_there_are_two() -> None:
    assert [span(each) for each in (1, 119, 120, 7200, 200_000)] == [
        "1 second", "119 seconds", "2 minutes", "2 hours", "2 days",
    ]  # fmt: skip
