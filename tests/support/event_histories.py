"""Generate histories of events and inventories: few names and times, so that they meet, and every shape that is read.

A history is a list of what may be sent: an OpenLineage event, or `{"inventory": rows, "source": name}`. The simplest
choice stands first everywhere, so that what fails shrinks to what matters.
"""

from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.support.openlineage import dataset, dataset_event, facet, job_event, run_event

Values = dict[str, Any]
SPACE = "postgres://db:5432"
NAMES = st.sampled_from(["a", "b", "c"])
JOBS = st.sampled_from(["j", "k"])
RUNS = st.sampled_from([f"00000000-0000-0000-0000-00000000000{last}" for last in "Abc"])
ZULU = [
    "2026-11-01T00:00:00Z",
    "2026-11-01T01:00:00Z",
    "2026-11-01T01:20:00Z",  # within the hour of its neighbours, by which facts of lineage are shown
    "2026-11-02T00:00:00Z",
    "2026-11-04T12:00:00Z",
]
INSTANTS = st.sampled_from(ZULU)
TIMES = st.sampled_from([*ZULU, "2026-11-01T02:40:00.5+01:00", "2026-11-01T03:00:00"])
"""The last names no zone, and counts as UTC."""
DELETED = {"_deleted": True}


def source(name: str, **rest: Any) -> Values:
    """Return a dataset as facets name it."""
    return {"namespace": SPACE, "name": name, **rest}


def uid(name: str, space: str = SPACE) -> str:
    """Return the uid of a dataset or job."""
    return f"{quote(space, safe='')}/{quote(name, safe='')}"


def joined(*parts: Values) -> Values:
    """Return all of these as one; of the same name the later counts."""
    return {name: value for part in parts for name, value in part.items()}


def several(*choices: st.SearchStrategy[Values], most: int = 2) -> st.SearchStrategy[Values]:
    """Return up to so many of these facets together."""
    return st.lists(st.one_of(*choices), max_size=most).map(lambda found: joined(*found))


# ---- where data flows

TRANSFORMATIONS = st.lists(
    st.builds(
        lambda kind, masking: {"type": kind, "masking": masking}, st.sampled_from(["DIRECT", "INDIRECT"]), st.booleans()
    ),
    max_size=2,
)
COLUMNS = st.one_of(
    st.builds(
        lambda names, steps: facet(
            fields={"x": {"inputFields": [source(name, field="y", transformations=steps) for name in names]}}
        ),
        st.lists(NAMES, max_size=2, unique=True),
        TRANSFORMATIONS,
    ),
    st.builds(lambda name: facet(fields={}, dataset=[source(name, field="z")]), NAMES),
    st.builds(
        lambda name, kind: facet(fields={"x": {"inputFields": [source(name, field="y")], "transformationType": kind}}),
        NAMES,
        st.sampled_from(["IDENTITY", "MASKED"]),
    ),
    st.just(DELETED),
).map(lambda said: {"columnLineage": said})
INPUTS = st.builds(
    lambda names, steps: [source(name, type="DATASET", field="y", transformations=steps) for name in names],
    st.lists(NAMES, max_size=2, unique=True),
    TRANSFORMATIONS,
)
OF_JOB = st.one_of(
    st.builds(lambda target, inputs: facet(entries=[source(target, type="DATASET", inputs=inputs)]), NAMES, INPUTS),
    st.just(DELETED),
).map(lambda said: {"lineage": said})
OF_DATASET = st.one_of(st.builds(lambda inputs: facet(inputs=inputs), INPUTS), st.just(DELETED)).map(
    lambda said: {"lineage": said}
)

# ---- what facets say of things

