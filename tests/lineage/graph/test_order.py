"""The same events in any order, with any duplicates and cut into any batches, give the same graph (promise 2)."""

import itertools
import json
import os
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.members.manage import create_workspace
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import in_workspace
from lineage.graph.project import BATCH, project
from lineage.inventory.receive import prepare, record
from tests.support.event_histories import SPACE, histories, row, source, uid, whole
from tests.support.flow import send, whole_state
from tests.support.openlineage import dataset, facet, job_event, run_event, sample_events

HISTORIES_TRIED = int(os.environ.get("AUDITLINE_HISTORIES", "80"))
"""Generated histories of a run of this test; 10,000 of them take hours."""


def state_after(batches: list[list[dict[str, Any]]], at_once: int = BATCH) -> dict[str, list[Any]]:
    """Return what a new workspace knows after these batches, each sent and projected before the next is sent.

    `at_once`: events per transaction of the stage at most.
    """
    workspace = create_workspace(f"w-{new_id()}", "", actor="command")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lineage.graph.project.BATCH", at_once)
        for batch in batches:
            record_all(workspace.pk, batch)
            project(workspace.pk)
    return whole_state(workspace.pk)


def same(got: dict[str, list[Any]], expected: dict[str, list[Any]]) -> None:
    """Hold one state to another, part by part, so that a failure names what differs."""
    for part, rows in expected.items():
        assert got[part] == rows, part


def record_all(workspace_id: uuid.UUID, batch: list[dict[str, Any]]) -> None:
    """Record events and inventories as their doors do."""
    send(workspace_id, [each for each in batch if "inventory" not in each])
    with in_workspace(workspace_id):
        for each in batch:
            if "inventory" in each:
                body = "\n".join(json.dumps(line) for line in each["inventory"]).encode()
                mode = "full" if "manifest" in each["inventory"][0] else "delta"
                record(prepare(body, source=each["source"], format_name="native", mode=mode), "command")


def cut(history: list[dict[str, Any]], sizes: list[int]) -> list[list[dict[str, Any]]]:
    """Return a history in batches of these sizes; what is left over is the last one."""
    starts = [0, *itertools.accumulate(sizes)]
    return [batch for start, end in itertools.pairwise([*starts, len(history) + 99]) if (batch := history[start:end])]


