"""Exact roll-ups: subjects by check, entity, verdict byte and grade, moved by what changed and never recounted."""

import uuid
from collections import Counter

from django.db import connection

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from policies.evaluation.leaves import Dropped
from policies.evaluation.outcome import Outcome
from policies.evaluation.vectors import Former

Cell = tuple[str, str, uuid.UUID | None, int, str]  # checklist, check, entity, byte, grade


class Counts:
    """The moves of one slice; `write` applies them in its transaction."""

    def __init__(self) -> None:
        self.delta: Counter[Cell] = Counter()

    def move(self, family: str, outcome: Outcome, before: Former, entity: uuid.UUID | None) -> None:
        """Count a subject out of its former cell and into its new one; the entity may have changed too."""
        byte, grade = before.at(outcome.check.slot)
        if byte:
            self.delta[(family, outcome.check.id, before.entity, byte, grade)] -= 1
        if outcome.byte:
            self.delta[(family, outcome.check.id, entity, outcome.byte, outcome.grade)] += 1

    def drop(self, dropped: Dropped, before: Former) -> None:
        """Count a subject out that a check judges no more."""
        byte, grade = before.at(dropped.slot)
        self.delta[(dropped.family, dropped.check_id, before.entity, byte, grade)] -= 1

    def moved(self, check_id: str) -> Counter[int]:
        """Return by how much the number of subjects of one check moves, by verdict byte."""
        found: Counter[int] = Counter()
        for (_, check, _, byte, _), change in self.delta.items():
            if check == check_id:
                found[byte] += change
        return found

    def write(self) -> None:
        """Add the deltas to the stored counts, in a fixed order so that two writers cannot deadlock."""
        moved = sorted(((cell, change) for cell, change in self.delta.items() if change), key=str)
        out = [[change, current_workspace(), *cell] for cell, change in moved if change < 0]
        into = [[new_id(), current_workspace(), *cell, change] for cell, change in moved if change > 0]
        with connection.cursor() as cursor:
            cursor.executemany(_TAKE, out)
            cursor.executemany(_ADD, into)


_TAKE = """
UPDATE policies_verdictcount SET count = count + %s
WHERE workspace_id = %s AND checklist = %s AND check_id = %s AND entity_id IS NOT DISTINCT FROM %s
  AND code = %s AND grade = %s
"""
_ADD = """
INSERT INTO policies_verdictcount (id, workspace_id, checklist, check_id, entity_id, code, grade, count)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (workspace_id, checklist, check_id, entity_id, code, grade)
DO UPDATE SET count = policies_verdictcount.count + excluded.count
"""
