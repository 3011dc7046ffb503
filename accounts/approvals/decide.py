"""Decide: approve (and put in force), reject, withdraw; let expire what nobody decided."""

import datetime
import uuid

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.approvals.errors import ActRefused, PersonNeeded, SecondPersonNeeded
from accounts.approvals.kinds import kind_named
from accounts.approvals.models import GovernedAct
from accounts.approvals.propose import LONGEST_REASON, need_right, needs_two, person_behind, state_act
from accounts.journal.actions import Action
from accounts.members.rights import Principal, Right
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace

State = GovernedAct.State
_DECISION = ["state", "four_eyes", "decided_by", "decider", "decided_at", "note"]


def approve(act_id: uuid.UUID, principal: Principal, *, digest: str = "", note: str = "") -> GovernedAct:
    """Approve an act and put it in force, in one transaction: where it cannot be put in force, nothing is approved.

    1. Lock it; it must still wait, and be the one that was looked at.
    2. A signed-in person of the right role decides, and another one than who proposed it where two are needed; the
       database holds that too (act_needs_another_person).
    3. Write the decision, put the act in force, and state it in the journal.
    """
    with transaction.atomic():
        act = _waiting(act_id, digest)  # 1
        person = _second_person(act, principal, "approve")  # 2
        kind = kind_named(act.kind)
        _decide(act, State.APPROVED, principal, person, note)  # 3
        kind.put_in_force(act)
        state_act(act, Action.ACT_APPROVED, principal.actor)
    return act


def reject(act_id: uuid.UUID, principal: Principal, *, digest: str = "", note: str = "") -> GovernedAct:
    """Reject an act: as approving, another person's decision; the proposer herself withdraws."""
    with transaction.atomic():
        act = _waiting(act_id, digest)
        person = _second_person(act, principal, "reject")
        _decide(act, State.REJECTED, principal, person, note)
        state_act(act, Action.ACT_REJECTED, principal.actor)
    return act


def withdraw(act_id: uuid.UUID, principal: Principal, *, note: str = "") -> GovernedAct:
    """Take a proposal back: its proposer alone may, also through a token of hers."""
    with transaction.atomic():
        act = _waiting(act_id, "")
        person = person_behind(principal)
        if person != act.proposer:
            raise ActRefused("Only who proposed an act may withdraw it; you may reject it. Nothing was changed.")
        _decide(act, State.WITHDRAWN, principal, person, note)
        state_act(act, Action.ACT_WITHDRAWN, principal.actor)
    return act


def expire(now: datetime.datetime | None = None) -> int:
    """Close the acts of all workspaces that nobody decided in time; return how many. Beat calls it."""
    at, count = now or timezone.now(), 0
    for workspace_id in Workspace.objects.values_list("pk", flat=True):
        with in_workspace(workspace_id):
            over = GovernedAct.objects.select_for_update(skip_locked=True)
            for act in over.filter(state=State.PROPOSED, valid_until__lte=at):
                act.state, act.decided_at = State.EXPIRED, at
                act.save(update_fields=_DECISION)
                state_act(act, Action.ACT_EXPIRED, "stage:approvals")
                count += 1
    return count


def _waiting(act_id: uuid.UUID, digest: str) -> GovernedAct:
    """Lock an act that waits. Raises Http404, or ActRefused where it is decided, over, or not what was looked at."""
    act = get_object_or_404(GovernedAct.objects.select_for_update(), pk=act_id)
    if act.state != State.PROPOSED:
        raise ActRefused(
            f"This act is {act.get_state_display().lower()} already. Look at it again; propose it anew to change that.",
            code="act_decided",
        )
    if act.valid_until <= timezone.now():
        raise ActRefused(
            f"This proposal was valid until {act.valid_until:%Y-%m-%d %H:%M} UTC and expired. Propose it again.",
            code="act_expired",
        )
    if digest and digest != bytes(act.digest).hex():
        raise ActRefused(
            f"digest: got {digest[:80]!r}, expected {bytes(act.digest).hex()}: that is another act than the one that "
            "you looked at. Nothing was changed.",
            code="act_changed",
        )
    return act


def _second_person(act: GovernedAct, principal: Principal, verb: str) -> uuid.UUID:
    """Return who decides. Raises PersonNeeded, RoleNeeded or SecondPersonNeeded."""
    kind = kind_named(act.kind)
    need_right(principal, Right.APPROVE, f"To {verb} {kind.name}")
    if not principal.actor.startswith("member:"):
        raise PersonNeeded(
            f"{principal.name} is a token, expected a signed-in person to {verb}: a token can be handed on, and then "
            "one person could stand for two. Sign in and decide on the page Approvals."
        )
    act.four_eyes = needs_two(kind)
    person = person_behind(principal)
    if act.four_eyes and person == act.proposer:
        raise SecondPersonNeeded(
            f"You have proposed this act, expected another person to {verb} it: this workspace asks for four eyes. "
            "Ask a colleague, or withdraw it."
        )
    return person


def _decide(act: GovernedAct, state: State, principal: Principal, person: uuid.UUID, note: str) -> None:
    if len(note) > LONGEST_REASON or "\x00" in note:
        raise ActRefused(f"note: got {len(note)} characters, expected at most {LONGEST_REASON}. Nothing was changed.")
    act.state, act.decided_by, act.decider = state, principal.actor, person
    act.decided_at, act.note = timezone.now(), note.strip()
    act.save(update_fields=_DECISION)
