"""Read datasets, jobs and runs for Marquez's shapes. Each function takes a fixed number of queries."""

import datetime
import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote

from django.db.models import QuerySet

from accounts.workspaces.isolation import current_workspace
from lineage.graph.models import JobVersionDataset
from lineage.inventory.bulk import fetch
from lineage.inventory.models import Asset
from lineage.marquez.known import FromField, Joins, kind_of

INPUT = JobVersionDataset.Direction.INPUT.value


class Window(NamedTuple):
    """A part of a list."""

    limit: int
    offset: int = 0

    @property
    def end(self) -> int:
        """Return how many rows there are up to its end."""
        return self.limit + self.offset


class NamespaceKnown(NamedTuple):
    """A namespace: of datasets, jobs or both."""

    name: str
    first_at: datetime.datetime
    seen_at: datetime.datetime


def namespaces(window: Window, *, name: str = "", kinds: Sequence[str] = ("dataset", "job")) -> list[NamespaceKnown]:
    """Return namespaces by name, of datasets and jobs that are known; `name`: that one alone."""
    quoted = quote(name, safe="")
    given = [current_workspace(), list(kinds), quoted, f"{quoted}/", window.limit, window.offset]
    return [NamespaceKnown(unquote(row[0]), *row[1:]) for row in fetch(_NAMESPACES, given)]


def assets_of(kind: str, namespace: str | None) -> QuerySet[Asset]:
    """Return the datasets or jobs of a namespace (None = of all), by uid."""
    rows = Asset.objects.filter(workspace_id=current_workspace(), kind=kind).exclude(state=Asset.State.RETIRED)
    if namespace is not None:
        rows = rows.filter(uid__prefix=quote(namespace, safe="") + "/")
    return rows.defer("provenance", "conflicts", "known_relations").order_by("uid")


def assets_by_id(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Asset]:
    """Return assets by id."""
    return Asset.objects.defer("provenance", "conflicts", "known_relations").in_bulk(list(ids))


def jobs_in_state(state: str, namespace: str | None, window: Window) -> list[uuid.UUID]:
    """Return the jobs whose newest run is in this state (as runs have it), by uid."""
    prefix = quote(namespace, safe="") + "/" if namespace is not None else ""
    workspace = current_workspace()
    given = [workspace, workspace, workspace, prefix, state, window.limit, window.offset]
    return [row[0] for row in fetch(_JOBS_IN_STATE, given)]


# ---- versions


def current_joins(jobs: Collection[uuid.UUID]) -> dict[uuid.UUID, Joins]:
    """Return what the newest version of each job reads and writes; two queries.

    A version that joins nothing (of a run that has only begun) counts only where there is no other.
    """
    if not jobs:
        return {}
    workspace = current_workspace()
    rows = fetch(_CURRENT, [list(jobs), *[workspace] * 2])
    known = joins_of([version for _, version in rows])
    return {job: known.get(version, Joins(version)) for job, version in rows}


def joins_of(versions: Collection[uuid.UUID]) -> dict[uuid.UUID, Joins]:
    """Return what these versions join; those that join nothing are left out."""
    sides: dict[uuid.UUID, tuple[list[str], list[str]]] = {}
    for version, uid, direction in fetch(_JOINS, [list(versions), current_workspace()]) if versions else ():
        reads, writes = sides.setdefault(version, ([], []))
        (reads if direction == INPUT else writes).append(uid)
    return {version: Joins(version, tuple(reads), tuple(writes)) for version, (reads, writes) in sides.items()}


class VersionKnown(NamedTuple):
    """A version of a job that runs or designs have."""

    id: uuid.UUID
    first_at: datetime.datetime
    runs: int


def versions_of(job: uuid.UUID, window: Window, only: uuid.UUID | None = None) -> list[VersionKnown]:
    """Return the versions of a job, the newest first; `only`: that one."""
    given = [current_workspace(), job, only, only, window.limit, window.offset]
    return [VersionKnown(*row) for row in fetch(_VERSIONS, given)]


# ---- columns


def columns_into(datasets: Collection[uuid.UUID]) -> Mapping[uuid.UUID, dict[str, list[FromField]]]:
    """Return where the fields of datasets come from now: dataset -> field -> fields; one query."""
    found: dict[uuid.UUID, dict[str, list[FromField]]] = {}
    for target, uid, column in fetch(_COLUMNS, [list(datasets), current_workspace()]) if datasets else ():
        fields = found.setdefault(target, {})
        source, field, direct, subtype, masked = json.loads(column)
        if source and field:  # of whole datasets Marquez has no word
            fields.setdefault(field, []).append(FromField(uid, source, kind_of(direct, subtype, masked)))
    return found


_NAMESPACES = """
SELECT split_part(uid, '/', 1), min(first_seen_at), max(last_seen_at) FROM "lineage_asset"
WHERE workspace_id = %s AND kind = ANY(%s) AND state <> 'retired' AND (%s = '' OR uid ^@ %s)
GROUP BY 1 ORDER BY 1 LIMIT %s OFFSET %s
"""
_JOBS_IN_STATE = """
SELECT a.id FROM "lineage_asset" a CROSS JOIN LATERAL (
  SELECT r.state FROM (
    SELECT id FROM "lineage_jobversion"
    WHERE workspace_id = %s AND job_id = a.id AND runs > 0 ORDER BY seen_at DESC LIMIT 1
  ) v JOIN "lineage_run" r ON r.version_id = v.id
  WHERE r.workspace_id = %s AND r.run_id <> '' ORDER BY r.seen_at DESC, r.run_id DESC LIMIT 1
) newest
WHERE a.workspace_id = %s AND a.kind = 'job' AND a.state <> 'retired' AND a.uid ^@ %s AND newest.state = %s
ORDER BY a.uid LIMIT %s OFFSET %s
"""
_CURRENT = """
SELECT w.job, v.id FROM unnest(%s::uuid[]) AS w (job) CROSS JOIN LATERAL (
  SELECT v.id FROM "lineage_jobversion" v
  WHERE v.workspace_id = %s AND v.job_id = w.job AND (v.runs > 0 OR v.designs > 0)
  ORDER BY EXISTS (SELECT 1 FROM "lineage_jobversiondataset" d WHERE d.workspace_id = %s AND d.version_id = v.id) DESC,
           v.seen_at DESC, v.id DESC LIMIT 1
) v
"""
_JOINS = """
SELECT d.version_id, a.uid, d.direction FROM "lineage_jobversiondataset" d JOIN "lineage_asset" a ON a.id = d.dataset_id
WHERE d.version_id = ANY(%s) AND d.workspace_id = %s ORDER BY a.uid
"""
_VERSIONS = """
SELECT id, first_at, runs FROM "lineage_jobversion"
WHERE workspace_id = %s AND job_id = %s AND (runs > 0 OR designs > 0) AND (%s::uuid IS NULL OR id = %s)
ORDER BY seen_at DESC, id DESC LIMIT %s OFFSET %s
"""
_COLUMNS = """
SELECT f.to_dataset_id, a.uid, c.said FROM "lineage_flow" f JOIN "lineage_flowcolumns" fc ON fc.flow_id = f.id
JOIN "lineage_asset" a ON a.id = f.from_dataset_id CROSS JOIN LATERAL jsonb_array_elements(fc.columns) AS c (said)
WHERE f.to_dataset_id = ANY(%s) AND f.workspace_id = %s AND f.rev_to IS NULL ORDER BY a.uid, c.said
"""
