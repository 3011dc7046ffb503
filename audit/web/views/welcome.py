"""First run: people, a token with the lines for a pipeline, an inventory file, the first verdicts."""

import json
import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import AuditlineError
from accounts.members.manage import add_member
from accounts.members.queries import is_known, members
from accounts.members.rights import Right
from accounts.workspaces.queue import Stage, waiting
from audit.web.forms import InventoryForm, MemberForm, TokenForm
from audit.web.links import asset_href, href
from audit.web.posture import family_rows
from audit.web.scope import Scope, workspace_page
from audit.web.views.settings import make_token
from lineage.events.queries import events
from lineage.inventory.receive import Outcome, prepare, record
from policies.checklists.publish import ready_checklists
from policies.evaluation.queries import posture, verdict_page

STEPS = [
    ("workspace", "Workspace"), ("people", "People"), ("token", "Pipeline"), ("inventory", "Inventory"),
    ("verdicts", "First verdicts"),
]  # fmt: skip
SAMPLE = {
    "kind": "storage",
    "uid": "lake-eu",
    "name": "Lake EU",
    "attributes": {"country": "DE", "replica_countries": [], "lineage_namespaces": ["s3://lake-eu"]},
    "observed_at": "2026-11-01T00:00:00Z",
    "origin": "measured",
}
TEMPLATES = ["storage", "dataset", "vendor", "identity", "role_requirement", "service"]
NEEDED = {"people": Right.MANAGE_MEMBERS, "token": Right.MANAGE_TOKENS, "inventory": Right.SEND_INVENTORY}


def steps(slug: str | None, current: str) -> list[dict[str, str]]:
    """Return the steps of the first run; `slug` None while there is no workspace."""
    names = [name for name, _ in STEPS]
    now = names.index(current)
    return [
        {
            "label": label,
            "href": href("welcome", slug, step=name) if slug and name != "workspace" else "",
            "state": "done" if place < now else "current" if place == now else "next",
        }
        for place, (name, label) in enumerate(STEPS)
    ]


