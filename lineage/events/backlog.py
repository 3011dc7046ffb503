"""Refuse new events while too many wait to be projected: a sender that waits loses nothing (503, never 429)."""

import time
import uuid

from django.conf import settings

from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.queue import Stage, waiting
from lineage.events.errors import Overloaded

COUNTED_FOR = 1.0
"""Seconds for which a count is good: counting a long queue for every event would make it longer."""

_counted: dict[uuid.UUID, tuple[float, int]] = {}


def refuse_when_behind() -> None:
    """Raise Overloaded where the backlog of the entered workspace is over AUDITLINE_BACKLOG_LIMIT."""
    workspace_id, now = current_workspace(), time.monotonic()
    limit: int = settings.AUDITLINE_BACKLOG_LIMIT
    counted_at, backlog = _counted.get(workspace_id, (-COUNTED_FOR, 0))
    if now - counted_at >= COUNTED_FOR:
        backlog = waiting(Stage.PROJECT)
        _counted[workspace_id] = (now, backlog)
    if backlog > limit:
        raise Overloaded(
            f"{backlog} events wait to be projected, expected at most {limit}; nothing of this request was kept. "
            "Send it again after the seconds in Retry-After.",
            retry_after=min(5, 1 + backlog // (limit + 1)),
        )
