"""Read holds, rules and receipts; say what a rule would delete before it is set, and what is deleted next."""

import datetime
import json
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from django.db import connection
from django.db.models import QuerySet

from accounts.paging import Page, page_of
from accounts.workspaces.isolation import current_workspace
from lineage.events.models import DeletionReceipt
from lineage.retention.models import Deletion, LegalHold, RetentionRule

LONGEST_DAYS = 36_500
LOOKED_AT = 10_000
"""Events that a preview looks at, the oldest first: enough to see what a rule does, and bounded."""
DELETES_AT = datetime.time(3, 30, tzinfo=datetime.UTC)
"""When beat starts the deletion of each day (config/celery.py)."""
NO_ID = uuid.UUID(int=0)
LAST_ID = uuid.UUID(int=2**128 - 1)


@dataclass(frozen=True)
class RuleClass:
    """What a rule is about; None: any."""

    kind: str | None = None
    source: str | None = None
    data_class: str | None = None

    @classmethod
    def of(cls, rule: RetentionRule) -> Self:
        """Return the class of a rule."""
        return cls(rule.kind, rule.source, rule.data_class)

    def columns(self) -> dict[str, str | None]:
        """Return it by column."""
        return {"kind": self.kind, "source": self.source, "data_class": self.data_class}


@dataclass(frozen=True)
class Preview:
    """What the next deletion would do with the oldest events if a rule were set; `complete`: there are no more."""

    looked_at: int
    would_delete: int
    held: int
    waiting: int
    newest: int
    first: uuid.UUID | None
    last: uuid.UUID | None
    complete: bool


@dataclass(frozen=True)
class NextDeletion:
    """What the next deletion would do with the oldest events by the rules in force; `complete`: there are no more.

    `deletes` counts by rule; `held`, `waiting` and `newest` stay although a rule would let them go.
    """

    at: datetime.datetime
    looked_at: int
    deletes: dict[uuid.UUID, int]
    held: int
    waiting: int
    newest: int
    complete: bool

    @property
    def total(self) -> int:
        """How many would go."""
        return sum(self.deletes.values())


def rules(*, active: bool = False) -> QuerySet[RetentionRule]:
    """Return rules; `active`: those in force."""
    found = RetentionRule.objects.filter(workspace_id=current_workspace())
    return found.filter(ended_at__isnull=True) if active else found


def rule_for(about: RuleClass) -> RetentionRule | None:
    """Return the rule in force for just this class, and no wider or narrower one; None where there is none."""
    return rules(active=True).filter(**about.columns()).first()  # None in a column finds NULL


def holds(*, active: bool = False) -> QuerySet[LegalHold]:
    """Return holds; `active`: those that were not released."""
    found = LegalHold.objects.filter(workspace_id=current_workspace())
    return found.filter(released_at__isnull=True) if active else found


def receipts(deletion: uuid.UUID | None = None) -> QuerySet[DeletionReceipt]:
    """Return the receipts of deleted events, of one batch where it is given."""
    found = DeletionReceipt.objects.filter(workspace_id=current_workspace())
    return found.filter(deletion=deletion) if deletion else found


def deletions() -> QuerySet[Deletion]:
    """Return the batches in which events were deleted."""
    return Deletion.objects.filter(workspace_id=current_workspace())


def deletion_page(after: str | None, limit: int) -> Page[Deletion]:
    """Return a page of deletions, newest first."""
    return page_of(deletions(), ["-id"], after, limit, scope="deletions")


def hold_page(found: QuerySet[LegalHold], after: str | None, limit: int) -> Page[LegalHold]:
    """Return a page of holds, newest first."""
    return page_of(found, ["-id"], after, limit, scope="legal-holds")


def rule_page(found: QuerySet[RetentionRule], after: str | None, limit: int) -> Page[RetentionRule]:
    """Return a page of rules, newest first."""
    return page_of(found, ["-id"], after, limit, scope="retention-rules")


def receipt_page(found: QuerySet[DeletionReceipt], after: str | None, limit: int) -> Page[DeletionReceipt]:
    """Return a page of receipts in the order of the leaves under a deletion's root: by id."""
    return page_of(found, ["id"], after, limit, scope="deletion-receipts")


def preview(about: RuleClass, days: int) -> Preview:
    """Return what setting this rule would delete now, judged by the function that deletion uses."""
    key, given = LAST_ID, []
    for rule in rules(active=True):
        if RuleClass.of(rule) != about:
            given.append(rule)
        elif rule.days == days:
            key = rule.pk  # it is in force already, and decides among equals where it stands; a new one comes last
    judged = _judge([*given, RetentionRule(pk=key, **about.columns(), days=days)], LOOKED_AT)
    by_this = [(event, outcome) for event, rule, outcome in judged if rule == key]
    gone = [event for event, outcome in by_this if outcome == "delete"]
    counts = Counter(outcome for _, outcome in by_this)
    return Preview(
        looked_at=len(judged),
        would_delete=len(gone),
        held=counts["held"],
        waiting=counts["waiting"],
        newest=counts["newest"],
        first=gone[0] if gone else None,
        last=gone[-1] if gone else None,
        complete=len(judged) < LOOKED_AT,
    )


def next_deletion(active: Sequence[RetentionRule], now: datetime.datetime, most: int) -> NextDeletion | None:
    """Return what the next deletion would do with the `most` oldest events; None where no rule is in force."""
    if not active:
        return None
    judged = _judge(active, most)
    counts = Counter(outcome for _, _, outcome in judged)
    at = datetime.datetime.combine(now.astimezone(datetime.UTC).date(), DELETES_AT)
    return NextDeletion(
        at=at if at > now else at + datetime.timedelta(days=1),
        looked_at=len(judged),
        deletes=Counter(rule for _, rule, outcome in judged if outcome == "delete" and rule is not None),
        held=counts["held"],
        waiting=counts["waiting"],
        newest=counts["newest"],
        complete=len(judged) < most,
    )


def _judge(given: Sequence[RetentionRule], most: int) -> list[tuple[uuid.UUID, uuid.UUID | None, str]]:
    """Return (event, rule, outcome) of the `most` oldest events, by the function that deletion uses."""
    said = [{"id": str(rule.pk), **RuleClass.of(rule).columns(), "days": rule.days} for rule in given]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event, rule, outcome FROM auditline_judge_events(%s::jsonb, %s, %s)",
            [json.dumps(said), NO_ID, most],
        )
        return list(cursor.fetchall())
