"""Generate histories of events: few names, so that events meet, and every shape that the graph reads."""

from typing import Any

from hypothesis import strategies as st

from tests.support.openlineage import dataset, dataset_event, facet, job_event, run_event

NAMES = st.sampled_from(["a", "b", "c"])
RUNS = st.sampled_from(["00000000-0000-0000-0000-00000000000A", "00000000-0000-0000-0000-00000000000b"])
TIMES = st.sampled_from([f"2026-11-01T0{hour}:00:00Z" for hour in range(4)])


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
