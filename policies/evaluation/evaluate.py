"""Evaluate assets: the stage that turns facts into verdicts.

One slice of assets, in one transaction:
  1. Publish shipped checklists that the workspace lacks, so that there is something to judge by.
  2. Load the assets, what they are related to, and their former vectors.
  3. Judge each by every check of its kind, organisations last: one carries whether checks have enough subjects.
  4. Where nothing changed (bytes and grades), only the times move: write vectors, no statement.
  5. Where something changed: one leaf per asset, transitions, roll-ups, population digest, one statement over all, and
     the findings stage is queued with it.
  6. Queue the slice's assets again for the instants at which time alone changes a verdict.
"""

import datetime
import uuid
from collections.abc import Mapping, Sequence

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
from policies.checklists.publish import publish_shipped, ready_checklists
from policies.evaluation.counts import Counts
from policies.evaluation.leaves import leaf_of, retired_leaf
from policies.evaluation.minimum import Numbers, moved_numbers, number_outcomes
from policies.evaluation.models import Evaluation, JudgedLeaf, Transition, VerdictVector
from policies.evaluation.outcome import Outcome, judge_subject
from policies.evaluation.population import refresh_population
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
        self.versions = {row.checklist: row for row in ChecklistVersion.objects.filter(active=True)}
        self.subjects = 0
        self.changes: list[tuple[Loaded, list[tuple[int, Outcome]]]] = []
        self.vectors: list[VerdictVector] = []
        self.gone: list[tuple[Asset, dict[str, list[tuple[str, int, int]]]]] = []
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
        written = len(self.vectors)
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
            self.vectors.append(vector_of(loaded.asset, judged, outcomes, self.versions[judged.family], self.now))
        self.subjects += len(self.vectors) > written
        if changes:
            self.changes.append((loaded, changes))

    def _note_due(self, asset: uuid.UUID, outcome: Outcome) -> None:
        for at in (outcome.flip_at, outcome.stale_at):
            if at is not None and at > self.now:
                self.due[asset] = min(at, self.due.get(asset, at))

    def _retire(self, asset: Asset, former: Mapping[str, Former]) -> None:
        """Take a retired asset out of vectors and roll-ups; its last verdicts become transitions to 'not judged'."""
        last: dict[str, list[tuple[str, int, int]]] = {}
        for family, before in former.items():
            checks = self.ready[family].checklist.checks if family in self.ready else ()
            slots = [(check.id, check.slot, before.at(check.slot)[0]) for check in checks]
            last[family] = [entry for entry in slots if entry[2]]
            self.counts.drop(family, checks, before)
        self.gone.append((asset, last))

    def write(self) -> None:
        """Write the slice: nothing but times where no verdict changed, else everything with one statement."""
        if not self.subjects and not self.gone:
            return
        changed = bool(self.changes or self.gone)
        revision = next_revision("evaluate") if changed else None
        write_vectors(self.vectors, [asset.pk for asset, _ in self.gone], revision)
        statement = self._seal(revision) if revision is not None else None
        self.counts.write()
        postpone(Stage.EVALUATE, self.due)
        Evaluation.objects.create(
            workspace_id=current_workspace(),
            cause=self.cause,
            now=self.now,
            subjects=self.subjects,
            changed=len(self.changes) + len(self.gone),
            rev=revision or 0,
            statement=statement.pk if statement else None,
        )

    def _seal(self, revision: int) -> Statement:
        """Append the statement over all leaves, and the rows that point into it."""
        leaves = [leaf_of(loaded, changes, self.now) for loaded, changes in self.changes]
        for asset, last in self.gone:
            bytes_by_check = {check: byte for entries in last.values() for check, _, byte in entries}
            leaves.append(retired_leaf(asset.kind, asset.uid, bytes_by_check, self.now))
        touched = [loaded.asset.pk for loaded, _ in self.changes] + [asset.pk for asset, _ in self.gone]
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
        Transition.objects.bulk_create(list(self._transitions(statement.pk, revision)), batch_size=1000)
        push(Stage.RAISE, [statement.pk])
        return statement

    def _transitions(self, statement: uuid.UUID, revision: int) -> list[Transition]:
        rows = []
        for index, (loaded, changes) in enumerate(self.changes):
            rows += [self._transition(loaded.asset, before, outcome) for before, outcome in changes]
            for row in rows[-len(changes) :]:
                row.leaf_index = index
        for index, (asset, last) in enumerate(self.gone, start=len(self.changes)):
            for family, entries in last.items():
                for check, slot, byte in entries:
                    row = Transition(
                        id=new_id(), workspace_id=current_workspace(), asset=asset, kind=asset.kind, uid=asset.uid,
                        checklist=family, check_id=check, slot=slot, check_hash="", old=byte, new=0,
                        judged_at=self.now, leaf_index=index,
                    )  # fmt: skip
                    rows.append(row)
        for row in rows:
            row.statement, row.rev = statement, revision
        return rows

    def _transition(self, asset: Asset, before: int, outcome: Outcome) -> Transition:
        return Transition(
            id=new_id(),
            workspace_id=current_workspace(),
            asset=asset,
            kind=asset.kind,
            uid=asset.uid,
            checklist=outcome.check.id.split("-")[0],
            check_id=outcome.check.id,
            slot=outcome.check.slot,
            check_hash=outcome.check.content_hash,
            old=before,
            new=outcome.byte,
            grade=outcome.grade,
            reason=str(outcome.verdict.reason),
            flip_at=outcome.flip_at,
            judged_at=self.now,
        )
