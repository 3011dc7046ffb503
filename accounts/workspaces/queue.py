"""Rows are the queue; Celery only wakes the stages.

Pushed in the transaction of the cause, claimed with FOR UPDATE SKIP LOCKED, deleted in the transaction of the
effect: whatever process dies, work is neither lost nor done twice. A wake-up that gets lost costs at most 15 seconds,
when `drive` (beat) wakes every stage that has due work.
"""

import datetime
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import NamedTuple

import structlog
from celery import current_app
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.workspaces.arrays import array_literal
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.models import DeadLetter, Work

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 8
AT_ONCE = 5000
"""Rows per statement."""


class Stage(StrEnum):
    """The stages that wait for rows; each is also a Celery queue and the task `auditline.<stage>`."""

    PROJECT = "project"
    EVALUATE = "evaluate"
    RAISE = "raise"
    SEAL = "seal"
    OPEN = "open"
    EXPORT = "export"


class Item(NamedTuple):
    """One claimed piece of work; `subject` is the id of an event, an asset, a transition, a statement, ..."""

    id: int
    subject: uuid.UUID
    attempts: int


def push(stage: Stage, subjects: Iterable[uuid.UUID], due_at: datetime.datetime | None = None) -> None:
    """Add work for the entered workspace and wake the stage after commit; duplicates are allowed and harmless."""
    workspace_id = current_workspace()
    rows = list(subjects)
    with connection.cursor() as cursor:
        for start in range(0, len(rows), AT_ONCE):
            part = array_literal(rows[start : start + AT_ONCE])
            cursor.execute(_PUSH, [workspace_id, stage, due_at, part])
    if due_at is None:
        transaction.on_commit(lambda: wake(stage, workspace_id))


def postpone(stage: Stage, due: Mapping[uuid.UUID, datetime.datetime]) -> None:
    """Set for each subject the one instant at which it is due by time alone, in place of a later one set before."""
    workspace_id = current_workspace()
    rows = list(due.items())
    with connection.cursor() as cursor:
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            subjects = array_literal([subject for subject, _ in part])
            cursor.execute(_DROP_LATER, [workspace_id, stage, subjects, timezone.now()])
            cursor.execute(_PUSH_AT, [workspace_id, stage, subjects, array_literal([at for _, at in part])])


