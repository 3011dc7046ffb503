"""Evaluate assets: the stage that turns facts into verdicts.

One slice of assets, in one transaction:
  1. Publish shipped checklists that the workspace lacks, so that there is something to judge by.
  2. Load the assets, what they are related to, and their former vectors.
  3. Judge each by every check of its kind, organisations last: one carries whether checks have enough subjects.
  4. Drop what nothing judges any more: verdicts of retired assets, and of checks that were withdrawn, wait for facts,
     judge another kind now or left with their checklist. Each is a change to "not judged".
  5. Where nothing changed (bytes and grades), only the times move: write vectors, no statement.
  6. Where something changed: one leaf per asset, transitions, roll-ups, population digest, one statement over all, and
     the findings stage is queued with it. Where a checklist only grew or shrank: the digest and the statement.
  7. Queue the slice's assets again for the instants at which time alone changes a verdict.
"""

import datetime
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.utils import timezone

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.journal.models import Statement
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.queue import Stage, postpone, push
from accounts.workspaces.revisions import next_revision
from accounts.workspaces.stages import run_stage
from lineage.inventory.models import Asset
from policies.checklists.models import ChecklistVersion
from policies.checklists.publish import publish_shipped
from policies.checklists.queries import ready_checklists
from policies.evaluation.codes import NOT_JUDGED
from policies.evaluation.counts import Counts
from policies.evaluation.leaves import Changed, Dropped, leaf_of
from policies.evaluation.minimum import Numbers, moved_numbers, number_outcomes
from policies.evaluation.models import Evaluation, JudgedLeaf, Transition, VerdictVector
from policies.evaluation.outcome import Outcome, judge_subject
from policies.evaluation.population import refresh_population
from policies.evaluation.queries import checks_by_slot
from policies.evaluation.subjects import ORGANISATION, Loaded, checks_by_kind, load_subjects
from policies.evaluation.vectors import Former, former_of_kind, read_former, vector_of, write_vectors

SLICE = 1000


def evaluate(workspace_id: uuid.UUID) -> int:
    """Run the stage: its rows are assets that changed, depend on what changed, or are due by time."""
    return run_stage(Stage.EVALUATE, workspace_id, evaluate_slice, limit=SLICE)


def evaluate_slice(assets: Sequence[uuid.UUID], *, cause: str = "change", now: datetime.datetime | None = None) -> None:
    """Judge these assets at `now` (the present by default) and write what changed."""
    work = Slice(now or timezone.now(), cause)
    work.judge(assets)
    work.write()


