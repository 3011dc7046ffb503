"""Doors for Celery."""

import uuid

from celery import shared_task

from accounts.workspaces.models import Workspace
from audit.exports.make_export import make_exports
from audit.exports.schedules import run_schedules


@shared_task(name="auditline.export")
def export(workspace_id: str) -> int:
    """Make the exports that wait in one workspace."""
    return make_exports(uuid.UUID(workspace_id))


@shared_task(name="auditline.schedules")
def schedules() -> int:
    """Ask for the exports whose slot has come, in every workspace."""
    return sum(run_schedules(workspace_id) for workspace_id in Workspace.objects.values_list("pk", flat=True))
