"""docs/api.md against the schema, both ways: paths, rights, parameters, paging, CSV; and its examples are sent."""

import re
import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import Resolver404, resolve
from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator
from rest_framework.test import APIClient

from accounts.members.models import Role
from accounts.members.rights import ALLOWED, Right
from accounts.paging import DEFAULT_LIMIT, MAX_LIMIT
from tests.docs.pages import ROOT, blocks, code, rows, section, text
from tests.support.cast import Cast, bearer

PAGE = "api.md"
TABLES = (
    "Send",
    "What happened and what exists",
    "Retention",
    "What holds",
    "Work",
    "Approvals",
    "Proof",
    "Ask",
    "Marquez's reads",
)
PAGING = {"after", "limit"}
NOT_IN_THE_API = {Right.MANAGE_MEMBERS, Right.MANAGE_TOKENS}
"""Rights of pages and commands alone."""


def calls() -> dict[str, list[str]]:
    """Return the cells behind each documented call."""
    found = [(code(cells[0]), cells[1:]) for heading in TABLES for cells in rows(section(PAGE, heading))]
    assert len(found) == len(dict(found)), "a call stands in two tables"
    return dict(found)


def schema() -> dict[str, dict[str, Any]]:
    """Return the operations of the schema by method and path."""
    whole = SchemaGenerator().get_schema(request=None, public=True)
    return {
        f"{method.upper()} {path}": operation
        for path, operations in whole["paths"].items()
        for method, operation in operations.items()
    }


def parameters(operation: dict[str, Any]) -> set[str]:
    return {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}


def test_every_call_of_the_schema_is_on_the_page_and_none_is_invented() -> None:
    assert sorted(calls()) == sorted(schema())


def test_every_call_names_the_right_that_its_view_asks_for() -> None:
    known = {}
    for path, _, method, callback in EndpointEnumerator().get_api_endpoints():
        if path.startswith("/api/v1/"):
            known[f"{method} {path}"] = str(callback.cls.rights[method])
    assert {call: code(cells[0]) for call, cells in calls().items()} == known


def test_rights_and_roles_are_those_of_the_code() -> None:
    listed = {code(cells[0]): cells[1].split(", ") for cells in rows(section(PAGE, "Who asks"))}
    assert listed == {
        str(right): sorted(str(role) for role in Role if right in ALLOWED[role])
        for right in Right
        if right not in NOT_IN_THE_API
    }


def test_parameters_paging_and_csv_are_those_of_the_schema() -> None:
    known, listed = {}, {}
    for call, operation in schema().items():
        query, answers = parameters(operation), operation["responses"].get("200", {}).get("content", {})
        csv = call.startswith("GET") and "text/csv" in answers
        theirs = "marquez" in operation["tags"]  # it pages by limit and offset; its `after` is a time
        known[call] = (query, False, csv) if theirs else (query - PAGING, query >= PAGING, csv)
    for call, cells in calls().items():
        listed[call] = (set(re.findall(r"`([\w.{}]+)`", cells[1])), cells[2] == "yes", cells[3] == "yes")
    assert listed == known


def test_page_sizes_are_those_of_the_code() -> None:
    assert f"`limit` rows (1 to {MAX_LIMIT}, {DEFAULT_LIMIT} where not given)" in section(PAGE, "Lists")


def test_paths_outside_of_the_api_exist() -> None:
    for cells in rows(section(PAGE, "Outside of the API")):
        assert resolve(code(cells[0])).url_name == code(cells[0]).strip("/")
    with pytest.raises(Resolver404):
        resolve("/nowhere-at-all")


# ---- examples


def examples() -> Iterator[tuple[str, str, list[str], str]]:
    """Yield method, address, headers and body of every curl line."""
    for block in blocks(text(PAGE), ""):
        for line in block.splitlines():
            words = shlex.split(line)
            assert words[0] == "curl", line
            options = {"-X": ["GET"], "-H": [], "--data": [""]}
            addresses = []
            rest = iter(words[1:])
            for word in rest:
                if word in options:
                    options[word] = [*options[word], next(rest)]
                else:
                    addresses.append(word)
            [address] = addresses
            yield options["-X"][-1], address.removeprefix("$URL"), options["-H"], options["--data"][-1]


def test_every_example_is_a_call_of_the_page_with_known_parameters() -> None:
    listed, seen = calls(), set()
    for method, address, _, _ in examples():
        parts = urlsplit(address)
        call = f"{method} {parts.path}"
        [found] = [each for each in listed if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(each)), call)]
        assert set(parse_qs(parts.query)) <= set(re.findall(r"`(\w+)`", listed[found][1])) | PAGING, address
        seen.add(found)
    assert len(seen) >= len(TABLES)
    for heading in TABLES:
        assert "curl " in section(PAGE, heading), f"{heading} has no example"


def test_every_example_that_needs_no_id_works_as_written(cast: Cast) -> None:
    client: APIClient = bearer(cast.token(Role.ADMIN))
    sent = 0
    for method, address, headers, body in examples():
        if "<id>" in address:
            continue
        given = dict(header.split(": ", 1) for header in headers if not header.startswith("Authorization"))
        kind = given.pop("Content-Type", "application/json")
        response = client.generic(method, address, body, content_type=kind, headers=given)
        assert 200 <= response.status_code < 300, (address, response.content)
        asked_for_csv = given.get("Accept") == "text/csv"
        assert response["Content-Type"].startswith("text/csv" if asked_for_csv else "application/json"), address
        sent += 1
    assert sent >= 10


def test_links_lead_to_pages() -> None:
    links = re.findall(r"\]\(([a-z]+\.md)\)", text(PAGE))
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).is_file()] == []
