"""Governed acts about inventories: confirm that much is gone, and set the share from which a source is asked."""

from typing import Any

from rest_framework import serializers

from accounts.approvals.errors import ActRefused
from accounts.approvals.kinds import ActKind, Kind, Payload, row_named
from accounts.approvals.models import GovernedAct
from accounts.members.rights import Right
from accounts.members.strict import StrictBody
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.queue import Stage, push
from lineage.events.models import Event
from lineage.inventory.models import Retirement, Source
from lineage.inventory.retire import FEW, end_question

# ---- retirement.confirm


class ConfirmPayload(StrictBody):
    """Which question is answered with yes."""

    question = serializers.UUIDField()


def _question(payload: Payload) -> Retirement:
    rows = Retirement.objects.filter(state=Retirement.State.PENDING).select_related("source")
    expected = "the id of a question that waits, as /api/v1/retirements?state=pending gives it."
    return row_named(payload, "question", rows, f"{expected} Nothing is to be confirmed.")


def _confirm_effect(payload: Payload) -> str:
    question = _question(payload)
    if not Event.objects.filter(pk=question.event).exists():
        raise ActRefused(
            "The batch that asked has been deleted by a retention rule. Send the full inventory of the source again."
        )
    return (
        f"Withdraw what {question.source.name} said of {question.withdraws:,} of {question.known:,} assets, which its "
        f"full inventory of {question.full_at:%-d %B %Y, %H:%M} UTC no longer names. Those that no other source "
        "reports are retired: no check judges them any more."
    )


def _confirm(act: GovernedAct) -> None:
    _confirm_effect(act.payload)
    question = _question(act.payload)
    question.act = act
    end_question(question, Retirement.State.CONFIRMED, act.decided_by, act.decided_by)
    push(Stage.PROJECT, [question.event])  # the batch is looked at again, and withdraws (retire.withdraw_confirmed)


# ---- retirement.share


class SharePayload(StrictBody):
    """Which source, and how many per cent of what it reported before a full inventory may withdraw unasked."""

    source = serializers.UUIDField()  # type: ignore[assignment]
    percent = serializers.IntegerField(min_value=0, max_value=100)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the payload with the source's name, which says what was meant when the row is gone."""
        return {**attrs, "name": _source(attrs).name}


def _source(payload: Payload) -> Source:
    expected = "the id of an inventory source, as /api/v1/inventory-sources?door=inventory gives it. Correct it."
    return row_named(payload, "source", Source.objects.filter(door=Source.Door.INVENTORY), expected)


def _share_effect(payload: Payload) -> str:
    source, percent = _source(payload), int(payload["percent"])
    if source.retire_percent == percent:
        raise ActRefused(f"{source.name}: {percent} per cent are set already, so there is nothing to change.")
    return (
        f"From then on a full inventory of {source.name} withdraws up to {percent} per cent of what that source "
        f"reported before, and up to {FEW} assets, without a question; so far {source.retire_percent} per cent."
    )


def _share(act: GovernedAct) -> None:
    _share_effect(act.payload)
    Source.objects.filter(workspace_id=current_workspace(), pk=_source(act.payload).pk).update(
        retire_percent=int(act.payload["percent"])
    )


KINDS = (
    Kind(
        ActKind.RETIREMENT_CONFIRM,
        title="Confirm that much is gone",
        payload=ConfirmPayload,
        proposes=Right.PROPOSE,
        effect=_confirm_effect,
        put_in_force=_confirm,
    ),
    Kind(
        ActKind.RETIREMENT_SHARE,
        title="Set what a full inventory may withdraw",
        payload=SharePayload,
        proposes=Right.PROPOSE,
        effect=_share_effect,
        put_in_force=_share,
    ),
)
