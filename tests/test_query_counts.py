"""The number of queries of every page and of every answer of the API is the same for 1 row and for 20 of everything.

Pages come from the registry of addresses, answers from the schema of the API, filtered lists from the links on the
pages: a new one is counted by itself. A new table fails `test_everything_has_grown` until the estate fills it.
"""

import csv
import html
import io
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse
from drf_spectacular.generators import SchemaGenerator
from pytest_django.plugin import DjangoDbBlocker

from accounts.approvals.models import GovernedAct
from accounts.members.models import ApiToken, Membership
from accounts.paging import CSV_PAGE
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import DeadLetter, WorkspaceModel
from audit.conversation.models import Question
from audit.exports.make_export import make_exports, request_export
from audit.exports.models import ExportSchedule
from audit.findings.models import Finding
from audit.tickets.models import Ticket
from audit.web.urls import workspace_pages
from config.stack.embedded import Embedded
from lineage.events.models import Event, Hook
from lineage.graph.models import Run
from lineage.inventory.imports.models import Import
from lineage.inventory.models import Asset
from lineage.retention.models import Deletion
from policies.checklists.models import ChecklistVersion
from policies.evaluation.models import JudgedLeaf
from tests.conftest import flush
from tests.support.cast import Cast, make_cast
from tests.support.grown import OURS, grow

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("AUDITLINE_ROUNDS", "20"))  # an even number; 50 takes minutes more
MOST = 35
"""Queries that one page or answer may take, those included that sign in, enter the workspace and leave it (7)."""
MAY_ADD = dict.fromkeys(["proof", "/api/v1/statements/{statement} application/json"], 1)
"""A proof looks up nodes of the ledger once there are any, in one query for all of them."""
PER_BATCH = 6
"""Queries for each further CSV_PAGE rows: begin, enter, rows, what stands beside them, leave, commit."""
DO_NOT_GROW = {
    "policies_checklistversion": "published with the product, one in force per family",
    "policies_check": "part of a checklist",
}
VIEWS = ("view", "order")  # parameters whose values choose what a list shows


@dataclass(frozen=True)
class Counted:
    """Queries by address (without the ids in it), before and after everything has grown; rows by table after."""

    small: dict[str, int]
    large: dict[str, int]
    rows: dict[str, int]


@pytest.fixture(scope="module")
def counted(stack: Embedded, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Counted]:
    with django_db_blocker.unblock():
        cast = make_cast()
        grow(cast, range(1))
        export = one_export(cast)
        links: dict[str, str] = {}
        small = count_all(cast, ids(cast, export), links)
        grow(cast, range(1, ROUNDS + 1))
        large = count_all(cast, ids(cast, export), links)
        yield Counted(small, large, rows_by_table(cast))
        flush(stack)


def rows_by_table(cast: Cast) -> dict[str, int]:
    models = [model for model in apps.get_models() if issubclass(model, WorkspaceModel)]
    with in_workspace(cast.workspace.pk):
        return {model._meta.db_table: model._base_manager.count() for model in models}


def one_export(cast: Cast) -> uuid.UUID:
    with in_workspace(cast.workspace.pk):
        export = request_export(actor="command")
    make_exports(cast.workspace.pk)
    return export.pk


def ids(cast: Cast, export: uuid.UUID) -> dict[str, str]:
    """Return what an address may name, by the name of its converter: the row with most rows below it."""

    def most(model: type[WorkspaceModel], by: str) -> str:
        named = model._base_manager.values_list(by).annotate(n=Count("pk")).order_by("-n", by)
        return str(named[0][0])

    with in_workspace(cast.workspace.pk):
        customers = Asset.objects.get(kind="dataset", name="customers")
        finding = Finding.objects.get(asset=customers, check_id="SOV-04")
        newest = Run.objects.filter(job__name="fill").latest("seen_at")
        found = {
            "asset": customers.pk,
            "deletion": Deletion.objects.latest("pk").pk,
            "act": GovernedAct.objects.latest("pk").pk,
            "from": customers.pk,
            "to": customers.pk,
            "q": "customers",
            "finding": finding.pk,
            "ticket": Ticket.objects.get(finding=finding).pk,
            "statement": most(JudgedLeaf, "statement"),
            "event": Event.objects.filter(kind="inventory").latest("pk").pk,
            "import": Import.objects.latest("pk").pk,
            "export": export,
            "schedule": ExportSchedule.objects.latest("pk").pk,
            "version": ChecklistVersion.objects.get(checklist="SOV", active=True).pk,
            "question": Question.objects.earliest("pk").pk,
            "letter": DeadLetter.objects.latest("pk").pk,
            "hook": Hook.objects.latest("pk").pk,
            "token": ApiToken.objects.latest("pk").pk,
            "member": Membership.objects.filter(workspace=cast.workspace).latest("pk").pk,
            "slug": "ours",
            "code": "SOV",
            "check_code": "SOV-04",
            "kind": "storage",
            "days": "365",
            "namespace": quote("s3://lake", safe=""),
            "dataset": "customers",
            "job": "fill",
            "dataset_version": newest.pk,
            "job_version": newest.version_id,
            "run": newest.run_id,
            "nodeId": "dataset:s3://lake:customers",
            "runId": newest.run_id,
            "type": "run",
            "period": "DAY",
            "counted": "sources",
            "what": "attribute",
            "source": quote("s3://lake", safe=""),
            "label": "personal",
        }
    return {name: str(value) for name, value in found.items()}