@workspace_page("overview", GET=Right.READ, POST=Right.READ)
def welcome(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show one step; a step that the member's role does not allow is passed over."""
    step = request.GET.get("step", "people")
    if step in NEEDED and not scope.may(NEEDED[step]):
        return redirect(href("welcome", scope.slug, step="verdicts"))
    pages = {"people": _people, "token": _token, "inventory": _inventory}
    return pages.get(step, _verdicts)(request, scope)


def _people(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = MemberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        password = None if is_known(email) else secrets.token_urlsafe(12)
        add_member(email, role, actor=scope.principal.actor, password=password)
        if password:
            messages.warning(request, f"First password of {email}, shown once: {password}")
        return redirect(href("welcome", scope.slug, step="people"))
    context = {
        "steps": steps(scope.slug, "people"),
        "form": form,
        "members": [{"email": each.user.email, "role": each.role} for each in members()],
        "next_href": href("welcome", scope.slug, step="token"),
    }
    return render(request, "web/welcome/member.html", context, status=400 if form.errors else 200)


def _token(request: HttpRequest, scope: Scope) -> HttpResponse:
    if request.GET.get("heard"):
        return render(request, "web/welcome/heard.html", _heard(scope))
    form = TokenForm(request.POST or None)
    context: dict[str, Any] = {
        "steps": steps(scope.slug, "token"),
        "form": form,
        "next_href": href("welcome", scope.slug, step="inventory"),
    }
    if request.method == "POST" and form.is_valid():
        made = make_token(request, scope, form)
        address = f"{request.scheme}://{request.get_host()}/api/v1/lineage"
        context |= {
            "secret": made,
            "snippet_shell": made["snippet"],
            "snippet_curl": _curl(address, made["secret"]),
            "snippet_python": PYTHON,
            **_heard(scope),
        }
    return render(request, "web/welcome/token.html", context, status=400 if form.errors else 200)


PYTHON = """\
import datetime, uuid
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import Job, OutputDataset, Run, RunEvent, RunState

OpenLineageClient().emit(RunEvent(
    eventType=RunState.COMPLETE, eventTime=datetime.datetime.now(datetime.timezone.utc).isoformat(),
    run=Run(runId=str(uuid.uuid4())), job=Job(namespace="first", name="hello"), producer="https://example.org/first",
    inputs=[], outputs=[OutputDataset(namespace="s3://lake-eu", name="hello")]))"""


def _curl(address: str, secret: str) -> str:
    event = {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-01T06:00:00Z",
        "producer": "https://example.org/first",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": "01900000-0000-7000-8000-000000000001"},
        "job": {"namespace": "first", "name": "hello"},
        "outputs": [{"namespace": "s3://lake-eu", "name": "hello"}],
    }
    headers = f"-H 'Authorization: Bearer {secret}' -H 'Content-Type: application/json'"
    return f"curl {address} {headers} -d '{json.dumps(event)}'"


def _heard(scope: Scope) -> dict[str, Any]:
    newest = events().exclude(kind="inventory").order_by("-id").first()
    heard = {"count": events().exclude(kind="inventory").count(), "last_at": newest.received_at} if newest else None
    return {"heard": heard, "poll_href": href("welcome", scope.slug, step="token", heard=1)}


def _inventory(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = InventoryForm(request.POST or None, request.FILES or None)
    outcome = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            prepared = prepare(
                given["file"].read(), source=given["source"], format_name=given["format"], mode=given["mode"],
                kind=given["kind"],
            )  # fmt: skip
            outcome = record(prepared, scope.principal.actor)
        except AuditlineError as refused:
            form.add_error("file", refused.message)
    context = {
        "steps": steps(scope.slug, "inventory"),
        "form": form,
        "templates": [{"kind": kind, "href": f"/api/v1/inventories/template?kind={kind}"} for kind in TEMPLATES],
        "sample": json.dumps(SAMPLE),
        "result": _result(outcome) if outcome else None,
        "next_href": href("welcome", scope.slug, step="verdicts"),
    }
    return render(request, "web/welcome/inventory.html", context, status=400 if form.errors else 200)


def _result(outcome: Outcome) -> dict[str, Any]:
    reading, rejected = outcome.prepared.reading, outcome.prepared.rejected
    refused = reading.lines - reading.accepted
    return {"received": reading.lines, "kept": reading.accepted, "refused": refused, "rows": rejected}


def _verdicts(request: HttpRequest, scope: Scope) -> HttpResponse:
    left = waiting(Stage.PROJECT)
    context: dict[str, Any] = {"next_href": href("overview", scope.slug), "steps": steps(scope.slug, "verdicts")}
    if left:
        context |= {
            "progress": {"title": "Judging what came in", "text": "Events that wait", "done": 0, "of": None,
                         "state": "running"},
            "poll_href": href("welcome", scope.slug, step="verdicts", progress=1),
        }  # fmt: skip
    if request.GET.get("progress"):
        done = {"title": "Judged", "text": "The first verdicts are there.", "of": None, "state": "done",
                "href": href("welcome", scope.slug, step="verdicts"), "action": "Show them"}  # fmt: skip
        return render(request, "web/components/progress.html", context if left else {"progress": done})
    families = posture()
    checks = {family: len(ready.checklist.checks) for family, ready in ready_checklists().items()}
    context["families"] = family_rows(scope.slug, families, checks) if any(each.checks for each in families) else []
    context["first"] = [_first(scope, row) for row in verdict_page(None, 5, verdict="fail").rows]
    return render(request, "web/welcome/verdicts.html", context)


def _first(scope: Scope, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "check_code": row["check"],
        "check_title": "",
        "href": asset_href(scope.slug, row["asset"]),
        "asset_name": row["name"],
        "verdict": row["verdict"],
        "grade": row["grade"],
        "reason": f"judged on {row['judged_at']:%Y-%m-%d %H:%M} UTC",
    }
