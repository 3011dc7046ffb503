"""The latest version of every facet is kept as it was sent, whatever it is called and in whichever order it came."""

import uuid
from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.events.models import Event
from lineage.graph.facet_queries import facets_of, facets_of_run
from lineage.graph.latest_facets import MAX_BODY, MAX_NAME
from lineage.graph.models import Facet
from tests.support.cast import Cast
from tests.support.flow import asset, send_and_project
from tests.support.openlineage import RUN, dataset, dataset_event, facet, job_event, run_event

EARLY, LATE = "2026-11-01T08:00:00Z", "2026-11-02T08:00:00Z"


@pytest.fixture
def workspace(cast: Cast) -> uuid.UUID:
    return cast.workspace.pk


def bodies(workspace: uuid.UUID, kind: str, name: str, *parts: str) -> dict[str, Any]:
    about = asset(workspace, kind, name).pk
    with in_workspace(workspace):
        found = facets_of([about], parts) if parts else facets_of([about])
    return {name: kept.body for name, kept in found[about].items()}


def test_a_facet_that_nobody_knows_is_kept_verbatim(workspace: uuid.UUID) -> None:
    odd = facet(deep={"ä": [1, 2.5, None, 12345678901234567890123]}, empty={})
    send_and_project(workspace, [run_event(job_facets={"acme_odd": odd}, outputs=[dataset("c", acme_odd=odd)])])
    assert bodies(workspace, "job", "daily") == {"acme_odd": odd}
    assert bodies(workspace, "dataset", "c") == {"acme_odd": odd}


def test_what_is_said_of_one_use_of_a_dataset_is_kept_apart(workspace: uuid.UUID) -> None:
    read, written = facet(rowCount=3), facet(rowCount=4)
    used = dataset("a") | {"inputFacets": {"inputStatistics": read}}
    made = dataset("c") | {"outputFacets": {"outputStatistics": written}}
    send_and_project(workspace, [run_event(inputs=[used], outputs=[made])])
    assert bodies(workspace, "dataset", "a") == {}
    assert bodies(workspace, "dataset", "a", "input") == {"inputStatistics": read}
    assert bodies(workspace, "dataset", "c", "output") == {"outputStatistics": written}


@pytest.mark.parametrize("times", [(EARLY, LATE), (LATE, EARLY)])
def test_the_later_event_counts_and_not_the_later_arrival(workspace: uuid.UUID, times: tuple[str, str]) -> None:
    for at in times:
        send_and_project(workspace, [dataset_event(dataset("c", schema=facet(fields=[], said=at)), at)])
    assert bodies(workspace, "dataset", "c")["schema"]["said"] == LATE


def test_a_deleted_facet_is_gone_until_it_is_said_again(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [job_event(job_facets={"x": facet(y=1)}, at=EARLY)])
    send_and_project(workspace, [job_event(job_facets={"x": {"_deleted": True}}, at=LATE)])
    send_and_project(workspace, [job_event(job_facets={"x": facet(y=2)}, at="2026-11-01T09:00:00Z")])
    assert bodies(workspace, "job", "daily") == {}
    send_and_project(workspace, [job_event(job_facets={"x": facet(y=3)}, at="2026-11-03T08:00:00Z")])
    assert bodies(workspace, "job", "daily")["x"]["y"] == 3


def test_an_event_without_a_facet_takes_none_away(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [job_event(job_facets={"x": facet(y=1)}, at=EARLY), job_event(at=LATE)])
    assert bodies(workspace, "job", "daily") == {"x": facet(y=1)}


def test_the_same_content_again_is_only_noted(workspace: uuid.UUID) -> None:
    said = {"x": facet(y=1)}
    send_and_project(workspace, [job_event(job_facets=said, at=EARLY)])
    with in_workspace(workspace):
        first = Facet.objects.get()
    send_and_project(workspace, [job_event(job_facets=said, at=LATE)])
    with in_workspace(workspace):
        again = Facet.objects.get()
        newest = Event.objects.order_by("-event_time").first()
    assert (again.pk, again.digest, again.body) == (first.pk, first.digest, first.body)
    assert newest is not None
    assert (again.at.day, again.event) == (2, newest.pk)


def test_of_several_sources_the_one_that_spoke_last_counts(workspace: uuid.UUID) -> None:
    events = [
        run_event(at=at, namespace=name, outputs=[dataset("c", x=facet(said=name))])
        for at, name in ((LATE, "late"), (EARLY, "early"))
    ]
    send_and_project(workspace, events)
    assert bodies(workspace, "dataset", "c")["x"]["said"] == "late"
    with in_workspace(workspace):
        assert Facet.objects.filter(name="x").count() == 2


def test_of_a_facet_too_large_only_digest_and_event_are_kept(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [job_event(job_facets={"big": facet(text="x" * MAX_BODY), "small": facet()})])
    about = asset(workspace, "job", "daily").pk
    with in_workspace(workspace):
        found = facets_of([about])[about]
        event = Event.objects.get()
    assert found["big"].body is None
    assert found["big"].size > MAX_BODY
    assert found["big"].event == event.pk
    assert found["small"].body == facet()


def test_a_name_too_long_and_what_is_no_object_stay_in_their_event(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [job_event(job_facets={"n" * (MAX_NAME + 1): facet(), "text": "x", "list": [1]})])
    assert bodies(workspace, "job", "daily") == {}


def test_the_facets_of_a_run_add_up_over_its_events(workspace: uuid.UUID) -> None:
    engine, time = facet(name="spark", version="3.5"), facet(nominalStartTime=EARLY)
    send_and_project(
        workspace,
        [
            run_event(
                "COMPLETE",
                LATE,
                run=RUN.upper(),
                run_facets={"nominalTime": time, "odd": facet(x=2), "gone": {"_deleted": True}},
            ),
            run_event("START", EARLY, run_facets={"processing_engine": engine, "odd": facet(x=1), "gone": facet()}),
        ],
    )
    with in_workspace(workspace):
        assert facets_of_run(RUN)[0] == {"processing_engine": engine, "nominalTime": time, "odd": facet(x=2)}
        assert facets_of_run("unknown") == ({}, {})


def test_a_workspace_reads_no_facet_of_another(workspace: uuid.UUID, cast: Cast) -> None:
    send_and_project(workspace, [job_event(job_facets={"x": facet()})])
    about = asset(workspace, "job", "daily").pk
    with in_workspace(cast.elsewhere.pk):
        assert facets_of([about]) == {about: {}}
        assert facets_of_run(RUN) == ({}, {})
