"""Keep other names of datasets, and what became of them: the facets `symlinks` and `lifecycleStateChange`.

An alias is for finding a dataset; flows and columns stay with the name that an event used, because which name is the
primary one is a matter of the producer, and producers disagree. The symlinks of a dataset are those of the latest facet
of each source; a former name after a renaming stays for good.
"""

import datetime
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.events.identity import fits, uid_of
from lineage.graph.shapes import items, members, text
from lineage.inventory.bulk import chunks, columns, execute

SYMLINKS, LIFECYCLE = "symlinks", "lifecycleStateChange"
CHANGES = frozenset({"ALTER", "CREATE", "DROP", "OVERWRITE", "RENAME", "TRUNCATE"})
MOST = 100
"""Symlinks of one facet that are kept."""


class Change(NamedTuple):
    """What a producer said became of a dataset. `previous`: (uid, name) before a renaming, else two empty texts."""

    change: str
    previous: tuple[str, str]


def change_of(facet: Mapping[str, Any]) -> Change | None:
    """Return what a lifecycleStateChange says; None where it says nothing known."""
    change = text(facet.get(LIFECYCLE)).upper()
    before = _named(members(facet.get("previousIdentifier"))) if change == "RENAME" else None
    return Change(change, before or ("", "")) if change in CHANGES else None


def symlinks_of(facet: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (uid, name) of the other names that a facet gives, each once."""
    named = (_named(members(one)) for one in items(facet.get("identifiers")))
    return list(dict.fromkeys(one for one in named if one is not None))[:MOST]


def _named(value: Mapping[str, Any]) -> tuple[str, str] | None:
    namespace, name = text(value.get("namespace")), text(value.get("name"))
    return (uid_of(namespace, name), name) if name and fits(namespace, name) else None


Owner = tuple[uuid.UUID, uuid.UUID]
"""(dataset, source)."""


def replace_symlinks(said: Mapping[Owner, Mapping[str, Any]]) -> None:
    """Put the symlinks of these facets in place of those that the same sources gave before."""
    if not said:
        return
    workspace = current_workspace()
    execute(_DROP, [*columns(sorted(said), 2), workspace])
    rows = [(*owner, *named) for owner, facet in sorted(said.items()) for named in symlinks_of(facet)]
    _add(rows, "symlink")


def note_changes(changes: Mapping[tuple[Owner, Change], tuple[datetime.datetime, uuid.UUID]]) -> None:
    """Note what became of datasets: of each kind of change the latest time, with an event that said it."""
    rows = [
        (new_id(), *owner, change.change, change.previous[0], at, event)
        for (owner, change), (at, event) in sorted(changes.items())
    ]
    for part in chunks(rows):
        execute(_NOTE, [current_workspace(), *columns(part, 7)])
    _add([(*owner, *change.previous) for owner, change in sorted(changes) if change.previous[0]], "rename")


def _add(rows: Iterable[tuple[Any, ...]], origin: str) -> None:
    for part in chunks(list(_with_ids(rows))):
        execute(_ADD, [current_workspace(), origin, *columns(part, 5)])


def _with_ids(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield new_id(), *row


_DROP = """
DELETE FROM "lineage_datasetalias" a USING unnest(%s::uuid[], %s::uuid[]) AS w (dataset, source)
WHERE a.workspace_id = %s AND a.dataset_id = w.dataset AND a.source_id = w.source AND a.origin = 'symlink'
"""

_ADD = """
INSERT INTO "lineage_datasetalias" (id, workspace_id, origin, dataset_id, source_id, uid, name)
SELECT w.id, c.workspace, c.origin, w.dataset, w.source, w.uid, w.name
FROM (SELECT %s::uuid, %s::text) AS c (workspace, origin),
     unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[]) AS w (id, dataset, source, uid, name)
ON CONFLICT (workspace_id, dataset_id, source_id, origin, uid) DO NOTHING
"""

_NOTE = """
INSERT INTO "lineage_datasetchange" AS d (id, workspace_id, dataset_id, source_id, change, previous, at, event)
SELECT w.id, %s, w.dataset, w.source, w.change, w.previous, w.at, w.event
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::uuid[])
  AS w (id, dataset, source, change, previous, at, event)
ON CONFLICT (workspace_id, dataset_id, source_id, change, previous) DO UPDATE SET
  at = EXCLUDED.at, event = EXCLUDED.event
WHERE d.at < EXCLUDED.at
"""
