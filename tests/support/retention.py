"""Old events, holds and rules for tests of retention."""

import datetime
import hashlib
import json
import secrets
import uuid
from typing import Any

from django.db import connection

from accounts.approvals.decide import approve
from accounts.approvals.models import GovernedAct
from accounts.approvals.propose import propose
from accounts.members.models import Role
from accounts.members.rights import Principal
from accounts.workspaces.ids import lowest_id
from accounts.workspaces.isolation import current_workspace
from lineage.events.models import DeletionReceipt, Event, EventReceipt
from lineage.retention.delete_events import delete_batch
from lineage.retention.hold import NewHold, place_hold
from lineage.retention.models import LegalHold, RetentionRule
from lineage.retention.queries import NO_ID
from tests.support.openlineage import dataset, run_event

ONE, TWO = (f"member:01900000-0000-7000-8000-00000000000{number}" for number in (1, 2))


def database_now() -> datetime.datetime:
    """Return the database's clock: the same instant for a whole transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        now: datetime.datetime = cursor.fetchone()[0]
    return now


def id_at(instant: datetime.datetime) -> uuid.UUID:
    """Return a key that was made at an instant."""
    return uuid.UUID(int=lowest_id(instant).int | secrets.randbits(62))


def old_event(
    body: Any = None,
    *,
    days: float = 100,
    kind: str = "run",
    source: str = "",
    sender: str = "token:a",
    received_at: datetime.datetime | None = None,
) -> Event:
    """Keep an event that came `days` ago in the entered workspace, projected already; `body` is JSON or bytes."""
    at = received_at or database_now() - datetime.timedelta(days=days)
    content = run_event() if body is None else body
    kept = content if isinstance(content, bytes) else json.dumps(content).encode()
    event = Event.objects.create(
        id=id_at(at),
        workspace_id=current_workspace(),
        kind=kind,
        body=kept,
        media_type="application/json",
        received_digest=hashlib.sha256(b"received" + kept).digest(),
        kept_digest=hashlib.sha256(kept).digest(),
        sender=sender,
        source=source,
        received_at=at,
    )
    EventReceipt.objects.create(
        id=event.pk, workspace_id=current_workspace(), content_digest=secrets.token_bytes(32), received_at=at
    )
    return event


def about(*names: str, namespace: str = "s3://lake", job: str = "daily") -> dict[str, Any]:
    """Return a run event that reads these datasets."""
    return run_event(job=job, namespace="team-a", inputs=[dataset(name, namespace) for name in names])


def govern(kind: str, payload: dict[str, Any], *, proposer: str = ONE, decider: str = TWO) -> GovernedAct:
    """Let one person propose an act and another approve it, in the entered workspace."""
    first, second = (Principal(current_workspace(), Role.OFFICER, actor, actor) for actor in (proposer, decider))
    return approve(propose(kind, payload, "as agreed", first).pk, second)


def keep_for(days: int, **named: str | None) -> RetentionRule:
    """Set a rule, as two persons do."""
    about = {name: value for name, value in named.items() if value is not None}
    return RetentionRule.objects.get(act=govern("retention.set", {**about, "days": days}))


def end(rule: RetentionRule) -> None:
    """End a rule, as two persons do."""
    govern("retention.end", {"rule": str(rule.pk)})


def release(placed: LegalHold) -> None:
    """Release a hold, as two persons do."""
    govern("hold.release", {"hold": str(placed.pk)})


def hold(scope: str, **named: Any) -> LegalHold:
    """Place a hold."""
    return place_hold(NewHold(scope, **named), reason="a dispute", actor=ONE)


def delete_all() -> set[uuid.UUID]:
    """Delete what may go in the entered workspace; return what went in this call."""
    before = set(DeletionReceipt.objects.values_list("pk", flat=True))
    after = NO_ID
    while True:
        done = delete_batch(after)
        if done.reached is None:
            return set(DeletionReceipt.objects.values_list("pk", flat=True)) - before
        after = done.reached


def kept() -> set[uuid.UUID]:
    """Return the ids of the events that are there."""
    return set(Event.objects.values_list("pk", flat=True))
