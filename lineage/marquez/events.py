"""Read events as they are kept, for Marquez's /events/lineage."""

import datetime

from accounts.members.strict import BadParameter
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import fetch
from lineage.marquez.queries import Window

MAX_BYTES = 32 * 1024 * 1024
"""Of the events of one answer."""


def bodies(
    after: datetime.datetime | None, before: datetime.datetime | None, window: Window, *, newest_first: bool
) -> list[bytes]:
    """Return RunEvents by event time, each exactly as kept; raise BadParameter where they are too large together."""
    workspace = current_workspace()
    order = "DESC" if newest_first else "ASC"
    given = [workspace, after, after, before, before, window.limit, window.offset]
    rows = fetch(_EVENTS.format(order=order), given)
    total = fit = 0
    for _, size in rows:
        total += size
        fit += total <= MAX_BYTES
    if fit < len(rows):
        raise BadParameter(
            f"limit={window.limit} gives {total // 2**20} MiB of events, expected at most {MAX_BYTES // 2**20}. "
            f"Ask for limit={max(fit, 1)} and go on with offset."
        )
    kept = {key: bytes(body) for key, body in fetch(_BODIES, [[key for key, _ in rows], workspace])} if rows else {}
    return [kept[key] for key, _ in rows]


def count(after: datetime.datetime | None, before: datetime.datetime | None, most: int) -> int:
    """Return how many RunEvents there are, counted up to `most`: no more can be asked for."""
    return int(fetch(_COUNT, [current_workspace(), after, after, before, before, most])[0][0])


_THESE = """
FROM "lineage_event" WHERE workspace_id = %s AND kind = 'run'
  AND (%s::timestamptz IS NULL OR event_time >= %s) AND (%s::timestamptz IS NULL OR event_time < %s)
"""
_EVENTS = f"""
SELECT id, octet_length(body) {_THESE} ORDER BY event_time {{order}}, id {{order}} LIMIT %s OFFSET %s
"""
_BODIES = 'SELECT id, body FROM "lineage_event" WHERE id = ANY(%s) AND workspace_id = %s'
_COUNT = f"SELECT count(*) FROM (SELECT 1 {_THESE} LIMIT %s) few"  # noqa: S608 - our own names
