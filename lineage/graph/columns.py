"""Read which columns flows take along, as known at a revision."""

import uuid
from collections.abc import Collection
from typing import NamedTuple

from accounts.workspaces.isolation import current_workspace
from lineage.graph.queries import ALL_FLOWS, FOLLOWED, FlowFilter
from lineage.graph.told import Column
from lineage.inventory.bulk import columns as as_columns
from lineage.inventory.bulk import fetch, from_json


class FlowColumns(NamedTuple):
    """The columns of one flow; none: no run says which."""

    source: uuid.UUID
    target: uuid.UUID
    job: uuid.UUID
    columns: tuple[Column, ...]


def columns_between(
    pairs: Collection[tuple[uuid.UUID, uuid.UUID]], revision: int, flows: FlowFilter = ALL_FLOWS
) -> list[FlowColumns]:
    """Return the flows between these datasets that are followed, with their columns; one query."""
    if not pairs:
        return []
    rows = fetch(_COLUMNS, [*as_columns(sorted(pairs), 2), current_workspace(), *flows.known(revision)])
    return [
        FlowColumns(source, target, job, tuple(Column(*each) for each in from_json(said)) if said else ())
        for source, target, job, said in rows
    ]


_COLUMNS = f"""
SELECT f.from_dataset_id, f.to_dataset_id, f.job_id, c.columns
FROM unnest(%s::uuid[], %s::uuid[]) AS w (source, target)
JOIN "lineage_flow" f ON f.from_dataset_id = w.source AND f.to_dataset_id = w.target
LEFT JOIN "lineage_flowcolumns" c ON c.workspace_id = f.workspace_id AND c.flow_id = f.id
WHERE f.workspace_id = %s AND {FOLLOWED}
ORDER BY f.from_dataset_id, f.to_dataset_id, f.job_id
"""  # noqa: S608 - our own names
