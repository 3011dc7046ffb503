"""An event from the future is kept as it was sent, and does not win over every true event after it."""

import datetime
import uuid

import pytest
from django.utils import timezone

from accounts.workspaces.isolation import in_workspace
from lineage.events.models import Event
from lineage.events.receive import AHEAD
from lineage.events.schemas import FUTURE_ALLOWED
from lineage.graph.models import Run
from lineage.graph.read_event import Kept, Reader
from tests.support.cast import Cast
from tests.support.flow import asset, send, send_and_project
from tests.support.openlineage import dataset, facet, new_run, post, run_event

LAST_YEAR = "9999-12-31T00:00:00Z"
B = dataset("b")


@pytest.fixture
def workspace(cast: Cast) -> uuid.UUID:
    return cast.workspace.pk


def test_a_write_from_the_future_counts_from_its_receipt(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event(at=LAST_YEAR, outputs=[B])])
    with in_workspace(workspace):
        event, run = Event.objects.get(), Run.objects.get()
    assert event.event_time is not None
    assert event.event_time.year == 9999
    assert run.seen_at == run.ended_at == event.received_at
    written = datetime.datetime.fromisoformat(asset(workspace, "dataset", "b").document["last_write_at"])
    assert written == event.received_at


def test_a_true_write_after_it_displaces_it(workspace: uuid.UUID) -> None:
    later = new_run()
    send_and_project(workspace, [run_event(at=LAST_YEAR, outputs=[B])])
    send_and_project(workspace, [run_event(at=timezone.now().isoformat(), run=later, outputs=[B])])
    assert asset(workspace, "dataset", "b").document["last_run_id"] == later


def test_a_facet_from_the_future_does_not_stand_for_ever(workspace: uuid.UUID) -> None:
    first, second = (dataset("b", ownership=facet(owners=[{"name": name}])) for name in ("first", "second"))
    send_and_project(workspace, [run_event(at=LAST_YEAR, outputs=[first])])
    send_and_project(workspace, [run_event(at=timezone.now().isoformat(), outputs=[second])])
    assert asset(workspace, "dataset", "b").document["owner"] == "second"


@pytest.mark.parametrize(("beyond", "counts_from_receipt"), [(0, False), (1, True)])
def test_a_clock_that_is_up_to_an_hour_ahead_is_believed(
    workspace: uuid.UUID, beyond: int, counts_from_receipt: bool
) -> None:
    send(workspace, [run_event()])
    with in_workspace(workspace):
        event = Event.objects.get()
    ahead = event.received_at + FUTURE_ALLOWED + datetime.timedelta(microseconds=beyond)
    kept = Kept(event.pk, event.kind, bytes(event.kept_digest), ahead, event.received_at, len(event.body))
    assert (Reader().read(kept, bytes(event.body)).at == event.received_at) is counts_from_receipt


def test_who_reads_the_event_is_told(cast: Cast) -> None:
    for content in (run_event(at=LAST_YEAR), run_event(run=new_run()), run_event(at="9999-01-01T00:00:00")):
        assert post(cast.api["pipeline"], content).status_code == 201
    bare, true, ahead = cast.api["auditor"].get("/api/v1/raw-events").json()["results"]
    assert (ahead["event_time"], ahead["parameters"]) == (LAST_YEAR, {"notes": [AHEAD]})
    assert true["parameters"] == {}
    assert bare["parameters"]["notes"] == ["eventTime has no time zone; read as UTC", AHEAD]
    detail = cast.api["auditor"].get(f"/api/v1/raw-events/{ahead['id']}").json()
    assert LAST_YEAR in detail["body"]
    assert detail["parameters"]["notes"] == [AHEAD]


def test_an_asset_that_is_only_named_was_seen_at_no_time(cast: Cast) -> None:
    send_and_project(cast.workspace.pk, [run_event(outputs=[B])])
    named = asset(cast.workspace.pk, "dataset", "b")
    assert "first_seen_at" in named.document
    assert "last_seen_at" not in named.document
    facts = cast.api["auditor"].get(f"/api/v1/assets/{named.pk}").json()["facts"]
    assert facts
    assert not [fact for fact in facts if "1970" in str(fact)]


def test_an_asset_of_which_a_facet_says_something_was_seen_then(cast: Cast) -> None:
    send_and_project(cast.workspace.pk, [run_event(outputs=[dataset("b", documentation=facet(description="x"))])])
    assert asset(cast.workspace.pk, "dataset", "b").document["last_seen_at"] == "2026-11-01T08:00:00Z"
