"""Propose: write down who wants to put what in force and why, for another person to decide."""

import datetime
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.approvals.errors import ActRefused, PersonNeeded, RoleNeeded
from accounts.approvals.kinds import Kind, kind_named
from accounts.approvals.models import GovernedAct
from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.journal.canonical.encode import hexdigest, instant, plain
from accounts.members.models import ApiToken, Membership, Role
from accounts.members.rights import ALLOWED, Principal, Right
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.models import Workspace

VALID_DAYS, LONGEST_VALID_DAYS = 14, 90
LONGEST_REASON = 2000


def propose(
    kind_name: str, payload: Mapping[str, Any], reason: str, principal: Principal, days: int = VALID_DAYS
) -> GovernedAct:
    """Propose an act in the entered workspace; return it, waiting.

    1. The kind must exist, the role may propose it, and a person must stand behind the proposal.
    2. The payload must be what the kind takes, and possible as things stand.
    3. Keep it with its digest: this and nothing else is what can be approved.
    4. State it in the journal.
    """
    kind = kind_named(kind_name)  # 1
    need_right(principal, kind.proposes, f"Proposing {kind.name}")
    person = person_behind(principal)
    content: dict[str, Any] = {name: plain(value) for name, value in kind.payload.read(dict(payload)).items()}  # 2
    effect = kind.effect(content)
    now = timezone.now()
    with transaction.atomic():
        act = GovernedAct.objects.create(  # 3
            workspace_id=current_workspace(),
            kind=str(kind.name),
            payload=content,
            digest=bytes.fromhex(hexdigest({"kind": str(kind.name), "payload": content})),
            effect=effect,
            reason=_readable(reason),
            proposed_by=principal.actor,
            proposer=person,
            proposed_at=now,
            valid_until=now + datetime.timedelta(days=_days(days)),
            four_eyes=needs_two(kind),
        )
        state_act(act, Action.ACT_PROPOSED, principal.actor)  # 4
    return act


def needs_two(kind: Kind) -> bool:
    """Tell whether an act of this kind needs another person now."""
    return kind.always_two or Workspace.objects.values_list("four_eyes", flat=True).get(pk=current_workspace())


def need_right(principal: Principal, right: Right, what: str) -> None:
    """Raise RoleNeeded unless the principal's role carries the right."""
    if not principal.may(right):
        needed = ", ".join(sorted(role.value for role in Role if right in ALLOWED[role]))
        raise RoleNeeded(
            f"{what} needs one of the roles {needed}; {principal.name} has the role {principal.role.value}. "
            "Ask an admin of the workspace for a role that may do this."
        )


def person_behind(principal: Principal) -> uuid.UUID:
    """Return the user id of who acts: the member, or the member who made the token. Raises PersonNeeded.

    A token made by command, or by somebody who has left, has nobody behind it who could be kept from approving.
    """
    kind, _, key = principal.actor.partition(":")
    if kind == "member":
        return uuid.UUID(key)
    maker = ApiToken.objects.filter(pk=key).values_list("created_by", flat=True).first() if kind == "token" else None
    if maker is None or not Membership.objects.filter(workspace_id=current_workspace(), user=maker).exists():
        raise PersonNeeded(
            f"{principal.name} has no member behind it, expected a signed-in member or a token that one has made on "
            "the page Tokens: otherwise nobody could be kept from approving her own proposal."
        )
    return maker


def state_act(act: GovernedAct, action: Action, actor: str) -> None:
    """Append the statement of what was done with an act, by its whole content."""
    digest = bytes(act.digest).hex()
    body: dict[str, object] = {
        "act": str(act.pk),
        "kind": act.kind,
        "payload": act.payload,
        "effect": act.effect,
        "reason": act.reason,
        "proposed_by": act.proposed_by,
        "proposed_at": instant(act.proposed_at),
        "valid_until": instant(act.valid_until),
        "four_eyes": act.four_eyes,
    }
    if act.decided_at is not None:
        body |= {"decided_by": act.decided_by, "decided_at": instant(act.decided_at), "note": act.note}
    append(action, body, actor=actor, subjects=[{"name": f"act:{act.pk}", "digest": {"sha256": digest}}])


def _readable(reason: str) -> str:
    text = reason.strip()
    if not text or len(text) > LONGEST_REASON or "\x00" in text:
        raise ActRefused(
            f"reason: got {len(text)} characters, expected 1 to {LONGEST_REASON} that tell the other person why. "
            "Nothing was proposed."
        )
    return text


def _days(days: int) -> int:
    if not 0 < days <= LONGEST_VALID_DAYS:
        raise ActRefused(f"valid_days: got {days}, expected 1 to {LONGEST_VALID_DAYS}. Nothing was proposed.")
    return days
