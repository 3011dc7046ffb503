"""Marquez's graph, column lineage, upstream runs, events, search and numbers."""

import datetime
import json
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from tests.lineage.marquez.shop import (
    AIRFLOW,
    DB,
    LAKE,
    ORDERS,
    RAW,
    REPORT,
    RUNS,
    address,
    ask,
    columns,
    refused,
    shop,
    shop_events,
)
from tests.support.cast import Cast
from tests.support.flow import send_and_project
from tests.support.openlineage import dataset, new_run, run_event

__all__ = ["shop"]

RAW_NODE, ORDERS_NODE, REPORT_NODE = f"dataset:{LAKE}:{RAW}", f"dataset:{DB}:{ORDERS}", f"dataset:{DB}:{REPORT}"
LOAD, MAKE = f"job:{AIRFLOW}:load.orders", f"job:{AIRFLOW}:make report"


def edges(graph: dict[str, Any]) -> set[tuple[str, str]]:
    return {(edge["origin"], edge["destination"]) for node in graph["graph"] for edge in node["outEdges"]}


def ids(graph: dict[str, Any]) -> list[str]:
    return [node["id"] for node in graph["graph"]]


# ---- /lineage


@pytest.mark.parametrize("start", [RAW_NODE, ORDERS_NODE, REPORT_NODE, LOAD, MAKE])
def test_the_graph_has_jobs_between_datasets_whichever_node_it_begins_at(shop: Cast, start: str) -> None:
    found = ask(shop, "lineage", nodeId=start)
    assert ids(found) == sorted([RAW_NODE, ORDERS_NODE, REPORT_NODE, LOAD, MAKE])
    assert edges(found) == {(RAW_NODE, LOAD), (LOAD, ORDERS_NODE), (ORDERS_NODE, MAKE), (MAKE, REPORT_NODE)}
    into = {(each["origin"], each["destination"]) for node in found["graph"] for each in node["inEdges"]}
    assert into == edges(found)
    assert (found["truncated"], found["reasons"]) == (False, [])


def test_the_data_of_a_node_is_what_the_addresses_show(shop: Cast) -> None:
    data = {node["id"]: node["data"] for node in ask(shop, "lineage", nodeId=ORDERS_NODE)["graph"]}
    one = ask(shop, "namespaces", DB, "datasets", ORDERS)
    assert data[ORDERS_NODE].items() <= one.items()
    job = ask(shop, "namespaces", AIRFLOW, "jobs", "load.orders")
    assert data[LOAD].items() <= job.items()
    assert data[LOAD]["latestRun"]["state"] == "COMPLETED"


def test_depth_counts_jobs_and_says_when_there_is_more(shop: Cast) -> None:
    found = ask(shop, "lineage", nodeId=LOAD, depth=0)
    assert ids(found) == sorted([RAW_NODE, LOAD, ORDERS_NODE])
    assert (found["truncated"], found["reasons"]) == (True, ["there is more beyond depth 0"])
    assert ask(shop, "lineage", nodeId=LOAD, depth=1)["truncated"] is False


def test_siblings_and_jobs_with_one_side_appear(shop: Cast) -> None:
    aside = run_event(run=new_run(), job="aside", inputs=[dataset(RAW, LAKE)])
    send_and_project(shop.workspace.pk, [aside])
    assert (RAW_NODE, "job:airflow:aside") in edges(ask(shop, "lineage", nodeId=REPORT_NODE))


def test_what_a_job_no_longer_touches_is_not_its_neighbour(shop: Cast) -> None:
    later = run_event("COMPLETE", "2026-11-09T00:00:00Z", run=new_run(), job="make report", namespace=AIRFLOW,
                      inputs=[dataset("else", DB)], outputs=[dataset(REPORT, DB)])  # fmt: skip
    send_and_project(shop.workspace.pk, [later])
    assert MAKE not in ids(ask(shop, "lineage", nodeId=ORDERS_NODE))
    assert ids(ask(shop, "lineage", nodeId=REPORT_NODE)) == sorted([MAKE, f"dataset:{DB}:else", REPORT_NODE])


def test_a_dataset_that_no_job_touches_is_a_graph_of_one(cast: Cast) -> None:
    row = b'{"kind": "dataset", "uid": "ns/lonely", "attributes": {}}'
    cast.api["engineer"].post("/api/v1/inventories?source=s&format=native", row, content_type="application/x-ndjson")
    send_and_project(cast.workspace.pk, [])
    assert ids(ask(cast, "lineage", nodeId="dataset:ns:lonely")) == ["dataset:ns:lonely"]