OWNERSHIP = st.builds(
    lambda name: {"ownership": facet(owners=[{"name": name}])}, st.sampled_from(["x", "y", "p1", ""])
) | st.just({"ownership": DELETED})
ODD = st.builds(lambda x: {"acme_odd": facet(x=x)}, st.integers(1, 3)) | st.just({"acme_odd": DELETED})
"""A facet that nobody knows."""
TAGS = st.builds(
    lambda key, value, of: {"tags": facet(tags=[{"key": key, "value": value} | ({"field": of} if of else {})])},
    st.sampled_from(["pii", "classification", "residency", "environment", "retention"]),
    st.sampled_from(["true", "false", "personal", "DE", "prod", "P3D"]),
    st.sampled_from(["", "email", "x"]),
) | st.just({"tags": DELETED})
CHECKS = st.builds(
    lambda passed: {
        "dataQualityAssertions": facet(assertions=[{"assertion": "x", "success": good} for good in passed])
    },
    st.lists(st.booleans(), max_size=2),
) | st.builds(lambda count: {"dataQualityMetrics": facet(rowCount=count, columnMetrics={})}, st.integers(0, 2))
SIZES = st.builds(lambda size: facet(rowCount=1, size=size), st.sampled_from([7, 0, 10**12, None])) | st.just(DELETED)
WRITTEN = SIZES.map(lambda said: {"outputStatistics": said})
READ = SIZES.map(lambda said: {"inputStatistics": said})
PLAIN = st.one_of(
    st.builds(lambda text: {"documentation": facet(description=text)}, st.sampled_from(["one", "two"])),
    st.builds(lambda kind: {"datasetType": facet(datasetType=kind)}, st.sampled_from(["TABLE", "TOPIC"])),
    st.builds(lambda version: {"version": facet(datasetVersion=version)}, st.sampled_from(["1", "2"])),
    st.just({"schema": facet(fields=[{"name": "x", "type": "int"}])}),
)
NAMED = st.one_of(
    st.builds(
        lambda names: {"symlinks": facet(identifiers=[source(name, type="TABLE") for name in names])},
        st.lists(NAMES, max_size=2),
    ),
    st.just({"symlinks": DELETED}),
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
    lambda run, job, root: {
        "parent": facet(
            run={"runId": run},
            job={"namespace": f"scheduler-{job}", "name": job},
            **({"root": {"run": {"runId": root}, "job": {"namespace": "scheduler-j", "name": "j"}}} if root else {}),
        )
    },
    RUNS,
    JOBS,
    st.none() | RUNS,
)
GAPS = st.builds(
    lambda failed: {"extractionError": facet(totalTasks=1, failedTasks=failed, errors=[])}, st.integers(0, 1)
)
OF_JOBS = several(
    OWNERSHIP,
    TAGS,
    OF_JOB,
    st.builds(lambda kind: {"jobType": facet(processingType=kind)}, st.sampled_from(["BATCH", "STREAMING"])),
    st.builds(lambda sha: {"sourceCodeLocation": facet(version=sha)}, st.sampled_from(["f00", "ba4"])),
)

# ---- events

OUTPUT = st.builds(
    lambda name, facets, made: dataset(name, **facets) | {"outputFacets": made},
    NAMES,
    several(OWNERSHIP, ODD, TAGS, CHECKS, NAMED, PLAIN, COLUMNS, COLUMNS, OF_DATASET),
    several(ODD, WRITTEN, WRITTEN, most=1),
)
OUTPUTS = st.lists(OUTPUT, max_size=2)
SETS = st.lists(
    st.builds(
        lambda name, facets, used: dataset(name, **facets) | {"inputFacets": used},
        NAMES,
        several(ODD, TAGS, PLAIN, NAMED),
        several(ODD, CHECKS, READ, READ, most=2),
    ),
    max_size=2,
)
RUN_EVENTS = st.builds(
    lambda kind, at, run, job, inputs, outputs, of_job, of_run: run_event(
        kind,
        at,
        run=run,
        job=job,
        namespace=f"scheduler-{job}",
        inputs=inputs,
        outputs=outputs,
        job_facets=of_job,
        run_facets=of_run,
    ),
    st.sampled_from(["START", "RUNNING", "COMPLETE", "FAIL", "ABORT", "OTHER", None]),
    TIMES,
    RUNS,
    JOBS,
    SETS,
    OUTPUTS,
    OF_JOBS,
    several(TAGS, PARENTS, GAPS),
)
JOB_EVENTS = st.builds(
    lambda job, at, inputs, outputs, of_job: job_event(
        job, f"scheduler-{job}", at, inputs=inputs, outputs=outputs, job_facets=of_job
    ),
    JOBS,
    TIMES,
    SETS,
    OUTPUTS,
    OF_JOBS,
)
DATASET_EVENTS = st.builds(dataset_event, OUTPUT, TIMES)

# ---- inventories


def row(kind: str, key: str, attributes: Values, at: str, /, **relations: list[tuple[str, str]] | None) -> Values:
    """Return a native line; a relation None is not reported."""
    named = {
        name: [{"kind": kind, "uid": target} for kind, target in ends]
        for name, ends in relations.items()
        if ends is not None
    }
    return {"kind": kind, "uid": key, "attributes": attributes, "relations": named, "observed_at": at}


def ends(kind: str, *keys: str) -> st.SearchStrategy[list[tuple[str, str]] | None]:
    """Return which of these a relation names; None: it is not reported."""
    return st.none() | st.lists(st.sampled_from(keys), max_size=2, unique=True).map(
        lambda found: [(kind, key) for key in found]
    )


