"""How long labels take to travel along all flows of an estate from nothing: computed, and stored."""

import uuid

from django.utils import timezone

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.revisions import next_revision
from benchmarks.harness import Report, Target, slope, timed
from lineage.graph.labels.load import load
from lineage.graph.labels.retrace import trace_all
from lineage.graph.labels.trace import trace


def measure(report: Report, workspaces: dict[int, uuid.UUID]) -> None:
    """Measure each estate (by its number of flows, in its workspace), and how the cost grows over them.

    Computed: the fixpoint over what was loaded, proven and possible. Stored: loaded, computed and written, in one
    transaction of a workspace whose lineage facts nobody had traced.
    """
    stored: list[float] = []
    for size, workspace in workspaces.items():
        largest = size == max(workspaces)
        with in_workspace(workspace):
            now = timezone.now()
            report.put(f"labels_{size}_computed_s", *_targeted(timed(trace, load(now).graph)[0], 5, largest))
            took, changed = timed(trace_all, next_revision("bench"), now)
        assert changed, "no asset got lineage facts"
        stored.append(took)
        report.put(f"labels_{size}_stored_s", *_targeted(took, 15, largest))
    report.put("labels_stored_slope", slope(list(workspaces), stored), Target("<=", 1.2))


def _targeted(value: float, most: float, largest: bool) -> tuple[float, Target | None]:
    return value, Target("<=", most) if largest else None
