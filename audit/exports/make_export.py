"""Make the exports that wait: the stage behind requests and schedules.

A bundle takes longer than a transaction should, so the work is leased instead of locked: a killed worker's lease ends,
and another makes the export again from the start. Only a whole file ever gets its name.
"""

import datetime
import uuid
from pathlib import Path

import structlog
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.workspaces.isolation import current_workspace, in_workspace
from accounts.workspaces.models import Workspace
from accounts.workspaces.queue import MAX_ATTEMPTS, Item, Stage, claim, done, failed, lease, push
from audit.exports.bundle import Made, write_bundle
from audit.exports.models import Export
from audit.exports.progress import forget_progress, note_progress

log = structlog.get_logger(__name__)
LEASE = datetime.timedelta(minutes=10)


def request_export(*, actor: str, schedule: uuid.UUID | None = None, slot: datetime.datetime | None = None) -> Export:
    """Ask for an export of the entered workspace; a slot of a schedule is asked for once at most."""
    wanted = {"requested_by": actor, "schedule_id": schedule, "slot": slot}
    if schedule is None:
        export = Export.objects.create(workspace_id=current_workspace(), **wanted)
    else:
        export, created = Export.objects.get_or_create(
            workspace_id=current_workspace(), schedule_id=schedule, slot=slot, defaults={"requested_by": actor}
        )
        if not created:
            return export
    push(Stage.EXPORT, [export.pk])
    return export


def make_exports(workspace_id: uuid.UUID) -> int:
    """Run the stage: its rows are exports; return how many were made."""
    count = 0
    while (item := _take(workspace_id)) is not None:
        try:
            _make(workspace_id, item)
            count += 1
        except OperationalError:  # the database went away: the lease ends and another tries
            raise
        except Exception as error:  # the task boundary: the reason is kept with the export
            log.exception("export.failed", export=str(item.subject))
            _give_up(workspace_id, item, error)
    return count


def _take(workspace_id: uuid.UUID) -> Item | None:
    """Lease the next export; None where none is due."""
    with in_workspace(workspace_id):
        items = claim(Stage.EXPORT, 1)
        if not items:
            return None
        lease(items, timezone.now() + LEASE)
        Export.objects.filter(pk=items[0].subject).update(state=Export.State.RUNNING, progress=0)
        return items[0]


def _make(workspace_id: uuid.UUID, item: Item) -> None:
    """Write the bundle, then state it as ready with its digest."""
    workspace = Workspace.objects.get(pk=workspace_id)
    target = export_path(workspace_id, item.subject)
    made = write_bundle(workspace, target, lambda percent, rows: note_progress(item.subject, percent, rows))
    with in_workspace(workspace_id):
        _finish(item, made)
    forget_progress(item.subject)


def _finish(item: Item, made: Made) -> None:
    written = made.written
    Export.objects.filter(pk=item.subject).update(
        state=Export.State.READY,
        finished_at=timezone.now(),
        progress=100,
        rev=made.revision,
        ledger_size=made.ledger_size,
        file_name=written.path.name,
        sha256=written.sha256,
        size=written.bytes,
        error="",
    )
    body = {"export": item.subject, "sha256": written.sha256, "bytes": written.bytes}
    append(Action.EXPORT_MADE, body, actor="stage:export")
    done([item])


def _give_up(workspace_id: uuid.UUID, item: Item, error: Exception) -> None:
    last = item.attempts + 1 >= MAX_ATTEMPTS
    with in_workspace(workspace_id):
        Export.objects.filter(pk=item.subject).update(
            state=Export.State.FAILED if last else Export.State.WAITING, error=f"{type(error).__name__}: {error}"
        )
        failed([item], Stage.EXPORT, error)


def export_path(workspace_id: uuid.UUID, export: uuid.UUID) -> Path:
    """Return where the file of an export lies."""
    return Path(settings.AUDITLINE_HOME) / "exports" / str(workspace_id) / f"auditline-{export}.zip"
