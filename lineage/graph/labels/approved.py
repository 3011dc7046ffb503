"""Which maskings count in what is traced: those that were approved when it was last looked at (graph/masking.py)."""

import datetime
import uuid

from accounts.workspaces.isolation import current_workspace
from lineage.graph.labels.models import TracedMasking
from lineage.graph.masking import approved_jobs


def masking_jobs() -> set[uuid.UUID]:
    """Return the jobs whose declared masking stops classes and limits in the lineage facts that are current."""
    return set(TracedMasking.objects.values_list("asset_id", flat=True))


def maskings_turned(now: datetime.datetime) -> set[uuid.UUID]:
    """Return the jobs whose masking began or ended to count since then."""
    return masking_jobs() ^ approved_jobs(now)


def take_over(turned: set[uuid.UUID]) -> None:
    """Let the maskings of these jobs count from now on, or no longer."""
    gone = masking_jobs() & turned
    TracedMasking.objects.filter(asset__in=gone).delete()
    TracedMasking.objects.bulk_create(
        [TracedMasking(workspace_id=current_workspace(), asset_id=job) for job in sorted(turned - gone)]
    )
