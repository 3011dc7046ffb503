"""Look up what the nodes and edges of a picture are: names, places, classes, bases and times. One query each."""

import datetime
import uuid
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from accounts.workspaces.isolation import current_workspace
from lineage.graph.masking import covers_at
from lineage.graph.picture.cut import Linked
from lineage.graph.queries import FOLLOWED, FlowFilter
from lineage.graph.snapshot import BASES, Ids, id_list
from lineage.inventory.bulk import fetch

JOBS = 3
"""Jobs of an edge that are named."""


class Look(NamedTuple):
    """What a dataset looks like. Empty text: not reported."""

    id: uuid.UUID
    uid: str
    name: str
    country: str
    classification: str


class Edge(NamedTuple):
    """The flows from one node to another, by position in the picture.

    The strongest basis; proven where one of them is; masked where all of them are, by flows of the bases `declared`;
    approved where each of these masked flows is by a job whose masking counts, until the first of them ends.
    """

    source: int
    target: int
    basis: str
    proven: bool
    masked: bool
    declared: tuple[str, ...]
    approved: bool
    approved_until: datetime.datetime | None
    flows: int
    runs: int
    first_seen_at: datetime.datetime
    last_seen_at: datetime.datetime
    jobs: tuple[uuid.UUID, ...]  # the first few
    jobs_total: int


def looks_of(ids: Ids) -> Mapping[int, Look]:
    """Return what these look like, by position; what is gone is left out."""
    if not len(ids):
        return {}
    rows = fetch(_LOOKS, [id_list(ids), current_workspace()])
    return {
        at - 1: Look(identifier, uid, name, country, label or "") for at, identifier, uid, name, country, label in rows
    }


def names_of(assets: Collection[uuid.UUID]) -> Mapping[uuid.UUID, str]:
    """Return the names of these."""
    rows = fetch(_NAMES, [current_workspace(), sorted(assets)]) if assets else []
    return dict(rows)


def edges_of(ids: Ids, links: Linked, revision: int, flows: FlowFilter) -> tuple[Edge, ...]:
    """Return the edges that these pairs of datasets make, by their flows that are followed."""
    if not len(links.source):
        return ()
    ends, edge = np.unique(np.stack([links.from_node, links.to_node], axis=1), axis=0, return_inverse=True)
    given = [id_list(ids[links.source]), id_list(ids[links.target]), edge.ravel().tolist()]
    covers = covers_at(revision)
    counting = [list(covers), [cover.until for cover in covers.values()]]
    rows = fetch(_EDGES, [*given, *counting, current_workspace(), *flows.known(revision)])
    return tuple(
        Edge(
            int(ends[at][0]),
            int(ends[at][1]),
            BASES[min(bases)],
            proven,
            masked,
            tuple(BASES[each] for each in bases) if masked else (),
            approved,
            until if approved else None,
            flows,
            runs,
            first,
            last,
            tuple(jobs or ()),
            total,
        )
        for at, bases, proven, masked, approved, until, flows, runs, first, last, jobs, total in rows
    )


_LOOKS = """
SELECT w.at, a.id, a.uid, a.name, a.country, a.document->>'classification'
FROM unnest(%s::uuid[]) WITH ORDINALITY AS w (id, at) JOIN "lineage_asset" a ON a.id = w.id WHERE a.workspace_id = %s
"""

_NAMES = 'SELECT id, name FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)'

# What a dataset's own event says has the dataset in place of a job.
_EDGES = f"""
SELECT w.edge, array_agg(DISTINCT CASE f.basis WHEN 'explicit' THEN 0 WHEN 'column' THEN 1 ELSE 2 END),
       bool_or(f.proven), bool_and(f.masked), bool_and(f.masked AND m.job IS NOT NULL), min(m.until),
       count(*), sum(f.runs), min(f.first_seen_at), max(f.last_seen_at),
       (array_agg(DISTINCT f.job_id) FILTER (WHERE f.job_id <> f.to_dataset_id))[1:{JOBS}],
       count(DISTINCT f.job_id) FILTER (WHERE f.job_id <> f.to_dataset_id)
FROM unnest(%s::uuid[], %s::uuid[], %s::int[]) AS w (source, target, edge)
JOIN "lineage_flow" f ON f.from_dataset_id = w.source AND f.to_dataset_id = w.target
LEFT JOIN unnest(%s::uuid[], %s::timestamptz[]) AS m (job, until) ON m.job = f.job_id
WHERE f.workspace_id = %s AND {FOLLOWED}
GROUP BY w.edge ORDER BY w.edge
"""  # noqa: S608 - our own number and names
