"""A run whose inputs all came with a version can be repeated; of one that names none, nobody knows."""

import itertools
import uuid
from typing import Any

import pytest

from accounts.members.manage import create_workspace
from accounts.workspaces.ids import new_id
from tests.support.cast import Cast
from tests.support.flow import asset, send_and_project, whole_state
from tests.support.openlineage import RUN, dataset, facet, run_event


@pytest.fixture
def workspace(cast: Cast) -> uuid.UUID:
    return cast.workspace.pk


def versioned(name: str, version: Any = "v1") -> dict[str, Any]:
    return dataset(name, version=facet(datasetVersion=version))


def complete(workspace: uuid.UUID, run: str = RUN) -> bool | None:
    found: bool | None = asset(workspace, "run", run).document.get("input_versions_complete")
    return found


def test_every_input_with_a_version_makes_it_complete(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event(inputs=[versioned("a"), versioned("b")], outputs=[dataset("c")])])
    assert complete(workspace) is True
    run = asset(workspace, "run", RUN)
    assert (run.document["state"], run.provenance["input_versions_complete"]["grade"]) == ("complete", "A")


@pytest.mark.parametrize("second", [dataset("b"), versioned("b", ""), versioned("b", 7), dataset("b", version=None)])
def test_one_input_without_makes_it_incomplete(workspace: uuid.UUID, second: dict[str, Any]) -> None:
    send_and_project(workspace, [run_event(inputs=[versioned("a"), second])])
    assert complete(workspace) is False


def test_a_run_that_names_no_version_says_nothing(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event(inputs=[dataset("a")], outputs=[versioned("c")])])
    assert complete(workspace) is None


def test_what_later_events_of_the_run_add_or_take_back_counts(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event("START", "2026-11-01T08:00:00Z", inputs=[versioned("a")])])
    assert complete(workspace) is True
    send_and_project(workspace, [run_event("RUNNING", "2026-11-01T09:00:00Z", inputs=[dataset("b")])])
    assert complete(workspace) is False
    send_and_project(workspace, [run_event("RUNNING", "2026-11-01T10:00:00Z", inputs=[versioned("b")])])
    assert complete(workspace) is True
    gone = dataset("a", version={"_deleted": True})
    send_and_project(workspace, [run_event("COMPLETE", "2026-11-01T11:00:00Z", inputs=[gone])])
    assert complete(workspace) is False


STORY = [
    run_event("START", "2026-11-01T08:00:00Z", inputs=[versioned("a"), dataset("b")]),
    run_event("RUNNING", "2026-11-01T09:00:00Z", inputs=[versioned("b")]),
    run_event("COMPLETE", "2026-11-01T10:00:00Z", inputs=[versioned("b", "v2")], outputs=[dataset("c")]),
    run_event("COMPLETE", "2026-11-01T10:00:00Z", job="other", inputs=[dataset("d")]),
]
"""Two jobs use one run id."""


@pytest.mark.django_db
def test_the_order_of_events_makes_no_difference() -> None:
    def state(events: tuple[dict[str, Any], ...]) -> dict[str, list[Any]]:
        made = create_workspace(f"w-{new_id()}", "", actor="command")
        for event in events:
            send_and_project(made.pk, [event])
        return whole_state(made.pk)

    expected = state(tuple(STORY))
    for order in itertools.islice(itertools.permutations(STORY), 1, 24, 4):
        got = state(order)
        for part, rows in expected.items():
            assert got[part] == rows, part
