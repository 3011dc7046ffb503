"""Bring inventories in: a file is dropped, judged before it is sent, followed while it is read, and accounted for."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.csrf import csrf_protect

from accounts.errors import AuditlineError
from accounts.members.rights import Right
from accounts.paging import csv_lines
from audit.web.forms import InventoryForm, sent, sent_kinds
from audit.web.intake import PREVIEWED, bring_in, preview, refused_rows
from audit.web.links import href
from audit.web.scope import Scope, workspace_page
from audit.web.words import plural
from lineage.events.body import read_body
from lineage.events.models import Event
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.known import FORMATS
from lineage.inventory.imports.models import Import
from lineage.inventory.imports.queries import events_of_import, find_import, list_imports, recent_results, state_at
from lineage.inventory.models import ImportResult
from lineage.inventory.summaries import import_result, rejected_of

LATEST = 20
REFUSED = 100
COLUMNS = ["line", "field", "got", "expected", "message"]


@workspace_page("sources", GET=Right.READ, POST=Right.SEND_INVENTORY)
def inventories(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show where to drop a file, and what became of the latest ones; take a file that a browser sends as a form."""
    form = sent(InventoryForm, request)
    refused: dict[str, Any] | None = None
    if request.method == "POST" and form.is_valid():
        try:
            brought = bring_in(scope, form.cleaned_data)
        except AuditlineError as error:
            form.add_error("file", error.message)
            refused = refused_rows(error) if isinstance(error, InventoryRefused) else None
        else:
            if brought.of_import is not None:
                return redirect(href("import", scope.slug, brought.of_import))
            return redirect(href("inventory", scope.slug, brought.event))
    context = {
        "form": form if scope.may(Right.SEND_INVENTORY) else None,
        "result": refused,
        "kinds": [kind for kind, _ in sent_kinds()],
        "formats": sorted({each.title for each in FORMATS.values()}),
        "latest": _latest(scope),
        "previewed": PREVIEWED,
    }
    return render(request, "web/inventories/bring_in.html", context, status=400 if form.errors else 200)


