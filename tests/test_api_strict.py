"""Nothing that a request says is dropped in silence: unknown parameters, values, members and workspaces are 400.

The addresses and what they take come from the OpenAPI schema, so that a new list is tried by itself.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from accounts.members.manage import add_member, create_workspace
from accounts.members.models import Role
from accounts.workspaces.isolation import in_workspace
from tests.support.cast import Cast, bearer

FREE = {"runId", "after", "uid", "environment", "owner", "name", "namespace", "field", "q", "sender", "source"}
"""Text that may be anything: names that others give, and cursors, which lists refuse by themselves."""
WRONG = {"integer": ["zzz", "-1", "1.5", "²"], "boolean": ["maybe"], "string": ["zzz"]}
SOME_ID = "01900000-0000-7000-8000-000000000000"


def operations(*methods: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield method, address (an id that nothing has in its place) and operation."""
    for path, found in SchemaGenerator().get_schema(request=None, public=True)["paths"].items():
        for method in methods:
            if method in found:
                parts = [SOME_ID if part.startswith("{") else part for part in path.split("/")]
                yield method, "/".join(parts), found[method]


def query(operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in operation.get("parameters", []) if each["in"] == "query"]


def required(operation: dict[str, Any]) -> dict[str, str]:
    good = {"asset": SOME_ID, "from": SOME_ID, "to": SOME_ID, "q": "x", "kind": "dataset", "days": "365"}
    good |= {"nodeId": "dataset:a:b", "runId": SOME_ID, "type": "run", "period": "DAY"}
    good["label"] = "class:personal"
    return {each["name"]: good[each["name"]] for each in query(operation) if each.get("required")}


def error(answer: Any, code: str) -> dict[str, Any]:
    """Return the error of a refusal with this code."""
    assert answer.status_code == 400, (answer.request, answer.status_code)
    said: dict[str, Any] = answer.json()["error"]
    assert said["code"] == code
    return said


READS = list(operations("get"))


@pytest.fixture
def admin(cast: Cast) -> APIClient:
    return cast.api["admin"]


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_every_read_refuses_a_parameter_that_it_does_not_know(admin: APIClient, accept: str) -> None:
    assert len(READS) > 20
    for _, path, operation in READS:
        names = sorted(each["name"] for each in query(operation))
        for name in sorted({"sverity", "format", "zzz"} - {*names}):  # templates have a format
            answer = admin.get(path, required(operation) | {name: "1"}, headers={"Accept": accept})
            if answer.status_code == 406:  # a read of one thing has no CSV
                assert accept == "text/csv"
                continue
            said = error(answer, "unknown_parameter")
            assert repr(name) in said["message"]
            assert said["details"] == {"got": name, "expected": names}, path


def test_every_read_refuses_as_of_unless_it_honours_it(admin: APIClient) -> None:
    honoured = {path for _, path, operation in READS if "as_of" in {each["name"] for each in query(operation)}}
    assert honoured == {
        f"/api/v1/graph/{each}" for each in ("upstream", "downstream", "paths", "neighbourhood", "columns", "witness")
    } | {f"/api/v1/assets/{SOME_ID}"}
    for _, path, operation in READS:
        for text in ("zzz", "rev:999999"):
            answer = admin.get(path, required(operation) | {"as_of": text})
            if path not in honoured:
                error(answer, "unknown_parameter")


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_every_list_refuses_a_value_that_a_parameter_cannot_have(admin: APIClient, accept: str) -> None:
    tried = 0
    for _, path, operation in READS:
        for each in query(operation):
            schema = each["schema"]
            if each["name"] in FREE:
                assert "enum" not in schema, "a choice is not free"
                continue
            for text in WRONG[schema["type"]]:
                if each["name"] == "as_of":
                    continue  # needs a dataset that exists; tests/lineage/graph tries it
                answer = admin.get(path, required(operation) | {each["name"]: text}, headers={"Accept": accept})
                if answer.status_code == 406:  # a read that has no CSV
                    assert accept == "text/csv"
                    continue
                said = error(answer, "bad_parameter")
                assert said["message"].startswith(f"{each['name']}={text!r}")
                assert "expected" in said["message"].lower(), said
                tried += 1
    assert tried > 30


def test_what_is_refused_names_what_was_meant(admin: APIClient) -> None:
    said = error(admin.get("/api/v1/findings", {"sverity": "critical"}), "unknown_parameter")
    known = "after, asset, check, family, kind, limit, owner, resolution, severity, state"
    assert f"Did you mean 'severity'? It takes {known}." in said["message"]
    said = error(admin.get("/api/v1/findings", {"severity": "criticl"}), "bad_parameter")
    assert said["message"].endswith("expected one of critical, high, low, medium. Did you mean 'critical'?")
    said = error(admin.get("/api/v1/findings", {"check": "SVO-04"}), "bad_parameter")
    assert "SOV-04" in said["message"]


def test_a_parameter_that_is_given_twice_has_no_single_meaning(admin: APIClient) -> None:
    said = error(admin.get("/api/v1/findings?severity=critical&severity=high"), "bad_parameter")
    assert "severity is given 2 times" in said["message"]


