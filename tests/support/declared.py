"""Kinds and attributes that a workspace declares, through the API and two persons."""

from typing import Any

from tests.support.cast import Cast

TIER: dict[str, Any] = {"name": "data_tier", "type": "string", "meaning": "gold, silver or bronze"}
SEATS: dict[str, Any] = {"name": "seats", "type": "int", "unit": "count", "meaning": "People who may use it"}
PUMP: dict[str, Any] = {
    "kind": "pump",
    "meaning": "A pump that cools machines",
    "attributes": [
        {"name": "flow_litres", "type": "double", "unit": "l/min", "meaning": "Coolant that it moves"},
        {"name": "serviced_at", "type": "timestamp", "meaning": "Last service"},
        {"name": "redundant", "type": "bool", "meaning": "Another one takes over"},
    ],
    "relations": [{"name": "cools", "target": "storage", "inverse": "cooled_by"}],
}


def propose(cast: Cast, said: dict[str, Any], role: str = "admin") -> Any:
    """Propose a declaration; return the answer."""
    return cast.api[role].post("/api/v1/kinds", said | {"reason": "We judge by it."}, "json")


def declare(cast: Cast, said: dict[str, Any]) -> None:
    """Declare: the admin proposes, the officer approves."""
    proposed = propose(cast, said)
    assert proposed.status_code == 201, proposed.content
    answer = cast.api["officer"].post(f"/api/v1/approvals/{proposed.json()['id']}/approve", {}, "json")
    assert answer.status_code == 200, answer.content
