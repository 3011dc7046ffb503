"""Answer Marquez's /stats: how many events, jobs, datasets and sources there were, hour by hour or day by day."""

import datetime
import zoneinfo
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from accounts.journal.canonical.encode import instant
from accounts.members.strict import BadParameter
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import fetch

HOURS, DAYS = 24, 7
KINDS = ("jobs", "datasets", "sources")
Bounds = Sequence[datetime.datetime]


def bounds(period: str, timezone: str, now: datetime.datetime) -> Bounds:
    """Return where the intervals begin, and where the last one ends: 24 hours, or 7 days of a time zone.

    The last one is that of `now`. Raises BadParameter for a zone that is not known.
    """
    zone = _zone(timezone or "UTC")
    if period == "DAY":
        first = now.replace(minute=0, second=0, microsecond=0) - datetime.timedelta(hours=HOURS - 1)
        return [first + datetime.timedelta(hours=each) for each in range(HOURS + 1)]
    today = now.astimezone(zone).date()
    days = [today + datetime.timedelta(days=each - DAYS + 1) for each in range(DAYS + 1)]
    return [datetime.datetime.combine(day, datetime.time(), zone).astimezone(datetime.UTC) for day in days]


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise BadParameter(
            f"timezone={name[:80]!r} is no time zone: expected a name such as Europe/Berlin or UTC."
        ) from None


def runs_by_state(at: Bounds) -> list[dict[str, Any]]:
    """Return how many runs began and ended in each interval, by how.

    Counted from runs and not from events: a client that sends one event five times does not make five of it.
    """
    counts = {row[0]: row[1:] for row in fetch(_RUNS, [list(at[:-1]), list(at[1:]), at[0], *[current_workspace()] * 2])}
    found = []
    for number, (since, until) in enumerate(pairwise(at), start=1):
        start, complete, fail, abort = counts.get(number, (0, 0, 0, 0))
        found.append({**_interval(since, until), "fail": fail, "start": start, "complete": complete, "abort": abort})
    return found


def grown(kind: str, at: Bounds) -> list[dict[str, Any]]:
    """Return how many jobs, datasets or sources were known at the end of each interval."""
    assert kind in KINDS
    sql = _SOURCES if kind == "sources" else _ASSETS
    of = [] if kind == "sources" else [kind[:-1]]
    counts = dict(fetch(sql, [list(at[1:]), current_workspace(), *of]))
    found, total = [], 0
    for number, (since, until) in enumerate(pairwise(at)):
        total += counts.get(number, 0)
        found.append({**_interval(since, until), "count": total})
    return found


def _interval(since: datetime.datetime, until: datetime.datetime) -> dict[str, Any]:
    return {"startInterval": instant(since), "endInterval": instant(until)}


# By source and when a run was heard of last, which no time that counts here is after.
_RUNS = """
SELECT w.number, count(*) FILTER (WHERE r.started_at >= w.since AND r.started_at < w.until),
  count(*) FILTER (WHERE r.state = 'complete' AND r.ended_at >= w.since AND r.ended_at < w.until),
  count(*) FILTER (WHERE r.state = 'failed' AND r.ended_at >= w.since AND r.ended_at < w.until),
  count(*) FILTER (WHERE r.state = 'aborted' AND r.ended_at >= w.since AND r.ended_at < w.until)
FROM unnest(%s::timestamptz[], %s::timestamptz[]) WITH ORDINALITY AS w (since, until, number)
JOIN (
  SELECT r.state, r.started_at, r.ended_at FROM "lineage_source" s JOIN "lineage_run" r ON r.source_id = s.id
  WHERE r.seen_at >= %s AND r.run_id <> '' AND s.workspace_id = %s AND r.workspace_id = %s
) r ON (r.started_at >= w.since AND r.started_at < w.until) OR (r.ended_at >= w.since AND r.ended_at < w.until)
GROUP BY w.number
"""
_ASSETS = """
SELECT width_bucket(first_seen_at, %s::timestamptz[]), count(*) FROM "lineage_asset"
WHERE workspace_id = %s AND kind = %s AND state <> 'retired' GROUP BY 1
"""
_SOURCES = """
SELECT width_bucket(first_at, %s::timestamptz[]), count(*) FROM (
  SELECT min(first_seen_at) AS first_at FROM "lineage_asset"
  WHERE workspace_id = %s AND kind = 'dataset' AND state <> 'retired' GROUP BY split_part(uid, '/', 1)
) a GROUP BY 1
"""
