"""Read flows: what goes directly into and out of a dataset."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from lineage.graph.models import Flow

_SHOWN = [
    "basis", "proven", "first_seen_at", "last_seen_at", "from_dataset__name", "from_dataset__country",
    "to_dataset__name", "to_dataset__country", "job__name", "job__kind",
]  # fmt: skip


@dataclass(frozen=True)
class DirectFlows:
    """The current flows of a dataset; each list is cut at the limit that was asked for."""

    upstream: Sequence[Flow]
    downstream: Sequence[Flow]


def direct_flows(dataset: uuid.UUID, limit: int) -> DirectFlows:
    """Return the flows into and out of a dataset, newest first. Two queries."""
    current = Flow.objects.filter(rev_to__isnull=True).select_related("from_dataset", "to_dataset", "job").only(*_SHOWN)
    newest = current.order_by("-last_seen_at", "id")
    return DirectFlows(
        list(newest.filter(to_dataset=dataset)[:limit]), list(newest.filter(from_dataset=dataset)[:limit])
    )