def test_an_empty_parameter_is_as_one_that_is_not_there(admin: APIClient) -> None:
    assert admin.get("/api/v1/findings?severity=&check=&limit=5").status_code == 200
    assert "asset is missing" in error(admin.get("/api/v1/graph/upstream?asset="), "bad_parameter")["message"]


def test_an_inventory_refuses_a_misspelt_parameter_and_an_event_does_not(cast: Cast) -> None:
    pipeline = cast.api["pipeline"]
    answer = pipeline.post("/api/v1/inventories?source=cmdb&mod=full", [], format="json")
    assert "Did you mean 'mode'?" in error(answer, "unknown_parameter")["message"]
    answer = pipeline.post("/api/v1/lineage?trace=1", {}, format="json")
    error(answer, "event_invalid")


# ---- bodies

BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/questions": {"text": "/findings"},
    "/api/v1/schedules": {"name": "weekly", "cron": "0 6 * * 1"},
}
"""Good bodies, of the calls that take one of ours."""
DOORS = {"/api/v1/lineage", "/api/v1/lineage/batch", f"/api/v1/hooks/{SOME_ID}", "/api/v1/inventories"}


def test_every_call_refuses_a_member_that_it_does_not_know(cast: Cast, admin: APIClient) -> None:
    tried = []
    for method, path, _ in operations("post", "patch"):
        if path in DOORS or (SOME_ID in path and method == "patch"):
            continue  # a change needs the thing that it changes: below, and tests/audit/tickets
        answer = getattr(admin, method)(path, BODIES.get(path, {}) | {"as_of": "rev:1", "form": "pdf"}, format="json")
        said = error(answer, "unknown_field")
        assert said["details"]["got"] == ["as_of", "form"], path
        assert "'as_of', 'form'" in said["message"]
        tried.append(path)
    assert {"/api/v1/exports", "/api/v1/evaluations", "/api/v1/questions", "/api/v1/schedules"} < set(tried)
    for path in ("/api/v1/exports", "/api/v1/schedules"):
        rows = admin.get(path).json()["results"]
        assert rows == []


def test_a_schedule_is_paused_and_nothing_else(admin: APIClient) -> None:
    made = admin.post("/api/v1/schedules", BODIES["/api/v1/schedules"], format="json").json()
    path = f"/api/v1/schedules/{made['id']}"
    said = error(admin.patch(path, {"paused": True, "cron": "* * * * *"}, format="json"), "unknown_field")
    assert said["details"] == {"got": ["cron"], "expected": ["paused"]}
    assert admin.get("/api/v1/schedules").json()["results"] == [made]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "/findings", "tool": "list_findings"}, "text"),
        ({"text": "/findings", "arguments": {}}, "text"),
        ({"arguments": {"severity": "critical"}}, "arguments"),
    ],
)
def test_of_two_questions_in_one_none_is_dropped(admin: APIClient, body: dict[str, Any], field: str) -> None:
    said = error(admin.post("/api/v1/questions", body, format="json"), "invalid")
    assert set(said["details"]) == {field}


def test_a_call_without_a_body_still_needs_none(admin: APIClient) -> None:
    assert admin.post("/api/v1/evaluations").status_code == 202
    assert admin.post("/api/v1/evaluations", {}, format="json").status_code == 202
    error(admin.post("/api/v1/evaluations", ["full"], format="json"), "unknown_field")


# ---- workspaces


def test_a_member_of_several_workspaces_is_told_which_she_may_name(cast: Cast) -> None:
    create_workspace("hidden", "Not hers", actor="command")
    with in_workspace(cast.elsewhere.pk):
        add_member(cast.auditor.email, "auditor", actor="command")
    auditor = cast.api["auditor"]
    for given in ({}, {"workspace": "hidden"}, {"workspace": "nowhere"}):
        said = error(auditor.get("/api/v1/findings", given), "workspace_not_named")
        assert said["details"] == {"expected": ["elsewhere", "ours"]}
        assert (
            "elsewhere, ours. Name it in the header X-Auditline-Workspace, or as ?workspace=elsewhere"
            in said["message"]
        )
        assert "Not hers" not in str(said)
    assert auditor.get("/api/v1/findings", {"workspace": "ours"}).status_code == 200
    assert auditor.get("/api/v1/findings", headers={"X-Auditline-Workspace": "elsewhere"}).status_code == 200
    for open_page in ("/api/docs/", "/api/schema/"):
        assert auditor.get(open_page).status_code == 200, open_page


def test_a_token_has_no_workspace_to_choose(cast: Cast) -> None:
    said = error(
        bearer(cast.token(Role.AUDITOR)).get("/api/v1/findings", {"workspace": "elsewhere"}), "unknown_parameter"
    )
    assert "'workspace'" in said["message"]


def test_an_id_that_nobody_has_stays_not_found(admin: APIClient) -> None:
    assert admin.get(f"/api/v1/findings/{uuid.uuid4()}").status_code == 404
