"""Run one stage over its waiting rows: claim, handle, delete, in one transaction per batch.

    run_stage(Stage.RAISE, workspace_id, _raise_batch, limit=100)

1. Enter the workspace and be its only runner of the stage (else return: the other runner takes the work).
2. Claim a batch; where none is due, stop. What became due before others could run the stage again is looked for once
   more after that: who was woken for it meanwhile was told that there is a runner.
3. Handle it and delete its rows in the same transaction: after a kill at any point it is either done or still there.
4. A batch that fails is tried again in halves, in transactions of their own, down to the row that fails by itself, so
   that it cannot hold up the rest; it waits longer each time and becomes a dead letter at the eighth failure.
"""

import uuid
from collections.abc import Callable, Collection, Sequence

import structlog
from django.db import OperationalError

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.queue import Item, Stage, alone, claim, done, due_now, failed

log = structlog.get_logger(__name__)
LOOKS = 3
"""Empty batches after which a runner stops, though something is due: another transaction holds it."""
Handler = Callable[[Sequence[uuid.UUID]], Collection[uuid.UUID] | None]
"""Gets the distinct subjects of a batch; returns those that it left for another transaction, never all of them."""


def run_stage(stage: Stage, workspace_id: uuid.UUID, handle: Handler, *, limit: int) -> int:
    """Work off what is due, at most `limit` rows in a transaction; return how many were done."""
    total = empty = 0
    while True:
        count, bad = _run_batch(stage, workspace_id, handle, limit)
        if count is None:
            return total
        total += count
        if bad:
            total += _run_in_halves(stage, workspace_id, handle, bad)
        empty = 0 if count or bad else empty + 1
        if empty == LOOKS or (empty and not _became_due(stage, workspace_id)):
            return total


def _became_due(stage: Stage, workspace_id: uuid.UUID) -> bool:
    """Look once more after the last, empty batch has let go of the stage."""
    with in_workspace(workspace_id):
        return due_now([stage], 1) > 0


def _run_batch(stage: Stage, workspace_id: uuid.UUID, handle: Handler, limit: int) -> tuple[int | None, list[Item]]:
    """Return (rows done, None where another runs the stage; rows of a batch that failed)."""
    items: list[Item] = []
    try:
        with in_workspace(workspace_id), alone(stage) as only_runner:
            if not only_runner:
                return None, []
            items = claim(stage, limit)
            count = _handled(items, handle) if items else 0
        return count, []
    except OperationalError:  # the database went away: nothing was done and nothing is lost; beat tries again
        raise
    except Exception as error:  # the task boundary: whatever a row provokes is kept with the row
        log.warning("stage.batch_failed", stage=stage, rows=len(items), reason=repr(error), exc_info=True)
        if not items:
            raise
        return 0, items


def _run_in_halves(stage: Stage, workspace_id: uuid.UUID, handle: Handler, items: Sequence[Item]) -> int:
    """Work off the rows of a batch that failed: the halves without a bad row go through, down to the row itself.

    Among thousands of rows a single bad one costs some dozen transactions in place of thousands.
    """
    if len(items) == 1:
        return _run_row(stage, workspace_id, handle, items[0])
    middle, count = len(items) // 2, 0
    for half in (items[:middle], items[middle:]):
        try:
            with in_workspace(workspace_id), alone(stage) as only_runner:
                if not only_runner:
                    return count
                took = _handled(half, handle)
            count += took
        except OperationalError:
            raise
        except Exception as error:  # the same boundary, now for a half
            log.warning("stage.half_failed", stage=stage, rows=len(half), reason=repr(error))
            count += _run_in_halves(stage, workspace_id, handle, half)
    return count


def _run_row(stage: Stage, workspace_id: uuid.UUID, handle: Handler, item: Item) -> int:
    try:
        with in_workspace(workspace_id), alone(stage) as only_runner:
            if not only_runner:
                return 0
            _handled([item], handle)
    except OperationalError:
        raise
    except Exception as error:  # the same boundary, now for one row
        log.error("stage.row_failed", stage=stage, subject=str(item.subject), exc_info=True)
        with in_workspace(workspace_id):
            failed([item], stage, error)
        return 0
    return 1


def _handled(items: Sequence[Item], handle: Handler) -> int:
    """Handle rows, by their distinct subjects in the order of the claim, and delete them; return how many.

    Rows of subjects that `handle` leaves stay as they are: the next claim finds them.
    """
    left = handle(list(dict.fromkeys(item.subject for item in items))) or ()
    taken = [item for item in items if item.subject not in left]
    done(taken)
    return len(taken)
