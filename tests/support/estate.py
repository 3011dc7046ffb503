"""Small estates that go in through the doors and are worked off in this process."""

import json
from typing import Any

from rest_framework.test import APIClient

from audit.pipeline import run_due
from tests.support.cast import Cast

LAKE = {
    "kind": "storage",
    "uid": "lake",
    "name": "The lake",
    "origin": "measured",
    "attributes": {"country": "US", "replica_countries": [], "lineage_namespaces": ["s3://lake"]},
}
CUSTOMERS = {
    "kind": "dataset",
    "uid": "s3%3A%2F%2Flake/customers",
    "name": "customers",
    "attributes": {"environment": "prod", "residency_limited": True, "allowed_countries": ["DE"]},
}
"""A store in the United States that holds data bound to Germany: SOV-04 fails."""


def send_inventory(client: APIClient, *lines: dict[str, Any], source: str = "cmdb", mode: str = "delta") -> Any:
    """Send native lines by the API; return the answer's body."""
    body = "\n".join(json.dumps(line) for line in lines)
    path = f"/api/v1/inventories?source={source}&mode={mode}"
    answer = client.post(path, body, content_type="application/x-ndjson")
    assert answer.status_code in {200, 201, 202}, answer.content
    return answer.json()


def judged_estate(cast: Cast) -> None:
    """Send a store and a dataset that break a residency limit; work everything off."""
    send_inventory(cast.api["pipeline"], LAKE, CUSTOMERS)
    run_due(cast.workspace.pk)
