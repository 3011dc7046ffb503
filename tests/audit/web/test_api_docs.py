"""The API's documentation: a page of ours with every call of the schema, for people without an account too."""

import re

from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from audit.web.api_calls import groups_of
from audit.web.security import POLICY
from tests.support.cast import Cast


def page() -> str:
    return Client().get("/api/docs/").content.decode()


def test_every_call_of_the_schema_is_there_once(db: None) -> None:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    wanted = sorted(call["operationId"] for calls in paths.values() for call in calls.values())
    assert len(wanted) > 30
    assert sorted(re.findall(r'<details class="call" id="(\w+)"', page())) == wanted


def test_it_loads_nothing_from_elsewhere_and_keeps_the_policy_of_all_pages(db: None) -> None:
    answer = Client().get("/api/docs/")
    assert answer["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY
    loaded = re.findall(r'<(?:script|link|img)\b[^>]*?(?:src|href)="([^"]*)"', answer.content.decode())
    assert loaded
    assert [each for each in loaded if not each.startswith("/static/")] == []


def test_a_member_of_two_workspaces_and_nobody_read_it_alike(cast: Cast) -> None:
    for client in (Client(), cast.page(cast.officer), cast.page(cast.outsider)):
        assert client.get("/api/docs/").status_code == 200


def test_parameters_bodies_and_answers_are_told_in_words() -> None:
    ref = {"$ref": "#/components/schemas/Row"}
    row = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "parent": ref, "state": {"enum": ["on", None], "nullable": True}},
    }
    call = {
        "operationId": "list_rows",
        "tags": ["row-sets"],
        "description": "List rows.\nNewest first.",
        "parameters": [{"in": "query", "name": "kind", "schema": {"type": "string"}, "description": "Which"}],
        "requestBody": {"content": {"application/json": {"schema": {"type": "array", "items": ref}}}},
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": ref}}}},
    }
    (group,) = groups_of({"paths": {"/rows": {"get": call}}, "components": {"schemas": {"Row": row}}})
    (told,) = group.calls
    assert (group.name, told.summary, told.text) == ("Row sets", "List rows.", "Newest first.")
    assert [(each.path, each.type) for each in told.parameters] == [("kind", "string")]
    assert [(each.path, each.type) for each in told.body] == [
        ("[].name", "string"),
        ("[].parent", "object"),
        ("[].state", "one of on or null"),
    ]
    assert [each.path for each in told.answers[0].fields] == ["name", "parent", "state"]
