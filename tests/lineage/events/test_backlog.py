"""While too much waits, or too long, every door asks the sender to wait, before it reads or keeps anything."""

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from lineage.events.backlog import forget_looks
from lineage.events.hooks import create_hook
from lineage.events.models import EventReceipt
from tests.support.cast import Cast
from tests.support.openlineage import post, run_event
from tests.support.webhooks import send

Door = Callable[[Any], Any]


@pytest.fixture(autouse=True)
def look_anew() -> Iterator[None]:
    forget_looks()
    yield
    forget_looks()


@pytest.fixture(params=["single", "batch", "hook", "inventory"])
def door(request: pytest.FixtureRequest, cast: Cast) -> Door:
    with in_workspace(cast.workspace.pk):
        hook = create_hook("scheduler", actor="command")
    pipeline = cast.api["pipeline"]
    doors: dict[str, Door] = {
        "single": lambda body: post(pipeline, body),
        "batch": lambda body: post(pipeline, body, "/api/v1/lineage/batch"),
        "hook": lambda body: send(hook.path, hook.secret, body),
        "inventory": lambda body: post(pipeline, body, "/api/v1/inventories?source=cmdb"),
    }
    return doors[request.param]


def wait(cast: Cast, seconds: int, events: int = 1) -> None:
    """Let events wait to be projected since so many seconds."""
    for index in range(events):
        assert post(cast.api["pipeline"], run_event(job=f"job {index}")).status_code == 201
    age(cast, seconds)


def age(cast: Cast, seconds: int) -> None:
    due_at = timezone.now() - datetime.timedelta(seconds=seconds)
    Work.objects.filter(workspace_id=cast.workspace.pk, stage="project").update(due_at=due_at)
    forget_looks()


def receipts(cast: Cast) -> int:
    with in_workspace(cast.workspace.pk):
        return EventReceipt.objects.count()


def refused(response: Any) -> str:
    assert (response.status_code, response.json()["error"]["code"]) == (503, "overloaded")
    assert 1 <= int(response["Retry-After"]) <= 5
    return str(response.json()["error"]["message"])


@override_settings(AUDITLINE_BACKLOG_LIMIT=2)
def test_too_long_a_backlog_closes_every_door(cast: Cast, door: Door) -> None:
    wait(cast, 0, events=3)
    assert "More than 2 events wait" in refused(door(run_event("FAIL")))
    assert receipts(cast) == 3


@override_settings(AUDITLINE_BACKLOG_AGE=60)
def test_too_old_a_backlog_closes_every_door(cast: Cast, door: Door) -> None:
    wait(cast, 100)
    message = refused(door(run_event("FAIL")))
    assert "has waited 10" in message
    assert "expected at most 60" in message
    assert receipts(cast) == 1


@override_settings(AUDITLINE_BACKLOG_AGE=60)
def test_the_further_behind_the_longer_the_wait_up_to_five_seconds(cast: Cast) -> None:
    wait(cast, 0)
    asked = []
    for seconds in (70, 150, 100_000):
        age(cast, seconds)
        asked.append(int(post(cast.api["pipeline"], run_event("FAIL"))["Retry-After"]))
    assert asked == [2, 3, 5]


@override_settings(AUDITLINE_BACKLOG_AGE=60)
def test_a_closed_door_reads_no_body(cast: Cast) -> None:
    wait(cast, 100)
    assert refused(post(cast.api["pipeline"], b"{", CONTENT_ENCODING="gzip"))


@override_settings(AUDITLINE_BACKLOG_AGE=60)
def test_work_that_failed_and_waits_for_its_next_try_closes_no_door(cast: Cast) -> None:
    wait(cast, -10)
    assert post(cast.api["pipeline"], run_event("FAIL")).status_code == 201


@override_settings(AUDITLINE_BACKLOG_AGE=60)
def test_the_backlog_of_another_workspace_closes_none_of_ours(cast: Cast) -> None:
    wait(cast, 100)
    assert post(cast.api["outsider"], run_event()).status_code == 201


@override_settings(AUDITLINE_BACKLOG_AGE=60)
def test_the_door_opens_again_once_the_backlog_is_worked_off(cast: Cast) -> None:
    wait(cast, 100)
    refused(post(cast.api["pipeline"], run_event("FAIL")))
    Work.objects.all().delete()
    forget_looks()
    assert post(cast.api["pipeline"], run_event("FAIL")).status_code == 201


@override_settings(AUDITLINE_BACKLOG_AGE=60)
def test_a_look_serves_many_requests(cast: Cast) -> None:
    wait(cast, 10)
    post(cast.api["pipeline"], run_event("START"))
    with CaptureQueriesContext(connection) as asked:
        post(cast.api["pipeline"], run_event("FAIL"))
    assert not [each["sql"] for each in asked if "COUNT(" in each["sql"]]
