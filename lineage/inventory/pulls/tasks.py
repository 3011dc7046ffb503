"""The door for Celery."""

from celery import shared_task

from accounts.workspaces.models import Workspace
from lineage.inventory.pulls.receive import pull_due


@shared_task(name="auditline.pull")
def pull() -> int:
    """Fetch the inventories that are due in every workspace."""
    return sum(pull_due(workspace_id) for workspace_id in Workspace.objects.values_list("pk", flat=True))
