"""What the addresses of the graph answer."""

import uuid
from collections.abc import Mapping
from typing import TypedDict
from urllib.parse import unquote

from lineage.graph.masking import Cover
from lineage.graph.paths import Flows, KnownFlow, Path
from lineage.graph.queries import Node
from lineage.graph.search import FOUND_BY, Key
from lineage.inventory.models import Asset

Assets = Mapping[uuid.UUID, Asset]
Covers = Mapping[uuid.UUID, Cover]
DECLARED_BY = {"explicit": "lineage", "column": "columnLineage", "cartesian": ""}
"""The facet that declares a masking, by the basis of the flow; inputs x outputs declare none."""


class NodeRow(TypedDict):
    """A dataset that was reached, or a job on the way; `basis` is possible where only guessed flows lead to it."""

    id: str
    kind: str
    uid: str
    name: str
    distance: int
    basis: str
    country: str


class ApprovalRow(TypedDict):
    """What lets a declared masking count: the act, its purpose and its end."""

    act: str
    purpose: str
    until: str


class Masking(TypedDict):
    """Whether a flow is masked, by which facet, and what lets that count."""

    masked: bool
    declared_by: str
    approved: bool
    approval: ApprovalRow | None


class FlowRow(Masking):
    """A flow of a hop: by which job, on which basis, when it was seen. `job` of what a dataset's event says: null.

    `masked`: its producer declares that it masks, in the facet `declared_by`. That counts where it is `approved`, by
    the act in `approval`, null where none covers it at this revision.
    """

    job: dict[str, str] | None
    basis: str
    proven: bool
    runs: int
    first_seen_at: str
    last_seen_at: str


HopRow = TypedDict("HopRow", {"from": str, "to": str, "basis": str, "flows": list[FlowRow]})
"""A step from one dataset to the next (ids), with the flows that make it; proven where one of them is."""


class PathRow(TypedDict):
    """A path: its datasets in order and the hops between them; proven where each hop is."""

    length: int
    basis: str
    datasets: list[dict[str, str]]
    hops: list[HopRow]


def node_row(node: Node, asset: Asset) -> NodeRow:
    """Return a node as JSON."""
    return {
        "id": str(asset.pk),
        "kind": asset.kind,
        "uid": asset.uid,
        "name": asset.name,
        "distance": node.distance,
        "basis": "proven" if node.proven else "possible",
        "country": asset.country,
    }


def path_row(path: Path, flows: Flows, assets: Assets, covers: Covers) -> PathRow:
    """Return a path as JSON; `flows` and `assets` hold what it touches, `covers` what lets maskings count."""
    hops = [_hop_row(source, target, flows, assets, covers) for source, target in path.hops]
    return {
        "length": len(hops),
        "basis": "proven" if all(hop["basis"] == "proven" for hop in hops) else "possible",
        "datasets": [_name(each, assets) for each in path.datasets],
        "hops": hops,
    }


def _hop_row(source: uuid.UUID, target: uuid.UUID, flows: Flows, assets: Assets, covers: Covers) -> HopRow:
    known = flows.get((source, target), [])
    rows: list[FlowRow] = [
        {
            "job": _name(flow.job, assets) if flow.job != target else None,
            "basis": flow.basis,
            "proven": flow.proven,
            **_masking(flow, covers),
            "runs": flow.runs,
            "first_seen_at": flow.first_seen_at.isoformat(),
            "last_seen_at": flow.last_seen_at.isoformat(),
        }
        for flow in known
    ]
    basis = "proven" if any(row["proven"] for row in rows) else "possible"
    return {"from": str(source), "to": str(target), "basis": basis, "flows": rows}


def _masking(flow: KnownFlow, covers: Covers) -> Masking:
    cover = covers.get(flow.job) if flow.masked else None
    approval: ApprovalRow | None = None
    if cover is not None:
        approval = {"act": str(cover.act), "purpose": cover.purpose, "until": cover.until.isoformat()}
    return {
        "masked": flow.masked,
        "declared_by": DECLARED_BY[flow.basis] if flow.masked else "",
        "approved": cover is not None,
        "approval": approval,
    }


def _name(identifier: uuid.UUID, assets: Assets) -> dict[str, str]:
    asset = assets.get(identifier)
    if asset is None:  # gone since that revision
        return {"id": str(identifier), "uid": "", "name": "", "country": ""}
    return {"id": str(identifier), "uid": asset.uid, "name": asset.name, "country": asset.country}


class HitRow(TypedDict):
    """A dataset or job that was found; `found_by` says how: exact, last_part, name, namespace, inside or alias."""

    id: str
    kind: str
    namespace: str
    name: str
    uid: str
    country: str
    found_by: str


def hit_row(key: Key, asset: Asset) -> HitRow:
    """Return what was found as JSON."""
    return {
        "id": str(asset.pk),
        "kind": asset.kind,
        "namespace": unquote(asset.uid.partition("/")[0]),
        "name": asset.name,
        "uid": asset.uid,
        "country": asset.country,
        "found_by": FOUND_BY[key.rank],
    }
