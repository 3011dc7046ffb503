"""The same events in any order, with any duplicates and cut into any batches, give the same graph (promise 2)."""

import itertools
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.members.manage import create_workspace
from accounts.workspaces.ids import new_id
from tests.support.event_histories import HISTORIES
from tests.support.flow import send_and_project, whole_state
from tests.support.openlineage import dataset, dataset_event, facet, job_event, run_event, sample_events

HISTORIES_TRIED = int(os.environ.get("AUDITLINE_HISTORIES", "80"))
"""Generated histories of a run of this test; 10,000 of them take hours."""


def state_after(batches: list[list[dict[str, Any]]]) -> dict[str, list[Any]]:
    workspace = create_workspace(f"w-{new_id()}", "", actor="command")
    for batch in batches:
        send_and_project(workspace.pk, batch)
    return whole_state(workspace.pk)


@pytest.mark.django_db
@settings(max_examples=HISTORIES_TRIED, deadline=None, suppress_health_check=list(HealthCheck))
@given(HISTORIES, st.randoms(use_true_random=False), st.lists(st.integers(1, 3), min_size=7, max_size=7))
def test_order_duplicates_and_batches_make_no_difference(
    history: list[dict[str, Any]], random: Any, sizes: list[int]
) -> None:
    expected = state_after([history])
    shuffled = history + random.sample(history, k=len(history) // 2)
    random.shuffle(shuffled)
    batches = []
    for size in sizes:
        batches.append(shuffled[:size])
        shuffled = shuffled[size:]
    got = state_after([batch for batch in [*batches, shuffled] if batch])
    for part, rows in expected.items():
        assert got[part] == rows, part


def between(run: str, at: str, source_name: str, target: str) -> dict[str, Any]:
    return run_event("COMPLETE", at, run=run, inputs=[dataset(source_name)], outputs=[dataset(target)])


TAGGED: dict[str, Any] = {"tags": facet(tags=[{"key": "pii", "value": "true"}])}
DAILY: dict[str, Any] = {"run": "00000000-0000-0000-0000-00000000000a", "job": "j", "namespace": "scheduler-j"}
# What the second event says of c is known, and is known to hold later.
CONFIRMED_LATER = [
    run_event("START", "2026-11-01T00:00:00Z", **DAILY, inputs=[dataset("c", **TAGGED)], outputs=[dataset("a")]),
    run_event("START", "2026-11-01T01:00:00Z", **DAILY, outputs=[dataset("b"), dataset("c")], run_facets=TAGGED),
    job_event("j", "scheduler-j", "2026-11-01T00:00:00Z"),
    dataset_event(dataset("a"), "2026-11-01T00:00:00Z"),
]
A_TO_B: dict[str, Any] = {"inputs": [dataset("a")], "outputs": [dataset("b")], "namespace": "scheduler-j", "job": "j"}
# The newest day on which the flow was declared stays; the newest day on which it ran moves.
RUN_AFTER_ITS_DESIGN = [
    job_event("j", "scheduler-j", "2026-11-05T00:00:00Z", inputs=[dataset("a"), dataset("c")], outputs=[dataset("b")]),
    run_event("START", "2026-11-01T00:00:00Z", run="00000000-0000-0000-0000-00000000000a", **A_TO_B),
    run_event("START", "2026-11-03T00:00:00Z", run="00000000-0000-0000-0000-00000000000b", **A_TO_B),
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "history", [CONFIRMED_LATER, RUN_AFTER_ITS_DESIGN], ids=["confirmed later", "run after design"]
)
def test_a_data_flow_knows_when_it_was_last_true_in_any_order(history: list[dict[str, Any]]) -> None:
    expected = state_after([history])
    for order in itertools.permutations(history, len(history)):
        got = state_after([[event] for event in order])
        for part, rows in expected.items():
            assert got[part] == rows, part


# The first run joins a to b alone, then it turns out to join more; the second joins a to b and nothing else.
LEFT_AND_TAKEN_UP = [
    between("00000000-0000-0000-0000-00000000000a", "2026-11-01T01:00:00Z", "a", "b"),
    between("00000000-0000-0000-0000-00000000000a", "2026-11-01T02:00:00Z", "c", "d"),
    between("00000000-0000-0000-0000-00000000000b", "2026-11-02T02:00:00Z", "a", "b"),
]


@pytest.mark.django_db
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_what_all_runs_had_left_counts_again_when_another_run_says_it(order: tuple[int, ...]) -> None:
    expected = state_after([LEFT_AND_TAKEN_UP])
    got = state_after([[LEFT_AND_TAKEN_UP[index]] for index in order])
    for part, rows in expected.items():
        assert got[part] == rows, part


def test_the_published_samples_give_the_same_graph_backwards_one_by_one(db: None) -> None:
    events = sample_events()
    forwards = state_after([events])
    backwards = state_after([[event] for event in reversed(events)])
    for part, rows in forwards.items():
        assert backwards[part] == rows, part
    assert len(forwards["runs"]) == 19
    assert len(forwards["flows"]) == 6