def test_a_job_that_touches_nothing_is_a_graph_of_one(shop: Cast) -> None:
    [node] = ask(shop, "lineage", nodeId="job:cron:watch")["graph"]
    assert (node["data"]["inputs"], node["inEdges"], node["outEdges"]) == ([], [], [])


# ---- nodeIds


@pytest.mark.parametrize(
    ("namespace", "name"),
    [("postgres://db:5432", "a:1"), ("s3://b", "k/a.csv"), ("a:1", "b:2"), (":", "::"), ("kafka://h:9092", "t#1"),
     ("n", "x#01890a5d-ac96-774b-bcce-b302099a8011"), ("arn:aws:glue:eu-central-1:123456789012", "table/db/t")],
)  # fmt: skip
def test_a_node_is_found_wherever_colons_stand(cast: Cast, namespace: str, name: str) -> None:
    columned = dataset(name, namespace, columnLineage=columns("src", "in", ("x", "y:1")))
    send_and_project(cast.workspace.pk, [run_event(job=name, namespace=namespace, outputs=[columned])])
    for kind in ("dataset", "job"):
        found = ask(cast, "lineage", nodeId=f"{kind}:{namespace}:{name}")
        assert {"namespace": namespace, "name": name} in [node["data"]["id"] for node in found["graph"]]
    fields = ask(cast, "column-lineage", nodeId=f"datasetField:{namespace}:{name}:y:1")["graph"]
    assert {node["id"] for node in fields} == {f"datasetField:{namespace}:{name}:y:1", "datasetField:src:in:x"}


def test_of_two_readings_that_exist_the_shorter_namespace_counts(cast: Cast) -> None:
    send_and_project(cast.workspace.pk, [run_event(outputs=[dataset("b:c", "a"), dataset("c", "a:b")])])
    data = {node["data"]["id"]["namespace"] for node in ask(cast, "lineage", nodeId="dataset:a:b:c")["graph"][:2]}
    assert "a" in data
    first = ask(cast, "column-lineage", nodeId="dataset:a:b:c")
    assert first["graph"] == []


@pytest.mark.parametrize("text", ["zzz", "dataset:", "table:a:b", "run:x", ":" * 90, "dataset:" + ":" * 70])
def test_what_is_no_node_id_is_refused_with_the_forms(shop: Cast, text: str) -> None:
    status, message = refused(shop, "lineage", nodeId=text)
    assert (status, "expected dataset:<namespace>:<name>" in message) == (400, True)


@pytest.mark.parametrize("text", ["dataset:a:b", f"dataset:{DB}:a:2", "job:airflow:daily", "dataset:x"])
def test_a_node_that_does_not_exist_is_not_found(shop: Cast, text: str) -> None:
    status, message = refused(shop, "lineage", nodeId=text)
    assert (status, text in message) == (404, True)


# ---- /column-lineage


def field(namespace: str, name: str, of: str) -> str:
    return f"datasetField:{namespace}:{name}:{of}"


def test_fields_are_followed_upstream(shop: Cast) -> None:
    found = ask(shop, "column-lineage", nodeId=field(DB, REPORT, "hash"))
    mail, raw = field(DB, ORDERS, "mail"), field(LAKE, RAW, "mail")
    assert ids(found) == sorted([field(DB, REPORT, "hash"), mail, raw])
    nodes = {node["id"]: node for node in found["graph"]}
    assert {node["type"] for node in found["graph"]} == {"DATASET_FIELD"}
    top = nodes[field(DB, REPORT, "hash")]
    assert top["inEdges"] == [{"origin": top["id"], "destination": mail}]
    assert nodes[mail]["outEdges"] == [{"origin": mail, "destination": top["id"]}]
    [source] = top["data"]["inputFields"]
    assert (source["dataset"], source["field"], source["transformationType"]) == (ORDERS, "mail", "MASKED")
    assert nodes[mail]["data"]["transformationType"] == "IDENTITY"


def test_fields_are_followed_downstream_where_asked_for(shop: Cast) -> None:
    start = field(LAKE, RAW, "mail")
    assert ask(shop, "column-lineage", nodeId=start)["graph"] == []
    found = ask(shop, "column-lineage", nodeId=start, withDownstream="True")
    assert ids(found) == sorted([start, field(DB, ORDERS, "mail"), field(DB, REPORT, "hash")])


