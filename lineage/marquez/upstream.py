"""Answer Marquez's /runlineage/upstream: which runs made what a run read, and so on."""

import uuid
from collections.abc import Mapping
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import fetch
from lineage.marquez.answers import STATES, moment, version_of
from lineage.marquez.known import RunKnown
from lineage.marquez.runs import runs_by_row, with_datasets

MAX_RUNS = 1_000
"""Of one answer, the nearest."""


def upstream(start: RunKnown, depth: int) -> dict[str, Any]:
    """Return a run and the runs upstream of it, nearest first, at most `depth` steps away."""
    workspace = current_workspace()
    rows = fetch(_UPSTREAM, [start.id, *[workspace] * 4, MAX_RUNS + 1])
    known = runs_by_row([row[0] for row in rows[:MAX_RUNS]])
    with_datasets(known.values())
    near = _within(start.id, known, depth)
    reasons = [f"more than {MAX_RUNS} runs are upstream; the nearest are shown"] if len(rows) > MAX_RUNS else []
    reasons += [f"there is more beyond depth {depth}"] if len(near) < len(known) else []
    return {"runs": [_run(known[each], known) for each in near], "truncated": bool(reasons), "reasons": reasons}


def _within(start: uuid.UUID, known: Mapping[uuid.UUID, RunKnown], depth: int) -> list[uuid.UUID]:
    level, seen = [start], {start: None}
    for _ in range(depth):
        reached = sorted(
            {
                version
                for each in level
                for _, version in known[each].inputs
                if version in known and version not in seen
            },
            key=lambda each: (known[each].job_uid, known[each].run_id),
        )
        seen |= dict.fromkeys(reached)
        level = reached
    return list(seen)


def _run(run: RunKnown, known: Mapping[uuid.UUID, RunKnown]) -> dict[str, Any]:
    return {
        "job": version_of(run.job_uid, run.version),
        "run": {
            "id": run.run_id,
            "start": moment(run.started_at),
            "end": moment(run.ended_at),
            "status": STATES[run.state],
        },
        "inputs": [
            {**version_of(uid, version), "producedByRunId": known[version].run_id if version in known else None}
            for uid, version in run.inputs
        ],
    }


_UPSTREAM = """
WITH RECURSIVE up (id) AS (
  SELECT %s::uuid
  UNION
  SELECT made.id FROM up JOIN "lineage_run" reader ON reader.id = up.id
  JOIN "lineage_jobversiondataset" read ON read.version_id = reader.version_id AND read.direction = 'input'
  CROSS JOIN LATERAL (
    SELECT run.id FROM "lineage_jobversiondataset" wrote CROSS JOIN LATERAL (
      SELECT r.id, r.ended_at, r.run_id FROM "lineage_run" r
      WHERE r.workspace_id = %s AND r.version_id = wrote.version_id AND r.state = 'complete'
        AND r.ended_at <= coalesce(reader.started_at, reader.first_at)
      ORDER BY r.ended_at DESC, r.run_id DESC LIMIT 1
    ) run
    WHERE wrote.workspace_id = %s AND wrote.dataset_id = read.dataset_id AND wrote.direction = 'output'
    ORDER BY run.ended_at DESC, run.run_id DESC LIMIT 1
  ) made
  WHERE reader.workspace_id = %s AND read.workspace_id = %s
)
SELECT id FROM up LIMIT %s
"""
