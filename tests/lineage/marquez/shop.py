"""A shop whose names have ":", "/" and ports in them, and the ways to ask for it as Marquez's clients do."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.cast import Cast
from tests.support.flow import send_and_project
from tests.support.openlineage import dataset, facet, run_event

LAKE, DB, AIRFLOW = "s3://lake", "postgres://db:5432", "airflow/prod:1"
RAW, ORDERS, REPORT = "raw/orders", "a:1", "shop.report"
RUNS = {name: f"01890a5d-ac96-774b-bcce-b302099a80{number}" for name, number in
        (("load", 11), ("load again", 12), ("report", 13), ("broken", 14), ("going", 15))}  # fmt: skip


def columns(namespace: str, name: str, *pairs: tuple[str, str], **transformation: Any) -> dict[str, Any]:
    """Return the facet: (from field, to field) each."""
    how = [{"type": "DIRECT", "subtype": "IDENTITY", **transformation}]
    fields: dict[str, Any] = {}
    for source, target in pairs:
        said = {"namespace": namespace, "name": name, "field": source, "transformations": how}
        fields.setdefault(target, {"inputFields": []})["inputFields"].append(said)
    return facet(fields=fields)


def shop_events() -> list[dict[str, Any]]:
    """Return raw -> orders (twice, by one job), orders -> report, a run that failed and one that goes on."""
    raw = dataset(RAW, LAKE)
    orders = dataset(ORDERS, DB, columnLineage=columns(LAKE, RAW, ("o_id", "id"), ("mail", "mail")),
                     tags=facet(tags=[{"key": "team", "value": "shop"}]),
                     documentation=facet(description="All orders."))  # fmt: skip
    report = dataset(REPORT, DB, columnLineage=columns(DB, ORDERS, ("mail", "hash"), masking=True))
    load: dict[str, Any] = {"job": "load.orders", "namespace": AIRFLOW, "inputs": [raw], "outputs": [orders]}
    return [
        run_event("START", "2026-11-01T08:00:00Z", run=RUNS["load"], job="load.orders", namespace=AIRFLOW),
        run_event("COMPLETE", "2026-11-01T08:05:00Z", run=RUNS["load"], **load),
        run_event("START", "2026-11-02T08:00:00Z", run=RUNS["load again"], job="load.orders", namespace=AIRFLOW,
                  run_facets={"nominalTime": facet(nominalStartTime="2026-11-02T00:00:00Z")}),
        run_event("COMPLETE", "2026-11-02T08:05:30Z", run=RUNS["load again"], **load),
        run_event("START", "2026-11-01T09:00:00Z", run=RUNS["report"], job="make report", namespace=AIRFLOW),
        run_event("COMPLETE", "2026-11-01T09:01:00Z", run=RUNS["report"], job="make report", namespace=AIRFLOW,
                  inputs=[dataset(ORDERS, DB)], outputs=[report],
                  job_facets={"sql": facet(query="SELECT 1")}),
        run_event("FAIL", "2026-11-03T09:00:00Z", run=RUNS["broken"], job="make report", namespace=AIRFLOW),
        run_event("RUNNING", "2026-11-04T09:00:00Z", run=RUNS["going"], job="watch", namespace="cron"),
    ]  # fmt: skip


@pytest.fixture
def shop(cast: Cast) -> Cast:
    """Our workspace with the shop's events projected."""
    send_and_project(cast.workspace.pk, shop_events())
    return cast


def address(*parts: str) -> str:
    """Return an address as the client makes it: each part quoted whole."""
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


def ask(cast: Cast, *parts: str, role: str = "auditor", **query: Any) -> Any:
    """Return the JSON of a read."""
    response = cast.api[role].get(address(*parts), query)
    assert response.status_code == 200, (parts, query, response.content)
    return response.json()


def refused(cast: Cast, *parts: str, role: str = "auditor", **query: Any) -> tuple[int, str]:
    """Return status and message of a read that is refused."""
    response = cast.api[role].get(address(*parts), query)
    return response.status_code, response.json()["error"]["message"]
