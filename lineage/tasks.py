"""Let Celery find the tasks of this app's slices."""

from lineage.graph.tasks import project_

__all__ = ["project_"]
