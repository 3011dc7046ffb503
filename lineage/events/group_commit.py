"""Record events of many requests in one transaction: as many senders wait for one commit as there are.

There is no thread of its own and no delay: the first request records at once; those that come while it commits are
recorded together by the next. What is answered is on disk all the same, since each waits for the commit that holds its
event.
"""

import threading
import uuid
from dataclasses import dataclass, field

from django.db import connection

from accounts.workspaces.queue import wake_soon
from lineage.events.record import NewEvent, Receipt, store_at_once

AT_ONCE = 500
"""Events per transaction: bounds how long those behind wait."""


@dataclass(eq=False)
class _Place:
    """One request in the queue of its workspace. `turn` is set when it is done, or when it has to lead."""

    event: NewEvent
    turn: threading.Event = field(default_factory=threading.Event)
    receipt: Receipt | None = None
    failed: Exception | None = None
    left: bool = False  # nobody waits for it any more


_lock = threading.Lock()
_queues: dict[uuid.UUID, list[_Place]] = {}
"""Who waits, by workspace; a workspace has an entry while somebody leads."""


def store_together(workspace_id: uuid.UUID, event: NewEvent) -> Receipt:
    """Record one event, with whatever else waits for this workspace; return its receipt once it is committed.

    Raises what the transaction raised: then nothing of it was kept, and each caller decides for its own event. What
    asks one caller to end (SystemExit, KeyboardInterrupt) is its own: the others are recorded by the next who leads.

    1. Queue; where nobody leads, lead.
    2. Else wait until done, or until the one before has left and the lead is ours.
    3. Record all that wait, and tell them.
    4. Hand the lead on to the first who came meanwhile.
    """
    mine = _Place(event)
    with _lock:  # 1
        leads = workspace_id not in _queues
        _queues.setdefault(workspace_id, []).append(mine)
    if not leads:
        try:
            mine.turn.wait()  # 2
        except BaseException:  # the process is asked to end: who waits behind must not wait for us
            _leave(workspace_id, mine)
            raise
    if mine.receipt is None and mine.failed is None:
        _lead(workspace_id, mine)  # 3, 4
    if mine.failed is not None:
        raise mine.failed
    assert mine.receipt is not None
    return mine.receipt


def _leave(workspace_id: uuid.UUID, mine: _Place) -> None:
    with _lock:
        mine.left = True
        queue = _queues.get(workspace_id, [])
        if mine not in queue:
            return
        queue.remove(mine)
        if mine.turn.is_set():  # the lead was ours
            _hand_on(workspace_id)


def _hand_on(workspace_id: uuid.UUID) -> None:
    """Give the lead to the first who waits; with the lock held."""
    if following := _queues[workspace_id]:
        following[0].turn.set()
    else:
        del _queues[workspace_id]


def _lead(workspace_id: uuid.UUID, mine: _Place) -> None:
    """Record those who wait. The leader is the first of them, so its own event is always among these."""
    with _lock:
        together = _queues[workspace_id][:AT_ONCE]
        del _queues[workspace_id][:AT_ONCE]
    try:
        connection.close_if_unusable_or_obsolete()
        receipts = store_at_once(workspace_id, [place.event for place in together], wake_soon)
        for place, receipt in zip(together, receipts, strict=True):
            place.receipt = receipt
    except Exception as error:  # told to each who waits; the slow door gives each its own answer
        for place in together:
            place.failed = error
    finally:
        mine.left = True
        with _lock:
            # Whoever was told nothing, because we are asked to end, waits again, first in line. What was committed all
            # the same is known by its digest.
            again = [place for place in together if not (place.receipt or place.failed or place.left)]
            _queues[workspace_id][:0] = again
            _hand_on(workspace_id)
        for place in together:
            if place not in again:
                place.turn.set()
