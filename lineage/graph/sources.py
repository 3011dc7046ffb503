"""Keep the producers of lineage as sources: one per namespace, with when it was heard of and how often it should be.

What facets declare (owner, tags, classification) fills gaps only: a pipeline must not outrank an inventory, or its own
tag could turn a fail into a pass. Their class is therefore none of those with a precedence.
"""

import datetime
import hashlib
import uuid
from collections.abc import Iterable, Mapping

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.graph.told import Told
from lineage.inventory.bulk import columns, execute, fetch
from lineage.inventory.models import Source

GRADE_CLASS = "lineage"
MAX_NAME = 400
HOURS_LOOKED_AT = 92 * 24
"""A cadence is estimated from the runs of so many hours before the newest: three months, so four monthly runs."""
RUNS_LOOKED_AT = 3000
HOURS_NEEDED = 4
"""Distinct hours with runs from which a cadence can be told."""
USUAL = 0.9
"""Share of the days whose longest pause is no longer than the usual one: weekends, a seventh of a week, are usual."""
SLACK = 2
"""Silent after so many usual pauses: a batch that is later than those before it is late, not silent."""


def source_name(namespace: str) -> str:
    """Return the name of a namespace's source: itself, or cut with a digest where it is too long for a name."""
    if len(namespace) <= MAX_NAME:
        return namespace
    return f"{namespace[: MAX_NAME - 17]}~{hashlib.sha256(namespace.encode()).hexdigest()[:16]}"


def note_sources(told: Iterable[Told]) -> dict[str, Source]:
    """Make the sources of these events exist, widen when they were heard of; return them by namespace.

    Times are the producer's, but never later than receipt: a clock that is ahead must not hide a silence.
    """
    heard: dict[str, tuple[str, datetime.datetime, datetime.datetime, uuid.UUID]] = {}
    namespaces: dict[str, str] = {}
    for each in told:
        name, at = source_name(each.namespace), min(each.at, each.received_at)
        namespaces[each.namespace] = name
        _, first, last, event = heard.get(name, (name, at, at, each.event_id))
        heard[name] = (name, min(first, at), max(last, at), each.event_id if at >= last else event)
    rows = [(new_id(), *row) for row in sorted(heard.values())]
    execute(_UPSERT, [current_workspace(), GRADE_CLASS, *columns(rows, 5)])
    found = {source.name: source for source in Source.objects.filter(door=Source.Door.LINEAGE, name__in=list(heard))}
    return {namespace: found[name] for namespace, name in namespaces.items()}


def estimate_cadence(sources: Mapping[str, Source]) -> None:
    """Estimate, for these sources, after how many hours without a run they count as silent; null = too little known."""
    ids = sorted({source.pk for source in sources.values()})
    rows = fetch(_PAUSES, [USUAL, ids, current_workspace(), RUNS_LOOKED_AT, HOURS_LOOKED_AT])
    known = {source_id: SLACK * hours for source_id, count, hours in rows if count >= HOURS_NEEDED}
    expected = [(source_id, known.get(source_id)) for source_id in ids]
    execute(_EXPECT, [*columns(expected, 2), current_workspace()])


_UPSERT = """
INSERT INTO "lineage_source" (id, workspace_id, door, name, grade_class, default_origin, first_seen_at, last_seen_at,
                              last_event)
SELECT w.id, c.workspace, 'lineage', w.name, c.grade_class, 'measured', w.first_at, w.last_at, w.event
FROM (SELECT %s::uuid, %s::text) AS c (workspace, grade_class),
     unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::uuid[])
       AS w (id, name, first_at, last_at, event)
ON CONFLICT (workspace_id, door, name) DO UPDATE SET
  first_seen_at = LEAST("lineage_source".first_seen_at, EXCLUDED.first_seen_at),
  last_seen_at = GREATEST("lineage_source".last_seen_at, EXCLUDED.last_seen_at),
  last_event = CASE WHEN EXCLUDED.last_seen_at >= "lineage_source".last_seen_at
                    THEN EXCLUDED.last_event ELSE "lineage_source".last_event END
"""

# Reads run_by_source backwards; a source with more runs than RUNS_LOOKED_AT is judged by its newest ones.
#
# hours   distinct hours with runs, of the last HOURS_LOOKED_AT before the newest
# pauses  between neighbouring hours, the longest in place 1
# days    the longest pause that ends on each day, so that many short pauses within days do not outvote the weekends
#
# The usual pause is never that in place 1: one backfilled or absurd time makes one long pause, a habit makes several.
_PAUSES = """
SELECT s.id, cadence.hours, coalesce(extract(epoch FROM cadence.pause) / 3600, 0)::int
FROM (SELECT %s::float8) AS c (usual), unnest(%s::uuid[]) AS s (id), LATERAL (
  WITH recent AS (
    SELECT r.seen_at FROM "lineage_run" r
    WHERE r.workspace_id = %s AND r.source_id = s.id AND r.run_id <> ''
    ORDER BY r.seen_at DESC LIMIT %s
  ), hours AS (
    SELECT DISTINCT date_trunc('hour', seen_at, 'UTC') AS hour FROM recent
    WHERE seen_at >= (SELECT date_trunc('hour', max(seen_at), 'UTC') - %s * interval '1 hour' FROM recent)
  ), pauses AS (
    SELECT hour, pause, row_number() OVER (ORDER BY pause DESC) AS place
    FROM (SELECT hour, hour - lag(hour) OVER (ORDER BY hour) AS pause FROM hours) AS steps WHERE pause IS NOT NULL
  ), days AS (
    SELECT max(pause) AS pause FROM pauses GROUP BY date_trunc('day', hour, 'UTC')
  )
  SELECT (SELECT count(*) FROM hours) AS hours,
         least((SELECT percentile_disc(c.usual) WITHIN GROUP (ORDER BY pause) FROM days),
               (SELECT max(pause) FROM pauses WHERE place > 1)) AS pause
) AS cadence
"""

_EXPECT = """
UPDATE "lineage_source" s SET expected_every_hours = w.hours
FROM unnest(%s::uuid[], %s::int[]) AS w (id, hours)
WHERE s.workspace_id = %s AND s.id = w.id AND s.expected_every_hours IS DISTINCT FROM w.hours
"""
