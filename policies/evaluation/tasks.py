"""Doors for Celery."""

import uuid

from celery import shared_task

from policies.evaluation.evaluate import evaluate
from policies.evaluation.full import evaluate_full


@shared_task(name="auditline.evaluate")
def evaluate_(workspace_id: str) -> int:
    """Evaluate what waits in one workspace."""
    return evaluate(uuid.UUID(workspace_id))


@shared_task(name="auditline.evaluate_full")
def evaluate_full_(workspace_id: str) -> int:
    """Judge everything in one workspace once more, set-based."""
    return evaluate_full(uuid.UUID(workspace_id))