@pytest.mark.django_db
@settings(max_examples=HISTORIES_TRIED, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    histories(),
    st.randoms(use_true_random=False),
    st.lists(st.integers(1, 4), max_size=7),
    st.sampled_from([BATCH, 1, 2, 3]),
)
def test_order_duplicates_and_batches_make_no_difference(
    history: list[dict[str, Any]], random: Any, sizes: list[int], at_once: int
) -> None:
    expected = state_after([history])
    shuffled = history + random.sample(history, k=len(history) // 2)
    random.shuffle(shuffled)
    got = state_after(cut(shuffled, sizes), at_once)
    same(got, expected)


@pytest.mark.django_db
@settings(max_examples=HISTORIES_TRIED // 4, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), st.lists(st.integers(1, 4), max_size=7), st.sets(st.integers(0, 7)))
def test_a_crash_before_the_commit_leaves_nothing_behind(
    history: list[dict[str, Any]], sizes: list[int], crashes: set[int]
) -> None:
    expected = state_after([history])
    workspace = create_workspace(f"w-{new_id()}", "", actor="command")
    for number, batch in enumerate(cut(history, sizes)):
        record_all(workspace.pk, batch)
        if number in crashes:
            with transaction.atomic():
                project(workspace.pk)
                transaction.set_rollback(True)
            record_all(workspace.pk, batch)  # who sent it may have died as well
        project(workspace.pk)
    same(whole_state(workspace.pk), expected)


TAGGED: dict[str, Any] = {"tags": facet(tags=[{"key": "pii", "value": "true"}])}
DAILY: dict[str, Any] = {"run": "00000000-0000-0000-0000-00000000000a", "job": "j", "namespace": "scheduler-j"}
# What the second event says of c is known, and is known to hold later.
CONFIRMED_LATER = [
    run_event("START", "2026-11-01T00:00:00Z", **DAILY, inputs=[dataset("c", **TAGGED)], outputs=[dataset("a")]),
    run_event("START", "2026-11-01T01:00:00Z", **DAILY, outputs=[dataset("b"), dataset("c")], run_facets=TAGGED),
]
A_TO_B: dict[str, Any] = {"inputs": [dataset("a")], "outputs": [dataset("b")], "namespace": "scheduler-j", "job": "j"}
# The newest day on which the flow was declared stays; the newest day on which it ran moves.
RUN_AFTER_ITS_DESIGN = [
    job_event("j", "scheduler-j", "2026-11-05T00:00:00Z", inputs=[dataset("a"), dataset("c")], outputs=[dataset("b")]),
    run_event("START", "2026-11-01T00:00:00Z", run="00000000-0000-0000-0000-00000000000a", **A_TO_B),
    run_event("START", "2026-11-03T00:00:00Z", run="00000000-0000-0000-0000-00000000000b", **A_TO_B),
]


MASKED_FROM_A = [source("a", type="DATASET", field="x", transformations=[{"type": "DIRECT", "masking": True}])]
# The second run names b; that the first one masks it is said by its facet alone.
MASKED_BY_ANOTHER_RUN = [
    run_event(
        run="00000000-0000-0000-0000-00000000000a",
        job_facets={"lineage": facet(entries=[source("b", type="DATASET", inputs=MASKED_FROM_A)])},
    ),
    run_event(run="00000000-0000-0000-0000-00000000000b", at="2026-11-02T08:00:00Z", outputs=[dataset("b")]),
]
IN_ONE_COUNTRY = {"country": "DE", "lineage_namespaces": [SPACE], "replica_countries": []}


def claims(source_name: str, storage: str, unit: str, at: str) -> dict[str, Any]:
    """Return an inventory by which a storage serves the namespace, and a unit has the dataset."""
    of_unit = row("dataset", uid("b"), {}, at, organisation=[("organisation", unit)])
    return {"inventory": [row("storage", storage, IN_ONE_COUNTRY, at), of_unit], "source": source_name}


FROM_B_TO_A = f"{quote(uid('b'), safe='')}/{quote(uid('a'), safe='')}"
NAMED_B: dict[str, Any] = {
    "inventory": [row("dataset", uid("b"), {"name": "Orders"}, "2026-11-01T00:00:00Z")],
    "source": "cmdb",
}
FLOW = row("data_flow", FROM_B_TO_A, {"transfer_tool": "scc"}, "2026-11-01T00:00:00Z")
# The flow has its name from its ends, whoever named it first.
FLOW_KNOWN_BEFORE = [
    job_event("j", "scheduler-j", "2026-11-01T00:00:00Z", inputs=[dataset("b")], outputs=[dataset("a")]),
    {"inventory": [FLOW], "source": "cmdb"},
    NAMED_B,
]
# That b feeds a was a guess, which a facet replaces: it leaves no name behind.
FLOW_TAKEN_BACK = [
    run_event("START", at="2026-11-01T00:00:00Z", inputs=[dataset("b")], outputs=[dataset("a")]),
    run_event(at="2026-11-01T01:00:00Z", job_facets={"lineage": facet(entries=[])}),
    {"inventory": [FLOW, *NAMED_B["inventory"]], "source": "cmdb"},
]
AT_FIRST = row("cluster", "c1", {}, FLOW["observed_at"], at=[("site", "fra1")])
# A flow that events show stays when an inventory drops it; what was dropped is not brought back by an older row.
DROPPED = [
    run_event("START", at="2026-11-01T00:00:00Z", inputs=[dataset("b")], outputs=[dataset("a")]),
    whole({"inventory": [FLOW, AT_FIRST, *NAMED_B["inventory"]], "source": "cmdb"}, FLOW["observed_at"]),
    whole({"inventory": [row("site", "iad1", {}, "2026-11-02T00:00:00Z")], "source": "cmdb"}, "2026-11-02T00:00:00Z"),
]
# Which of two that claim the same came first must not matter.
CLAIMED_BY_TWO = [
    claims("cmdb", "s1", "o1", "2026-11-01T00:00:00Z"),
    claims("sheet", "s2", "o2", "2026-11-02T00:00:00Z"),
]


def owned(job: str, at: str, owner: str) -> dict[str, Any]:
    return run_event(
        at=at, job=job, namespace=f"scheduler-{job}", outputs=[dataset("a", ownership=facet(owners=[{"name": owner}]))]
    )


# Facts of lineage are shown by the hour: within one the name of the producer decides, not who came last.
TOLD_IN_ONE_HOUR = [
    owned("k", "2026-11-01T01:40:00Z", "y"),
    owned("j", "2026-11-01T01:20:00Z", "x"),
    owned("j", "2026-11-01T01:50:00Z", "x"),
]
SHORT = {
    "confirmed later": CONFIRMED_LATER,
    "run after its design": RUN_AFTER_ITS_DESIGN,
    "masked by another run": MASKED_BY_ANOTHER_RUN,
    "claimed by two": CLAIMED_BY_TWO,
    "flow known before": FLOW_KNOWN_BEFORE,
    "flow taken back": FLOW_TAKEN_BACK,
    "dropped": DROPPED,
    "told in one hour": TOLD_IN_ONE_HOUR,
}


@pytest.mark.django_db
@pytest.mark.parametrize("history", SHORT.values(), ids=SHORT)
def test_a_short_history_gives_the_same_in_each_of_its_orders(history: list[dict[str, Any]]) -> None:
    expected = state_after([history])
    for order in itertools.permutations(history):
        same(state_after([[event] for event in order]), expected)


def between(run: str, at: str, source_name: str, target: str) -> dict[str, Any]:
    return run_event("COMPLETE", at, run=run, inputs=[dataset(source_name)], outputs=[dataset(target)])


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
    same(got, expected)


def test_the_published_samples_give_the_same_graph_backwards_one_by_one(db: None) -> None:
    events = sample_events()
    forwards = state_after([events])
    backwards = state_after([[event] for event in reversed(events)])
    same(backwards, forwards)
    assert len(forwards["runs"]) == 19
    assert len(forwards["flows"]) == 6
