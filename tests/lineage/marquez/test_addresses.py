"""Namespaces, datasets, jobs and runs at Marquez's addresses, in its shapes."""

import re
import uuid
from typing import Any

import pytest

from tests.lineage.marquez.shop import AIRFLOW, DB, LAKE, ORDERS, RAW, REPORT, RUNS, address, ask, refused, shop
from tests.support.cast import Cast
from tests.support.flow import send_and_project
from tests.support.openlineage import dataset, facet, new_run, run_event

__all__ = ["shop"]


def test_namespaces_are_those_of_datasets_and_jobs(shop: Cast) -> None:
    found = ask(shop, "namespaces")["namespaces"]
    assert [each["name"] for each in found] == sorted([AIRFLOW, "cron", DB, LAKE], key=address)
    [one] = [each for each in found if each["name"] == DB]
    assert set(one) == {"name", "createdAt", "updatedAt", "ownerName", "description", "isHidden"}
    assert ask(shop, "namespaces", DB) == one
    assert len(ask(shop, "namespaces", limit=1, offset=1)["namespaces"]) == 1


def test_a_dataset_has_marquez_shape(shop: Cast) -> None:
    found = ask(shop, "namespaces", DB, "datasets", ORDERS)
    assert found["id"] == {"namespace": DB, "name": ORDERS}
    assert (found["name"], found["namespace"], found["sourceName"], found["type"]) == (ORDERS, DB, DB, "DB_TABLE")
    assert found["lastModifiedAt"] == "2026-11-02T08:05:30Z"
    assert (found["description"], found["tags"], found["deleted"]) == ("All orders.", ["team:shop"], False)
    assert str(uuid.UUID(found["currentVersion"])) == found["currentVersion"]
    assert [(each["name"], each["inputFields"][0]["field"]) for each in found["columnLineage"]] == [
        ("id", "o_id"), ("mail", "mail"),
    ]  # fmt: skip
    source = {"namespace": LAKE, "dataset": RAW, "field": "o_id"}
    how = {"transformationDescription": None, "transformationType": "IDENTITY"}
    assert found["columnLineage"][0]["inputFields"] == [source | how]


def test_a_list_of_datasets_holds_what_each_one_says(shop: Cast) -> None:
    found = ask(shop, "namespaces", DB, "datasets")
    assert (found["totalCount"], [each["name"] for each in found["datasets"]]) == (2, [ORDERS, REPORT])
    assert found["datasets"][0] == ask(shop, "namespaces", DB, "datasets", ORDERS)
    second = ask(shop, "namespaces", DB, "datasets", limit=1, offset=1)
    assert (second["totalCount"], [each["name"] for each in second["datasets"]]) == (2, [REPORT])


def test_versions_of_a_dataset_are_what_completed_runs_wrote(shop: Cast) -> None:
    found = ask(shop, "namespaces", DB, "datasets", ORDERS, "versions")
    assert found["totalCount"] == 2
    assert [each["createdByRun"]["id"] for each in found["versions"]] == [RUNS["load again"], RUNS["load"]]
    newest = found["versions"][0]
    assert newest["version"] == newest["id"]["version"]
    assert newest["version"] == ask(shop, "namespaces", DB, "datasets", ORDERS)["currentVersion"]
    assert ask(shop, "namespaces", DB, "datasets", ORDERS, "versions", newest["version"]) == newest
    page = ask(shop, "namespaces", DB, "datasets", ORDERS, "versions", limit=1, offset=1)
    assert [each["version"] for each in page["versions"]] == [found["versions"][1]["version"]]


def test_a_dataset_that_no_run_wrote_has_the_version_in_which_it_was_first_heard_of(shop: Cast) -> None:
    found = ask(shop, "namespaces", LAKE, "datasets", RAW, "versions")
    assert (found["totalCount"], found["versions"][0]["createdByRun"]) == (1, None)
    version = found["versions"][0]["version"]
    assert ask(shop, "namespaces", LAKE, "datasets", RAW)["currentVersion"] == version
    assert ask(shop, "namespaces", LAKE, "datasets", RAW, "versions", version) == found["versions"][0]


