"""What the Lineage page shows of a picture: rows for its tables, and what the drawing is made of. No queries.

Names are made visible here, for what the drawing paints is not seen by the middleware that does it in pages.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
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


@dataclass(frozen=True)
class Lit:
    """The path that is lit up: ids in order of the flow, and its steps."""

    assets: tuple[str, ...] = ()

    @cached_property
    def steps(self) -> Collection[tuple[str, str]]:
        """Return each with the next one."""
        return set(pairwise(self.assets))


@dataclass(frozen=True)
class Drawing:
    """Rows of the tables, the legend, and what the drawing is made of: the same without addresses."""

    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    legend: list[dict[str, Any]]
    data: dict[str, Any]


def drawing(request: HttpRequest, slug: str, picture: PictureAnswer, colour: str, lit: Lit, most: int) -> Drawing:
    """Return tables of at most so many rows, legend and drawing of a picture, coloured by `country` or `class`."""
    values = {node["id"]: _value(node, colour) for node in picture["nodes"]}
    hues = _hues(values.values(), colour)
    nodes = [_node(node, lit) | _paint(values[node["id"]], hues) for node in picture["nodes"]]
    edges = [_edge(edge, lit) for edge in picture["edges"]]
    names = {node["id"]: node["name"] for node in nodes}
    columns = _with_blank(request, "flow")
    return Drawing(
        [_node_row(request, slug, node) for node in nodes[:most]],
        [_edge_row(slug, edge, names, columns) for edge in edges[:most]],
        _legend(values, hues),
        {"nodes": nodes, "edges": edges, "centre": picture["asset"]},
    )


def _legend(values: Mapping[str, str], hues: Mapping[str, int]) -> list[dict[str, Any]]:
    counts = Counter(values.values())
    return [
        {"value": value, "label": _said(value), "count": counts[value], **_paint(value, hues)}
        for value in sorted(counts, key=lambda value: (hues[value] == 0, hues[value], value))
    ]


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


def _node(node: PictureNode, lit: Lit) -> dict[str, Any]:
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
        "more": node["more"],
        "lit": lit.assets.index(node["id"]) + 1 if node["id"] in lit.assets else 0,
    }


def _node_row(request: HttpRequest, slug: str, node: dict[str, Any]) -> dict[str, Any]:
    """Return a node with addresses: its page, it in the middle, more of it."""
    single = node["kind"] == "dataset"
    more = [
        {
            "label": f"{one['hidden']:,} more {one['direction']}",
            "href": _added(request, "expand", one["expand"]) if one["expand"] else "",
        }
        for one in node["more"]
    ]
    return node | {
        "more": more,
        "href": asset_href(slug, node["id"]) if single else "",
        "centre": href("lineage", slug, asset=node["id"]) if single else "",
        "open": "" if single else _added(request, "open", node["id"]),
    }


def _added(request: HttpRequest, name: str, value: str) -> str:
    """Return the page's own address with one more of a list; what was asked about the same node goes."""
    known = [each for each in request.GET.get(name, "").split(",") if each]
    same = value.rpartition(":")[0] + ":" if name == "expand" else value
    return with_query(request, **{name: ",".join([*(each for each in known if not each.startswith(same)), value])})


def _with_blank(request: HttpRequest, name: str) -> str:
    """Return the page's own address that ends with a parameter without its value."""
    address = with_query(request, **{name: ""})
    return f"{address}{'&' if '?' in address else '?'}{name}="


def _edge(edge: PictureEdge, lit: Lit) -> dict[str, Any]:
    return {
        "from": edge["from"],
        "to": edge["to"],
        "basis": edge["basis"],
        "proven": edge["proven"],
        "masked": edge["masked"],
        "masking": _masking(edge),
        "runs": edge["runs"],
        "first": edge["first_seen_at"][:10],
        "last": edge["last_seen_at"][:10],
        "jobs": [{"id": job["id"], "name": visible(job["name"])} for job in edge["jobs"]],
        "jobs_more": edge["jobs_total"] - len(edge["jobs"]),
        "lit": (edge["from"], edge["to"]) in lit.steps,
    }


def _masking(edge: PictureEdge) -> str:
    """Return what a declared masking says and whether it counts; "" where none is declared."""
    if not edge["masked"]:
        return ""
    declared = f"masked, as {' and '.join(edge['declared_by'])} declares"
    if edge["approved_until"]:
        return f"{declared}; approved until {edge['approved_until'][:10]}"
    return f"{declared}; not approved, so it changes nothing"


def _edge_row(slug: str, edge: dict[str, Any], names: Mapping[str, str], columns: str) -> dict[str, Any]:
    """Return a flow with the names of its ends and the addresses of its jobs, and of its columns where it has some."""
    ends = [edge["from"], edge["to"]]
    has_columns = edge["basis"] != "cartesian" and not any(":" in end for end in ends)
    return edge | {
        "from_name": names[edge["from"]],
        "to_name": names[edge["to"]],
        "jobs": [job | {"href": asset_href(slug, job["id"])} for job in edge["jobs"]],
        "columns": columns + ",".join(ends) if has_columns else "",
    }
