"""A facet that was kept is a part of a body: it goes with the event that said it last; said again, it is back."""

import uuid

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.graph.models import Facet
from lineage.graph.project import project_events
from lineage.retention.delete_events import delete_expired
from tests.support.cast import Cast
from tests.support.flow import send_and_project
from tests.support.openlineage import facet, job_event
from tests.support.retention import hold, keep_for, old_event

OLD = "2026-01-01T08:00:00Z"
SAID = {"documentation": facet(description="who asked for it")}


@pytest.fixture
def workspace(cast: Cast) -> uuid.UUID:
    """A workspace that keeps events for 30 days and holds a facet from an older one."""
    with in_workspace(cast.workspace.pk):
        event = old_event(job_event(at=OLD, job_facets=SAID), kind="job")
        project_events([event.pk])
        keep_for(30)
    return cast.workspace.pk


def bodies(workspace: uuid.UUID) -> list[object]:
    with in_workspace(workspace):
        return list(Facet.objects.values_list("body", flat=True))


def test_a_facet_goes_with_its_event_and_its_digest_stays(workspace: uuid.UUID) -> None:
    assert bodies(workspace) == [SAID["documentation"]]
    assert delete_expired(workspace) == 1
    assert bodies(workspace) == [None]
    with in_workspace(workspace):
        kept = Facet.objects.get()
    assert (len(kept.digest), kept.size > 0) == (32, True)


def test_it_stays_while_a_hold_keeps_the_event(workspace: uuid.UUID) -> None:
    with in_workspace(workspace):
        hold("everything")
    assert delete_expired(workspace) == 0
    assert bodies(workspace) == [SAID["documentation"]]


def test_a_newer_event_that_says_the_same_keeps_it(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [job_event(at="2026-11-01T08:00:00Z", job_facets=SAID)])
    assert delete_expired(workspace) == 1
    assert bodies(workspace) == [SAID["documentation"]]


def test_a_newer_event_that_says_the_same_brings_it_back(workspace: uuid.UUID) -> None:
    assert delete_expired(workspace) == 1
    send_and_project(workspace, [job_event(at="2026-11-01T08:00:00Z", job_facets=SAID)])
    assert bodies(workspace) == [SAID["documentation"]]
    delete_expired(workspace)
    assert bodies(workspace) == [SAID["documentation"]]
