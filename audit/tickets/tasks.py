"""The stage's door for Celery."""

import uuid

from celery import shared_task

from audit.tickets.open_tickets import open_tickets


@shared_task(name="auditline.open")
def open_(workspace_id: str) -> int:
    """Open, close and reopen tickets of one workspace."""
    return open_tickets(uuid.UUID(workspace_id))
