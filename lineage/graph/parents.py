"""Keep which run a run belongs to, and which run all of it began with: what the facet `parent` says.

A parent may arrive after its children, in another namespace, or never: it is kept by its name.
"""

import hashlib
import uuid
from collections.abc import Iterable, Mapping

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.events.identity import MAX_RUN_ID, fits, run_uid, uid_of
from lineage.graph.merge import Version
from lineage.graph.shapes import json_bytes, members, text
from lineage.graph.told import Parent, Told
from lineage.inventory.assets import Key
from lineage.inventory.bulk import chunks, columns, execute

FORMER = "parentRun"
"""How the facet was called before it was `parent`."""


def parent_of(facets: Mapping[str, object]) -> Parent | None:
    """Return what a run's facets say of its parent; None where they name none."""
    facet = members(facets.get("parent") or facets.get(FORMER))
    run, job = _named(facet)
    if not run:
        return None
    root_run, root_job = _named(members(facet.get("root")))
    return Parent(run, job, root_run, root_job)


def _named(value: Mapping[str, object]) -> tuple[str, str]:
    """Return the id of a run and the uid of its job; '' for what is not said."""
    run, job = text(members(value.get("run")).get("runId")), members(value.get("job"))
    namespace, name = text(job.get("namespace")), text(job.get("name"))
    known = namespace and name and fits(namespace, name)
    return run_uid(run)[:MAX_RUN_ID], uid_of(namespace, name) if known else ""


def keep_parents(told: Iterable[Told], ids: Mapping[Key, uuid.UUID]) -> None:
    """Write the latest that is said of each run's parent: the later event time, then the greater digest."""
    latest: dict[tuple[uuid.UUID, str], tuple[Version, Parent]] = {}
    for each in told:
        if each.parent is not None and each.run is not None:
            version = Version(each.at, hashlib.sha256(json_bytes(each.parent)).digest())
            key = (ids[each.speaker.key], each.run.uid)
            if key not in latest or version > latest[key][0]:
                latest[key] = (version, each.parent)
    rows = [(new_id(), *key, *parent, *version) for key, (version, parent) in sorted(latest.items())]
    for part in chunks(rows):
        execute(_PUT, [current_workspace(), *columns(part, 9)])


_PUT = """
INSERT INTO "lineage_runparent" AS p (id, workspace_id, job_id, run_id, parent_run_id, parent_job, root_run_id,
                                      root_job, at, digest)
SELECT w.id, %s, w.job, w.run, w.parent_run, w.parent_job, w.root_run, w.root_job, w.at, w.digest
FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
            %s::bytea[]) AS w (id, job, run, parent_run, parent_job, root_run, root_job, at, digest)
ON CONFLICT (workspace_id, job_id, run_id) DO UPDATE SET
  parent_run_id = EXCLUDED.parent_run_id, parent_job = EXCLUDED.parent_job, root_run_id = EXCLUDED.root_run_id,
  root_job = EXCLUDED.root_job, at = EXCLUDED.at, digest = EXCLUDED.digest
WHERE (p.at, p.digest) < (EXCLUDED.at, EXCLUDED.digest)
"""
