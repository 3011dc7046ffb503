"""Read the facets of jobs and datasets, each as said last whoever said it, and what Marquez calls some of them."""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from accounts.members.strict import BadParameter
from accounts.workspaces.isolation import current_workspace
from lineage.graph import facet_queries
from lineage.graph.shapes import items, members, text
from lineage.inventory.bulk import fetch
from lineage.marquez.shapes import FieldAnswer

MAX_BYTES = 32 * 1024 * 1024
"""Of the facets of one answer."""
Facets = Mapping[str, Any]
NO_FACETS: Facets = {}
NODE_FACETS = ("schema", "tags", "lifecycleStateChange", "sourceCodeLocation")
"""What a node of the graph is described by."""


def facets_of(assets: Collection[uuid.UUID], names: Collection[str] = ()) -> dict[uuid.UUID, dict[str, Any]]:
    """Return the facets of each asset by name, of these names where some are given; two queries.

    A facet too large to be kept beside its event is left out. Raises BadParameter where they are too many together.
    """
    given = [list(assets), current_workspace(), list(names), list(names)]
    size = int(fetch(_SIZE, given)[0][0]) if assets else 0
    if size > MAX_BYTES:
        raise BadParameter(
            f"The facets of these {len(assets)} take {size // 2**20} MiB, expected at most {MAX_BYTES // 2**20}: "
            "ask with a smaller limit or depth."
        )
    kept = facet_queries.facets_of(assets, names=names) if size else {}
    return {
        about: {name: facet.body for name, facet in facets.items() if facet.body is not None}
        for about, facets in kept.items()
    }


def fields_of(facets: Facets) -> list[FieldAnswer]:
    """Return the columns that the facet `schema` names, with the tags that are about one of them."""
    tags: dict[str, list[str]] = {}
    for tag in map(members, items(members(facets.get("tags")).get("tags"))):
        key, value = text(tag.get("key")), text(tag.get("value"))
        tags.setdefault(text(tag.get("field")), []).append(f"{key}:{value}" if value else key)
    return [
        {
            "name": name,
            "type": text(each.get("type")) or None,
            "tags": sorted(set(tags.get(name, ()))),
            "description": text(each.get("description")) or None,
        }
        for each in map(members, items(members(facets.get("schema")).get("fields")))
        if (name := text(each.get("name")))
    ]


def lifecycle_of(facets: Facets) -> str | None:
    """Return the last change of a dataset's life, such as TRUNCATE."""
    return text(members(facets.get("lifecycleStateChange")).get("lifecycleStateChange")) or None


def location_of(facets: Facets) -> str | None:
    """Return where the code of a job lies."""
    return text(members(facets.get("sourceCodeLocation")).get("url")) or None


_SIZE = """
SELECT coalesce(sum(f.size) FILTER (WHERE f.body IS NOT NULL), 0) FROM "lineage_facet" f
WHERE f.about_id = ANY(%s) AND f.workspace_id = %s AND f.part IN ('job', 'dataset')
  AND (cardinality(%s::text[]) = 0 OR f.name = ANY(%s))
"""
