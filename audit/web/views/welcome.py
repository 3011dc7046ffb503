"""First run: people, a token with the lines for a pipeline, an inventory file, the first verdicts."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string

from accounts.errors import AuditlineError
from accounts.members.queries import members, tokens
from accounts.members.rights import Right
from accounts.workspaces.queue import Stage, due_now
from audit.web.forms import InventoryForm, MemberForm, TokenForm, sent
from audit.web.intake import Brought, bring_in, refused_rows
from audit.web.links import href
from audit.web.posture import family_rows
from audit.web.scope import RoleTooLow, Scope, workspace_page
from audit.web.snippets import SAMPLE_LINE, curl, python
from audit.web.views.findings import finding_rows
from audit.web.views.settings import add_person, make_token
from audit.web.words import plural
from lineage.events.queries import heard_from
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.summaries import import_result, rejected_rows
from policies.checklists.queries import ready_checklists
from policies.evaluation.queries import posture

STEPS = {
    "workspace": "Workspace",
    "people": "People",
    "token": "Pipeline",
    "inventory": "Inventory",
    "verdicts": "First verdicts",
}
TEMPLATES = ["storage", "dataset", "vendor", "identity", "role_requirement", "service"]
NEEDED = {"people": Right.MANAGE_MEMBERS, "token": Right.MANAGE_TOKENS, "inventory": Right.SEND_INVENTORY}
HEARD = 1000  # events counted while a new token is watched
WAITING = 100_000
REFUSED = 100


def steps(slug: str | None, current: str) -> list[dict[str, str]]:
    """Return the steps of the first run; `slug` None while there is no workspace."""
    now = list(STEPS).index(current)
    return [
        {
            "label": label,
            "href": href("welcome", slug, step=name) if slug and name != "workspace" else "",
            "state": "done" if place < now else "current" if place == now else "next",
        }
        for place, (name, label) in enumerate(STEPS.items())
    ]


@workspace_page("", GET=Right.READ, POST=Right.READ)
def welcome(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show one step. A step that the role does not allow is passed over when read, and refused when sent."""
    step = request.GET.get("step") or next((name for name in ("token", "inventory") if scope.may(NEEDED[name])), "")
    if step in NEEDED and not scope.may(NEEDED[step]):
        if request.method == "POST":
            raise RoleTooLow(scope.principal.role.value)
        return redirect(href("welcome", scope.slug, step="verdicts"))
    pages = {"people": _people, "token": _token, "inventory": _inventory}
    return pages.get(step, _verdicts)(request, scope)


