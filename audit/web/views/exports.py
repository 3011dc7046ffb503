"""Exports: make one now, schedules, what was made, and how to verify it."""

import json
import uuid
import zipfile
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from accounts.errors import AuditlineError
from accounts.members.queries import actor_names
from accounts.members.rights import Right
from audit.exports.make_export import export_path, request_export
from audit.exports.models import Export, ExportSchedule
from audit.exports.queries import export_page, export_row, exports, newest_exports, running_exports, schedules
from audit.exports.schedules import add_schedule, pause_schedule, remove_schedule, resume_schedule
from audit.web.forms import ScheduleForm
from audit.web.links import href
from audit.web.lists import PER_PAGE, count_up_to, pager
from audit.web.proofs import VERIFY
from audit.web.scope import Scope, workspace_page
from audit.web.words import plural

STATES = {"waiting": "making", "running": "making", "ready": "made", "failed": "failed"}
SCOPE = "Everything in this workspace"


@workspace_page("exports", GET=Right.READ, POST=Right.EXPORT)
def export_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List exports and schedules; a POST asks for one now."""
    if request.method == "POST":
        export = request_export(actor=scope.principal.actor)
        messages.success(request, "The export is being made.")
        return redirect("web:export", scope.slug, export.pk)
    return _show(request, scope, ScheduleForm())


@workspace_page("exports", POST=Right.SCHEDULE)
def schedule_add(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Add a schedule."""
    form = ScheduleForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            add_schedule(given["name"], given["cron"], given["timezone"], actor=scope.principal.actor, user=scope.user)
        except AuditlineError as refused:
            form.add_error("cron", refused.message)
        else:
            messages.success(request, f"The schedule {given['name']} is on.")
            return redirect("web:exports", scope.slug)
    return _show(request, scope, form, 400)


@workspace_page("exports", POST=Right.SCHEDULE)
def schedule_pause(request: HttpRequest, scope: Scope, schedule_id: uuid.UUID) -> HttpResponse:
    """Let a schedule rest; a second click does nothing."""
    schedule = get_object_or_404(schedules(), pk=schedule_id)
    if pause_schedule(schedule, actor=scope.principal.actor):
        messages.success(request, f"The schedule {schedule.name} is paused. It makes nothing until it is resumed.")
    return redirect("web:exports", scope.slug)


@workspace_page("exports", POST=Right.SCHEDULE)
def schedule_resume(request: HttpRequest, scope: Scope, schedule_id: uuid.UUID) -> HttpResponse:
    """Let a paused schedule run again, from its next slot on."""
    schedule = get_object_or_404(schedules(), pk=schedule_id)
    if resume_schedule(schedule, actor=scope.principal.actor):
        messages.success(request, f"The schedule {schedule.name} runs again. Slots that it missed are not made up.")
    return redirect("web:exports", scope.slug)


@workspace_page("exports", POST=Right.SCHEDULE)
def schedule_remove(request: HttpRequest, scope: Scope, schedule_id: uuid.UUID) -> HttpResponse:
    """Switch a schedule off; its exports stay."""
    schedule = get_object_or_404(schedules(), pk=schedule_id)
    remove_schedule(schedule, actor=scope.principal.actor)
    messages.success(request, f"The schedule {schedule.name} is off.")
    return redirect("web:exports", scope.slug)


def _show(request: HttpRequest, scope: Scope, form: ScheduleForm, status: int = 200) -> HttpResponse:
    page = export_page(request.GET.get("after") or None, PER_PAGE)
    names = actor_names(str(row["requested_by"]) for row in page.rows)
    running = _running(scope)
    if request.GET.get("progress"):
        return _progress_answer(request, running)
    listed = list(schedules())
    newest = newest_exports([each.pk for each in listed])
    context = {
        **(running if running["poll_href"] else {}),
        "form": forms.Form() if scope.may(Right.EXPORT) else None,
        "make_href": href("exports", scope.slug),
        "schedule_form": form if scope.may(Right.SCHEDULE) else None,
        "schedule_href": href("schedule_add", scope.slug),
        "schedules": [_schedule(scope, each, newest.get(each.pk)) for each in listed],
        "exports": [_row(scope, row, names) for row in page.rows],
        "page": pager(request, page, count_up_to(exports())),
    }
    return render(request, "web/exports/list.html", context, status=status)


def _schedule(scope: Scope, schedule: ExportSchedule, last: Export | None) -> dict[str, Any]:
    """Return one schedule as the page shows it; without the right to change it, it has no buttons."""
    paused, may = schedule.paused_at is not None, scope.may(Right.SCHEDULE)
    turn = "schedule_resume" if paused else "schedule_pause"
    return {
        "id": schedule.pk,
        "format": "bundle",
        "scope": schedule.name,
        "cadence": f"{schedule.cron} ({schedule.timezone})",
        "next_at": schedule.next_at,
        "paused": paused,
        "paused_at": schedule.paused_at,
        "last_at": last.slot if last else None,
        "last_state": STATES[last.state] if last else "none",
        "last_href": href("export", scope.slug, last.pk) if last else "",
        "pause_href": href(turn, scope.slug, schedule.pk) if may else "",
        "remove_href": href("schedule_remove", scope.slug, schedule.pk) if may else "",
    }


