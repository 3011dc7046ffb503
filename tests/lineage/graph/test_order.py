"""The same events in any order, with any duplicates and cut into any batches, give the same graph (promise 2)."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.members.manage import create_workspace
from accounts.workspaces.ids import new_id
from tests.support.flow import send_and_project, whole_state
from tests.support.openlineage import dataset, dataset_event, facet, job_event, run_event, sample_events

NAMES = st.sampled_from(["a", "b", "c"])
RUNS = st.sampled_from(["00000000-0000-0000-0000-00000000000A", "00000000-0000-0000-0000-00000000000b"])
TIMES = st.sampled_from([f"2026-11-01T0{hour}:00:00Z" for hour in range(4)])


HISTORIES_TRIED = int(os.environ.get("AUDITLINE_HISTORIES", "80"))
"""Generated histories of a run of this test; 10,000 of them take hours."""


def source(name: str, **rest: Any) -> dict[str, Any]:
    return {"namespace": "postgres://db:5432", "name": name, **rest}


TRANSFORMATIONS = st.lists(
    st.builds(
        lambda kind, masking: {"type": kind, "masking": masking}, st.sampled_from(["DIRECT", "INDIRECT"]), st.booleans()
    ),
    max_size=2,
)
COLUMNS = st.one_of(
    st.just({"_deleted": True}),
    st.builds(
        lambda names, steps: facet(
            fields={"x": {"inputFields": [source(name, field="y", transformations=steps) for name in names]}}
        ),
        st.lists(NAMES, max_size=2, unique=True),
        TRANSFORMATIONS,
    ),
)
EXPLICIT = st.one_of(
    st.just({"_deleted": True}),
    st.builds(
        lambda target, names: facet(
            entries=[source(target, type="DATASET", inputs=[source(name, type="DATASET") for name in names])]
        ),
        NAMES,
        st.lists(NAMES, max_size=2, unique=True),
    ),
)
OWNERSHIP = st.builds(lambda name: {"ownership": facet(owners=[{"name": name}])}, st.sampled_from(["x", "y", ""]))
ODD = st.one_of(
    st.just({}),
    st.just({"acme_odd": {"_deleted": True}}),
    st.builds(lambda x: {"acme_odd": facet(x=x)}, st.integers(1, 3)),
)
"""A facet that nobody knows."""
CHECKS = st.builds(
    lambda passed: {
        "dataQualityAssertions": facet(assertions=[{"assertion": "x", "success": good} for good in passed])
    },
    st.lists(st.booleans(), max_size=2),
)
TAGS = st.one_of(
    st.just({}),
    st.builds(
        lambda key, value, of: {"tags": facet(tags=[{"key": key, "value": value} | ({"field": of} if of else {})])},
        st.sampled_from(["pii", "classification", "residency"]),
        st.sampled_from(["true", "personal", "DE", "FR"]),
        st.sampled_from(["", "email"]),
    ),
)
NAMED = st.one_of(
    st.builds(
        lambda names: {"symlinks": facet(identifiers=[source(name, type="TABLE") for name in names])},
        st.lists(NAMES, max_size=2),
    ),
    st.just({"symlinks": {"_deleted": True}}),
    st.builds(
        lambda change, name: {
            "lifecycleStateChange": facet(lifecycleStateChange=change, previousIdentifier=source(name))
        },
        st.sampled_from(["RENAME", "DROP", "OVERWRITE"]),
        NAMES,
    ),
)
"""Other names of a dataset, and what became of it."""
PARENTS = st.builds(
    lambda run, job: {"parent": facet(run={"runId": run}, job={"namespace": "scheduler-j", "name": job})},
    RUNS,
    st.sampled_from(["j", "k"]),
)
OUTPUTS = st.builds(
    lambda name, columns, owner, made: (
        dataset(name, **owner, **({"columnLineage": columns} if columns else {})) | {"outputFacets": made}
    ),
    NAMES,
    st.none() | COLUMNS,
    OWNERSHIP | st.just({}) | ODD | TAGS | CHECKS | NAMED,
    ODD,
)
SETS = st.lists(
    st.builds(lambda name, odd, used: dataset(name, **odd) | {"inputFacets": used}, NAMES, ODD | TAGS, ODD | CHECKS),
    max_size=2,
)
RUN_EVENTS = st.builds(
    lambda kind, at, run, job, inputs, outputs, explicit, tags: run_event(
        kind,
        at,
        run=run,
        job=job,
        namespace=f"scheduler-{job}",
        inputs=inputs,
        outputs=outputs,
        job_facets={"lineage": explicit} if explicit else {},
        run_facets=tags,
    ),
    st.sampled_from(["START", "RUNNING", "COMPLETE", "FAIL", "ABORT", "OTHER", None]),
    TIMES,
    RUNS,
    st.sampled_from(["j", "k"]),
    SETS,
    st.lists(OUTPUTS, max_size=2),
    st.none() | st.none() | EXPLICIT,
    st.just({}) | TAGS | PARENTS,
)
OTHER_EVENTS = st.one_of(
    st.builds(
        lambda at, inputs, outputs: job_event("j", "scheduler-j", at, inputs=inputs, outputs=outputs), TIMES, SETS, SETS
    ),
    st.builds(lambda at, about: dataset_event(about, at), TIMES, OUTPUTS),
)
HISTORIES = st.lists(RUN_EVENTS | RUN_EVENTS | OTHER_EVENTS, min_size=1, max_size=7)


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
