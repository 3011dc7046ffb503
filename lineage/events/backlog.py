"""Refuse new events while too many wait to be projected, or the oldest waits too long: 503 (never 429) loses nothing.

Both are looked at once in LOOKED_FOR seconds by each process, and more seldom where looking takes long: counting a
queue for every event would make it longer. The age is that of the oldest row in the queue's own index; work that failed
and waits to be tried again is no older than its next try, so that one bad event closes no door.
"""

import math
import time
import uuid
from dataclasses import dataclass, replace

from django.conf import settings

from accounts.workspaces.queue import Stage, backlog
from lineage.events.errors import Overloaded

LOOKED_FOR = 1.0
"""Seconds for which a look is good."""

SHARE = 20
"""A look that took t seconds is good for at least SHARE * t: looking takes at most a twentieth of the time."""

LONGEST_WAIT = 5


@dataclass(frozen=True)
class _Look:
    """What was seen of one workspace's queue; `events` is counted up to one more than the limit."""

    events: int
    age: float  # seconds
    good_until: float  # by the monotonic clock


_looks: dict[uuid.UUID, _Look] = {}


def forget_looks() -> None:
    """Look anew at the next request: for tests, which change the limits."""
    _looks.clear()


def refuse_when_behind(workspace_id: uuid.UUID) -> None:
    """Raise Overloaded where the backlog is over AUDITLINE_BACKLOG_LIMIT events or AUDITLINE_BACKLOG_AGE seconds."""
    most: int = settings.AUDITLINE_BACKLOG_LIMIT
    longest: int = settings.AUDITLINE_BACKLOG_AGE
    look = _looks.get(workspace_id)
    if look is None or (now := time.monotonic()) >= look.good_until:
        if look is not None:  # of many who come at once one looks, and the others go by what was seen before
            _looks[workspace_id] = replace(look, good_until=now + LOOKED_FOR)
        look = _looks[workspace_id] = _look(workspace_id, most)
    if look.events > most:
        raise _overloaded(f"More than {most} events wait to be projected, expected at most {most}", look.age / longest)
    if look.age > longest:
        raise _overloaded(
            f"The oldest event that waits to be projected has waited {int(look.age)} seconds, expected at most "
            f"{longest}",
            look.age / longest,
        )


def _look(workspace_id: uuid.UUID, most: int) -> _Look:
    started = time.monotonic()
    events, age = backlog(workspace_id, Stage.PROJECT, most + 1)
    ended = time.monotonic()
    return _Look(events, age, ended + max(LOOKED_FOR, SHARE * (ended - started)))


def _overloaded(what: str, excess: float) -> Overloaded:
    """Ask to wait the longer, the further behind we are: 1 to LONGEST_WAIT seconds."""
    return Overloaded(
        f"{what}; nothing of this request was kept. Send it again after the seconds in Retry-After.",
        retry_after=min(LONGEST_WAIT, max(1, math.ceil(excess))),
    )