def named(name: str, ids: dict[str, str]) -> str:
    """Return the value for a parameter of an address; a new kind of parameter is to be added to `ids`."""
    return ids[name.removesuffix("_id")]


# ---- every address


def pages(ids: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (name, address) of every page of a workspace, also of those that only take POST."""
    for pattern in workspace_pages:
        values = {name: named(name, ids) for name in pattern.pattern.converters}
        yield str(pattern.name), reverse(f"web:{pattern.name}", kwargs={"slug": "ours", **values})
    yield from (("home", reverse("web:home") + "?all=1"), ("start", reverse("web:start")))


def answers(ids: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield (name, address, media type) of everything in the API that can be read, from its schema."""
    schema: Any = SchemaGenerator().get_schema(request=None, public=True)
    for path, methods in schema["paths"].items():
        if (get := methods.get("get")) is None:
            continue
        needed = [each for each in get.get("parameters", []) if each.get("required")]
        values = {each["name"]: named(each["name"], ids) for each in needed}
        query = {each["name"]: values[each["name"]] for each in needed if each["in"] == "query"}
        address = path.format(**values) + (f"?{urlencode(query)}" if query else "")
        for media_type in get["responses"]["200"]["content"]:
            yield f"{path} {media_type}", address, media_type


def links_in(body: str, ids: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (name, address) of the filtered lists that a page links to: one for each set of parameters and view."""
    for link in re.findall(r'href="(/w/ours/[^"#]*[?][^"#]*)"', body):
        address = html.unescape(link)
        path, _, query = address.partition("?")
        given = parse_qs(query)
        shown = [f"{key}={given[key][0]}" if len(given) == 1 or key in VIEWS else key for key in sorted(given)]
        yield f"{resolve(path).url_name}?{'&'.join(shown)}", address


def count(client: Client, address: str, **headers: str) -> tuple[int, str, int]:
    """Return (status, body, number of queries) of one request, the streaming of its answer included.

    What a list that is sent as CSV takes for each further batch is left out.
    """
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address, headers=OURS | headers)
        content = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    body = content.decode(errors="replace")
    further = 0
    if response.headers["Content-Type"].startswith("text/csv") and response.streaming:
        further = (sum(1 for _ in csv.reader(io.StringIO(body))) - 2) // CSV_PAGE
    return response.status_code, body, len(queries) - further * PER_BATCH


def count_all(cast: Cast, ids: dict[str, str], links: dict[str, str]) -> dict[str, int]:
    """Return the queries of every address that answers GET; note new links to filtered lists in `links`."""
    client, found = cast.page(cast.admin), {}
    bodies = []
    for name, address in pages(ids):
        status, body, queries = count(client, address)
        if status != HTTPStatus.METHOD_NOT_ALLOWED:
            assert status == HTTPStatus.OK, (address, status)
            found[name] = queries
            bodies.append(body)
    for body in bodies:
        for name, address in links_in(body, ids):
            links.setdefault(name, address)
    every = [*((name, address, "text/html") for name, address in links.items()), *answers(ids)]
    for name, address, media_type in every:
        status, _, queries = count(client, address, accept=media_type)
        assert status == HTTPStatus.OK, (address, status)
        found[name] = queries
    return found


# ---- the promises


def test_no_page_and_no_answer_takes_more_queries_for_more_rows(counted: Counted) -> None:
    assert len(counted.small) > 60
    grown = {
        name: (few, counted.large[name])
        for name, few in counted.small.items()
        if counted.large[name] > few + MAY_ADD.get(name, 0)
    }
    assert grown == {}, f"queries for 1 row and for {ROUNDS}"


def test_no_page_and_no_answer_takes_many_queries(counted: Counted) -> None:
    assert {name: queries for name, queries in counted.large.items() if queries > MOST} == {}


def test_everything_has_grown(counted: Counted) -> None:
    """A new table is to be filled in tests/support/grown.py: what has one row cannot show a query per row."""
    few = {table: rows for table, rows in counted.rows.items() if rows < ROUNDS and table not in DO_NOT_GROW}
    assert few == {}
