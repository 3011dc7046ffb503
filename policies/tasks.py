"""Let Celery find the tasks of this app's slices."""

from policies.evaluation.tasks import evaluate_, evaluate_full_

__all__ = ["evaluate_", "evaluate_full_"]
