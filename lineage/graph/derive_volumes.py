"""Derive what follows from how much runs read and wrote: volumes of data flows, and which part was read abroad.

Asked after documents, rows of data flows and places of runs are settled. Where nobody ever sent a statistic, it is one
question.
"""

import uuid
from collections.abc import Collection, Iterable

from accounts.workspaces.isolation import current_workspace
from lineage.graph.flow_volumes import derive_flow_volumes
from lineage.graph.foreign_reads import derive_foreign_reads
from lineage.graph.volumes import any_volume, with_volumes
from lineage.inventory.bulk import chunks, fetch

Pair = tuple[uuid.UUID, uuid.UUID]


def derive_volumes(
    pairs: Iterable[Pair], read: Iterable[uuid.UUID], moved: Collection[uuid.UUID], rev: int
) -> set[uuid.UUID]:
    """Derive the volumes of these pairs, the foreign reads of these datasets, and what `moved` can change of both.

    `moved`: datasets, jobs, clusters and sites, which say where data lies and jobs run, and whether a job streams.
    Return the assets that changed.
    """
    if not any_volume():
        return set()
    workspace = current_workspace()
    asked, flows = {*read}, {*pairs}
    if moved:
        asked |= {row[0] for row in fetch(_REACHED, [workspace, sorted(moved)] * 5)}
        flows |= {(row[0], row[1]) for row in fetch(_JOINED_BY, [workspace, sorted(moved)])}
    told = with_volumes(asked | {end for pair in flows for end in pair})
    changed: set[uuid.UUID] = set()
    for part in chunks(sorted(pair for pair in flows if not told.isdisjoint(pair))):
        changed |= derive_flow_volumes(part, rev)
    for datasets in chunks(sorted(asked & told)):
        changed |= derive_foreign_reads(datasets, rev)
    return changed


# The datasets whose reads these assets can change: themselves; what is read by whom writes them, and by jobs of theirs.
_REACHED = """
SELECT id FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s) AND kind = 'dataset'
UNION
SELECT i.dataset_id FROM "lineage_jobversiondataset" o
JOIN "lineage_jobversiondataset" i ON i.workspace_id = o.workspace_id AND i.version_id = o.version_id
WHERE o.workspace_id = %s AND o.dataset_id = ANY(%s) AND o.direction = 'output' AND i.direction = 'input'
UNION
SELECT i.dataset_id FROM (
  SELECT workspace_id, id FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s) AND kind = 'job'
  UNION
  SELECT workspace_id, from_asset_id FROM "lineage_relation"
  WHERE workspace_id = %s AND to_asset_id = ANY(%s) AND name = 'runs_on' AND rev_to IS NULL
  UNION
  SELECT r.workspace_id, r.from_asset_id FROM "lineage_relation" c
  JOIN "lineage_relation" r ON r.workspace_id = c.workspace_id AND r.to_asset_id = c.from_asset_id
  WHERE c.workspace_id = %s AND c.to_asset_id = ANY(%s) AND c.name = 'at' AND c.rev_to IS NULL
    AND r.name = 'runs_on' AND r.rev_to IS NULL
) AS j (workspace_id, id)
JOIN "lineage_jobversion" v ON v.workspace_id = j.workspace_id AND v.job_id = j.id
JOIN "lineage_jobversiondataset" i ON i.workspace_id = v.workspace_id AND i.version_id = v.id
WHERE i.direction = 'input'
"""

_JOINED_BY = """
SELECT DISTINCT from_dataset_id, to_dataset_id FROM "lineage_jobversionflow"
WHERE workspace_id = %s AND job_id = ANY(%s)
"""
