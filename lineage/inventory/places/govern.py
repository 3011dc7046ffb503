"""Governed acts about the join: accept that a storage serves a namespace, and withdraw that."""

from typing import Any
from urllib.parse import quote

from django.utils import timezone
from rest_framework import serializers

from accounts.approvals.errors import ActRefused
from accounts.approvals.kinds import ActKind, Kind, Payload, row_named
from accounts.approvals.models import GovernedAct
from accounts.members.rights import Right
from accounts.members.strict import StrictBody
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.queue import Stage, push
from lineage.inventory.models import Asset, NamespaceJoin
from lineage.inventory.places.join import claims_now, serving
from lineage.inventory.summaries import names_of

LONGEST_NAMESPACE = 2000

# ---- join.accept


class AcceptPayload(StrictBody):
    """Which storage serves which namespace."""

    namespace = serializers.CharField(max_length=LONGEST_NAMESPACE)
    storage = serializers.UUIDField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the payload with the storage's uid, which says what was meant when the row is gone."""
        return {**attrs, "uid": _storage(attrs).uid}


def _storage(payload: Payload) -> Asset:
    rows = Asset.objects.filter(kind="storage").exclude(state=Asset.State.RETIRED)
    return row_named(
        payload, "storage", rows, "the id of a storage, as /api/v1/assets?kind=storage gives it. Correct it."
    )


def _accept_effect(payload: Payload) -> str:
    storage, namespace = _storage(payload), str(payload["namespace"])
    under = Asset.objects.filter(kind="dataset", uid__prefix=quote(namespace, safe="") + "/")
    count = under.exclude(state=Asset.State.RETIRED).count()
    if not count:
        raise ActRefused(
            f"namespace: got {namespace[:200]!r}, in which no dataset is known, expected one of those that "
            "/api/v1/joins/suggestions lists. Nothing was proposed."
        )
    now_serving = list(serving(namespace, claims_now()))
    if storage.pk in now_serving:
        raise ActRefused(f"{storage.name} serves {namespace[:200]!r} already, so there is nothing to accept.")
    lies = (
        f"in {storage.document['country']}" if storage.document.get("country") else "in a country that nobody reported"
    )
    named = names_of(now_serving)
    former = f" So far it is served by {', '.join(sorted(named.values()))}." if named else ""
    return (
        f"Let the storage {storage.name} serve the namespace {namespace}: {count:,} dataset{'' if count == 1 else 's'} "
        f"then count as stored there, {lies}.{former}"
    )


def _accept(act: GovernedAct) -> None:
    _accept_effect(act.payload)
    assert act.decided_at is not None
    NamespaceJoin.objects.create(
        workspace_id=current_workspace(),
        storage=_storage(act.payload),
        namespace=str(act.payload["namespace"]),
        act=act,
        accepted_at=act.decided_at,
    )
    push(Stage.PROJECT, [current_workspace()])  # its datasets are joined anew (places/accepted.py)


# ---- join.withdraw


class WithdrawPayload(StrictBody):
    """Which accepted join ends."""

    join = serializers.UUIDField()


def _join(payload: Payload) -> NamespaceJoin:
    rows = NamespaceJoin.objects.filter(ended_at__isnull=True).select_related("storage")
    expected = "the id of an accepted join in force, as /api/v1/joins?state=active gives it."
    return row_named(payload, "join", rows, f"{expected} Nothing is to be withdrawn.")


def _withdraw_effect(payload: Payload) -> str:
    join = _join(payload)
    return (
        f"End that the storage {join.storage.name} serves the namespace {join.namespace} because it was accepted on "
        f"{join.accepted_at:%-d %B %Y}. Where its datasets lie then follows from what sources report."
    )


def _withdraw(act: GovernedAct) -> None:
    join = _join(act.payload)
    join.ended_at, join.ended_act, join.is_new = act.decided_at or timezone.now(), act, True
    join.save(update_fields=["ended_at", "ended_act", "is_new"])
    push(Stage.PROJECT, [current_workspace()])


KINDS = (
    Kind(
        ActKind.JOIN_ACCEPT,
        title="Join a namespace to a storage",
        payload=AcceptPayload,
        proposes=Right.PROPOSE,
        effect=_accept_effect,
        put_in_force=_accept,
    ),
    Kind(
        ActKind.JOIN_WITHDRAW,
        title="Withdraw the join of a namespace",
        payload=WithdrawPayload,
        proposes=Right.PROPOSE,
        effect=_withdraw_effect,
        put_in_force=_withdraw,
    ),
)
