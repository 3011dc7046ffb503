"""Let Celery find the tasks of this app's slices."""

from audit.evidence.tasks import seal
from audit.findings.tasks import raise_
from audit.tickets.tasks import open_

__all__ = ["open_", "raise_", "seal"]
