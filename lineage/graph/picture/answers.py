"""What a picture answers, to the API and to the page alike."""

from collections import Counter
from typing import TypedDict
from urllib.parse import unquote

from lineage.graph.answers import DECLARED_BY
from lineage.graph.picture.cut import Hidden
from lineage.graph.picture.draw import FAN, Node, Picture
from lineage.graph.picture.look_up import Edge


class MoreRow(TypedDict):
    """Datasets next to a node that are not in view, and what to add to `expand` to see them ('' = open the group)."""

    direction: str
    hidden: int
    expand: str


class PictureNode(TypedDict):
    """A dataset, or a collapsed group (`namespace` or `job`): how many datasets it holds, by country and by class.

    `level` counts steps from the start, upstream negative. What is not reported is counted under ''.
    """

    id: str
    kind: str
    name: str
    namespace: str
    uid: str
    level: int
    datasets: int
    countries: dict[str, int]
    classes: dict[str, int]
    more: list[MoreRow]


PictureEdge = TypedDict(
    "PictureEdge",
    {
        "from": str,
        "to": str,
        "basis": str,
        "proven": bool,
        "masked": bool,
        "declared_by": list[str],
        "approved": bool,
        "approved_until": str | None,
        "flows": int,
        "runs": int,
        "first_seen_at": str,
        "last_seen_at": str,
        "jobs": list[dict[str, str]],
        "jobs_total": int,
    },
)
"""The flows from one node to another: the strongest basis, proven by one of them, masked by all; the first few jobs.

`declared_by`: the facets that declare the masking. It counts where it is `approved`: each flow is by a job
whose masking an approval covers, until the first of these ends.
"""


class PictureAnswer(TypedDict):
    """What is in view around an asset."""

    asset: str
    kind: str
    revision: int
    complete: bool
    reasons: list[str]
    nodes: list[PictureNode]
    edges: list[PictureEdge]


def picture_answer(asset: str, kind: str, picture: Picture) -> PictureAnswer:
    """Return a picture as JSON."""
    return {
        "asset": asset,
        "kind": kind,
        "revision": picture.revision,
        "complete": not picture.reasons,
        "reasons": list(picture.reasons),
        "nodes": [_node(node) for node in picture.nodes],
        "edges": [_edge(picture, edge) for edge in picture.edges],
    }


def _node(node: Node) -> PictureNode:
    kind = "dataset" if node.single else node.key.partition(":")[0]
    uid = node.members[0].uid if node.single and node.members else ""
    namespace = node.name if kind == "namespace" else unquote(uid.partition("/")[0])
    return {
        "id": node.key,
        "kind": kind,
        "name": node.name,
        "namespace": namespace,
        "uid": uid,
        "level": node.level,
        "datasets": max(1, len(node.members)),
        "countries": dict(sorted(Counter(look.country for look in node.members).items())),
        "classes": dict(sorted(Counter(look.classification for look in node.members).items())),
        "more": _more(node.key if node.single else "", node.hidden, node.shown),
    }


def _more(key: str, beside: Hidden, shown: Hidden) -> list[MoreRow]:
    """Return what is hidden on each side; asking for it shows FAN more than are in view."""
    return [
        {
            "direction": f"{side}stream",
            "hidden": count,
            "expand": f"{key}:{side}:{min(9999, seen + FAN)}" if key else "",
        }
        for side, count, seen in (
            ("up", beside.upstream, shown.upstream),
            ("down", beside.downstream, shown.downstream),
        )
        if count
    ]


def _edge(picture: Picture, edge: Edge) -> PictureEdge:
    return {
        "from": picture.nodes[edge.source].key,
        "to": picture.nodes[edge.target].key,
        "basis": edge.basis,
        "proven": edge.proven,
        "masked": edge.masked,
        "declared_by": [DECLARED_BY[basis] for basis in edge.declared],
        "approved": edge.approved,
        "approved_until": edge.approved_until.isoformat() if edge.approved_until else None,
        "flows": edge.flows,
        "runs": edge.runs,
        "first_seen_at": edge.first_seen_at.isoformat(),
        "last_seen_at": edge.last_seen_at.isoformat(),
        "jobs": [{"id": str(job), "name": picture.jobs.get(job, "")} for job in edge.jobs],
        "jobs_total": edge.jobs_total,
    }