def test_a_dataset_and_a_job_stand_for_all_their_fields(shop: Cast) -> None:
    of_dataset = ask(shop, "column-lineage", nodeId=ORDERS_NODE)
    assert ids(of_dataset) == sorted(
        [field(DB, ORDERS, "id"), field(DB, ORDERS, "mail"), field(LAKE, RAW, "o_id"), field(LAKE, RAW, "mail")]
    )
    assert ask(shop, "column-lineage", nodeId=LOAD) == of_dataset


def test_depth_of_columns_counts_steps(shop: Cast) -> None:
    found = ask(shop, "column-lineage", nodeId=field(DB, REPORT, "hash"), depth=1)
    assert ids(found) == sorted([field(DB, REPORT, "hash"), field(DB, ORDERS, "mail")])
    assert found["truncated"] is True


def test_a_field_that_no_lineage_names_is_not_found(shop: Cast) -> None:
    assert refused(shop, "column-lineage", nodeId=field(DB, ORDERS, "none"))[0] == 404


def test_columns_as_of_a_version_are_those_that_were_known_by_then(shop: Cast) -> None:
    first = ask(shop, "namespaces", DB, "datasets", ORDERS, "versions")["versions"][1]["version"]
    later = run_event("COMPLETE", "2026-11-08T00:00:00Z", run=new_run(), job="more", inputs=[dataset("more", DB)],
                      outputs=[dataset(ORDERS, DB, columnLineage=columns(DB, "more", ("m", "mail")))])  # fmt: skip
    send_and_project(shop.workspace.pk, [later])
    now = ids(ask(shop, "column-lineage", nodeId=field(DB, ORDERS, "mail")))
    then = ids(ask(shop, "column-lineage", nodeId=f"{field(DB, ORDERS, 'mail')}#{first}"))
    assert set(now) - set(then) == {field(DB, "more", "m")}
    status, message = refused(
        shop, "column-lineage", nodeId=f"{field(DB, ORDERS, 'mail')}#{first}", withDownstream="true"
    )
    assert (status, "names a version" in message) == (400, True)


# ---- runs upstream


def test_runs_upstream_are_those_that_made_what_was_read(shop: Cast) -> None:
    found = ask(shop, "runlineage", "upstream", runId=RUNS["report"])
    assert [each["run"]["id"] for each in found["runs"]] == [RUNS["report"], RUNS["load"]]
    [read] = found["runs"][0]["inputs"]
    assert (read["name"], read["producedByRunId"]) == (ORDERS, RUNS["load"])
    assert found["runs"][1]["run"]["status"] == "COMPLETED"
    assert found["runs"][1]["inputs"][0]["producedByRunId"] is None
    cut = ask(shop, "runlineage", "upstream", runId=RUNS["report"], depth=0)
    assert (len(cut["runs"]), cut["truncated"]) == (1, True)
    assert refused(shop, "runlineage", "upstream", runId="none")[0] == 404


# ---- events


def test_events_come_byte_for_byte_by_their_own_time(shop: Cast) -> None:
    events = sorted(shop_events(), key=lambda event: event["eventTime"])
    found = ask(shop, "events", "lineage")
    assert found == {"events": events[::-1], "totalCount": len(events)}
    assert ask(shop, "events", "lineage", sortDirection="ASC", limit=2, offset=1)["events"] == events[1:3]
    day = ask(shop, "events", "lineage", after="2026-11-01T09:00:00.000Z", before="2026-11-02T08:00:00Z")
    assert day["events"] == [event for event in events[::-1] if "2026-11-01T09" <= event["eventTime"] < "2026-11-02T08"]
    assert day["totalCount"] == 2


def test_numbers_in_events_are_not_rounded(cast: Cast) -> None:
    body = json.dumps(run_event(run_facets={"x": {"n": "N"}})).replace('"N"', "0.12345678901234567890").encode()
    cast.api["pipeline"].post("/api/v1/lineage", body, content_type="application/json")
    assert b"0.12345678901234567890" in cast.api["auditor"].get(address("events", "lineage")).content


# ---- search, tags, sources


def test_search_finds_by_a_part_of_the_name(shop: Cast) -> None:
    found = ask(shop, "search", q="order")
    assert [(each["type"], each["name"]) for each in found["results"]] == [("JOB", "load.orders"), ("DATASET", RAW)]
    assert (found["totalCount"], found["results"][1]["nodeId"]) == (2, RAW_NODE)
    assert [each["name"] for each in ask(shop, "search", q="%order%", filter="DATASET")["results"]] == [RAW]
    by_time = ask(shop, "search", q="o", sort="UPDATE_AT", limit=50)["results"]
    assert [each["updatedAt"] for each in by_time] == sorted([each["updatedAt"] for each in by_time], reverse=True)
    assert ask(shop, "search", q="report", namespace=DB)["totalCount"] == 1
    today = timezone.now().date()
    assert ask(shop, "search", q="report", before="2020-01-01")["totalCount"] == 0
    assert ask(shop, "search", q="report", before=str(today + datetime.timedelta(days=2)))["totalCount"] == 2
    assert refused(shop, "search", q="%")[0] == 400


