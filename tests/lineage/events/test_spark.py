"""What Spark really sent, sent again by the official client: published events of a local and a Databricks session."""

import json
from typing import Any

import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.serde import Serde
from pytest_django.live_server_helper import LiveServer

from lineage.graph.project import project
from tests.support.cast import Cast
from tests.support.flow import asset, flows, relations
from tests.support.openlineage import sample_files

pytestmark = pytest.mark.django_db(transaction=True)

LOCAL_JOB = "sample_spark.execute_create_data_source_table_as_select_command"
LOCAL_TABLE = "/home/jovyan/notebooks/spark-warehouse/temp"
CLOUD_JOB = "databricks_shell.atomic_replace_table_as_select"
CLOUD_TABLE = "/user/hive/warehouse/temp"


@pytest.fixture
def spark(live_server: LiveServer, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return the events, after the client sent them and they were projected."""
    monkeypatch.setenv("OPENLINEAGE_URL", live_server.url)
    monkeypatch.setenv("OPENLINEAGE_API_KEY", cast.pipeline)
    files = [path for path in sample_files() if path.stem.startswith("spark_")]
    events: list[dict[str, Any]] = [event for path in files for event in json.loads(path.read_text())]
    transport: Any = OpenLineageClient().transport  # the client itself takes only events that it made
    for event in events:
        transport.emit(event)
    assert project(cast.workspace.pk) == len(events) == 2
    return events


def names(cast: Cast, kind: str) -> list[str]:
    return [row["name"] for row in cast.api["auditor"].get(f"/api/v1/assets?kind={kind}").json()["results"]]


def test_each_event_is_kept_as_it_was_sent(spark: list[dict[str, Any]], cast: Cast) -> None:
    rows = cast.api["auditor"].get("/api/v1/raw-events?kind=run").json()["results"]
    kept = [json.loads(cast.api["auditor"].get(f"/api/v1/raw-events/{row['id']}").json()["body"]) for row in rows]
    sent = [Serde.to_dict(event) for event in reversed(spark)]  # the client leaves out what is null
    assert kept == sent, "logical plans and unknown facets included"
    assert "spark.logicalPlan" in kept[0]["run"]["facets"]
    assert [row["redactions"] for row in rows] == [[], []]


def test_sessions_and_tables_are_jobs_and_datasets_and_nothing_more_is_guessed(
    spark: list[dict[str, Any]], cast: Cast
) -> None:
    assert sorted(names(cast, "job")) == [CLOUD_JOB, LOCAL_JOB]
    assert sorted(names(cast, "dataset")) == [LOCAL_TABLE, CLOUD_TABLE]
    assert relations(cast.workspace.pk, "job", LOCAL_JOB)["writes"] == [LOCAL_TABLE]
    assert relations(cast.workspace.pk, "job", CLOUD_JOB)["writes"] == [CLOUD_TABLE]
    assert flows(cast.workspace.pk) == {}, "Spark named no input: what it does not say is not inferred"


def test_only_the_session_that_completed_wrote_its_table(spark: list[dict[str, Any]], cast: Cast) -> None:
    states = {event["eventType"]: asset(cast.workspace.pk, "run", event["run"]["runId"]) for event in spark}
    assert {sent: run.document["state"] for sent, run in states.items()} == {"START": "running", "COMPLETE": "complete"}
    assert asset(cast.workspace.pk, "dataset", CLOUD_TABLE).document["last_run_id"] == states["COMPLETE"].name
    assert "last_run_id" not in asset(cast.workspace.pk, "dataset", LOCAL_TABLE).document
