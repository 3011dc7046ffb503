"""Answer Marquez's /search, /tags and /sources."""

import datetime
from dataclasses import dataclass
from typing import Any

from accounts.journal.canonical.encode import instant
from accounts.workspaces.isolation import current_workspace
from lineage.graph.search import KINDS, MOST, START, search
from lineage.inventory.bulk import fetch
from lineage.inventory.models import Asset
from lineage.marquez.names import names_of, node_id
from lineage.marquez.queries import NamespaceKnown, Window, namespaces

_TYPES = {"postgres": "POSTGRESQL"}
"""What Marquez calls a store, where it is not the scheme of its namespace in capitals."""


@dataclass(frozen=True)
class Wanted:
    """What a search is limited to; '' and None = not by this."""

    text: str
    kind: str = ""
    namespace: str = ""
    before: datetime.datetime | None = None
    after: datetime.datetime | None = None

    def takes(self, asset: Asset) -> bool:
        """Tell whether an asset is within the limits."""
        seen = asset.last_seen_at
        return (
            (not self.namespace or names_of(asset.uid)[0] == self.namespace)
            and (self.before is None or seen < self.before)
            and (self.after is None or seen > self.after)
        )


def find(wanted: Wanted, limit: int, *, by_time: bool) -> dict[str, Any]:
    """Return datasets and jobs by a part of their name, the best `limit` of them by name, or those changed last first.

    Found as /api/v1/graph/search finds; with limits of namespace or time among the best thousand.
    """
    limited = bool(wanted.namespace or wanted.before or wanted.after)
    hits = search(wanted.text, [wanted.kind] if wanted.kind else KINDS, START, MOST if limited else limit)
    assets = [asset for _, asset in hits.rows if wanted.takes(asset)][:limit]
    assets.sort(key=lambda each: (names_of(each.uid)[1], each.kind, each.uid))
    if by_time:
        assets.sort(key=lambda each: each.last_seen_at, reverse=True)
    return {"totalCount": len(assets), "results": [_result(each) for each in assets]}


def _result(asset: Asset) -> dict[str, Any]:
    namespace, name = names_of(asset.uid)
    return {
        "type": asset.kind.upper(),
        "name": name,
        "updatedAt": instant(asset.last_seen_at),
        "namespace": namespace,
        "nodeId": node_id(asset.kind, asset.uid),
    }


def tags(window: Window) -> dict[str, Any]:
    """Return the tags that datasets and jobs have, by name. Nobody describes a tag here."""
    rows = fetch(_TAGS, [current_workspace(), window.limit, window.offset])
    return {"tags": [{"name": name, "description": None} for (name,) in rows]}


def sources(window: Window) -> dict[str, Any]:
    """Return the stores that datasets lie in: their namespaces."""
    return {"sources": [source_answer(each) for each in namespaces(window, kinds=["dataset"])]}


def find_source(name: str) -> dict[str, Any] | None:
    """Return one store; None where no dataset lies in it."""
    found = namespaces(Window(1), name=name, kinds=["dataset"])
    return source_answer(found[0]) if found else None


def source_answer(known: NamespaceKnown) -> dict[str, Any]:
    """Return a store."""
    scheme = known.name.partition("://")[0] if "://" in known.name else known.name.partition(":")[0]
    return {
        "type": _TYPES.get(scheme, scheme.upper()),
        "name": known.name,
        "createdAt": instant(known.first_at),
        "updatedAt": instant(known.seen_at),
        "connectionUrl": known.name,
        "description": None,
    }


_TAGS = """
SELECT DISTINCT tag FROM "lineage_asset" a
CROSS JOIN LATERAL jsonb_array_elements_text(a.document->'tags') AS t (tag)
WHERE a.workspace_id = %s AND a.kind IN ('dataset', 'job') AND a.state <> 'retired'
  AND jsonb_typeof(a.document->'tags') = 'array'
ORDER BY tag LIMIT %s OFFSET %s
"""