class Slice:
    """The evaluation of some assets at one fixed instant."""

    def __init__(self, now: datetime.datetime, cause: str) -> None:
        publish_shipped()
        self.now = now
        self.cause = cause
        self.ready = ready_checklists()
        self.judged = checks_by_kind(self.ready)
        in_force = ChecklistVersion.objects.filter(active=True, checklist__in=list(self.ready))
        self.versions = {row.checklist: row for row in in_force}
        self.names: dict[str, dict[int, str]] = {}  # checks by slot, of the checklists from which something is dropped
        self.subjects = 0
        self.changes: list[Changed] = []
        self.resized: list[uuid.UUID] = []  # assets with a longer or shorter vector: the population must be stated anew
        self.vectors: list[VerdictVector] = []
        self.gone: dict[str, set[uuid.UUID]] = defaultdict(set)  # by checklist, the assets whose vector goes
        self.counts = Counts()
        self.due: dict[uuid.UUID, datetime.datetime] = {}

    def judge(self, assets: Sequence[uuid.UUID]) -> None:
        """Fill the slice: compare what the checks say now with the former vectors."""
        rows = list(Asset.objects.filter(pk__in=assets).order_by("pk"))
        self._judge_rows([row for row in rows if row.kind != ORGANISATION], read_former(assets), {})
        former = former_of_kind(ORGANISATION)
        numbers = number_outcomes(self.counts, former)
        organisations = {row.pk for row in rows if row.kind == ORGANISATION} | moved_numbers(numbers, former)
        self._judge_rows(list(Asset.objects.filter(pk__in=organisations).order_by("pk")), former, numbers)

    def _judge_rows(
        self, rows: Sequence[Asset], former: Mapping[uuid.UUID, Mapping[str, Former]], numbers: Numbers
    ) -> None:
        loaded = load_subjects(rows, self.judged)
        for each in loaded:
            self._judge_one(each, former.get(each.asset.pk, {}), numbers.get(each.asset.pk, {}))
        kept = {each.asset.pk for each in loaded}
        for asset in rows:
            if asset.pk not in kept and asset.pk in former:
                self._retire(asset, former[asset.pk])

    def _judge_one(
        self, loaded: Loaded, former: Mapping[str, Former], numbers: Mapping[str, Sequence[Outcome]]
    ) -> None:
        changes: list[tuple[int, Outcome]] = []
        judged_slots: dict[str, set[int]] = {}
        for judged in self.judged[loaded.asset.kind]:
            checks = {check.id: check for check in self.ready[judged.family].checklist.checks}
            outcomes = [*judge_subject(loaded, judged, checks, self.now), *numbers.get(judged.family, ())]
            if not outcomes:
                continue
            before = former.get(judged.family) or Former.empty(judged.width, loaded.asset.organisation_id)
            for outcome in outcomes:
                byte, grade = before.at(outcome.check.slot)
                if (byte, grade) != (outcome.byte, outcome.grade):
                    changes.append((byte, outcome))
                self.counts.move(judged.family, outcome, before, loaded.asset.organisation_id)
                self._note_due(loaded.asset.pk, outcome)
            if len(before.codes) != judged.width:
                self.resized.append(loaded.asset.pk)
            judged_slots[judged.family] = {outcome.check.slot for outcome in outcomes}
            self.vectors.append(vector_of(loaded.asset, judged, outcomes, self.versions[judged.family], self.now))
        self.subjects += bool(judged_slots)
        dropped = self._drop(loaded.asset, former, judged_slots)
        if changes or dropped:
            self.changes.append(Changed(loaded.asset, loaded.provenance, changes, dropped))

    def _drop(self, asset: Asset, former: Mapping[str, Former], judged: Mapping[str, Collection[int]]) -> list[Dropped]:
        """Take the former verdicts outside of the slots judged now out of the roll-ups; return them.

        A vector of which nothing is judged now goes with its last verdict; the others are written anew without it.
        """
        found = []
        for family, before in former.items():
            kept = judged.get(family, ())
            for slot, byte in enumerate(before.codes):
                if byte and slot not in kept:
                    found.append(Dropped(family, self._name(family, slot), slot, byte))
                    self.counts.drop(found[-1], before)
                    if not kept:
                        self.gone[family].add(asset.pk)
        return found

    def _name(self, family: str, slot: int) -> str:
        """Return the check of a slot, whichever version gave it away: the checklist may be another, or gone."""
        if family not in self.names:
            self.names[family] = checks_by_slot(family)
        return self.names[family][slot]

    def _note_due(self, asset: uuid.UUID, outcome: Outcome) -> None:
        for at in (outcome.flip_at, outcome.stale_at):
            if at is not None and at > self.now:
                self.due[asset] = min(at, self.due.get(asset, at))

    def _retire(self, asset: Asset, former: Mapping[str, Former]) -> None:
        """Take a retired asset, or one of a kind that nothing judges any more, out of vectors and roll-ups."""
        self.changes.append(Changed(asset, {}, (), self._drop(asset, former, {})))
        for family in former:
            self.gone[family].add(asset.pk)

    def write(self) -> None:
        """Write the slice: nothing but times where no verdict changed, else everything with one statement."""
        if not self.subjects and not self.changes:
            return
        revision = next_revision("evaluate") if self.changes or self.resized else None
        write_vectors(self.vectors, self.gone, revision)
        statement = self._seal(revision) if revision is not None else None
        self.counts.write()
        postpone(Stage.EVALUATE, self.due)
        Evaluation.objects.create(
            workspace_id=current_workspace(),
            cause=self.cause,
            now=self.now,
            subjects=self.subjects,
            changed=len(self.changes),
            rev=revision or 0,
            statement=statement.pk if statement else None,
        )

    def _seal(self, revision: int) -> Statement:
        """Append the statement over all leaves, and the rows that point into it."""
        leaves = [leaf_of(changed, self.now) for changed in self.changes]
        touched = [changed.asset.pk for changed in self.changes] + self.resized
        body = {
            "cause": self.cause,
            "now": self.now,
            "subjects": self.subjects,
            "changed": len(leaves),
            "checklists": {family: version.content_hash for family, version in sorted(self.versions.items())},
            "population": refresh_population(touched),
        }
        statement = append(Action.CHECKLIST_EVALUATED, body, actor="stage:evaluate", leaves=leaves, revision=revision)
        JudgedLeaf.objects.bulk_create(
            [
                JudgedLeaf(workspace_id=current_workspace(), statement=statement.pk, leaf_index=index, leaf=leaf)
                for index, leaf in enumerate(leaves)
            ],
            batch_size=1000,
        )
        rows = [
            Transition(
                id=new_id(), workspace_id=current_workspace(), asset=changed.asset, kind=changed.asset.kind,
                uid=changed.asset.uid, judged_at=self.now, statement=statement.pk, rev=revision, leaf_index=index,
                **said,
            )
            for index, changed in enumerate(self.changes)
            for said in _said(changed)
        ]  # fmt: skip
        Transition.objects.bulk_create(rows, batch_size=1000)
        push(Stage.RAISE, [statement.pk])
        return statement


def _said(changed: Changed) -> Iterator[dict[str, Any]]:
    """Yield what the transitions of one asset say, each of one check."""
    for before, outcome in changed.outcomes:
        yield {
            "checklist": outcome.check.id.split("-")[0],
            "check_id": outcome.check.id,
            "slot": outcome.check.slot,
            "check_hash": outcome.check.content_hash,
            "old": before,
            "new": outcome.byte,
            "grade": outcome.grade,
            "reason": str(outcome.verdict.reason),
            "flip_at": outcome.flip_at,
        }
    for gone in changed.dropped:
        yield {
            "checklist": gone.family,
            "check_id": gone.check_id,
            "slot": gone.slot,
            "check_hash": "",
            "old": gone.byte,
            "new": NOT_JUDGED,
        }
