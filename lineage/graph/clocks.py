"""Hold the clocks of producers against ours: how far ahead of its receipt an event of each source says to have been.

Only one side is certain. Nothing can be told before it happened, so an event whose time lies after its receipt means a
clock that is ahead of ours. The other side is a hint at most: retries, backfills and slow transports make events late
as well as a clock that is behind does. What tells most is therefore the greatest lead (eventTime minus received_at)
of a day: late events do not lower it, one prompt event is enough to show an honest clock, and where even the most
prompt one came late, that is said as what it is. It is kept for the newest day of receipt, so that a clock that was
set right stops being reported; of two days the later, of one day the greatest: no order of events changes it.

Not comparable, and left out: JobEvents and DatasetEvents, whose time is that of a design, and times without a zone,
which are read as UTC for want of better.
"""

import datetime
from collections.abc import Iterable

from accounts.workspaces.isolation import current_workspace
from lineage.graph.sources import source_name
from lineage.graph.told import Told
from lineage.inventory.bulk import columns, execute

Lead = tuple[datetime.date, int]
"""Day of receipt (UTC) and whole seconds, in the order that decides which one counts."""


def note_clocks(told: Iterable[Told]) -> None:
    """Keep the greatest lead of the newest day of each source of these events; the sources exist already."""
    found: dict[str, Lead] = {}
    for each in told:
        if each.said_at is not None:
            name, lead = source_name(each.namespace), lead_of(each.said_at, each.received_at)
            found[name] = max(found.get(name, lead), lead)
    if found:
        rows = [(name, *found[name]) for name in sorted(found)]
        execute(_KEEP, [*columns(rows, 3), current_workspace()])


def lead_of(said: datetime.datetime, received: datetime.datetime) -> Lead:
    """Return the day of receipt and by how many seconds, rounded down, the event's own time is after it."""
    return received.astimezone(datetime.UTC).date(), (said - received) // datetime.timedelta(seconds=1)


_KEEP = """
UPDATE "lineage_source" s SET clock_day = w.day, clock_lead_seconds = w.lead
FROM unnest(%s::text[], %s::date[], %s::bigint[]) AS w (name, day, lead)
WHERE s.workspace_id = %s AND s.door = 'lineage' AND s.name = w.name
  AND (s.clock_day IS NULL OR (s.clock_day, s.clock_lead_seconds) < (w.day, w.lead))
"""