def _people(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = sent(MemberForm, request)
    added = add_person(scope, form) if request.method == "POST" and form.is_valid() else None
    if added is not None and not added["password"]:
        return redirect(href("welcome", scope.slug, step="people"))
    context = {
        "steps": steps(scope.slug, "people"),
        "form": MemberForm() if added else form,
        "added": added,
        "members": [{"email": each.user.email, "role": each.role} for each in members()],
        "next_href": href("welcome", scope.slug, step="token"),
    }
    return render(request, "web/welcome/member.html", context, status=400 if form.errors else 200)


def _token(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = sent(TokenForm, request)
    context: dict[str, Any] = {
        "steps": steps(scope.slug, "token"),
        "form": form,
        "next_href": href("welcome", scope.slug, step="inventory"),
    }
    made = make_token(request, scope, form) if request.method == "POST" and form.is_valid() else None
    if made is not None:
        address = f"{request.scheme}://{request.get_host()}"
        context |= {
            "secret": made,
            "snippet_shell": made["snippet"],
            "snippet_curl": curl(address, made["secret"], scope.now),
            "snippet_python": python(made["snippet"]),
            "heard": None,
            "poll_href": href("welcome_heard", scope.slug, made["id"]),
        }
    return render(request, "web/welcome/token.html", context, status=400 if form.errors else 200)


@workspace_page("", GET=Right.MANAGE_TOKENS)
def welcome_heard(request: HttpRequest, scope: Scope, token_id: uuid.UUID) -> HttpResponse:
    """Answer what has come in from a new token; asks to be asked again until something has."""
    token = get_object_or_404(tokens(), pk=token_id)
    found = heard_from(f"token:{token.pk}", token.created_at, HEARD)
    context = {
        "heard": {"count": len(found), "last_at": found[0].received_at} if found else None,
        "poll_href": request.path,
    }
    return HttpResponse(render_to_string("web/welcome/heard.html", context))


def _inventory(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = sent(InventoryForm, request)
    brought: Brought | None = None
    refused: dict[str, Any] | None = None
    if request.method == "POST" and form.is_valid():
        try:
            brought = bring_in(scope, form.cleaned_data)
        except AuditlineError as error:
            form.add_error("file", error.message)
            refused = refused_rows(error) if isinstance(error, InventoryRefused) else None
    if brought is not None and brought.of_import is not None:
        return redirect(href("import", scope.slug, brought.of_import))
    if brought is not None:
        return redirect(href("welcome", scope.slug, step="inventory", event=brought.event))
    context = {
        "steps": steps(scope.slug, "inventory"),
        "form": form,
        "templates": [
            {"kind": kind, "href": f"/api/v1/inventories/template?kind={kind}&workspace={scope.slug}"}
            for kind in TEMPLATES
        ],
        "sample": SAMPLE_LINE,
        "result": refused,
        "next_href": href("welcome", scope.slug, step="verdicts"),
        **_batch(request, scope),
    }
    return render(request, "web/welcome/inventory.html", context, status=400 if form.errors else 200)


def _batch(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    """Return what became of the batch that was sent just now: progress while it waits, then its result."""
    try:
        event = uuid.UUID(request.GET.get("event", ""))
    except ValueError:
        return {}
    result = import_result(event)
    if result is None:
        progress = {"title": "Reading the file", "text": "Received, and waiting to be read.", "state": "running",
                    "done": None, "of": None}  # fmt: skip
        return {"progress": progress, "poll_href": href("welcome_batch", scope.slug, event)}
    rows = [
        {"line": row.line, "field": row.field, "got": row.got, "expected": row.expected}
        for row in rejected_rows(REFUSED, event=event)
    ]
    kept = result.created + result.changed + result.unchanged
    return {"result": {"received": result.rows, "kept": kept, "refused": result.rejected, "rows": rows}}


@workspace_page("", GET=Right.SEND_INVENTORY)
def welcome_batch(request: HttpRequest, scope: Scope, event_id: uuid.UUID) -> HttpResponse:
    """Answer how far a batch is; the end leads to its result."""
    result = import_result(event_id)
    context: dict[str, Any] = {"poll_href": request.path}
    progress: dict[str, Any] = {
        "title": "Reading the file",
        "text": "Waiting to be read.",
        "state": "running",
        "of": None,
    }
    if result is not None:
        kept = result.created + result.changed + result.unchanged
        progress |= {
            "text": f"{kept:,} of {plural(result.rows, 'row')} kept.",
            "state": "done",
            "href": href("welcome", scope.slug, step="inventory", event=event_id),
            "action": "See what was kept",
        }
        context = {}
    return HttpResponse(render_to_string("web/components/progress.html", context | {"progress": progress}))


def _verdicts(request: HttpRequest, scope: Scope) -> HttpResponse:
    families = posture()
    checks = {family: len(ready.checklist.checks) for family, ready in ready_checklists().items()}
    worst = finding_rows(scope, 5)
    context = {
        "next_href": href("overview", scope.slug),
        "steps": steps(scope.slug, "verdicts"),
        "families": family_rows(scope.slug, families, checks) if any(each.checks for each in families) else [],
        "first": [row | {"href": href("finding", scope.slug, row["id"]), "asset_name": row["name"]} for row in worst],
        **_judging(scope, anything=any(each.checks for each in families)),
    }
    return render(request, "web/welcome/verdicts.html", context)


@workspace_page("", GET=Right.READ)
def welcome_progress(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Answer how much still waits to be read and judged."""
    context = _judging(scope, anything=any(each.checks for each in posture()))
    if not context:
        done = {"title": "Judged", "text": "Everything that came in has been judged.", "of": None, "state": "done"}
        more = {"href": href("welcome", scope.slug, step="verdicts"), "action": "Show the verdicts"}
        context = {"progress": done | more}
    return HttpResponse(render_to_string("web/components/progress.html", context))


def _judging(scope: Scope, *, anything: bool) -> dict[str, Any]:
    """Return the progress of what waits; {} where nothing does and there is something to see."""
    left = {
        "event": due_now([Stage.PROJECT], WAITING),
        "asset": due_now([Stage.EVALUATE], WAITING),
        "finding": due_now([Stage.RAISE, Stage.OPEN], WAITING),
    }
    if anything and not any(left.values()):
        return {}
    said = ", ".join(plural(count, what) for what, count in left.items() if count)
    text = (
        f"Still to be worked off: {said}."
        if said
        else "Nothing has come in yet. Send an event or an inventory; this page notices."
    )
    progress = {"title": "Judging what came in", "text": text, "done": None, "of": None, "state": "running"}
    return {"progress": progress, "poll_href": href("welcome_progress", scope.slug)}
