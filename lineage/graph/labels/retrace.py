"""Trace anew what changed, and say when time alone will change it again.

What may have changed is noted as rows of TraceDue. One piece of work of the stage `project`, whose subject is the
workspace itself, then traces all that is due. It stands in the queue behind the events that came before, so that a
backlog of events is traced once and not once per batch.
"""

import datetime
import uuid
from collections.abc import Collection

from django.utils import timezone

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.queue import Stage, postpone, push
from accounts.workspaces.revisions import next_revision
from lineage.graph.gaps import next_silence, prefixes, producers_turned
from lineage.graph.labels.approved import maskings_turned, take_over
from lineage.graph.labels.bound_models import derive_bound_models
from lineage.graph.labels.load import load
from lineage.graph.labels.region import reached_from
from lineage.graph.labels.store import Sets, current_rows, merged, rows_of, write_rows
from lineage.graph.labels.trace import trace
from lineage.graph.masking import next_masking_change
from lineage.inventory.bulk import columns, execute, fetch
from lineage.inventory.documents import rebuild_documents
from lineage.inventory.models import Source


def note_changed(assets: Collection[uuid.UUID]) -> None:
    """Note that what surrounds these assets has to be traced anew, and queue it; also where a silence turned."""
    now = timezone.now()
    _note([(asset, now) for asset in sorted(assets)])
    if assets or producers_turned(now) or maskings_turned(now):
        push(Stage.PROJECT, [current_workspace()])


def trace_due() -> set[uuid.UUID]:
    """Trace what is due; return the assets whose lineage facts changed, and those that were due.

    1. Take what is due: noted assets, the jobs of producers that fell silent or spoke again, and
       the jobs whose masking began or ended to count.
    2. Trace the region that it reaches, at a revision of its own.
    3. Note when time alone changes something, and queue the next instant.
    """
    now = timezone.now()
    due = {row[0] for row in fetch(_TAKE, [current_workspace(), now])} | _jobs_turned(now)  # 1
    changed: set[uuid.UUID] = set()
    if due:  # 2
        rev = next_revision("trace")
        changed = trace_region(due, rev, now)
        changed |= rebuild_documents(derive_bound_models(due | changed, rev), rev)
    _note([row for row in fetch(_EXPIRES, [current_workspace(), sorted(due)]) if row[1] > now])  # 3
    following = [
        at
        for at in (fetch(_NEXT, [current_workspace()])[0][0], next_silence(now), next_masking_change(now))
        if at is not None
    ]
    if following:
        postpone(Stage.PROJECT, {current_workspace(): min(following)})
    return due | changed


def _jobs_turned(now: datetime.datetime) -> set[uuid.UUID]:
    maskings = maskings_turned(now)
    take_over(maskings)
    turned = producers_turned(now)
    for source in turned:
        Source.objects.filter(pk=source.pk).update(traced_silent=not source.traced_silent)
    named = prefixes(source.name for source in turned)
    return maskings | {row[0] for row in (fetch(_JOBS, [named, current_workspace()]) if named else ())}


def trace_region(changed: Collection[uuid.UUID], rev: int, now: datetime.datetime) -> set[uuid.UUID]:
    """Trace what these changes reach, all of the workspace where that is most of it; return the assets that differ."""
    region = reached_from(changed)
    if region is None:
        return trace_all(rev, now)
    loaded, sets = load(now, region.whole), Sets()
    moved = region.below | region.above
    current = current_rows(moved)
    rows = rows_of(loaded, trace(loaded.graph), sets)
    return write_rows(merged(rows, current, region.below, region.above), current, sets, rev)


def trace_all(rev: int, now: datetime.datetime) -> set[uuid.UUID]:
    """Trace the whole workspace from nothing; return the assets whose facts differ."""
    loaded, sets = load(now), Sets()
    return write_rows(rows_of(loaded, trace(loaded.graph), sets), current_rows(None), sets, rev)


def _note(due: Collection[tuple[uuid.UUID, datetime.datetime]]) -> None:
    if due:
        execute(_NOTE, [current_workspace(), *columns([(new_id(), *row) for row in due], 3)])


_NOTE = """
INSERT INTO "lineage_tracedue" (id, workspace_id, asset_id, due_at)
SELECT DISTINCT ON (w.asset) w.id, c.workspace, w.asset, w.due_at
FROM (SELECT %s::uuid) AS c (workspace), unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS w (id, asset, due_at)
ORDER BY w.asset, w.due_at
ON CONFLICT (workspace_id, asset_id) DO UPDATE SET due_at = least("lineage_tracedue".due_at, EXCLUDED.due_at)
"""

_TAKE = 'DELETE FROM "lineage_tracedue" WHERE workspace_id = %s AND due_at <= %s RETURNING asset_id'

_NEXT = 'SELECT min(due_at) FROM "lineage_tracedue" WHERE workspace_id = %s'

_EXPIRES = """
SELECT id, (document->>'oldest_record_at')::timestamptz
           + ((document->>'retention_days')::numeric + 1)::int * interval '24 hours'
FROM "lineage_asset"
WHERE workspace_id = %s AND id = ANY(%s) AND kind = 'dataset'
  AND jsonb_typeof(document->'oldest_record_at') = 'string' AND jsonb_typeof(document->'retention_days') = 'number'
  AND (document->>'retention_days')::numeric BETWEEN 1 AND 36500
"""

_JOBS = """
SELECT j.id FROM unnest(%s::text[]) AS p (prefix) JOIN "lineage_asset" j ON j.kind = 'job' AND j.uid ^@ p.prefix
WHERE j.workspace_id = %s
"""
