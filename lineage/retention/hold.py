"""Place and release legal holds: acts of two different people, each with its statement.

Placing takes effect at once; a release is a governed act (govern.py). The database refuses what goes round both: a
release that no approved act asks for, by the member who placed the hold, by a token, or a second one (models.py,
guards.py).
"""

import datetime
import uuid
from dataclasses import dataclass

from accounts.approvals.errors import PersonNeeded
from accounts.approvals.models import GovernedAct
from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.models import Asset
from lineage.retention.errors import RetentionRefused
from lineage.retention.models import SCOPES, LegalHold


@dataclass(frozen=True)
class NewHold:
    """What a hold is to cover: `scope`, and what it names (models.SCOPES); the rest stays None."""

    scope: str
    namespace: str | None = None
    asset_kind: str | None = None
    asset_uid: str | None = None
    sender: str | None = None
    source: str | None = None
    received_from: datetime.datetime | None = None
    received_until: datetime.datetime | None = None
    event: uuid.UUID | None = None

    def named(self) -> dict[str, object]:
        """Return what it names, by column."""
        columns = [name for names in SCOPES.values() for name in names]
        return {name: value for name in columns if (value := getattr(self, name)) is not None}


def place_hold(new: NewHold, *, reason: str, reference: str = "", actor: str) -> LegalHold:
    """Place a hold in the entered workspace; once this has committed, nothing that it covers is deleted.

    Waits for a batch of deletions that is under way. Raises PersonNeeded, RetentionRefused.
    """
    require_person(actor, "place a legal hold")
    _check(new)
    hold = LegalHold.objects.create(
        workspace_id=current_workspace(),
        scope=new.scope,
        **new.named(),
        reason=reason,
        reference=reference,
        placed_by=actor,
    )
    hold.refresh_from_db()
    append(Action.HOLD_PLACED, _body(hold) | {"reason": reason, "reference": reference}, actor=actor)
    return hold


def release_hold(act: GovernedAct, hold: LegalHold) -> None:
    """Release a hold that is in force, as an act says whose decider did not place it."""
    LegalHold.objects.filter(pk=hold.pk, released_at__isnull=True).update(
        released_by=act.decided_by, released_at=act.decided_at, release_reason=act.reason, released_act=act
    )
    said = {"reason": act.reason, "placed_by": hold.placed_by, "act": str(act.pk), "proposed_by": act.proposed_by}
    append(Action.HOLD_RELEASED, _body(hold) | said, actor=act.decided_by)


def require_person(actor: str, what: str) -> None:
    """Refuse whoever is no member: a token cannot be told from the person who holds it."""
    if not actor.startswith("member:"):
        raise PersonNeeded(f"Only a person can {what}: got {actor}, expected a signed-in member. Sign in for it.")


def _check(new: NewHold) -> None:
    given, named = set(new.named()), set(SCOPES.get(new.scope, ()))
    missing = named - given if new.scope != LegalHold.Scope.RECEIVED else (set() if given & named else named)
    if new.scope not in SCOPES or missing or given - named:
        got = ", ".join(sorted(given)) or "nothing"
        wanted = " or ".join(sorted(named)) if new.scope == LegalHold.Scope.RECEIVED else ", ".join(sorted(named))
        raise RetentionRefused(f"A hold of scope {new.scope} names {wanted or 'nothing'}: got {got}. Name just that.")
    if new.received_from and new.received_until and new.received_from > new.received_until:
        raise RetentionRefused("A range of time: got an end before its start, expected received_from first.")
    if new.asset_uid is not None:
        known = Asset.objects.filter(workspace_id=current_workspace(), kind=new.asset_kind, uid=new.asset_uid)
        if not known.exists():
            raise RetentionRefused(
                f"Got the asset {new.asset_kind}:{new.asset_uid[:200]}, which nothing has named so far: a hold on it "
                "would protect nothing. Take kind and uid from GET /api/v1/assets."
            )


def _body(hold: LegalHold) -> dict[str, object]:
    named: dict[str, object] = {}
    for name in SCOPES[hold.scope]:
        value = getattr(hold, name)
        if value is not None:
            named[name] = value.isoformat() if isinstance(value, datetime.datetime) else str(value)
    return {"hold": str(hold.pk), "scope": hold.scope, "covers": hold.covers} | named
