"""Write the relations that lineage shows: runs of jobs, what they read and wrote, and what feeds what.

They only ever grow, but for `upstream`: a guess that a later facet replaces takes its pair back.
"""

import uuid
from collections.abc import Sequence

from accounts.workspaces.isolation import current_workspace
from lineage.graph.flows import FlowChanges
from lineage.graph.models import RunDataset
from lineage.graph.runs import RunRow
from lineage.inventory.bulk import fetch
from lineage.inventory.relations import Edge, set_edges

_OUTPUT = RunDataset.Direction.OUTPUT.value


def relate_runs(runs: Sequence[RunRow], jobs: set[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Add what these runs and their jobs (those of `jobs` that are of kind job) read and wrote; return both ends."""
    edges: list[Edge] = []
    for run in runs:
        if run.asset_id is not None and run.is_new:
            edges += [(run.asset_id, "of_job", run.job_id, True), (run.job_id, "runs", run.asset_id, False)]
        for dataset, direction in run.new_touches:
            wrote = direction == _OUTPUT
            if run.asset_id is not None:
                edges.append((run.asset_id, "outputs" if wrote else "inputs", dataset, True))
            if run.job_id in jobs:
                edges.append((run.job_id, "writes" if wrote else "reads", dataset, True))
                if wrote:
                    edges.append((dataset, "produced_by", run.job_id, False))
    return set_edges(None, [], edges, rev) if edges else set()


def relate_flows(changes: FlowChanges, rev: int) -> set[uuid.UUID]:
    """Bring `upstream` and `downstream` in line with the flows that came or went; return both ends of what changed."""
    touched: set[uuid.UUID] = set()
    if opened := [edge for source, target in changes.opened for edge in _edges(source, target)]:
        touched |= set_edges(None, [], opened, rev)
    if targets := sorted({target for _, target in changes.closed}):
        pairs = fetch(_PAIRS, [current_workspace(), targets])
        edges = [edge for source, target in pairs for edge in _edges(source, target)]
        touched |= set_edges(None, targets, edges, rev, names=["upstream", "downstream"])
    return touched


def _edges(source: uuid.UUID, target: uuid.UUID) -> list[Edge]:
    return [(target, "upstream", source, True), (source, "downstream", target, False)]


_PAIRS = """
SELECT DISTINCT from_dataset_id, to_dataset_id FROM "lineage_flow"
WHERE workspace_id = %s AND to_dataset_id = ANY(%s) AND rev_to IS NULL
"""