def _progress_answer(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Answer the page that asks how far it is; when it is done, have HTMX load that page anew, title and all."""
    response = render(request, "web/components/progress.html", context)
    if not context.get("poll_href"):
        response["HX-Refresh"] = "true"
    return response


def _running(scope: Scope) -> dict[str, Any]:
    """Return the progress of the oldest export that is not ready, and where to ask again; done when there is none."""
    waiting = list(running_exports()[:20])
    if not waiting:
        done = {"title": "Ready", "text": "Every export is made.", "of": None, "state": "done",
                "href": href("exports", scope.slug), "action": "Show them"}  # fmt: skip
        return {"progress": done, "poll_href": ""}
    row = export_row(waiting[0])
    return {"progress": _progress(row, len(waiting) - 1), "poll_href": href("exports", scope.slug, progress=1)}


def _progress(row: dict[str, Any], behind: int = 0) -> dict[str, Any]:
    """Return how far an export is; `behind` = how many wait after it."""
    making = row["state"] == Export.State.RUNNING
    text = f"{plural(row['rows'], 'row')} written so far" if making else "Waits for a worker"
    more = f"; {behind:,} more behind it" if behind else ""
    return {"title": "Making the export", "text": f"{text}{more}.", "done": row["progress"], "of": 100,
            "state": "running"}  # fmt: skip


def _title(row: dict[str, Any]) -> str:
    """Return what an export is called: by the day it was made, or by what becomes of it."""
    if row["state"] == "ready":
        return f"Evidence bundle of {row['finished_at']:%-d %b %Y, %H:%M}"
    return "An export that failed" if row["state"] == "failed" else "An export in the making"


def _row(scope: Scope, row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    size = row["size"]
    return {
        "id": row["id"],
        "title": _title(row),
        "format": "bundle",
        "scope": SCOPE,
        "revision": row["revision"],
        "as_of": row["finished_at"],
        "made_at": row["finished_at"] or row["requested_at"],
        "by": names.get(row["requested_by"], row["requested_by"]),
        "size": f"{size / 1024:,.0f} KiB" if size else "",
        "digest": row["sha256"],
        "state": STATES[row["state"]],
        "error": row["error"],
        "download_href": href("export_file", scope.slug, row["id"]) if row["state"] == "ready" else "",
    }


@workspace_page("exports", GET=Right.READ)
def export_detail(request: HttpRequest, scope: Scope, export_id: uuid.UUID) -> HttpResponse:
    """Show one export: its progress, then its files, hashes, and how to verify it."""
    export = get_object_or_404(exports(), pk=export_id)
    row = export_row(export)
    context: dict[str, Any] = {
        "crumbs": [{"label": "Exports", "href": href("exports", scope.slug)}, {"label": _title(row), "href": ""}],
        "export": _row(scope, row, actor_names([export.requested_by]))
        | {"coverage": "", "checkpoint_size": export.ledger_size, "witnessed": False, "verify_command": VERIFY},
        "files": _files(export),
    }
    if export.state in (Export.State.WAITING, Export.State.RUNNING):
        context |= {
            "progress": _progress(row),
            "poll_href": href("export", scope.slug, export.pk, progress=1),
        }
    if request.GET.get("progress"):
        done = {"title": "Ready", "text": "The export is made.", "of": None, "state": "done",
                "href": href("export", scope.slug, export.pk), "action": "Show it"}  # fmt: skip
        return _progress_answer(request, context if "progress" in context else {"progress": done})
    return render(request, "web/exports/detail.html", context)


def _files(export: Export) -> list[dict[str, Any]]:
    """Return the manifest's files of a finished export."""
    path = export_path(export.workspace_id, export.pk)
    if export.state != Export.State.READY or not path.is_file():
        return []
    with zipfile.ZipFile(path) as bundle:
        manifest = json.loads(bundle.read("manifest.json"))
    return [
        {"path": each["path"], "bytes": each["bytes"], "digest": each["sha256"], "rows": None}
        for each in manifest["files"]
    ]


@workspace_page("exports", GET=Right.READ)
def export_file(request: HttpRequest, scope: Scope, export_id: uuid.UUID) -> HttpResponseBase:
    """Download the bundle."""
    export = get_object_or_404(exports(), pk=export_id, state=Export.State.READY)
    path = export_path(export.workspace_id, export.pk)
    return FileResponse(path.open("rb"), as_attachment=True, filename=export.file_name)
