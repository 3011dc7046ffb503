"""Doors for Celery."""

import uuid

from celery import shared_task

from lineage.graph.project import project


@shared_task(name="auditline.project")
def project_(workspace_id: str) -> int:
    """Project what waits in one workspace."""
    return project(uuid.UUID(workspace_id))