def test_a_version_of_another_dataset_is_none_of_this(shop: Cast) -> None:
    theirs = ask(shop, "namespaces", DB, "datasets", REPORT)["currentVersion"]
    status, message = refused(shop, "namespaces", DB, "datasets", ORDERS, "versions", theirs)
    assert (status, "no version of this dataset" in message) == (404, True)


def test_a_job_has_marquez_shape_with_what_its_newest_version_joins(shop: Cast) -> None:
    found = ask(shop, "namespaces", AIRFLOW, "jobs", "make report")
    assert found["id"] == {"namespace": AIRFLOW, "name": "make report"}
    assert (found["type"], found["simpleName"], found["parentJobName"]) == ("BATCH", "make report", None)
    assert found["inputs"] == [{"namespace": DB, "name": ORDERS}]
    assert found["outputs"] == [{"namespace": DB, "name": REPORT}]
    assert [(run["id"], run["state"]) for run in found["latestRuns"]] == [
        (RUNS["broken"], "FAILED"), (RUNS["report"], "COMPLETED"),
    ]  # fmt: skip
    assert found["latestRun"] == found["latestRuns"][0]
    assert str(uuid.UUID(found["currentVersion"])) == found["currentVersion"]


def test_a_list_of_jobs_is_of_a_namespace_of_all_or_of_a_state(shop: Cast) -> None:
    found = ask(shop, "namespaces", AIRFLOW, "jobs")
    assert (found["totalCount"], [each["name"] for each in found["jobs"]]) == (2, ["load.orders", "make report"])
    assert found["jobs"][1] == ask(shop, "namespaces", AIRFLOW, "jobs", "make report")
    everywhere = ask(shop, "jobs")
    assert (everywhere["totalCount"], [each["name"] for each in everywhere["jobs"]][-1]) == (3, "watch")
    failed = ask(shop, "jobs", lastRunStates="FAILED")["jobs"]
    assert [each["name"] for each in failed] == ["make report"]
    assert ask(shop, "namespaces", "cron", "jobs", lastRunStates="FAILED")["jobs"] == []
    assert [each["name"] for each in ask(shop, "jobs", lastRunStates="RUNNING")["jobs"]] == ["watch"]


def test_runs_of_a_job_come_newest_first_and_a_run_by_its_id(shop: Cast) -> None:
    found = ask(shop, "namespaces", AIRFLOW, "jobs", "load.orders", "runs")
    assert (found["totalCount"], [run["id"] for run in found["runs"]]) == (2, [RUNS["load again"], RUNS["load"]])
    run = found["runs"][1]
    assert (run["state"], run["startedAt"], run["endedAt"]) == (
        "COMPLETED", "2026-11-01T08:00:00Z", "2026-11-01T08:05:00Z",
    )  # fmt: skip
    assert run["durationMs"] == 300_000
    assert run["jobVersion"] | {"version": ""} == {"namespace": AIRFLOW, "name": "load.orders", "version": ""}
    [written] = run["outputDatasetVersions"]
    versions = ask(shop, "namespaces", DB, "datasets", ORDERS, "versions")["versions"]
    assert written["datasetVersionId"] == versions[1]["id"]
    by_id = ask(shop, "jobs", "runs", RUNS["load"].upper())
    assert by_id | {"facets": {}} == run


def test_a_run_read_what_the_newest_completed_run_had_written_before_it(shop: Cast) -> None:
    first = ask(shop, "namespaces", DB, "datasets", ORDERS, "versions")["versions"][1]
    [read] = ask(shop, "jobs", "runs", RUNS["report"])["inputDatasetVersions"]
    assert read["datasetVersionId"] == first["id"], "and not what was written a day later"


def test_a_run_that_failed_wrote_no_version(shop: Cast) -> None:
    broken = run_event("FAIL", "2026-11-05T00:00:00Z", run=new_run(), job="b", outputs=[dataset("half", DB)])
    send_and_project(shop.workspace.pk, [broken])
    assert ask(shop, "namespaces", DB, "datasets", "half", "versions")["versions"][0]["createdByRun"] is None
    assert ask(shop, "namespaces", "airflow", "jobs", "b")["latestRun"]["outputDatasetVersions"] == []


