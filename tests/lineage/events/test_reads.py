"""What was received can be read by those who may, and work that failed can be replayed once."""

import json
from typing import Any

import pytest

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import DeadLetter, Work
from tests.support.cast import Cast
from tests.support.openlineage import new_run, post, run_event

READERS = ["officer", "auditor", "engineer", "admin"]


@pytest.fixture
def event_id(cast: Cast) -> str:
    event_id: str = post(cast.api["pipeline"], run_event()).json()["receipt"]["event_id"]
    return event_id


@pytest.fixture
def letter(cast: Cast) -> DeadLetter:
    with in_workspace(cast.workspace.pk):
        return DeadLetter.objects.create(
            workspace_id=cast.workspace.pk, stage="project", subject=new_run(), reason="ValueError: x", attempts=8
        )


@pytest.mark.parametrize("role", READERS)
def test_a_member_reads_events_with_their_bodies(cast: Cast, event_id: str, role: str) -> None:
    rows = cast.api[role].get("/api/v1/raw-events").json()["results"]
    assert [row["id"] for row in rows] == [event_id]
    detail = cast.api[role].get(f"/api/v1/raw-events/{event_id}").json()
    assert json.loads(detail["body"]) == run_event()


def test_outsider_cannot_see_that_the_event_exists(cast: Cast, event_id: str) -> None:
    assert cast.api["outsider"].get("/api/v1/raw-events").json()["results"] == []
    assert cast.api["outsider"].get(f"/api/v1/raw-events/{event_id}").status_code == 404


def test_pipeline_reads_nothing_back(cast: Cast, event_id: str) -> None:
    for path in ("/api/v1/raw-events", f"/api/v1/raw-events/{event_id}", "/api/v1/dead-letters"):
        assert cast.api["pipeline"].get(path).status_code == 403
        assert cast.api["nobody"].get(path).status_code == 401


def test_events_are_filtered_and_paged(cast: Cast) -> None:
    for number in range(5):
        post(cast.api["pipeline"], run_event(run=new_run(), at=f"2026-11-01T08:00:0{number}Z"))
    first = cast.api["auditor"].get("/api/v1/raw-events?kind=run&limit=3").json()
    second = cast.api["auditor"].get(f"/api/v1/raw-events?kind=run&limit=3&after={first['next']}").json()
    times = [row["event_time"] for row in first["results"] + second["results"]]
    assert times == [f"2026-11-01T08:00:0{number}Z" for number in reversed(range(5))]
    assert cast.api["auditor"].get("/api/v1/raw-events?kind=job").json()["results"] == []
    assert cast.api["auditor"].get("/api/v1/raw-events?kind=cat").status_code == 400


def test_events_are_listed_as_csv(cast: Cast, event_id: str) -> None:
    response: Any = cast.api["auditor"].get("/api/v1/raw-events", HTTP_ACCEPT="text/csv")
    assert event_id in b"".join(response.streaming_content).decode()


def test_officer_replays_a_dead_letter_once(cast: Cast, letter: DeadLetter) -> None:
    path = f"/api/v1/dead-letters/{letter.pk}/replay"
    assert cast.api["officer"].post(path).json()["replayed"] is True
    assert cast.api["officer"].post(path).json()["replayed"] is False
    with in_workspace(cast.workspace.pk):
        assert Work.objects.filter(stage="project", subject=letter.subject).count() == 1
        assert Statement.objects.filter(action="accounts:work:replayed").count() == 1
    assert cast.api["officer"].get("/api/v1/dead-letters?state=open").json()["results"] == []
    assert len(cast.api["officer"].get("/api/v1/dead-letters?stage=project").json()["results"]) == 1


def test_auditor_reads_dead_letters_and_cannot_replay(cast: Cast, letter: DeadLetter) -> None:
    assert cast.api["auditor"].get("/api/v1/dead-letters").json()["results"][0]["reason"] == "ValueError: x"
    assert cast.api["auditor"].post(f"/api/v1/dead-letters/{letter.pk}/replay").status_code == 403


def test_outsider_cannot_replay_our_dead_letter(cast: Cast, letter: DeadLetter) -> None:
    assert cast.api["outsider"].post(f"/api/v1/dead-letters/{letter.pk}/replay").status_code == 404
