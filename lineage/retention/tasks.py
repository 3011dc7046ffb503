"""The daily door for Celery."""

from celery import shared_task

from accounts.workspaces.models import Workspace
from lineage.retention.delete_events import delete_expired, drop_empty_months


@shared_task(name="auditline.retain")
def retain() -> int:
    """Delete what the rules of each workspace let go, then the months that are empty; return how many events went."""
    deleted = sum(delete_expired(workspace_id) for workspace_id in Workspace.objects.values_list("pk", flat=True))
    drop_empty_months()
    return deleted
