"""Let Celery find the tasks of this app's slices."""

from audit.evidence.tasks import seal
from audit.exports.tasks import export, schedules
from audit.findings.tasks import raise_
from audit.tickets.tasks import open_

__all__ = ["export", "open_", "raise_", "schedules", "seal"]
