"""Let Celery find the tasks of this app's slices."""

from lineage.graph.tasks import project_
from lineage.inventory.pulls.tasks import pull
from lineage.retention.tasks import retain

__all__ = ["project_", "pull", "retain"]
