"""Read exports and schedules."""

import uuid
from collections.abc import Collection

from django.db.models import F, QuerySet

from accounts.paging import Page, page_of
from audit.exports.models import Export, ExportSchedule
from audit.exports.progress import Progress, read_progress


def export_page(after: str | None, limit: int) -> Page[dict[str, object]]:
    """Return one page of exports, newest first."""
    return page_of(Export.objects.all(), ["-id"], after, limit, scope="exports").map(export_row)


def export_row(export: Export) -> dict[str, object]:
    """Return an export as a plain row."""
    running = export.state == Export.State.RUNNING
    so_far = read_progress(export.pk) if running else Progress(export.progress, None)
    return {
        "id": export.pk,
        "state": export.state,
        "schedule": export.schedule_id,
        "slot": export.slot,
        "requested_by": export.requested_by,
        "requested_at": export.requested_at,
        "finished_at": export.finished_at,
        "progress": so_far.percent,
        "rows": so_far.rows,
        "revision": export.rev,
        "ledger_size": export.ledger_size,
        "file_name": export.file_name,
        "sha256": export.sha256,
        "size": export.size,
        "error": export.error,
    }


def exports() -> QuerySet[Export]:
    """Return all exports of the entered workspace."""
    return Export.objects.all()


def schedules() -> QuerySet[ExportSchedule]:
    """Return the schedules that are on, next first, paused ones last."""
    return ExportSchedule.objects.filter(enabled=True).order_by(F("paused_at").asc(nulls_first=True), "next_at", "id")


def newest_exports(schedules: Collection[uuid.UUID]) -> dict[uuid.UUID, Export]:
    """Return the newest export of each of these schedules; a schedule that made none is absent."""
    rows = Export.objects.filter(schedule__in=schedules).order_by("schedule_id", "-slot").distinct("schedule_id")
    return {row.schedule_id: row for row in rows if row.schedule_id is not None}


def running_exports() -> QuerySet[Export]:
    """Return the exports that wait or are being made, oldest first."""
    return Export.objects.filter(state__in=[Export.State.WAITING, Export.State.RUNNING]).order_by("id")


def schedule_row(schedule: ExportSchedule) -> dict[str, object]:
    """Return a schedule as a plain row."""
    names = ["id", "name", "cron", "timezone", "paused_at", "next_at", "created_at"]
    return {name: getattr(schedule, name) for name in names}
