"""The stage's door for Celery."""

import uuid

from celery import shared_task

from audit.findings.raise_findings import raise_findings


@shared_task(name="auditline.raise")
def raise_(workspace_id: str) -> int:
    """Raise and resolve findings of one workspace."""
    return raise_findings(uuid.UUID(workspace_id))
