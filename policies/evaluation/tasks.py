"""Doors for Celery."""

import uuid

from celery import shared_task

from accounts.workspaces.models import Workspace
from policies.evaluation.evaluate import evaluate
from policies.evaluation.full import request_full_of


@shared_task(name="auditline.evaluate")
def evaluate_(workspace_id: str) -> int:
    """Evaluate what waits in one workspace."""
    return evaluate(uuid.UUID(workspace_id))


@shared_task(name="auditline.evaluate_all")
def evaluate_all() -> int:
    """Queue a full evaluation of every workspace: the daily run that shows that nothing was missed."""
    return sum(request_full_of(workspace_id) for workspace_id in Workspace.objects.values_list("pk", flat=True))
