"""Masking that counts: what a producer declares weakens a label only while a governed act covers its job.

A masking that is declared and not approved is shown and changes nothing. An approval is for one job and one purpose and
ends by itself, at the latest after LONGEST_DAYS; ending it earlier is an act as well.

    approved = approved_jobs(now)          # the jobs whose declared masking counts at that instant
    then = next_masking_change(now)        # the next instant at which this set may be another; None: never
"""

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Min, Q, QuerySet
from django.utils import timezone
from rest_framework import serializers

from accounts.approvals.errors import ActRefused
from accounts.approvals.kinds import ActKind, Kind, Payload, row_named
from accounts.approvals.models import GovernedAct
from accounts.members.rights import Right
from accounts.members.strict import StrictBody
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.models import Revision
from accounts.workspaces.queue import Stage, push
from accounts.workspaces.revisions import current_revision
from lineage.graph.models import LONGEST_MASKING, Flow, MaskingApproval
from lineage.inventory.models import Asset

LONGEST_DAYS = LONGEST_MASKING.days
LONGEST_PURPOSE = 400
_DAY = datetime.timedelta(days=1)


# ---- what counts when


def approved_jobs(at: datetime.datetime) -> set[uuid.UUID]:
    """Return the ids of the jobs whose declared masking counts at `at`, in the entered workspace."""
    return set(in_force(at).values_list("job_id", flat=True))


def next_masking_change(at: datetime.datetime) -> datetime.datetime | None:
    """Return the first instant after `at` at which an approval begins or ends, as far as known; None: none does."""
    found = MaskingApproval.objects.filter(workspace_id=current_workspace()).aggregate(
        begins=Min("starts_at", filter=Q(starts_at__gt=at)),
        ends=Min("until", filter=Q(until__gt=at) & (Q(revoked_at__isnull=True) | Q(revoked_at__gt=at))),
        revoked=Min("revoked_at", filter=Q(revoked_at__gt=at)),
    )
    return min((instant for instant in found.values() if instant is not None), default=None)


def in_force(at: datetime.datetime) -> QuerySet[MaskingApproval]:
    """Return the approvals that are in force at `at`."""
    begun = MaskingApproval.objects.filter(workspace_id=current_workspace(), starts_at__lte=at, until__gt=at)
    return begun.filter(Q(revoked_at__isnull=True) | Q(revoked_at__gt=at))


@dataclass(frozen=True)
class Cover:
    """What lets the masking of a job count: the act that approved it, the purpose, and the instant of its end."""

    act: uuid.UUID
    purpose: str
    until: datetime.datetime


def covers_at(revision: int) -> Mapping[uuid.UUID, Cover]:
    """Return what covers the declared masking of jobs as of a revision, by job; of several the one that lasts longest.

    As of the newest revision: now, for approvals end by time alone; as of an older one: when it was taken.
    """
    if revision >= current_revision():
        at = timezone.now()
    else:
        known = Revision.objects.filter(workspace_id=current_workspace(), number__lte=revision).order_by("-number")
        at = next((each.at for each in known[:1]), datetime.datetime.min.replace(tzinfo=datetime.UTC))
    rows = in_force(at).order_by("until", "id")
    return {each.job_id: Cover(each.act_id, each.purpose, each.until) for each in rows}


# ---- masking.approve


class ApprovePayload(StrictBody):
    """Which job's masking counts, for which purpose, to the end of which day (UTC)."""

    job = serializers.UUIDField()
    purpose = serializers.CharField(max_length=LONGEST_PURPOSE)
    until = serializers.DateField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the payload with the job's uid, which says what was meant when the row is gone; the day as text."""
        return {**attrs, "uid": _job(attrs).uid, "until": attrs["until"].isoformat()}


def _job(payload: Payload) -> Asset:
    expected = "the id of a job, as /api/v1/assets?kind=job gives it. Correct it."
    return row_named(payload, "job", Asset.objects.filter(kind="job"), expected)


def _end(payload: Payload) -> datetime.datetime:
    """Return the instant at which the last day is over. Raises ActRefused for one that has passed or is too far off."""
    day = datetime.date.fromisoformat(str(payload["until"]))
    now = timezone.now()
    latest = (now + LONGEST_MASKING - _DAY).date()
    if not now.date() <= day <= latest:
        raise ActRefused(
            f"until: got {day}, expected a day from {now.date()} to {latest}: a masking is approved for at most "
            f"{LONGEST_DAYS} days, so that somebody looks at it again."
        )
    return datetime.datetime.combine(day + _DAY, datetime.time(), datetime.UTC)


def _approve_effect(payload: Payload) -> str:
    job, end = _job(payload), _end(payload)
    declared = Flow.objects.filter(job=job.pk, rev_to__isnull=True, masked=True).count()
    on = f"It declares masking on {declared:,} flow{'' if declared == 1 else 's'}."
    if not declared:
        on = "It declares no masking so far: until it does, this changes nothing."
    return (
        f"Let the masking that the job {job.name} declares count until the end of {end - _DAY:%-d %B %Y}, for the "
        f"purpose “{payload['purpose']}”: data classes and residency limits no longer pass what it masks. {on}"
    )


def _approve(act: GovernedAct) -> None:
    assert act.decided_at is not None
    MaskingApproval.objects.create(
        workspace_id=current_workspace(),
        job=_job(act.payload),
        purpose=str(act.payload["purpose"]),
        act=act,
        starts_at=act.decided_at,
        until=_end(act.payload),
    )
    push(Stage.PROJECT, [current_workspace()])  # what flows by that job is traced anew (labels/retrace.py)


# ---- masking.revoke


class RevokePayload(StrictBody):
    """Which approval ends: the id of the act that approved it."""

    act = serializers.UUIDField()


def _approval(payload: Payload) -> MaskingApproval:
    rows = in_force(timezone.now()).select_related("job")
    expected = "the act of a masking that is in force: it was never approved, has ended or was revoked."
    return row_named(payload, "act", rows, f"{expected} Nothing is to be revoked.", key="act")


def _revoke_effect(payload: Payload) -> str:
    approval = _approval(payload)
    return (
        f"End now, before {approval.until - _DAY:%-d %B %Y}, that the masking of the job {approval.job.name} counts "
        f"for the purpose “{approval.purpose}”: data classes and residency limits pass it again."
    )


def _revoke(act: GovernedAct) -> None:
    approval = _approval(act.payload)
    approval.revoked_at, approval.revoked_act = act.decided_at, act
    approval.save(update_fields=["revoked_at", "revoked_act"])
    push(Stage.PROJECT, [current_workspace()])


KINDS = (
    Kind(
        ActKind.MASKING_APPROVE,
        title="Approve a masking",
        payload=ApprovePayload,
        proposes=Right.PROPOSE,
        effect=_approve_effect,
        put_in_force=_approve,
    ),
    Kind(
        ActKind.MASKING_REVOKE,
        title="Revoke the approval of a masking",
        payload=RevokePayload,
        proposes=Right.PROPOSE,
        effect=_revoke_effect,
        put_in_force=_revoke,
    ),
)
