"""Keep derived facts over revisions: what was computed, by which derivation, from which inputs."""

import datetime
import hashlib
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import chunks, columns, execute, fetch, from_json, records, sorted_json, to_json


class Absent:
    """There is nothing to compute from: no derived fact, and a reported one stands."""


ABSENT: Final = Absent()
UNRESOLVED: Final = None
"""Computed, and the result is that it is not known: the fact is missing, whatever was reported."""


class Derived(NamedTuple):
    """One computed fact. `value`: as the document keeps it, UNRESOLVED or ABSENT.

    `inputs` (JSON values) say what it was computed from, readable for people; their digest tells whether to look
    again. `observed_at`: of the oldest fact that decided. `grade`: the weakest of the inputs.
    """

    asset_id: uuid.UUID
    name: str
    value: Any
    derivation: str
    inputs: list[Any]
    grade: str
    observed_at: datetime.datetime

    def content(self) -> tuple[Any, ...]:
        """What makes a new row where it differs from the current one."""
        return (to_json(self.value), self.derivation, inputs_digest(self.inputs), self.grade, self.observed_at)


def inputs_digest(inputs: list[Any]) -> bytes:
    """Return the SHA-256 of the inputs as JSON with sorted keys."""
    return hashlib.sha256(sorted_json(inputs)).digest()


def set_derived(
    rows: Iterable[Derived], rev: int, *, names: Sequence[str] = (), asset_ids: Iterable[uuid.UUID] = ()
) -> set[uuid.UUID]:
    """Make these the current derived facts; return the assets of those that changed.

    For `asset_ids` x `names` that are not among `rows` the current fact is closed; all others stay as they are.
    """
    by_fact: dict[tuple[uuid.UUID, str], Derived | None] = {(of, name): None for of in asset_ids for name in names}
    by_fact |= {(row[0], row[1]): Derived(*row) if row[2] is not ABSENT else None for row in rows}
    changed: set[uuid.UUID] = set()
    for part in chunks(sorted(by_fact)):
        current = _load(part)
        opened: list[Derived] = []
        closed: list[uuid.UUID] = []
        for key in part:
            row, (row_id, content) = by_fact[key], current.get(key, (None, None))
            if content == (row.content() if row is not None else None):
                continue
            changed.add(key[0])
            if row_id is not None:
                closed.append(row_id)
            if row is not None:
                opened.append(row)
        _store(closed, opened, rev)
    return changed


def _load(facts: Iterable[tuple[uuid.UUID, str]]) -> dict[tuple[uuid.UUID, str], tuple[uuid.UUID, tuple[Any, ...]]]:
    rows = fetch(_CURRENT, [*columns(list(facts), 2), current_workspace()])
    return {
        (asset_id, name): (row_id, (to_json(from_json(value)), derivation, bytes(digest), grade, observed_at))
        for row_id, asset_id, name, value, derivation, digest, grade, observed_at in rows
    }


def _store(closed: list[uuid.UUID], opened: list[Derived], rev: int) -> None:
    workspace = current_workspace()
    if closed:
        execute(_DROP_OF_SAME_REVISION, [workspace, closed, rev])
        execute(_CLOSE, [rev, workspace, closed])
    if opened:
        rows = [{**row._asdict(), "id": new_id(), "inputs_digest": inputs_digest(row.inputs)} for row in opened]
        execute(_OPEN, [workspace, rev, records(rows)])


# One look into the index per fact: as a join it reads all facts of a workspace before the first ANALYZE.
_CURRENT = """
SELECT d.id, w.asset_id, w.name, d.value, d.derivation, d.inputs_digest, d.grade, d.observed_at
FROM unnest(%s::uuid[], %s::text[]) AS w (asset_id, name) CROSS JOIN LATERAL (
  SELECT d.id, d.value, d.derivation, d.inputs_digest, d.grade, d.observed_at FROM "lineage_derivedfact" d
  WHERE d.workspace_id = %s AND d.asset_id = w.asset_id AND d.name = w.name AND d.rev_to IS NULL LIMIT 1
) d
"""

# A row that this very revision opened was never visible: it is replaced, not closed.
_DROP_OF_SAME_REVISION = 'DELETE FROM "lineage_derivedfact" WHERE workspace_id = %s AND id = ANY(%s) AND rev_from = %s'

_CLOSE = 'UPDATE "lineage_derivedfact" SET rev_to = %s WHERE workspace_id = %s AND id = ANY(%s)'

# A null inside a record is SQL's; the value of a derivation without result is JSON's.
_OPEN = """
INSERT INTO "lineage_derivedfact" (id, workspace_id, asset_id, name, value, derivation, inputs_digest, inputs, grade,
                                   observed_at, rev_from)
SELECT w.id, c.workspace, w.asset_id, w.name, coalesce(w.value, 'null'::jsonb), w.derivation, w.inputs_digest, w.inputs,
       w.grade, w.observed_at, c.rev
FROM (SELECT %s::uuid, %s::bigint) AS c (workspace, rev),
     jsonb_to_recordset(%s::jsonb)
       AS w (id uuid, asset_id uuid, name text, value jsonb, derivation text, inputs_digest bytea, inputs jsonb,
             grade text, observed_at timestamptz)
"""
