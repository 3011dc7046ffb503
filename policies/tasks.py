"""Let Celery find the tasks of this app's slices."""

from policies.evaluation.tasks import evaluate_, evaluate_all

__all__ = ["evaluate_", "evaluate_all"]
