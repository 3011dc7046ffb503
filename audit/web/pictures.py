"""What the Lineage page shows of a picture: rows for its tables, and the same rows for the drawing. No queries.

Names are made visible here, for what the drawing paints is not seen by the middleware that does it in pages.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from audit.web.links import asset_href, href, with_query
from audit.web.visible import visible
from audit.web.words import plural
from lineage.graph.picture.answers import PictureAnswer, PictureEdge, PictureNode
from lineage.inventory.labels import RANKS

HUES = 8
"""Values that have a colour of their own; the others share the last one."""
MANY = "several"
COLOURS = {"country": "Country", "class": "Data class"}
BASES = {
    "explicit": "explicit: the producer says so",
    "column": "column: told by columns",
    "cartesian": "cartesian: inputs by outputs of a job",
}


@dataclass(frozen=True)
class Lit:
    """The path that is lit up: ids in order of the flow, and its steps."""

    assets: tuple[str, ...] = ()

    @property
    def steps(self) -> Collection[tuple[str, str]]:
        """Return each with the next one."""
        return set(zip(self.assets, self.assets[1:], strict=False))


@dataclass(frozen=True)
class Drawing:
    """What the page and its drawing show."""

    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    legend: list[dict[str, Any]]


def drawing(request: HttpRequest, slug: str, picture: PictureAnswer, colour: str, lit: Lit) -> Drawing:
    """Return nodes, edges and legend of a picture, coloured by `country` or `class`."""
    values = {node["id"]: _value(node, colour) for node in picture["nodes"]}
    hues = _hues(values.values(), colour)
    nodes = [_node(request, slug, node, lit) | _paint(values[node["id"]], hues) for node in picture["nodes"]]
    names = {node["id"]: node["name"] for node in nodes}
    edges = [_edge(request, slug, at, edge, names, lit) for at, edge in enumerate(picture["edges"])]
    counts = Counter(values.values())
    legend = [
        {"value": value, "label": _said(value), "count": counts[value], **_paint(value, hues)}
        for value in sorted(counts, key=lambda value: (hues[value] == 0, hues[value], value))
    ]
    return Drawing(nodes, edges, legend)


def _value(node: PictureNode, colour: str) -> str:
    found = node["countries" if colour == "country" else "classes"]
    return next(iter(found), "") if len(found) < 2 else MANY


def _hues(values: Collection[str], colour: str) -> dict[str, int]:
    """Return a number per value: 1 to HUES, 0 where nothing is reported. Classes keep theirs in every picture."""
    if colour == "class":
        order: Sequence[str] = [*RANKS]
    else:
        counts = Counter(value for value in values if value and value != MANY)
        order = sorted(counts, key=lambda value: (-counts[value], value))
    hues = {value: min(at, HUES) for at, value in enumerate(order, 1)}
    return {value: 0 if not value else hues.get(value, HUES) for value in values}


def _paint(value: str, hues: Mapping[str, int]) -> dict[str, Any]:
    return {"hue": hues[value]}


def _said(value: str) -> str:
    return visible(value).replace("_", " ") if value else "not reported"


def _counted(found: Mapping[str, int]) -> str:
    """Return what datasets carry, in words: "DE", "DE 3, US 1", "not reported"."""
    if len(found) < 2:
        return _said(next(iter(found), ""))
    return ", ".join(f"{_said(value)} {count}" for value, count in sorted(found.items(), key=lambda one: -one[1]))


def _place(level: int) -> str:
    if not level:
        return "here"
    return f"{plural(abs(level), 'step')} {'upstream' if level < 0 else 'downstream'}"


def _node(request: HttpRequest, slug: str, node: PictureNode, lit: Lit) -> dict[str, Any]:
    single = node["kind"] == "dataset"
    more = [
        {
            "label": f"{one['hidden']:,} more {one['direction']}",
            "direction": one["direction"],
            "hidden": one["hidden"],
            "href": _added(request, "expand", one["expand"]) if one["expand"] else "",
        }
        for one in node["more"]
    ]
    return {
        "id": node["id"],
        "kind": node["kind"],
        "name": visible(node["name"]) or "no name",
        "namespace": visible(node["namespace"]),
        "level": node["level"],
        "place": _place(node["level"]),
        "datasets": node["datasets"],
        "country": _counted(node["countries"]),
        "class": _counted(node["classes"]),
        "more": more,
        "href": asset_href(slug, node["id"]) if single else "",
        "centre": href("lineage", slug, asset=node["id"]) if single else "",
        "open": _added(request, "open", node["id"]) if not single else "",
        "lit": lit.assets.index(node["id"]) + 1 if node["id"] in lit.assets else 0,
    }


def _added(request: HttpRequest, name: str, value: str) -> str:
    """Return the page's own address with one more of a list; what was asked about the same node goes."""
    known = [each for each in request.GET.get(name, "").split(",") if each]
    same = value.rpartition(":")[0] + ":" if name == "expand" else value
    return with_query(request, **{name: ",".join([*(each for each in known if not each.startswith(same)), value])})


def _edge(
    request: HttpRequest, slug: str, at: int, edge: PictureEdge, names: Mapping[str, str], lit: Lit
) -> dict[str, Any]:
    ends = edge["from"], edge["to"]
    between_datasets = ":" not in edge["from"] + edge["to"]
    jobs = [{"name": visible(job["name"]), "href": asset_href(slug, job["id"])} for job in edge["jobs"]]
    return {
        "id": f"flow-{at}",
        "from": edge["from"],
        "to": edge["to"],
        "from_name": names[edge["from"]],
        "to_name": names[edge["to"]],
        "basis": edge["basis"],
        "basis_said": BASES[edge["basis"]],
        "proven": edge["proven"],
        "masked": edge["masked"],
        "flows": edge["flows"],
        "runs": edge["runs"],
        "first_seen": edge["first_seen_at"][:10],
        "last_seen": edge["last_seen_at"][:10],
        "jobs": jobs,
        "jobs_more": edge["jobs_total"] - len(jobs),
        "columns": with_query(request, flow=",".join(ends)) if between_datasets else "",
        "lit": ends in lit.steps,
    }
