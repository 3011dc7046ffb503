"""A pair of datasets that a job joins is a flow of its own: where it goes, under which rules, for whom."""

import json
import uuid
from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.queue import Stage
from lineage.graph.data_flow_facts import flow_uid
from lineage.graph.project import project
from lineage.inventory.models import Asset
from tests.support.cast import Cast
from tests.support.flow import asset, queued, relations, send_and_project
from tests.support.openlineage import dataset, new_run, run_event

HERE, THERE = dataset("customers", "s3://here"), dataset("copy", "s3://there")
FLOW = "customers → copy"


def storage(uid: str, country: str | None, at: str = "2026-11-01T00:00:00Z") -> dict[str, Any]:
    attributes = {"lineage_namespaces": [f"s3://{uid}"], "replica_countries": []}
    return row("storage", uid, attributes | ({"country": country} if country else {}), at=at)


def row(
    kind: str, uid: str, attributes: dict[str, Any], relations: Any = None, at: str = "2026-11-01T00:00:00Z"
) -> dict[str, Any]:
    return {"kind": kind, "uid": uid, "attributes": attributes, "relations": relations or {}, "observed_at": at}


@pytest.fixture
def workspace(cast: Cast) -> uuid.UUID:
    return cast.workspace.pk


@pytest.fixture
def report(cast: Cast) -> Any:
    def send(*rows: dict[str, Any]) -> None:
        body = "\n".join(map(json.dumps, rows)).encode()
        path = "/api/v1/inventories?source=cmdb&format=native"
        response = cast.api["engineer"].post(path, body, content_type="application/x-ndjson")
        assert response.status_code == 201, response.content
        project(cast.workspace.pk)

    return send


def customers(workspace: uuid.UUID) -> str:
    return asset(workspace, "dataset", "customers").uid


def flow(workspace: uuid.UUID) -> dict[str, Any]:
    document: dict[str, Any] = asset(workspace, "data_flow", FLOW).document
    return document


@pytest.fixture
def abroad(workspace: uuid.UUID, report: Any) -> None:
    """Personal data goes from a storage in Germany to one in India."""
    send_and_project(workspace, [run_event(inputs=[HERE], outputs=[THERE])])
    report(
        storage("here", "DE"),
        storage("there", "IN"),
        row("dataset", customers(workspace), {"contains_personal_data": True}),
    )


def test_a_flow_abroad_names_its_countries_and_its_rules(workspace: uuid.UUID, abroad: None) -> None:
    expected = {
        "source_country": "DE", "target_country": "IN", "source_regime": "eu_gdpr", "leaves_regime": True,
        "target_adequate": False, "personal_data": True, "basis": "proven", "runs_last_90d": 1,
    }  # fmt: skip
    document = flow(workspace)
    assert expected.items() <= document.items()
    assert "transfer_tool_accepted" not in document, "no tool is on record: unknown, and never accepted"
    assert relations(workspace, "data_flow", FLOW) == {"from": ["customers"], "to": ["copy"], "by_job": ["daily"]}
    assert asset(workspace, "data_flow", FLOW).provenance["leaves_regime"]["source"] == "data_flow@2"


def test_moving_a_storage_moves_the_flow_and_queues_it(workspace: uuid.UUID, abroad: None, report: Any) -> None:
    report(storage("there", "FR", "2026-11-02T00:00:00Z"))
    document = flow(workspace)
    assert (document["target_country"], document["leaves_regime"], document["target_adequate"]) == ("FR", False, True)
    assert asset(workspace, "data_flow", FLOW).pk in queued(workspace, Stage.EVALUATE)
    report(storage("there", "IN", "2026-11-03T00:00:00Z"))
    assert flow(workspace)["leaves_regime"] is True


def test_the_tool_on_record_is_judged_by_the_regime(workspace: uuid.UUID, abroad: None, report: Any) -> None:
    uid = asset(workspace, "data_flow", FLOW).uid
    report(row("data_flow", uid, {"transfer_tool": "scc"}))
    document = flow(workspace)
    assert (document["transfer_tool_accepted"], document["transfer_assessment_required"]) == (True, True)
    assert asset(workspace, "data_flow", FLOW).provenance["transfer_tool_accepted"]["grade"] == "C"
    report(row("data_flow", uid, {"transfer_tool": "none"}, at="2026-11-02T00:00:00Z"))
    document = flow(workspace)
    assert (document["transfer_tool_accepted"], document["transfer_assessment_required"]) == (False, False)


def test_a_tool_reported_before_the_flow_was_seen_waits_for_it(workspace: uuid.UUID, report: Any) -> None:
    here, there = "s3%3A%2F%2Fhere/customers", "s3%3A%2F%2Fthere/copy"
    known = row("data_flow", flow_uid(here, there), {"transfer_tool": "scc"})
    report(known, storage("here", "DE"), storage("there", "IN"))
    send_and_project(workspace, [run_event(inputs=[HERE], outputs=[THERE])])
    with in_workspace(workspace):
        document = Asset.objects.get(kind="data_flow").document
    assert (document["transfer_tool_accepted"], document["source_country"]) == (True, "DE")


