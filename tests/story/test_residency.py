"""The main job as a story: a store moves abroad, the right check fails, a ticket opens; it moves back, all is closed.

Nothing is called by hand: events and inventories go in by HTTP, a real worker does the rest, and what is seen is what
the API shows.
"""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.support.cast import Cast
from tests.support.worker import eventually, running_worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

NAMESPACE = "s3://lake-eu"
DATASET = "s3%3A%2F%2Flake-eu/customers"


@pytest.fixture
def worker(tmp_path: Path, cast: Cast) -> Iterator[None]:
    with running_worker(tmp_path / "worker.log"):
        yield


def test_a_store_that_moves_abroad_fails_the_residency_check_until_it_is_back(cast: Cast, worker: None) -> None:
    pipeline, officer = cast.api["pipeline"], cast.api["officer"]

    # A pipeline writes customers; the inventory says that they may lie in Germany alone, and that the lake is there.
    assert pipeline.post("/api/v1/lineage", written("customers"), format="json").status_code == 201
    send_inventory(pipeline, lake(country="DE"), customers(allowed=["DE"]))
    eventually(lambda: verdict(officer, "SOV-04") == "pass", what="SOV-04 passes in Germany")
    assert findings(officer, "SOV-04") == []

    # The lake moves. The check fails by itself, a finding is raised, a ticket opens, and the ledger covers all of it.
    send_inventory(pipeline, lake(country="US"))
    eventually(lambda: verdict(officer, "SOV-04") == "fail", what="SOV-04 fails in the United States")
    finding = eventually(lambda: findings(officer, "SOV-04", state="open"), what="a finding")[0]
    assert (finding["severity"], finding["uid"]) == ("critical", DATASET)
    ticket = eventually(lambda: tickets(officer, finding, state="open"), what="an open ticket")[0]
    assert sealed(officer, finding["statement"])

    # Its facts say why, and where they come from.
    change = officer.get(f"/api/v1/findings/{finding['id']}").json()["change"]
    read = {fact["path"]: fact["value"] for fact in change["facts"]}
    assert read["asset.storage_countries"] == ["US"]
    assert read["asset.allowed_countries"] == ["DE"]

    # It moves back. The finding is resolved, the ticket closed, and that is sealed too.
    send_inventory(pipeline, lake(country="DE"))
    resolved = eventually(lambda: findings(officer, "SOV-04", state="resolved"), what="the finding resolved")[0]
    assert resolved["id"] == finding["id"]
    closed = eventually(lambda: tickets(officer, finding, state="closed"), what="the ticket closed")[0]
    assert closed["id"] == ticket["id"]
    assert resolved["statement"] != finding["statement"]
    assert sealed(officer, resolved["statement"])


# ---- what they send


def written(name: str) -> dict[str, Any]:
    """Return the event of a run that wrote a dataset of the lake."""
    return {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-01T06:00:00Z",
        "producer": "https://example.org/etl",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, name))},
        "job": {"namespace": "etl", "name": f"load_{name}"},
        "inputs": [],
        "outputs": [{"namespace": NAMESPACE, "name": name}],
    }


def lake(*, country: str) -> dict[str, Any]:
    return {
        "kind": "storage",
        "uid": "lake-eu",
        "name": "The lake",
        "origin": "measured",
        "attributes": {"country": country, "replica_countries": [], "lineage_namespaces": [NAMESPACE]},
    }


def customers(*, allowed: list[str]) -> dict[str, Any]:
    attributes = {"environment": "prod", "residency_limited": True, "allowed_countries": allowed}
    return {"kind": "dataset", "uid": DATASET, "name": "customers", "attributes": attributes}


def send_inventory(client: APIClient, *lines: dict[str, Any]) -> None:
    body = "\n".join(json.dumps(line) for line in lines)
    answer = client.post("/api/v1/inventories?source=cmdb&mode=delta", body, content_type="application/x-ndjson")
    assert answer.status_code in {200, 201, 202}, answer.content


# ---- what is seen


def verdict(client: APIClient, check: str) -> str | None:
    rows = client.get("/api/v1/verdicts", {"check": check}).json()["results"]
    return next((row["verdict"] for row in rows if row["uid"] == DATASET), None)


def findings(client: APIClient, check: str, state: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get("/api/v1/findings", {"check": check, "state": state}).json()["results"]
    return rows


def tickets(client: APIClient, finding: dict[str, Any], state: str) -> list[dict[str, Any]]:
    rows = client.get("/api/v1/tickets", {"state": state}).json()["results"]
    return [row for row in rows if row["finding"] == finding["id"]]


def sealed(client: APIClient, statement: str) -> bool:
    """Wait until the ledger covers a statement."""
    look = lambda: client.get(f"/api/v1/statements/{statement}").json()["proof"]  # noqa: E731
    return bool(eventually(look, what=f"statement {statement} in the ledger"))
