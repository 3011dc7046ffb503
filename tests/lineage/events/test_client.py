"""The official OpenLineage client, configured by its two environment variables alone, is all that a pipeline needs."""

import uuid
from typing import Any

import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import column_lineage_dataset, ownership_job
from pytest_django.live_server_helper import LiveServer

from accounts.members.models import Role
from lineage.graph.project import project
from tests.support.cast import Cast
from tests.support.flow import asset

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(live_server: LiveServer, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> OpenLineageClient:
    monkeypatch.setenv("OPENLINEAGE_URL", live_server.url)
    monkeypatch.setenv("OPENLINEAGE_API_KEY", cast.pipeline)
    return OpenLineageClient()


def event(state: RunState, at: str, run: Run) -> RunEvent:
    owned = ownership_job.OwnershipJobFacet([ownership_job.Owner("team-etl")])
    job = Job("airflow", "daily.load", {"ownership": owned})
    source = column_lineage_dataset.InputField("s3://here", "customers", "email")
    columns = column_lineage_dataset.ColumnLineageDatasetFacet({"email": column_lineage_dataset.Fields([source])})
    return RunEvent(
        eventType=state,
        eventTime=at,
        run=run,
        job=job,
        inputs=[InputDataset("s3://here", "customers")],
        outputs=[OutputDataset("s3://there", "copy", facets={"columnLineage": columns})],
        producer="https://example.com/airflow",
    )


def test_start_and_complete_make_job_datasets_and_flow_visible(client: OpenLineageClient, cast: Cast) -> None:
    run = Run(str(uuid.uuid4()))
    client.emit(event(RunState.START, "2026-11-01T08:00:00Z", run))
    client.emit(event(RunState.COMPLETE, "2026-11-01T08:05:00Z", run))
    assert project(cast.workspace.pk) == 2
    jobs = cast.api["auditor"].get("/api/v1/assets?kind=job").json()["results"]
    assert [(job["name"], job["owner"]) for job in jobs] == [("daily.load", "team-etl")]
    target = asset(cast.workspace.pk, "dataset", "copy")
    answer: Any = cast.api["auditor"].get(f"/api/v1/graph/upstream?asset={target.pk}").json()
    assert [(row["name"], row["basis"]) for row in answer["results"]] == [("customers", "proven")]
    assert target.document["last_run_id"] == run.runId


def test_the_client_is_told_when_its_token_may_only_read(
    live_server: LiveServer, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", live_server.url)
    monkeypatch.setenv("OPENLINEAGE_API_KEY", cast.token(Role.AUDITOR))
    with pytest.raises(Exception, match="403"):
        OpenLineageClient().emit(event(RunState.START, "2026-11-01T08:00:00Z", Run(str(uuid.uuid4()))))