def test_a_scheme_counts_for_the_recipient_that_joined_it(workspace: uuid.UUID, abroad: None, report: Any) -> None:
    report(storage("there", "US", "2026-11-02T00:00:00Z"))
    assert "target_adequate" not in flow(workspace), "who receives it is not known"
    uid = asset(workspace, "data_flow", FLOW).uid
    report(
        row("data_flow", uid, {}, {"recipient": [{"kind": "vendor", "uid": "acme"}]}),
        row("vendor", "acme", {"transfer_schemes": []}),
    )
    assert flow(workspace)["target_adequate"] is False
    report(row("vendor", "acme", {"transfer_schemes": ["eu_us_dpf"]}, at="2026-11-02T00:00:00Z"))
    assert flow(workspace)["target_adequate"] is True


def test_an_unknown_place_leaves_what_needs_it_missing(workspace: uuid.UUID, report: Any) -> None:
    send_and_project(workspace, [run_event(inputs=[HERE], outputs=[THERE])])
    report(storage("here", "DE"), storage("there", None))
    document = flow(workspace)
    assert document["source_regime"] == "eu_gdpr"
    missing = {"target_country", "leaves_regime", "target_adequate", "personal_data"}
    assert not missing & document.keys()


def test_a_country_without_regime_has_none_to_leave(workspace: uuid.UUID, report: Any) -> None:
    send_and_project(workspace, [run_event(inputs=[HERE], outputs=[THERE])])
    report(storage("here", "BO"), storage("there", "DE"))
    document = flow(workspace)
    assert document["source_regime"] == "none"
    assert "leaves_regime" not in document


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"contains_personal_data": False}, False),
        ({"classification": "personal_special"}, True),
        ({"classification": "internal"}, False),
        ({"contains_personal_data": False, "classification": "personal"}, True),
    ],
)
def test_either_sign_of_personal_data_suffices(
    workspace: uuid.UUID, report: Any, facts: dict[str, Any], expected: bool
) -> None:
    send_and_project(workspace, [run_event(inputs=[HERE], outputs=[THERE])])
    report(row("dataset", customers(workspace), facts))
    assert flow(workspace)["personal_data"] is expected


def test_runs_are_counted_over_ninety_days_to_the_newest(workspace: uuid.UUID) -> None:
    days = ["2026-05-01", "2026-08-10", "2026-10-01", "2026-11-01"]
    send_and_project(
        workspace, [run_event(at=f"{day}T00:00:00Z", run=new_run(), inputs=[HERE], outputs=[THERE]) for day in days]
    )
    assert flow(workspace)["runs_last_90d"] == 3


def test_a_flow_that_is_only_possible_says_so(workspace: uuid.UUID) -> None:
    outputs = [THERE, dataset("more", "s3://there")]
    send_and_project(workspace, [run_event(inputs=[HERE, dataset("x", "s3://here")], outputs=outputs)])
    assert flow(workspace)["basis"] == "possible"
    send_and_project(workspace, [run_event(job="other", run=new_run(), inputs=[HERE], outputs=[THERE])])
    assert flow(workspace)["basis"] == "proven"
    assert relations(workspace, "data_flow", FLOW)["by_job"] == ["daily", "other"]


def test_a_name_too_long_for_a_pair_is_known_by_its_digest(workspace: uuid.UUID) -> None:
    long = [dataset("é" * 200 + end, "s3://here") for end in "ab"]
    assert send_and_project(workspace, [run_event(inputs=long[:1], outputs=long[1:])]) == 1
    with in_workspace(workspace):
        assert Asset.objects.get(kind="data_flow").uid.startswith("sha256:")


# ---- places of runs


def test_a_run_is_where_the_cluster_of_its_job_is(workspace: uuid.UUID, report: Any) -> None:
    send_and_project(workspace, [run_event(inputs=[HERE])])
    job = asset(workspace, "job", "daily").uid
    report(
        row("job", job, {}, {"runs_on": [{"kind": "cluster", "uid": "k8s"}]}),
        row("cluster", "k8s", {}, {"at": [{"kind": "site", "uid": "fra1"}]}),
    )
    with in_workspace(workspace):
        run = Asset.objects.get(kind="run")
    assert run.country == ""
    report(row("site", "fra1", {"country": "DE"}))
    assert asset(workspace, "run", run.name).country == "DE"
    report(row("cluster", "k8s", {"country": "FR"}, at="2026-11-02T00:00:00Z"))
    assert asset(workspace, "run", run.name).country == "FR"
    send_and_project(workspace, [run_event(run=(later := new_run()), inputs=[HERE])])
    assert asset(workspace, "run", later).country == "FR"
    report(row("job", job, {}, {"runs_on": []}, at="2026-11-03T00:00:00Z"))
    assert asset(workspace, "run", later).country == ""


def test_clusters_in_two_countries_leave_the_place_of_a_run_unknown(workspace: uuid.UUID, report: Any) -> None:
    send_and_project(workspace, [run_event(inputs=[HERE])])
    clusters = [{"kind": "cluster", "uid": uid} for uid in "ab"]
    report(
        row("job", asset(workspace, "job", "daily").uid, {}, {"runs_on": clusters}),
        row("cluster", "a", {"country": "DE"}),
        row("cluster", "b", {"country": "IN"}),
    )
    with in_workspace(workspace):
        assert Asset.objects.get(kind="run").country == ""
