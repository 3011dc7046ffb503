"""Record events and project them: sustained, from a queue that is full, at several sizes."""

from collections.abc import Sequence
from itertools import islice

from accounts.members.manage import create_workspace
from accounts.members.models import Role
from accounts.members.rights import Principal
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace
from benchmarks.harness import Report, Target, slope, timed
from benchmarks.producers import run_events
from lineage.events.receive import receive_event
from lineage.events.record import store_events
from lineage.graph.project import project

RECORDED_AT_ONCE = 2000


def measure(report: Report, sizes: Sequence[int]) -> None:
    """Project each number of events in a workspace of its own; the rate is that of the largest."""
    durations = []
    for size in sorted(sizes):
        workspace = create_workspace(f"project-{size}", "", actor="command")
        _record(workspace, size)
        took, done = timed(project, workspace.pk)
        assert done == size, f"{done} of {size} events were projected"
        durations.append(took)
        report.put(f"project_{size}_per_s", size / took, Target(">=", 5000) if size == max(sizes) else None)
    report.put("project_slope", slope(sorted(sizes), durations), Target("<=", 1.1))


def _record(workspace: Workspace, count: int) -> None:
    principal = Principal(workspace.pk, Role.PIPELINE, "command", "bench")
    events = run_events(count)
    while part := list(islice(events, RECORDED_AT_ONCE)):
        with in_workspace(workspace.pk):
            store_events([receive_event(event, principal) for event in part])
