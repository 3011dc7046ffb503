"""The sequencer's door for Celery, on queue `seal`."""

import uuid

from celery import shared_task

from audit.evidence.seal import seal_statements


@shared_task(name="auditline.seal")
def seal(workspace_id: str) -> int:
    """Seal what one workspace's journal holds and the ledger does not."""
    return seal_statements(uuid.UUID(workspace_id))
