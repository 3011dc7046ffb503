"""Answer Marquez's /lineage: what lies around a dataset or job, in both directions, jobs between datasets.

Two jobs are neighbours where one dataset is read or written by both, by the newest version of each. So the outputs of
siblings appear too; what feeds a dataset, and what it feeds, tells /api/v1/graph.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import fetch
from lineage.inventory.models import Asset
from lineage.marquez.answers import dataset_data, job_data
from lineage.marquez.facets import NO_FACETS, NODE_FACETS, facets_of
from lineage.marquez.known import Joins
from lineage.marquez.names import Node, node_id
from lineage.marquez.queries import Window, assets_by_id, current_joins
from lineage.marquez.runs import ids_of, runs_of, with_datasets

MAX_NODES = 1_000
"""Of one answer, the nearest; more than a page can draw."""
Edge = dict[str, str]


@dataclass(frozen=True)
class Around:
    """Jobs with what they join, and the datasets. `reasons` say why there may be more."""

    jobs: Mapping[uuid.UUID, Joins]
    datasets: Collection[uuid.UUID]
    reasons: tuple[str, ...]


def lineage(node: Node, depth: int) -> dict[str, Any]:
    """Return the graph around a node, `depth` jobs away; a fixed number of queries."""
    assert node.asset_id is not None
    around = look_around(node.asset_id, node.kind == "job", depth)
    assets = assets_by_id([*around.jobs, *around.datasets])
    runs = runs_of(around.jobs, Window(1))
    with_datasets([run for several in runs.values() for run in several])
    facets = facets_of(assets, NODE_FACETS)
    nodes = _Nodes()
    for job, joins in around.jobs.items():
        nodes.add_job(assets[job], joins)
    graph = [
        nodes.node(
            asset,
            job_data(asset, around.jobs[key], runs[key], facets.get(key, NO_FACETS))
            if key in around.jobs
            else dataset_data(asset, facets.get(key, NO_FACETS)),
        )
        for key, asset in assets.items()
    ]
    graph.sort(key=lambda each: each["id"])
    return {"graph": graph, "truncated": bool(around.reasons), "reasons": list(around.reasons)}


def look_around(start: uuid.UUID, is_job: bool, depth: int) -> Around:
    """Return the jobs and datasets within `depth` jobs of the start."""
    workspace = current_workspace()
    rows = fetch(_COMPONENT, [start, is_job, *[workspace] * 7, MAX_NODES + 1])
    reasons = [f"more than {MAX_NODES} nodes are connected; the nearest are shown"] if len(rows) > MAX_NODES else []
    joins = current_joins([identifier for identifier, of_job in rows[:MAX_NODES] if of_job])
    ids = ids_of({uid for each in joins.values() for uid in (*each.inputs, *each.outputs)})
    sides = {job: {ids[uid] for uid in (*each.inputs, *each.outputs)} for job, each in joins.items()}
    near = _within(start, is_job, sides, depth)
    if len(near) < len(sides):
        reasons.append(f"there is more beyond depth {depth}")
    datasets = {dataset for job in near for dataset in sides.get(job, ())} | (set() if is_job else {start})
    shown = {job: joins.get(job) or Joins(job) for job in near}
    return Around(shown, datasets, tuple(reasons))


def _within(start: uuid.UUID, is_job: bool, sides: Mapping[uuid.UUID, set[uuid.UUID]], depth: int) -> list[uuid.UUID]:
    """Return the jobs that are at most `depth` jobs away from those where the walk begins, nearest first."""
    touching: dict[uuid.UUID, list[uuid.UUID]] = {}
    for job, datasets in sides.items():
        for dataset in datasets:
            touching.setdefault(dataset, []).append(job)
    level = [start] if is_job else touching.get(start, [])
    seen = dict.fromkeys(level)
    for _ in range(depth):
        datasets = {dataset for job in level for dataset in sides.get(job, ())}
        level = [job for job in dict.fromkeys(j for d in datasets for j in touching[d]) if job not in seen]
        seen |= dict.fromkeys(level)
        if not level:
            break
    return list(seen)


class _Nodes:
    """The edges by node; those of a node lead from it or to it, as there."""

    def __init__(self) -> None:
        self.into: dict[str, list[Edge]] = {}
        self.out: dict[str, list[Edge]] = {}

    def add_job(self, job: Asset, joins: Joins) -> None:
        """Add the edges of a job."""
        here = node_id("job", job.uid)
        for uid in joins.inputs:
            self._edge(node_id("dataset", uid), here)
        for uid in joins.outputs:
            self._edge(here, node_id("dataset", uid))

    def _edge(self, origin: str, destination: str) -> None:
        edge = {"origin": origin, "destination": destination}
        self.out.setdefault(origin, []).append(edge)
        self.into.setdefault(destination, []).append(edge)

    def node(self, asset: Asset, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a node."""
        here = node_id(asset.kind, asset.uid)
        return {
            "id": here,
            "type": asset.kind.upper(),
            "data": data,
            "inEdges": _sorted(self.into.get(here, [])),
            "outEdges": _sorted(self.out.get(here, [])),
        }


def _sorted(edges: list[Edge]) -> list[Edge]:
    return sorted(edges, key=lambda edge: (edge["origin"], edge["destination"]))


def _newest(job: str) -> str:
    """Return the newest version of a job that joins something, as a subquery."""
    return f"""(
  SELECT v.id FROM "lineage_jobversion" v
  WHERE v.workspace_id = %s AND v.job_id = {job} AND (v.runs > 0 OR v.designs > 0)
    AND EXISTS (SELECT 1 FROM "lineage_jobversiondataset" e WHERE e.workspace_id = %s AND e.version_id = v.id)
  ORDER BY v.seen_at DESC, v.id DESC LIMIT 1
)"""  # noqa: S608 - our own names


# UNION drops nodes that are there already, so that a cycle ends. The recursion goes breadth first and stops at the
# limit, so what is left out in a graph too large is what is farthest.
_COMPONENT = f"""
WITH RECURSIVE reached (id, is_job) AS (
  SELECT %s::uuid, %s::bool
  UNION
  SELECT next.id, NOT r.is_job FROM reached r CROSS JOIN LATERAL (
    SELECT d.dataset_id AS id FROM "lineage_jobversiondataset" d
    WHERE r.is_job AND d.workspace_id = %s AND d.version_id = {_newest("r.id")}
    UNION ALL
    SELECT near.job_id FROM (
      SELECT DISTINCT v.job_id FROM "lineage_jobversiondataset" d
      JOIN "lineage_jobversion" v ON v.id = d.version_id JOIN "lineage_asset" a ON a.id = v.job_id AND a.kind = 'job'
      WHERE NOT r.is_job AND d.workspace_id = %s AND d.dataset_id = r.id
    ) near
    WHERE EXISTS (SELECT 1 FROM "lineage_jobversiondataset" d
                  WHERE d.workspace_id = %s AND d.version_id = {_newest("near.job_id")} AND d.dataset_id = r.id)
  ) next
)
SELECT id, is_job FROM reached LIMIT %s
"""  # noqa: S608 - our own names
