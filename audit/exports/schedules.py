"""Schedules: when an export is made, in the schedule's own time zone; exactly one export per slot.

Two beats may run: a slot is one row by a unique constraint, so the second asks in vain. After downtime the newest slot
that was missed is made, not each of them; after a pause none is, because nobody wanted them.
"""

import datetime
import uuid
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from django.utils import timezone

from accounts.errors import AuditlineError
from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.members.models import User
from accounts.workspaces.isolation import current_workspace, in_workspace
from audit.exports.make_export import request_export
from audit.exports.models import ExportSchedule


class ScheduleRefused(AuditlineError):
    """A schedule cannot be read."""

    code = "schedule_refused"


def next_slot(cron: str, zone: str, after: datetime.datetime) -> datetime.datetime:
    """Return the first slot after an instant, in UTC. Raises ScheduleRefused."""
    try:
        local = after.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise ScheduleRefused(f"Time zone: got {zone!r}, expected a name such as Europe/Berlin or UTC.") from None
    try:
        return next(CronSim(cron, local)).astimezone(datetime.UTC)
    except (CronSimError, StopIteration):
        raise ScheduleRefused(
            f"Schedule: got {cron!r}, expected five cron fields, e.g. '0 6 * * 1' for Mondays at six."
        ) from None


def add_schedule(name: str, cron: str, zone: str, *, actor: str, user: User | None = None) -> ExportSchedule:
    """Add a schedule to the entered workspace."""
    schedule = ExportSchedule.objects.create(
        workspace_id=current_workspace(),
        name=name,
        cron=cron,
        timezone=zone,
        next_at=next_slot(cron, zone, timezone.now()),
        created_by=user,
    )
    _say(schedule, "added", actor)
    return schedule


def remove_schedule(schedule: ExportSchedule, *, actor: str) -> None:
    """Switch a schedule off; its exports stay."""
    schedule.enabled = False
    schedule.save(update_fields=["enabled"])
    _say(schedule, "removed", actor)


def pause_schedule(schedule: ExportSchedule, *, actor: str) -> bool:
    """Let a schedule rest; return whether it did not rest already. What was asked for before is still made."""
    rows = ExportSchedule.objects.filter(pk=schedule.pk, enabled=True, paused_at__isnull=True)
    if not rows.update(paused_at=timezone.now()):
        return False
    _say(schedule, "paused", actor)
    return True


def resume_schedule(schedule: ExportSchedule, *, actor: str) -> bool:
    """Let a schedule run again from its next slot on; return whether it was paused. Missed slots are not made up."""
    following = next_slot(schedule.cron, schedule.timezone, timezone.now())
    rows = ExportSchedule.objects.filter(pk=schedule.pk, enabled=True, paused_at__isnull=False)
    if not rows.update(paused_at=None, next_at=following):
        return False
    _say(schedule, "resumed", actor)
    return True


def _say(schedule: ExportSchedule, what: str, actor: str) -> None:
    body = {
        "schedule": schedule.pk,
        "what": what,
        "name": schedule.name,
        "cron": schedule.cron,
        "zone": schedule.timezone,
    }
    append(Action.SCHEDULE_CHANGED, body, actor=actor)


def run_schedules(workspace_id: uuid.UUID, now: datetime.datetime | None = None) -> int:
    """Ask for the exports whose slot has come in one workspace; return how many slots were taken."""
    now = now or timezone.now()
    with in_workspace(workspace_id):
        due = ExportSchedule.objects.select_for_update(skip_locked=True).filter(
            enabled=True, paused_at__isnull=True, next_at__lte=now
        )
        taken = 0
        for schedule in due:
            slot = _newest_slot(schedule, now)
            request_export(actor=f"schedule:{schedule.pk}", schedule=schedule.pk, slot=slot)
            schedule.next_at = next_slot(schedule.cron, schedule.timezone, now)
            schedule.save(update_fields=["next_at"])
            taken += 1
        return taken


def _newest_slot(schedule: ExportSchedule, now: datetime.datetime) -> datetime.datetime:
    """Return the last slot that is not after `now`."""
    slot = schedule.next_at
    while (following := next_slot(schedule.cron, schedule.timezone, slot)) <= now:
        slot = following
    return slot
