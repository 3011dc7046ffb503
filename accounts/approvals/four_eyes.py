"""The setting `four_eyes` of a workspace, as the first of the governed acts: two persons turn it off, and on again."""

from rest_framework import serializers

from accounts.approvals.errors import ActRefused
from accounts.approvals.kinds import ActKind, Kind, Payload
from accounts.approvals.models import GovernedAct
from accounts.members.rights import Right
from accounts.members.strict import StrictBody
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.models import Workspace


class FourEyesPayload(StrictBody):
    """What the setting shall be."""

    on = serializers.BooleanField()


def _effect(payload: Payload) -> str:
    wanted = bool(payload["on"])
    if Workspace.objects.values_list("four_eyes", flat=True).get(pk=current_workspace()) == wanted:
        raise ActRefused(f"Four eyes are {'on' if wanted else 'off'} already, so there is nothing to change.")
    if wanted:
        return "Turn four eyes on: from then on a governed act needs another person than the one who proposed it."
    return (
        "Turn four eyes off: from then on one person alone can put a governed act in force. Each such act says so in "
        "its sealed record. This setting itself will still need two."
    )


def _put_in_force(act: GovernedAct) -> None:
    _effect(act.payload)
    Workspace.objects.filter(pk=current_workspace()).update(four_eyes=bool(act.payload["on"]))


FOUR_EYES = Kind(
    ActKind.FOUR_EYES,
    title="Four eyes",
    payload=FourEyesPayload,
    proposes=Right.GOVERN,
    effect=_effect,
    put_in_force=_put_in_force,
    always_two=True,
)
