"""Read facets as producers sent them: of jobs and datasets the latest version, of a run what its events add up to."""

import datetime
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.graph.models import Facet
from lineage.graph.shapes import members, parse
from lineage.inventory.bulk import fetch, from_json

OWN_PARTS = (Facet.Part.JOB.value, Facet.Part.DATASET.value)
"""What is said of the job or dataset itself, not of one use of it."""
MOST_CHILDREN = 200
MOST_EVENTS = 1_000
"""The newest events count where a run has more."""


@dataclass(frozen=True)
class KeptFacet:
    """A facet in force. `body` None: larger than what is kept beside its event (MAX_BODY), or gone with it."""

    part: str
    source: str  # name of the source
    at: datetime.datetime
    event: uuid.UUID
    digest: bytes
    size: int
    body: Any


def facets_of(
    asset_ids: Collection[uuid.UUID], parts: Collection[str] = OWN_PARTS, names: Collection[str] = ()
) -> dict[uuid.UUID, dict[str, KeptFacet]]:
    """Return the facets of jobs and datasets in force: asset -> name -> facet, over all sources the latest.

    A facet that was deleted is left out; an asset without any is in the result with none. Asked for several parts, the
    later version of a name counts. `names`: these alone; all where there are none.
    """
    found: dict[uuid.UUID, dict[str, KeptFacet]] = {identifier: {} for identifier in asset_ids}
    rows = fetch(_LATEST, [current_workspace(), list(found), list(parts), list(names), list(names)])
    for about, name, part, source, at, event, digest, size, body in rows:
        if size:
            kept = KeptFacet(part, source, at, event, bytes(digest), size, None if body is None else from_json(body))
            found[about][name] = kept
    return found


def facets_of_run(run_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the facets of a run, and those that its events give its job; one query.

    By name, over its events the latest of each, by event time, then by digest. One that was deleted is left out.
    """
    of_run: dict[str, Any] = {}
    of_job: dict[str, Any] = {}
    for (body,) in reversed(fetch(_EVENTS, [current_workspace(), run_id.lower(), MOST_EVENTS])):
        event = members(parse(bytes(body)))
        _add_up(of_run, members(event.get("run")))
        _add_up(of_job, members(event.get("job")))
    return of_run, of_job


@dataclass(frozen=True)
class Relative:
    """A run as another names it: its id, and the uid of its job; '' = not said."""

    run_id: str
    job: str


@dataclass(frozen=True)
class Relatives:
    """Where a run belongs: its parent and the run that all began with, where said, and the runs that name it parent."""

    parent: Relative | None
    root: Relative | None
    children: tuple[Relative, ...]  # the first MOST_CHILDREN, by run id
    more: bool


def relatives_of(run_id: str) -> Relatives:
    """Return the relatives of a run. Of several jobs that use its id, the one that spoke last counts."""
    scope = [current_workspace(), run_id.lower()]
    said = fetch(_PARENT, scope)
    children = [Relative(*row) for row in fetch(_CHILDREN, [*scope, MOST_CHILDREN + 1])]
    parent, root = (Relative(*said[0][:2]), Relative(*said[0][2:])) if said else (None, None)
    more = len(children) > MOST_CHILDREN
    return Relatives(parent, root if root and root.run_id else None, tuple(children[:MOST_CHILDREN]), more)


def _add_up(facets: dict[str, Any], said: Mapping[str, Any]) -> None:
    for name, facet in members(said.get("facets")).items():
        if members(facet).get("_deleted") is True:
            facets.pop(name, None)
        elif isinstance(facet, dict):
            facets[name] = facet


_LATEST = """
SELECT DISTINCT ON (f.about_id, f.name) f.about_id, f.name, f.part, s.name, f.at, f.event, f.digest, f.size, f.body
FROM "lineage_facet" f JOIN "lineage_source" s ON s.workspace_id = f.workspace_id AND s.id = f.source_id
WHERE f.workspace_id = %s AND f.about_id = ANY(%s) AND f.part = ANY(%s)
  AND (cardinality(%s::text[]) = 0 OR f.name = ANY(%s))
ORDER BY f.about_id, f.name, f.at DESC, f.digest DESC, s.name
"""

_EVENTS = """
SELECT body FROM "lineage_event" WHERE workspace_id = %s AND about = %s AND about <> '' AND kind = 'run'
ORDER BY event_time DESC NULLS LAST, kept_digest DESC LIMIT %s
"""

_PARENT = """
SELECT parent_run_id, parent_job, root_run_id, root_job FROM "lineage_runparent"
WHERE workspace_id = %s AND run_id = %s ORDER BY at DESC, digest DESC LIMIT 1
"""

_CHILDREN = """
SELECT p.run_id, a.uid FROM "lineage_runparent" p
JOIN "lineage_asset" a ON a.workspace_id = p.workspace_id AND a.id = p.job_id
WHERE p.workspace_id = %s AND p.parent_run_id = %s ORDER BY p.run_id, a.uid LIMIT %s
"""