def claim(stage: Stage, limit: int) -> list[Item]:
    """Lock up to `limit` due pieces of the entered workspace, oldest first; they are freed by `done` or `failed`."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [current_workspace(), stage, timezone.now(), limit])
        return [Item(*row) for row in cursor.fetchall()]


def done(items: Sequence[Item]) -> None:
    """Delete finished work; call it in the transaction of the effect."""
    with connection.cursor() as cursor:
        cursor.execute('DELETE FROM "accounts_work" WHERE id = ANY(%s)', [array_literal([item.id for item in items])])


def failed(items: Sequence[Item], stage: Stage, error: BaseException) -> None:
    """Put work back with a growing delay (2, 4, ... seconds); the eighth failure makes a dead letter of it."""
    now = timezone.now()
    for item in items:
        if item.attempts + 1 >= MAX_ATTEMPTS:
            DeadLetter.objects.create(
                workspace_id=current_workspace(),
                stage=stage,
                subject=item.subject,
                reason=f"{type(error).__name__}: {error}",
                attempts=item.attempts + 1,
            )
            Work.objects.filter(pk=item.id).delete()
        else:
            later = now + datetime.timedelta(seconds=2 ** (item.attempts + 1))
            Work.objects.filter(pk=item.id).update(attempts=F("attempts") + 1, due_at=later)


def waiting(stage: Stage) -> int:
    """Return how many pieces wait for `stage` in the entered workspace, due or not."""
    return Work.objects.filter(workspace_id=current_workspace(), stage=stage).count()


def due_now(stages: Sequence[Stage], most: int) -> int:
    """Return how many pieces are due for these stages in the entered workspace, counted up to `most`."""
    due = Work.objects.filter(workspace_id=current_workspace(), stage__in=stages, due_at__lte=timezone.now())
    return due[:most].count()


def backlog(workspace_id: uuid.UUID, stage: Stage, most: int) -> tuple[int, float]:
    """Return how many pieces wait, counted up to `most`, and for how many seconds the oldest has been due (0: none).

    Needs no workspace to be entered. Reads the index work_by_stage: the one entry that is oldest, and `most` at most.
    """
    rows = Work.objects.filter(workspace_id=workspace_id, stage=stage)
    ages = rows.order_by("due_at").annotate(age=Now() - F("due_at")).values_list("age", flat=True)
    age = ages.first()
    return rows[:most].count(), max(0.0, age.total_seconds()) if age is not None else 0.0


def wake(stage: Stage, workspace_id: uuid.UUID) -> None:
    """Ask Celery to run a stage now. Losing this is safe, so a broker that is down is logged and not raised."""
    try:
        current_app.send_task(f"auditline.{stage}", args=[str(workspace_id)], queue=str(stage))
    except (OSError, OperationalError) as error:
        log.warning("queue.wake_lost", stage=stage, workspace=str(workspace_id), reason=str(error))


_soon: set[tuple[Stage, uuid.UUID]] = set()
_soon_lock = threading.Lock()
SOON = 0.1
"""Seconds within which several wishes to wake the same stage become one: telling the broker costs more than a row."""


def wake_soon(stage: Stage, workspace_id: uuid.UUID) -> None:
    """Wake a stage within SOON seconds, once for all who ask meanwhile. As safe to lose as `wake`."""
    with _soon_lock:
        if (stage, workspace_id) in _soon:
            return
        _soon.add((stage, workspace_id))
    timer = threading.Timer(SOON, _wake_now, [stage, workspace_id])
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError:  # no thread to be had
        _wake_now(stage, workspace_id)


def _wake_now(stage: Stage, workspace_id: uuid.UUID) -> None:
    with _soon_lock:
        _soon.discard((stage, workspace_id))
    wake(stage, workspace_id)


def drive() -> int:
    """Wake every (workspace, stage) that has due work; return how many were woken. Beat calls it every 15 seconds."""
    due = Work.objects.filter(due_at__lte=timezone.now()).values_list("workspace_id", "stage").distinct()
    pairs = list(due)
    for workspace_id, stage in pairs:
        wake(Stage(stage), workspace_id)
    return len(pairs)


@contextmanager
def alone(stage: Stage) -> Iterator[bool]:
    """Yield whether this transaction is the only runner of `stage` in the entered workspace.

    A transaction-level advisory lock: it is freed by the commit, by an error, and by the death of the process.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"auditline/{stage}/{current_workspace()}"]
        )
        yield bool(cursor.fetchone()[0])


def lease(items: Sequence[Item], until: datetime.datetime) -> None:
    """Keep work for this process until then: for long work that commits in between. Another takes it up afterwards."""
    Work.objects.filter(pk__in=[item.id for item in items]).update(due_at=until)


_PUSH = """
INSERT INTO "accounts_work" (workspace_id, stage, subject, due_at, attempts)
SELECT %s, %s, w.subject, coalesce(%s::timestamptz, statement_timestamp()), 0 FROM unnest(%s::uuid[]) AS w (subject)
"""

_DROP_LATER = """
DELETE FROM "accounts_work" WHERE workspace_id = %s AND stage = %s AND subject = ANY(%s::uuid[]) AND due_at > %s
"""

_PUSH_AT = """
INSERT INTO "accounts_work" (workspace_id, stage, subject, due_at, attempts)
SELECT %s, %s, w.subject, w.due_at, 0 FROM unnest(%s::uuid[], %s::timestamptz[]) AS w (subject, due_at)
"""

_CLAIM = """
SELECT id, subject, attempts FROM "accounts_work" WHERE workspace_id = %s AND stage = %s AND due_at <= %s
ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
"""