def test_facets_of_a_run_and_its_job_are_those_of_its_events(shop: Cast) -> None:
    found = ask(shop, "jobs", "runs", RUNS["report"], "facets", type="job")
    assert (found["runId"], found["facets"]["sql"]["query"]) == (RUNS["report"], "SELECT 1")
    assert ask(shop, "jobs", "runs", RUNS["report"], "facets", type="run")["facets"] == {}
    again = ask(shop, "jobs", "runs", RUNS["load again"])
    assert again["nominalStartTime"] == again["facets"]["nominalTime"]["nominalStartTime"] == "2026-11-02T00:00:00Z"


def test_versions_of_a_job_say_what_they_join(shop: Cast) -> None:
    found = ask(shop, "namespaces", AIRFLOW, "jobs", "make report", "versions")["versions"]
    current = ask(shop, "namespaces", AIRFLOW, "jobs", "make report")["currentVersion"]
    by_id = {each["version"]: each for each in found}
    assert by_id[current]["outputs"] == [{"namespace": DB, "name": REPORT}]
    assert by_id[current]["latestRun"]["id"] == RUNS["report"]
    assert ask(shop, "namespaces", AIRFLOW, "jobs", "make report", "versions", current) == by_id[current]
    assert refused(shop, "namespaces", AIRFLOW, "jobs", "load.orders", "versions", current)[0] == 404


# ---- names


AWKWARD = ["x/versions", "x/datasets/y", "x/jobs/y", "a/../b", "%2F", "ü ß", "x/runs", "50%", "a?b#c"]


@pytest.mark.parametrize("name", AWKWARD)
def test_a_name_may_have_anything_in_it(cast: Cast, name: str) -> None:
    event = run_event(job=name, namespace=f"n/{name}", outputs=[dataset(name, f"d/{name}")])
    send_and_project(cast.workspace.pk, [event])
    found = ask(cast, "namespaces", f"d/{name}", "datasets", name)
    assert found["id"] == {"namespace": f"d/{name}", "name": name}
    job = ask(cast, "namespaces", f"n/{name}", "jobs", name)
    assert job["outputs"] == [found["id"]]
    assert ask(cast, "namespaces", f"n/{name}", "jobs", name, "runs")["totalCount"] == 1
    assert ask(cast, "namespaces", f"d/{name}", "datasets")["totalCount"] == 1
    assert ask(cast, "namespaces", f"d/{name}")["name"] == f"d/{name}"


@pytest.mark.parametrize(
    "parts",
    [("namespaces", "nowhere"), ("namespaces", DB, "datasets", "none"), ("namespaces", AIRFLOW, "jobs", "none", "runs"),
     ("namespaces", "nowhere", "datasets"), ("jobs", "runs", "none"), ("sources", "nowhere"),
     ("namespaces", "postgres", "datasets")],
)  # fmt: skip
def test_what_nobody_named_is_not_found_and_the_answer_names_it(shop: Cast, parts: tuple[str, ...]) -> None:
    status, message = refused(shop, *parts)
    assert status == 404
    assert any(word in message for word in ("none", "nowhere", "postgres"))


# ---- writes, bounds, rights


@pytest.mark.parametrize(
    ("method", "parts"),
    [("put", ("namespaces", "n")), ("put", ("sources", "s")), ("put", ("namespaces", DB, "datasets", ORDERS)),
     ("put", ("namespaces", AIRFLOW, "jobs", "j")), ("post", ("namespaces", AIRFLOW, "jobs", "j", "runs")),
     ("post", ("jobs", "runs", RUNS["load"], "start")), ("put", ("tags", "PII")),
     ("post", ("namespaces", DB, "datasets", ORDERS, "tags", "PII")),
     ("post", ("namespaces", DB, "datasets", ORDERS, "fields", "id", "tags", "PII")),
     ("delete", ("namespaces", DB, "datasets", ORDERS)), ("delete", ("namespaces", AIRFLOW, "jobs", "j", "tags", "t"))],
)  # fmt: skip
def test_a_write_is_refused_with_what_to_do_in_its_place(shop: Cast, method: str, parts: tuple[str, ...]) -> None:
    answer = getattr(shop.api["engineer"], method)(address(*parts), {}, format="json")
    said = answer.json()["error"]
    assert (answer.status_code, said["code"]) == (405, "use_openlineage")
    assert "POST /api/v1/lineage" in said["message"]


