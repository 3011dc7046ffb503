"""Governed acts: what changes a verdict by configuration is proposed by one person and put in force by another."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.approvals.guards import GUARDS
from accounts.workspaces.models import WorkspaceModel


class GovernedAct(WorkspaceModel):
    """One proposal and what became of it. What was proposed can never be changed: the app may write the decision alone.

    A person is known by her user id, whether she acts herself or through a token of hers: `proposer` and `decider` are
    compared by the database, whatever way the row was written. It begins as a proposal, is decided once, and neither
    commits without its statement (guards.py).
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", "Waits for a decision"
        APPROVED = "approved", "Approved and put in force"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn by its proposer"
        EXPIRED = "expired", "Expired without a decision"

    granted: ClassVar[str] = (
        'SELECT, INSERT, UPDATE ("state", "four_eyes", "decided_by", "decider", "decided_at", "note")'
    )
    installed: ClassVar[tuple[str, ...]] = GUARDS

    kind = models.CharField(max_length=60)  # a member of kinds.ActKind
    payload = models.JSONField()  # canonical types only, as the kind takes it
    digest = models.BinaryField(max_length=32)  # SHA-256 of the canonical {"kind", "payload"}
    effect = models.TextField()  # what it does, in plain words, as shown to both persons
    reason = models.TextField()
    proposed_by = models.CharField(max_length=80)  # "member:<user id>" or "token:<token id>"
    proposer = models.UUIDField()  # the person behind it
    proposed_at = models.DateTimeField(db_default=Now())
    valid_until = models.DateTimeField()  # without a decision it expires then
    # Whether the decision needed another person: the workspace's setting then, always true for the setting itself.
    four_eyes = models.BooleanField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    decided_by = models.CharField(max_length=80, blank=True)  # "member:<user id>"; "" = nobody, or it expired
    decider = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)  # of who decided

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="act_needs_another_person",
                condition=~Q(state__in=["approved", "rejected"]) | Q(four_eyes=False) | ~Q(decider=F("proposer")),
            ),
            models.CheckConstraint(
                name="act_four_eyes_needs_two_persons", condition=~Q(kind="workspace.four_eyes") | Q(four_eyes=True)
            ),
            models.CheckConstraint(
                name="act_decision_is_whole",
                condition=Q(state="proposed", decider__isnull=True, decided_at__isnull=True)
                | Q(state="expired", decider__isnull=True, decided_at__isnull=False)
                | Q(state__in=["approved", "rejected", "withdrawn"], decider__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(name="act_valid_after_proposal", condition=Q(valid_until__gt=F("proposed_at"))),
        ]
        indexes = [
            models.Index(fields=["workspace", "state", "id"], name="act_by_state"),
            models.Index(fields=["workspace", "valid_until"], condition=Q(state="proposed"), name="act_by_end"),
        ]
