"""Read exports and schedules."""

from django.db.models import QuerySet

from accounts.paging import Page, page_of
from audit.exports.models import Export, ExportSchedule
from audit.exports.progress import read_progress


def export_page(after: str | None, limit: int) -> Page[dict[str, object]]:
    """Return one page of exports, newest first."""
    return page_of(Export.objects.all(), ["-id"], after, limit, scope="exports").map(export_row)


def export_row(export: Export) -> dict[str, object]:
    """Return an export as a plain row."""
    running = export.state == Export.State.RUNNING
    return {
        "id": export.pk,
        "state": export.state,
        "schedule": export.schedule_id,
        "slot": export.slot,
        "requested_by": export.requested_by,
        "requested_at": export.requested_at,
        "finished_at": export.finished_at,
        "progress": read_progress(export.pk) if running else export.progress,
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
    """Return the schedules that are on, next first."""
    return ExportSchedule.objects.filter(enabled=True).order_by("next_at", "id")


def schedule_row(schedule: ExportSchedule) -> dict[str, object]:
    """Return a schedule as a plain row."""
    names = ["id", "name", "cron", "timezone", "next_at", "created_at"]
    return {name: getattr(schedule, name) for name in names}