def test_tags_and_sources_are_those_of_datasets(shop: Cast) -> None:
    assert ask(shop, "tags") == {"tags": [{"name": "team:shop", "description": None}]}
    found = ask(shop, "sources")["sources"]
    assert [(each["name"], each["type"], each["connectionUrl"]) for each in found] == [
        (DB, "POSTGRESQL", DB), (LAKE, "S3", LAKE),
    ]  # fmt: skip
    assert ask(shop, "sources", DB) == found[0]


# ---- numbers


def test_runs_are_counted_by_hour_and_by_day(cast: Cast) -> None:
    now = timezone.now()
    start, end = (now - datetime.timedelta(minutes=2)).isoformat(), (now - datetime.timedelta(minutes=1)).isoformat()
    events = [run_event("START", start), run_event("COMPLETE", end),
              run_event("START", start, run=new_run()), run_event("FAIL", end, run=(bad := new_run())),
              run_event("START", start, run=bad)]  # fmt: skip
    send_and_project(cast.workspace.pk, [*events, *events])
    for period, intervals in (("DAY", 24), ("WEEK", 7)):
        found = ask(cast, "stats", "lineage-events", period=period, timezone="Europe/Berlin")
        assert len(found) == intervals
        assert all(one["endInterval"] == two["startInterval"] for one, two in pairwise(found))
        sums = {name: sum(each[name] for each in found) for name in ("start", "complete", "fail", "abort")}
        assert sums == {"start": 3, "complete": 1, "fail": 1, "abort": 0}


@pytest.mark.parametrize(("counted", "number"), [("jobs", 3), ("datasets", 3), ("sources", 2)])
def test_what_is_known_is_counted_at_the_end_of_each_interval(shop: Cast, counted: str, number: int) -> None:
    found = ask(shop, "stats", counted, period="DAY")
    assert (len(found), found[-1]["count"]) == (24, number)
    assert set(found[0]) == {"startInterval", "endInterval", "count"}
    assert ask(shop, "stats", counted, period="WEEK", timezone="Asia/Tokyo")[-1]["count"] == number


def test_a_day_begins_at_midnight_of_the_zone(shop: Cast) -> None:
    found = ask(shop, "stats", "jobs", period="WEEK", timezone="Asia/Tokyo")
    assert all(each["startInterval"].endswith("T15:00:00Z") for each in found)


def test_numbers_name_what_they_take(shop: Cast) -> None:
    assert refused(shop, "stats", "jobs", period="MONTH")[0] == 400
    status, message = refused(shop, "stats", "jobs", period="WEEK", timezone="Mars/Olympus")
    assert (status, "Europe/Berlin" in message) == (400, True)
    assert refused(shop, "stats", "ships", period="DAY")[0] == 404


# ---- rights

GRAPH: list[tuple[tuple[str, ...], dict[str, str]]] = [
    (("lineage",), {"nodeId": ORDERS_NODE}),
    (("column-lineage",), {"nodeId": ORDERS_NODE}),
    (("runlineage", "upstream"), {"runId": RUNS["report"]}),
    (("events", "lineage"), {}),
    (("search",), {"q": "orders"}),
    (("stats", "jobs"), {"period": "DAY"}),
]


@pytest.mark.parametrize(("parts", "query"), GRAPH)
def test_members_read_the_graph_and_the_pipeline_does_not(
    shop: Cast, parts: tuple[str, ...], query: dict[str, str]
) -> None:
    for role in ("officer", "auditor", "engineer", "admin"):
        ask(shop, *parts, role=role, **query)
    assert refused(shop, *parts, role="pipeline", **query)[0] == 403
    assert refused(shop, *parts, role="nobody", **query)[0] == 401


@pytest.mark.parametrize(("parts", "query"), GRAPH)
def test_outsider_sees_nothing_of_the_graph(shop: Cast, parts: tuple[str, ...], query: dict[str, str]) -> None:
    response = shop.api["outsider"].get(address(*parts), query)
    assert response.status_code in (200, 404)
    said = response.content.decode().replace(json.dumps(query.get("nodeId", "-")).strip('"'), "")
    assert "5432" not in said
    assert "load.orders" not in said
