"""Write the relations that lineage shows: what jobs read and wrote, and what feeds what.

They only ever grow, but for `upstream`: a guess that a later facet replaces takes its pair back. The relations of runs
(of_job, runs, inputs, outputs) are not written: the view `lineage_related` reads them from the runs.
"""

import uuid
from collections.abc import Collection, Sequence

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.graph.flows import FlowChanges
from lineage.graph.job_versions import VersionChanges
from lineage.inventory.bulk import chunks, columns, fetch
from lineage.inventory.relations import Edge, set_edges


def relate_jobs(changes: VersionChanges, jobs: Collection[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Add what the new versions of `jobs` (those of kind job) read and write; return both ends."""
    edges: list[Edge] = []
    for run in changes.new.values():
        if run.job_id in jobs:
            edges += [(run.job_id, "reads", dataset, True) for dataset in run.inputs]
            for dataset in run.outputs:
                edges += [(run.job_id, "writes", dataset, True), (dataset, "produced_by", run.job_id, False)]
    return _add(edges, rev)


def relate_flows(changes: FlowChanges, rev: int) -> set[uuid.UUID]:
    """Bring `upstream` and `downstream` in line with the flows that came or went; return both ends of what changed."""
    touched = _add([edge for source, target in changes.opened for edge in _edges(source, target)], rev)
    if targets := sorted({target for _, target in changes.closed}):
        pairs = fetch(_PAIRS, [current_workspace(), targets])
        edges = [edge for source, target in pairs for edge in _edges(source, target)]
        touched |= set_edges(None, targets, edges, rev, names=["upstream", "downstream"])
    return touched


def _edges(source: uuid.UUID, target: uuid.UUID) -> list[Edge]:
    return [(target, "upstream", source, True), (source, "downstream", target, False)]


def _add(edges: Sequence[Edge], rev: int) -> set[uuid.UUID]:
    """Add derived rows that are not there yet, and take none back; return both ends of what is new."""
    touched: set[uuid.UUID] = set()
    for part in chunks(sorted(set(edges))):
        rows = fetch(_ADD, [current_workspace(), rev, [new_id() for _ in part], *columns(part, 4)])
        touched.update(end for row in rows for end in row)
    return touched


# Several jobs may open the same pair: `relation_current_once` decides.
_ADD = """
INSERT INTO "lineage_relation" (id, workspace_id, source_id, rev_from, from_asset_id, name, to_asset_id, reported_from)
SELECT w.id, c.workspace, NULL, c.rev, w.from_id, w.name, w.to_id, w.reported_from
FROM (SELECT %s::uuid, %s::bigint) AS c (workspace, rev),
     unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::bool[])
       AS w (id, from_id, name, to_id, reported_from)
ON CONFLICT DO NOTHING
RETURNING from_asset_id, to_asset_id
"""

_PAIRS = """
SELECT DISTINCT from_dataset_id, to_dataset_id FROM "lineage_flow"
WHERE workspace_id = %s AND to_dataset_id = ANY(%s) AND rev_to IS NULL
"""
