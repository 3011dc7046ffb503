"""Withdraw what a complete full inventory no longer names, or ask a person first. Part of the `project` stage.

A file that was cut off, or a filter set wrong, looks like an estate of which most is gone: a false all-clear, because
what is retired is no longer judged. So an inventory that would withdraw more than FEW assets and more than the source's
share of what it reported before (Source.retire_percent) withdraws nothing: its rows count, and the question is kept. A
governed act confirms it, a person dismisses it, or the next complete full inventory within the share settles it. What
is asked depends on what was known when the batch was projected; what a confirmed one withdraws does not.
"""

import datetime
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils import timezone

from accounts.approvals.errors import ActRefused
from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.workspaces.isolation import current_workspace
from lineage.events.models import Event
from lineage.inventory.bulk import execute, fetch
from lineage.inventory.facts import unnamed_by_batch, withdraw_unnamed
from lineage.inventory.models import Retirement, Source

FEW = 10
"""So many assets are withdrawn without a question, whatever their share."""
SAMPLE = 10
"""Assets that a question names."""


@dataclass(frozen=True)
class Full:
    """A complete full inventory: its batch, the instant that it speaks of, and whether the sender named that."""

    event: uuid.UUID
    at: datetime.datetime
    stated: bool


def known_of(source: Source) -> int:
    """Return of how many assets the source says something now."""
    return int(fetch(_KNOWN, [current_workspace(), source.pk])[0][0])


def asked_first(source: Source, full: Full, going: Sequence[uuid.UUID], known: int) -> bool:
    """Tell whether a person has to be asked before `going` is withdrawn, and keep the question.

    `known` as known_of said before the batch. Of two such inventories the newer one asks.
    """
    if len(going) <= FEW:
        return False
    about = [current_workspace(), source.pk, full.at, list(going)]
    withdraws = int(fetch(_COUNT, about)[0][0])
    if withdraws <= FEW or withdraws * 100 <= known * source.retire_percent:
        return False
    pending = Retirement.objects.filter(source=source, state=Retirement.State.PENDING).first()
    if pending is not None and pending.full_at > full.at:
        return True
    settle_question(source, full)
    question = Retirement.objects.create(
        workspace_id=current_workspace(),
        source=source,
        event=full.event,
        full_at=full.at,
        stated=full.stated,
        withdraws=withdraws,
        known=known,
        sample=[list(row) for row in fetch(_SAMPLE, [*about, SAMPLE])],
        spared=[row[0] for row in fetch(_SPARED, about)],
    )
    body = {"question": str(question.pk), "source": source.name, "event": str(full.event)}
    counts = {"withdraws": withdraws, "known": known, "percent": source.retire_percent}
    append(Action.RETIREMENT_ASKED, {**body, **counts}, actor="stage:project")
    return True


def withdraw(source: Source, full: Full, going: Sequence[uuid.UUID], rev: int) -> tuple[int, set[uuid.UUID]]:
    """Withdraw what the source said before of these assets; retire those that nobody reports any more.

    Returns (how many were retired, the assets that this touched). The caller saves the source.
    """
    gone, touched = withdraw_unnamed(source, going, full.at, rev, stated=full.stated)
    source.full_at = max(source.full_at or full.at, full.at)
    return retire_unreported(gone, rev), touched


def withdraw_confirmed(event: Event, rev: int) -> set[uuid.UUID]:
    """Withdraw what a person has confirmed of this batch, once; return the assets that this touched.

    What the batch named, and what was reported since, was said at its instant or later, and stays by that.
    """
    question = (
        Retirement.objects.select_for_update()
        .filter(event=event.pk, state=Retirement.State.CONFIRMED, applied_rev__isnull=True)
        .first()
    )
    if question is None:
        return set()
    source = Source.objects.select_for_update().get(pk=question.source_id)
    full = Full(event.pk, question.full_at, question.stated)
    _, touched = withdraw(source, full, unnamed_by_batch(source, question.spared), rev)
    source.save(update_fields=["full_at"])
    question.applied_rev = rev
    question.save(update_fields=["applied_rev"])
    return touched


def settle_question(source: Source, full: Full) -> None:
    """End the question that waits about an inventory as old as this one or older: this one says what there is."""
    waiting = Retirement.objects.select_for_update().filter(source=source, state=Retirement.State.PENDING)
    for question in waiting.filter(full_at__lte=full.at):
        end_question(question, Retirement.State.SETTLED, f"event:{full.event}", "stage:project")


def end_question(question: Retirement, state: Retirement.State, by: str, actor: str) -> None:
    """End a question that waits, with a statement."""
    question.state, question.ended_at, question.ended_by = state, timezone.now(), by
    question.save(update_fields=["state", "ended_at", "ended_by", "act"])
    body = {"question": str(question.pk), "event": str(question.event), "state": str(state), "by": by}
    append(Action.RETIREMENT_ENDED, body, actor=actor)


def dismiss(question: Retirement, actor: str) -> None:
    """Answer no: nothing is withdrawn. Raises ActRefused where it is answered or settled already."""
    if question.state != Retirement.State.PENDING:
        raise ActRefused(
            f"This question is {question.get_state_display().lower()} already, so there is nothing to dismiss.",
            code="act_decided",
        )
    end_question(question, Retirement.State.DISMISSED, actor, actor)


def retire_unreported(assets: Collection[uuid.UUID], rev: int) -> int:
    """Retire those of these assets that no source reports any more; return how many."""
    return execute(_RETIRE, [rev, current_workspace(), sorted(assets)])


_KNOWN = """
SELECT count(*) FROM "lineage_factset" WHERE workspace_id = %s AND source_id = %s AND rev_to IS NULL
"""

# What was last reported before the inventory's instant: of it nothing stays in force where it is not named (merge.py).
_OLDER = """
FROM "lineage_factset" f
WHERE f.workspace_id = %s AND f.source_id = %s AND f.rev_to IS NULL
  AND coalesce((f.facts->'uid'->>'t')::timestamptz, '-infinity') < %s
"""
_COUNT = f"SELECT count(*) {_OLDER} AND f.asset_id = ANY(%s)"
_SPARED = f"SELECT f.asset_id {_OLDER} AND f.asset_id <> ALL(%s) ORDER BY f.asset_id"
_SAMPLE = f"""
SELECT a.kind, a.uid, a.name FROM "lineage_asset" a
WHERE a.id IN (SELECT f.asset_id {_OLDER} AND f.asset_id = ANY(%s)) ORDER BY a.kind, a.uid LIMIT %s
"""  # noqa: S608 - our own words

# A run of which lineage tells stays, whatever inventories drop, and so does a data flow between two datasets that some
# job joins: events report these without facts of their own.
_RETIRE = """
UPDATE "lineage_asset" a SET state = 'retired', rev_changed = %s
WHERE a.workspace_id = %s AND a.id = ANY(%s) AND a.state = 'reported'
  AND NOT EXISTS (SELECT 1 FROM "lineage_factset" f WHERE f.asset_id = a.id AND f.rev_to IS NULL)
  AND NOT (a.kind = 'run' AND EXISTS (
    SELECT 1 FROM "lineage_related" r
    WHERE r.workspace_id = a.workspace_id AND r.from_asset_id = a.id AND r.name = 'of_job' AND r.rev_to IS NULL))
  AND NOT (a.kind = 'data_flow' AND EXISTS (
    SELECT 1 FROM "lineage_relation" r
    WHERE r.workspace_id = a.workspace_id AND r.from_asset_id = a.id AND r.name = 'from' AND r.rev_to IS NULL
      AND r.source_id IS NULL))
"""
