"""Say what lineage does not show: jobs without datasets, admitted errors, places nobody claims, what never appeared.

Each gap is one list by a key that only grows, so that pages are found by it; counts stop at MOST.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.utils import timezone

from accounts.workspaces.isolation import current_workspace
from lineage.graph.newest_run import NEWEST_FINISHED, NEWEST_STREAMED, streams
from lineage.inventory.bulk import fetch
from lineage.inventory.models import Source
from lineage.inventory.places.suggest import UNSERVED
from lineage.inventory.summaries import is_silent

MOST = 10_000
"""Counted up to here: one more is told as "more"."""

MEANINGS: Mapping[str, str] = {
    "jobs_without_datasets": "Nothing that the job sent says what it reads or writes: what it does is not known.",
    "extraction_errors": "The newest finished run of the job admits that its producer did not understand all of it.",
    "namespaces_without_storage": "Datasets lie here, and no inventory names a storage for it: the place is not known.",
    "stores_never_seen": "An inventory names the storage, and no lineage touches a dataset in it.",
    "jobs_never_seen": "An inventory names the job, and no lineage speaks of it: its producer may not be connected.",
    "silent_sources": "The producer should have sent something by now, judged by its former pauses.",
}
"""Gap -> what it means, in the order in which they are told."""


@dataclass(frozen=True)
class Gap:
    """One thing that lineage does not show. `id` None: a namespace. `count`: datasets in a namespace, else None."""

    key: str
    id: uuid.UUID | None
    kind: str
    uid: str
    name: str
    count: int | None = None


def gaps(gap: str, after: str, limit: int) -> list[Gap]:
    """Return one page of a gap, by key, behind `after` ('' = from the start)."""
    if gap == "silent_sources":
        rows = sorted(_silent(), key=lambda row: row.key)
        return [row for row in rows if row.key > after][:limit]
    if gap == "namespaces_without_storage":
        found = fetch(UNSERVED, [current_workspace(), after, limit])
        return [Gap(quoted, None, "namespace", quoted, unquote(quoted), count) for quoted, count in found]
    behind = uuid.UUID(after) if after else uuid.UUID(int=0)
    found = fetch(_LISTS[gap], [current_workspace(), behind, limit])
    return [Gap(str(identifier), identifier, kind, uid, name) for identifier, kind, uid, name in found]


def counts() -> dict[str, int | None]:
    """Return how many there are of each gap; None where there are more than MOST."""
    return {gap: _count(gap) for gap in MEANINGS}


def _count(gap: str) -> int | None:
    if gap == "silent_sources":
        return len(_silent())
    query, start = (UNSERVED, "") if gap == "namespaces_without_storage" else (_LISTS[gap], uuid.UUID(int=0))
    counting = f"SELECT count(*) FROM ({query}) AS found"  # noqa: S608 - our own words
    return _bounded(fetch(counting, [current_workspace(), start, MOST + 1]))


def _bounded(rows: Sequence[tuple[Any, ...]]) -> int | None:
    [(count,)] = rows
    return count if count <= MOST else None


def _silent() -> list[Gap]:
    now = timezone.now()
    sources = Source.objects.filter(door=Source.Door.LINEAGE, expected_every_hours__isnull=False)
    return [
        Gap(str(source.pk), source.pk, "source", source.name, source.name)
        for source in sources
        if is_silent(source, now)
    ]


_ASSETS = """
SELECT a.id, a.kind, a.uid, a.name FROM "lineage_asset" a
WHERE a.workspace_id = %s AND a.id > %s AND a.state <> 'retired' AND {}
ORDER BY a.id LIMIT %s
"""
_ERROR_OF_NEWEST = """
SELECT r.extraction_error FROM "lineage_run" r
WHERE r.workspace_id = a.workspace_id AND r.job_id = a.id AND {}
"""
_HAS_RUN = 'EXISTS (SELECT 1 FROM "lineage_run" r WHERE r.workspace_id = a.workspace_id AND r.job_id = a.id)'

_LISTS: Mapping[str, str] = {
    "jobs_without_datasets": _ASSETS.format(f"""
a.kind = 'job' AND {_HAS_RUN} AND NOT EXISTS (
  SELECT 1 FROM "lineage_jobversion" v
  JOIN "lineage_jobversiondataset" d ON d.workspace_id = v.workspace_id AND d.version_id = v.id
  WHERE v.workspace_id = a.workspace_id AND v.job_id = a.id AND (v.runs > 0 OR v.designs > 0))"""),  # noqa: S608 - our own words
    "extraction_errors": _ASSETS.format(f"""
a.kind = 'job' AND CASE WHEN {streams("a")}
  THEN ({_ERROR_OF_NEWEST.format(NEWEST_STREAMED)}) ELSE ({_ERROR_OF_NEWEST.format(NEWEST_FINISHED)}) END"""),
    "stores_never_seen": _ASSETS.format("""
a.kind = 'storage' AND a.state = 'reported' AND NOT EXISTS (
  SELECT 1 FROM "lineage_relation" h
  JOIN "lineage_jobversiondataset" d ON d.workspace_id = h.workspace_id AND d.dataset_id = h.to_asset_id
  WHERE h.workspace_id = a.workspace_id AND h.from_asset_id = a.id AND h.name = 'holds' AND h.rev_to IS NULL)"""),
    "jobs_never_seen": _ASSETS.format(f"a.kind = 'job' AND a.state = 'reported' AND NOT {_HAS_RUN}"),
}
