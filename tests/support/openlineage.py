"""OpenLineage events for tests: made by hand, and the published samples where they lie beside the checkout."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "openlineage"
PRODUCER = "https://example.com/producer"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
RUN = "01890a5d-ac96-774b-bcce-b302099a8057"


def dataset(name: str, namespace: str = "postgres://db:5432", **facets: Any) -> dict[str, Any]:
    """Return a dataset of an event."""
    return {"namespace": namespace, "name": name, "facets": facets}


def run_event(
    event_type: str | None = "COMPLETE",
    at: str = "2026-11-01T08:00:00Z",
    *,
    run: str = RUN,
    job: str = "daily",
    namespace: str = "airflow",
    inputs: list[dict[str, Any]] | None = None,
    outputs: list[dict[str, Any]] | None = None,
    run_facets: dict[str, Any] | None = None,
    job_facets: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a RunEvent."""
    event: dict[str, Any] = {
        "eventTime": at,
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        "run": {"runId": run, "facets": run_facets or {}},
        "job": {"namespace": namespace, "name": job, "facets": job_facets or {}},
        "inputs": inputs or [],
        "outputs": outputs or [],
    }
    return event | ({"eventType": event_type} if event_type else {})


def job_event(
    job: str = "daily", namespace: str = "airflow", at: str = "2026-11-01T08:00:00Z", **rest: Any
) -> dict[str, Any]:
    """Return a JobEvent."""
    named = {"namespace": namespace, "name": job, "facets": rest.pop("job_facets", {})}
    return {"eventTime": at, "producer": PRODUCER, "schemaURL": SCHEMA, "job": named, **rest}


def dataset_event(about: dict[str, Any], at: str = "2026-11-01T08:00:00Z") -> dict[str, Any]:
    """Return a DatasetEvent."""
    return {"eventTime": at, "producer": PRODUCER, "schemaURL": SCHEMA, "dataset": about}


def facet(**members: Any) -> dict[str, Any]:
    """Return a facet with the members that all facets have."""
    return {"_producer": PRODUCER, "_schemaURL": f"{PRODUCER}/facet.json", **members}


def new_run() -> str:
    """Return a run id that nobody used."""
    return str(uuid.uuid4())


def post(client: APIClient, content: Any, path: str = "/api/v1/lineage", **headers: Any) -> Any:
    """Post JSON (or bytes as they are) and return the response."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(path, body, content_type="application/json", **headers)


def sample_files() -> list[Path]:
    """Return the published sample files; skip, saying so, where they are not beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"published OpenLineage samples are absent: no folder {SHARED}")
    return sorted(SHARED.glob("samples/*.json"))


def sample_events() -> list[dict[str, Any]]:
    """Return all published sample events, the specification's full example included."""
    events = [event for path in sample_files() for event in json.loads(path.read_text())]
    return [*events, json.loads((SHARED / "spec" / "tests" / "example_full_event.json").read_text())]