@csrf_protect
@workspace_page("sources", POST=Right.SEND_INVENTORY)
def inventory_preview(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Answer how the beginning of a file would be read; nothing of it is kept."""
    given = request.GET
    size = given.get("size", "")
    try:
        shown = preview(
            read_body(request, PREVIEWED),
            filename=given.get("filename", "")[:200],
            size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else PREVIEWED + 1,
            format_name=given.get("format", ""),
            kind=given.get("kind", ""),
        )
    except AuditlineError as error:
        rows = refused_rows(error) if isinstance(error, InventoryRefused) else None
        shown = {"error": error.message, "problems": [each["message"] for each in rows["rows"][:8]] if rows else []}
    return HttpResponse(render_to_string("web/inventories/preview.html", {"preview": shown}))


@workspace_page("sources", GET=Right.READ)
def inventory(request: HttpRequest, scope: Scope, event_id: uuid.UUID) -> HttpResponse:
    """Show what became of one file: progress while it waits, then what it changed and what was refused."""
    result = import_result(event_id)
    here = href("inventory", scope.slug, event_id)
    if result is None:
        _known(scope, event_id)
        progress = {
            "title": "Reading the file",
            "text": "Received, and waiting to be read.",
            "state": "running",
            "of": None,
        }
        return _progress(request, scope, progress, here, "")
    context = _counts(result.rows, result) | _refused([event_id], here) | {"source": result.source.name}
    return _result(request, scope, context | {"finished_at": result.finished_at, "kinds": result.kinds}, here)


@workspace_page("sources", GET=Right.READ)
def of_import(request: HttpRequest, scope: Scope, import_id: uuid.UUID) -> HttpResponse:
    """Show what becomes of a large file: how far it is, then what it changed and what was refused."""
    row = find_import(import_id)
    if row is None:
        raise Http404
    here = href("import", scope.slug, import_id)
    state, error = state_at(row, timezone.now())
    if state in (Import.State.JUDGING, Import.State.PROJECTING):
        return _progress(request, scope, _how_far(row), here, row.filename)
    context = _counts(row.rows, row) | _refused(events_of_import(import_id), here)
    context |= {"source": row.source, "finished_at": row.finished_at, "error": error, "filename": row.filename}
    return _result(request, scope, context | {"incomplete": row.mode == "full" and not row.complete}, here)


@workspace_page("sources", GET=Right.READ)
def inventory_problems(request: HttpRequest, scope: Scope, event_id: uuid.UUID) -> HttpResponse:
    """Give all that was refused of one file as CSV."""
    _known(scope, event_id)
    return _problems_csv([event_id])


@workspace_page("sources", GET=Right.READ)
def import_problems(request: HttpRequest, scope: Scope, import_id: uuid.UUID) -> HttpResponse:
    """Give all that was refused of one large file as CSV."""
    if find_import(import_id) is None:
        raise Http404
    return _problems_csv(events_of_import(import_id))


def _known(scope: Scope, event_id: uuid.UUID) -> None:
    """Answer 404 for what is no file of this workspace; one that retention has deleted still has its result."""
    if import_result(event_id) is None:
        get_object_or_404(Event, workspace=scope.workspace, pk=event_id, kind=Event.Kind.INVENTORY)


def _how_far(row: Import) -> dict[str, Any]:
    if row.state == Import.State.JUDGING:
        title, done, of = "Judging the file", row.read, row.size
        found = f"{plural(row.rows, 'row')} read, {plural(row.rejected, 'problem')} found"
        text = f"{found}. Nothing is kept before all of it was judged."
    else:
        title, done, of = "Taking it in", row.projected, row.parts
        text = f"{row.created:,} created, {row.changed:,} changed, {row.unchanged:,} unchanged so far."
    return {"title": title, "text": text, "state": "running", "done": done, "of": of}


def _progress(request: HttpRequest, scope: Scope, progress: dict[str, Any], here: str, filename: str) -> HttpResponse:
    context = {"progress": progress, "poll_href": here}
    if request.headers.get("HX-Request"):
        return HttpResponse(render_to_string("web/components/progress.html", context))
    return render(request, "web/inventories/result.html", context | {"crumbs": _crumbs(scope), "filename": filename})


def _result(request: HttpRequest, scope: Scope, context: dict[str, Any], here: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        done = {"title": "Read", "text": "All of it was read.", "state": "done", "of": None}
        more = {"href": here, "action": "See what became of it"}
        return HttpResponse(render_to_string("web/components/progress.html", {"progress": done | more}))
    return render(request, "web/inventories/result.html", context | {"crumbs": _crumbs(scope), "result": True})


def _crumbs(scope: Scope) -> list[dict[str, str]]:
    return [
        {"label": "Sources", "href": href("sources", scope.slug)},
        {"label": "Bring in", "href": href("inventories", scope.slug)},
        {"label": "What became of it", "href": ""},
    ]


def _counts(rows: int, row: ImportResult | Import) -> dict[str, Any]:
    return {
        "rows": rows,
        "created": row.created,
        "changed": row.changed,
        "unchanged": row.unchanged,
        "retired": row.retired,
        "rejected": row.rejected,
    }


def _refused(events: list[uuid.UUID], here: str) -> dict[str, Any]:
    return {"refused": list(rejected_of(events)[:REFUSED]), "problems_href": f"{here}problems.csv"}


def _problems_csv(events: list[uuid.UUID]) -> HttpResponse:
    rows = ({name: getattr(row, name) for name in COLUMNS} for row in rejected_of(events).iterator())
    return HttpResponse(
        "".join(csv_lines(COLUMNS, rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="problems.csv"'},
    )


def _latest(scope: Scope) -> list[dict[str, Any]]:
    """Return the latest files, small and large ones together."""
    small = [
        {
            "at": row.finished_at, "source": row.source.name, "state": "done", "rows": row.rows, "created": row.created,
            "changed": row.changed, "retired": row.retired, "rejected": row.rejected,
            "href": href("inventory", scope.slug, row.event),
        }
        for row in recent_results(LATEST)
    ]  # fmt: skip
    large = [
        {
            "at": row.finished_at or row.started_at, "source": row.source, "state": state_at(row, timezone.now())[0],
            "rows": row.rows, "created": row.created, "changed": row.changed, "retired": row.retired,
            "rejected": row.rejected, "href": href("import", scope.slug, row.pk),
        }
        for row in list_imports(None, LATEST).rows
    ]  # fmt: skip
    return sorted([*small, *large], key=lambda each: each["at"], reverse=True)[:LATEST]