@pytest.mark.parametrize("query", [{"limit": 1001}, {"offset": 10_001}, {"limit": "x"}])
def test_a_part_of_a_list_is_bounded(shop: Cast, query: dict[str, Any]) -> None:
    status, message = refused(shop, "namespaces", DB, "datasets", **query)
    assert (status, "expected" in message) == (400, True)


def test_a_list_may_be_asked_for_its_count_alone(shop: Cast) -> None:
    assert ask(shop, "namespaces", DB, "datasets", limit=0) == {"datasets": [], "totalCount": 2}


READS = [("namespaces",), ("namespaces", DB), ("namespaces", DB, "datasets"), ("namespaces", DB, "datasets", ORDERS),
         ("namespaces", AIRFLOW, "jobs", "load.orders", "runs"), ("jobs",), ("jobs", "runs", RUNS["load"]), ("tags",),
         ("sources",)]  # fmt: skip


@pytest.mark.parametrize("parts", READS)
def test_members_read_and_the_pipeline_does_not(shop: Cast, parts: tuple[str, ...]) -> None:
    for role in ("officer", "auditor", "engineer", "admin"):
        ask(shop, *parts, role=role)
    assert refused(shop, *parts, role="pipeline")[0] == 403
    assert refused(shop, *parts, role="nobody")[0] == 401


@pytest.mark.parametrize("parts", READS)
def test_outsider_sees_nothing_of_it(shop: Cast, parts: tuple[str, ...]) -> None:
    response = shop.api["outsider"].get(address(*parts))
    if response.status_code == 200:
        assert not re.search(r"lake|5432|airflow|orders|shop|cron|watch", response.content.decode())
    else:
        assert response.status_code == 404


# ---- facets


def test_facets_of_datasets_and_jobs_are_those_said_last(cast: Cast) -> None:
    schema = facet(fields=[{"name": "id", "type": "INT"}, {"name": "mail", "description": "Where to."}])
    tags = facet(tags=[{"key": "pii", "value": "true", "field": "mail"}, {"key": "team", "value": "shop"}])
    changed = facet(lifecycleStateChange="TRUNCATE")
    said = dataset("t", schema=schema, tags=tags, lifecycleStateChange=changed)
    code = {"sourceCodeLocation": facet(type="git", url="https://git.example/shop")}
    first = run_event(at="2026-11-01T08:00:00Z", outputs=[dataset("t", schema=facet(fields=[{"name": "old"}]))])
    send_and_project(cast.workspace.pk, [run_event(at="2026-11-02T08:00:00Z", outputs=[said], job_facets=code), first])
    found = ask(cast, "namespaces", "postgres://db:5432", "datasets", "t")
    assert found["fields"] == [
        {"name": "id", "type": "INT", "tags": [], "description": None},
        {"name": "mail", "type": None, "tags": ["pii:true"], "description": "Where to."},
    ]
    assert (found["facets"]["schema"], found["lastLifecycleState"]) == (schema, "TRUNCATE")
    assert found["tags"] == ["team:shop"]
    job = ask(cast, "namespaces", "airflow", "jobs", "daily")
    assert (job["location"], job["facets"]) == ("https://git.example/shop", code)
    nodes = {node["type"]: node["data"] for node in ask(cast, "lineage", nodeId="job:airflow:daily")["graph"]}
    assert (nodes["DATASET"]["fields"], nodes["JOB"]["location"]) == (found["fields"], job["location"])


def test_facets_of_odd_shapes_are_shown_and_mean_nothing(cast: Cast) -> None:
    odd: dict[str, Any] = {
        "schema": {"fields": [1, {"name": 2}]},
        "tags": {"tags": "x"},
        "lifecycleStateChange": {"x": 1},
    }
    send_and_project(cast.workspace.pk, [run_event(outputs=[dataset("t", **odd)])])
    found = ask(cast, "namespaces", "postgres://db:5432", "datasets", "t")
    assert found["facets"] == odd
    assert (found["fields"], found["lastLifecycleState"]) == ([], None)
