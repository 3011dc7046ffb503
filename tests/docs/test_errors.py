"""docs/errors.md lists each error code of the code with its status, and no other; the doors answer as it says."""

import ast
import importlib
import re
from collections.abc import Iterator
from typing import get_args

from django.test import override_settings
from rest_framework import exceptions
from rest_framework.test import APIClient

from accounts.approvals.errors import ActCode
from accounts.errors import NEXT_STEP, AuditlineError
from accounts.journal.canonical.encode import NotCanonical
from lineage.events import backlog
from lineage.events.errors import EventCode
from lineage.inventory.errors import InventoryCode
from policies.checklists.errors import ChecklistRefused
from policies.rules.errors import RuleRefused
from tests.docs.pages import ROOT, code, rows, section, text
from tests.support.cast import Cast
from tests.support.openlineage import post, run_event

PAGE = "errors.md"
API = ("Requests", "Events", "Inventories", "Approvals", "Evidence, work and questions")
APPS = ("accounts", "lineage", "policies", "audit")
PAGES_SAY = "audit/web/views/errors.py"
DOORS = ("/api/v1/lineage", "/api/v1/lineage/batch", "/api/v1/inventories?source=cmdb")


def documented() -> dict[str, int]:
    listed = [(code(cells[0]), int(cells[1])) for heading in API for cells in rows(section(PAGE, heading))]
    assert len(listed) == len(dict(listed)), "a code stands in two tables"
    return dict(listed)


# ---- where codes are declared


def of_classes() -> dict[str, int]:
    """Every subclass of AuditlineError in the house, wherever it stands."""
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if re.search(r"\((AuditlineError|\w+Refused)\)", path.read_text()):
                importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    found = {each.code: each.status for each in _below(AuditlineError)}
    return {name: status for name, status in found.items() if name != AuditlineError.code}


def _below(base: type[AuditlineError]) -> Iterator[type[AuditlineError]]:
    for each in base.__subclasses__():
        if each.__module__.split(".")[0] in APPS:
            yield each
        yield from _below(each)


def of_rooms() -> dict[str, int]:
    return {str(name): 400 for name in (*get_args(EventCode), *get_args(InventoryCode), *get_args(ActCode))}


def of_the_framework() -> dict[str, int]:
    known = {each.default_code: each.status_code for each in exceptions.APIException.__subclasses__()}
    return {name: known[name] for name in NEXT_STEP}


def of_error_pages() -> dict[str, int]:
    found = {}
    for node in ast.walk(ast.parse((ROOT / PAGES_SAY).read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_answer":
            status, name = node.args[1], node.args[3]
            assert isinstance(status, ast.Constant)
            assert isinstance(name, ast.Constant)
            found[str(name.value)] = int(str(status.value))
    assert len(found) >= 5
    return found


def test_every_code_is_on_the_page_with_its_status_and_no_other() -> None:
    assert documented() == of_classes() | of_rooms() | of_the_framework() | of_error_pages()


def test_no_code_is_written_where_the_page_would_not_see_it() -> None:
    """A code that is a plain text in a call is known to one of the places above."""
    known = set(documented())
    stray = set()
    for app in (*APPS, "config"):
        for path in (ROOT / app).rglob("*.py"):
            source = path.read_text()
            given = re.findall(r'error_body\("(\w+)"', source) + re.findall(r'\bcode="(\w+)"', source)
            stray |= {(str(path.relative_to(ROOT)), name) for name in given if name not in known}
    assert stray == set()


def test_codes_of_checklists_are_those_of_the_classes() -> None:
    listed = {code(cells[0]) for cells in rows(section(PAGE, "Checklists"))}
    assert listed == {ChecklistRefused.code, RuleRefused.code, NotCanonical.code}


def test_what_may_be_tried_again_is_what_the_classes_say() -> None:
    said = {code(cells[0]) for heading in API for cells in rows(section(PAGE, heading)) if "**again**" in cells[3]}
    of_classes()
    retryable = {each.code for each in _below(AuditlineError) if each.retryable}
    # An own fault may pass, and a body that was cut off was not wrong; the classes cannot say so of single codes.
    assert said == retryable | {"internal_error", "body_incomplete"}


def test_pages_that_are_linked_exist() -> None:
    links = re.findall(r"\]\(([a-z]+\.md)\)", text(PAGE))
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).is_file()] == []


# ---- the doors


def statuses() -> set[int]:
    return {int(one) for cells in rows(section(PAGE, "Statuses of the doors")) for one in cells[0].split(", ")}


def ask(client: APIClient, path: str, body: bytes, **headers: str) -> int:
    response = client.post(path, body, content_type="application/json", headers=headers)
    if response.status_code >= 400:
        error = response.json()["error"]
        assert documented()[error["code"]] == response.status_code
        assert set(error) == {"code", "message", "details"}
    if response.status_code == 503:
        assert 1 <= int(response["Retry-After"]) <= 5
    return response.status_code


def test_every_status_of_a_door_happens_and_is_on_the_page(cast: Cast) -> None:
    pipeline, seen = cast.api["pipeline"], set()
    assert post(pipeline, run_event()).status_code == 201
    for door in DOORS:
        seen |= {
            ask(pipeline, door, b"{" if "batch" in door else b"[]" if "inventories" in door else b"{}"),
            ask(cast.api["nobody"], door, b"{}"),
            ask(cast.api["auditor"], door, b"{}"),
            ask(pipeline, f"{door.split('?')[0]}/nowhere", b"{}"),
            ask(pipeline, door, b"{}", **{"Content-Encoding": "br"}),
            pipeline.get(door).status_code,
        }
        with override_settings(AUDITLINE_MAX_BODY=1, AUDITLINE_MAX_INVENTORY_FILE=1):
            seen.add(ask(pipeline, door, b"{}"))
    assert post(pipeline, run_event("START")).status_code == 201
    backlog.forget_looks()
    with override_settings(AUDITLINE_BACKLOG_LIMIT=0):
        seen.add(ask(pipeline, DOORS[1], b"[]"))
    backlog.forget_looks()
    seen |= {201, ask(pipeline, DOORS[1], b"[]")}
    assert seen == statuses()
