"""Read governed acts: what waits, what was decided."""

import datetime
import uuid
from typing import Any, TypedDict

from django.db.models import QuerySet
from django.utils import timezone

from accounts.approvals.kinds import ActKind
from accounts.approvals.models import GovernedAct
from accounts.paging import Page, page_of


class ActRow(TypedDict):
    """One governed act; `digest` (hex) is that of kind and payload, `effect` says in plain words what it does."""

    id: uuid.UUID
    kind: str
    state: str
    effect: str
    reason: str
    payload: dict[str, Any]
    digest: str
    proposed_by: str
    proposed_at: datetime.datetime
    valid_until: datetime.datetime
    four_eyes: bool
    decided_by: str
    decided_at: datetime.datetime | None
    note: str


def act_row(act: GovernedAct) -> ActRow:
    """Return an act as the API gives it."""
    return {
        "id": act.pk,
        "kind": act.kind,
        "state": act.state,
        "effect": act.effect,
        "reason": act.reason,
        "payload": act.payload,
        "digest": bytes(act.digest).hex(),
        "proposed_by": act.proposed_by,
        "proposed_at": act.proposed_at,
        "valid_until": act.valid_until,
        "four_eyes": act.four_eyes,
        "decided_by": act.decided_by,
        "decided_at": act.decided_at,
        "note": act.note,
    }


def acts(*, state: str = "", kind: str = "") -> QuerySet[GovernedAct]:
    """Return governed acts, filtered where a value is given."""
    given = {"state": state, "kind": kind}
    return GovernedAct.objects.filter(**{name: value for name, value in given.items() if value})


def waiting_acts() -> QuerySet[GovernedAct]:
    """Return the acts that somebody can decide now, oldest first."""
    return acts(state=GovernedAct.State.PROPOSED).filter(valid_until__gt=timezone.now()).order_by("id")


def decided_acts() -> QuerySet[GovernedAct]:
    """Return the acts that nobody can decide any more."""
    return GovernedAct.objects.exclude(state=GovernedAct.State.PROPOSED)


def act_page(after: str | None, limit: int, *, state: str = "", kind: str = "") -> Page[ActRow]:
    """Return a page of acts, newest first."""
    return page_of(acts(state=state, kind=kind), ["-id"], after, limit, scope="approvals").map(act_row)


KINDS = [str(kind) for kind in ActKind]