COUNTRIES = st.sampled_from(["DE", "US"])
PLACE: st.SearchStrategy[Values] = st.just({}) | COUNTRIES.map(lambda country: {"country": country})
ABOUT_DATASETS = several(
    st.sampled_from(["personal", "public"]).map(lambda label: {"classification": label}),
    st.booleans().map(lambda personal: {"contains_personal_data": personal}),
    st.sampled_from(["p1", "x"]).map(lambda owner: {"owner": owner}),
    PLACE,
)
ROWS = st.one_of(
    st.builds(
        lambda name, said, at, stores, units: row("dataset", uid(name), said, at, stored_in=stores, organisation=units),
        NAMES,
        ABOUT_DATASETS,
        INSTANTS,
        ends("storage", "s1", "s2"),
        ends("organisation", "o1", "o2"),
    ),
    st.builds(
        lambda key, said, serves, copies, at, sites: row(
            "storage",
            key,
            said | ({"lineage_namespaces": [SPACE]} if serves else {}) | ({"replica_countries": []} if copies else {}),
            at,
            at=sites,
        ),
        st.sampled_from(["s1", "s2"]),
        PLACE,
        st.booleans(),
        st.booleans(),
        INSTANTS,
        ends("site", "fra1", "iad1"),
    ),
    st.builds(lambda key, said, at: row("site", key, said, at), st.sampled_from(["fra1", "iad1"]), PLACE, INSTANTS),
    st.builds(
        lambda source, target, tool, at, vendors: row(
            "data_flow",
            f"{quote(uid(source), safe='')}/{quote(uid(target), safe='')}",
            {"transfer_tool": tool},
            at,
            recipient=vendors,
        ),
        NAMES,
        NAMES,
        st.sampled_from(["scc", "bcr"]),
        INSTANTS,
        ends("vendor", "v1", "v2"),
    ),
    st.builds(
        lambda key, said, schemes, at: row("vendor", key, said | {"transfer_schemes": schemes}, at),
        st.sampled_from(["v1", "v2"]),
        PLACE,
        st.lists(st.sampled_from(["eu-us-dpf", "none"]), max_size=1),
        INSTANTS,
    ),
    st.builds(
        lambda job, said, at, clusters: row("job", uid(job, f"scheduler-{job}"), said, at, runs_on=clusters),
        JOBS,
        st.sampled_from([{}, {"owner": "p1"}, {"purpose": "billing"}]),
        INSTANTS,
        ends("cluster", "c1", "c2"),
    ),
    st.builds(
        lambda run, at, clusters: row("run", run.lower(), {"seed_recorded": True}, at, ran_on=clusters),
        RUNS,
        INSTANTS,
        ends("cluster", "c1", "c2"),
    ),
    st.builds(
        lambda key, said, at, sites: row("cluster", key, said, at, at=sites),
        st.sampled_from(["c1", "c2"]),
        PLACE,
        INSTANTS,
        ends("site", "fra1", "iad1"),
    ),
    st.builds(
        lambda kind, key, name, at: row(kind, key, {"name": name}, at),
        st.just("dataset"),
        NAMES.map(uid),
        st.sampled_from(["Orders", "Customers"]),
        INSTANTS,
    ),
    st.builds(lambda active, at: row("person", "p1", {"active": active}, at), st.booleans(), INSTANTS),
    st.builds(
        lambda names, at: row("model", "m1", {"version": "1"}, at, training_data=[("dataset", uid(n)) for n in names]),
        st.lists(NAMES, max_size=2, unique=True),
        INSTANTS,
    ),
)
REPORTS = st.builds(
    lambda name, rows: {"inventory": rows, "source": name},
    st.sampled_from(["cmdb", "sheet"]),
    st.lists(ROWS, min_size=1, max_size=3),
)


def whole(report: Values, at: str | None) -> Values:
    """Return an inventory as it is; with a time as all that its source knows then, seen by then at the latest."""
    if at is None:
        return report
    lines = list(
        {
            (line["kind"], line["uid"]): line | {"observed_at": min(line["observed_at"], at)}
            for line in report["inventory"]
        }.values()
    )
    return report | {"inventory": [{"manifest": {"generated_at": at, "count": len(lines)}}, *lines]}


INVENTORIES = st.builds(whole, REPORTS, st.none() | INSTANTS)

# ---- histories


def again(event: Values, at: str | None) -> list[Values]:
    """Return an event, and the same content at another time."""
    return [event] if at is None or "inventory" in event else [event, event | {"eventTime": at}]


ANY = st.one_of(RUN_EVENTS, RUN_EVENTS, RUN_EVENTS, JOB_EVENTS, DATASET_EVENTS, INVENTORIES)
PARTS = st.lists(st.builds(again, ANY, st.none() | st.none() | st.none() | TIMES), min_size=1, max_size=7)


@st.composite
def histories(draw: st.DrawFn) -> list[Values]:
    """Return a history."""
    return [event for part in draw(PARTS) for event in part]
