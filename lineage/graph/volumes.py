"""Keep how many bytes runs said that they read and wrote: per version, dataset and day, as what each run says last.

A statistic that is sent again replaces the former one of its run, and a run that moves to another version or day takes
its bytes along, so that neither repetition nor order counts. A run without statistics costs nothing here.
"""

import datetime
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.graph.newest_run import streams
from lineage.graph.runs import RunRow, Sizes
from lineage.inventory.bulk import chunks, columns, execute, fetch

DAYS = 30
"""Days (UTC) that volumes are summed up over, up to that of the newest good run: they depend on events alone."""

_STREAMS = streams("j")
"""Runs of a job that streams end with nothing, so each of them has to say how much it read and wrote."""

_ASKED = f"CASE WHEN {_STREAMS} THEN d.runs ELSE d.completed END"
"""In SQL: how many runs of a version's day `d` have to say it; one that is under way or failed need not."""

_TOLD = f"CASE WHEN {_STREAMS} THEN x.runs ELSE x.completed END"
"""In SQL: how many of them do, from a volume `x`."""

_STEPS = """
CROSS JOIN LATERAL (
  SELECT v.job_id, v.runs FROM "lineage_jobversion" v
  WHERE v.workspace_id = f.workspace_id AND v.id = f.version_id OFFSET 0
) AS v
CROSS JOIN LATERAL (
  SELECT j.document FROM "lineage_asset" j WHERE j.workspace_id = f.workspace_id AND j.id = v.job_id OFFSET 0
) AS j
"""
"""In SQL: from a row `f` of a version to the version and its job `j`.

Step by step, by index (OFFSET 0 keeps the planner from another order): in a workspace whose statistics are older than
its rows, PostgreSQL otherwise reads all days of all versions for each dataset.
"""

_Place = tuple[uuid.UUID, uuid.UUID, str, datetime.date]
"""(version, dataset, direction, day)."""


@dataclass(slots=True)
class _Sum:
    runs: int = 0
    completed: int = 0
    bytes: int = 0


def count_volumes(runs: Sequence[RunRow]) -> None:
    """Take what these runs say now into the sums, and what they said before out of them; they have their versions."""
    sums: dict[_Place, _Sum] = {}
    for run in runs:
        if run.sizes and run.asset_id is not None:
            for sign, place, completed, size in _counted(run):
                found = sums.setdefault(place, _Sum())
                found.runs += sign
                found.completed += sign * completed
                found.bytes += sign * size
    rows = [
        (new_id(), *place, each.runs, each.completed, each.bytes)
        for place, each in sorted(sums.items(), key=str)
        if each != _Sum()
    ]
    for part in chunks(rows):
        execute(_ADD, [current_workspace(), *columns(part, 8)])


def _counted(run: RunRow) -> Iterator[tuple[int, _Place, bool, int]]:
    """Yield what goes out of the sums (-1) and what comes in (1)."""
    if run.version_before is not None and run.day_before is not None:
        yield from _said(-1, run.version_before, run.day_before, run.completed_before, run.sizes_before)
    assert run.version_id is not None
    yield from _said(1, run.version_id, run.state.seen_at.date(), run.completed, run.sizes)


def _said(
    sign: int, version: uuid.UUID, day: datetime.date, completed: bool, sizes: Sizes
) -> Iterator[tuple[int, _Place, bool, int]]:
    for (dataset, direction), size in sizes.items():
        if size.bytes is not None and direction != "version":
            yield sign, (version, dataset, direction, day), completed, size.bytes


def midnight(day: datetime.date) -> datetime.datetime:
    """Return when a day begins (UTC): a fact that is of a day is observed then."""
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)


def any_volume() -> bool:
    """Tell whether anybody in the workspace ever sent a statistic."""
    return bool(fetch(_ANY, [current_workspace()]))


def with_volumes(datasets: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of these datasets of which some run said how much it read or wrote."""
    return {row[0] for row in fetch(_WITH, [sorted(datasets), current_workspace()])} if datasets else set()


def said_of_days(versions: str, **volumes: tuple[str, str]) -> str:
    """Return in SQL the joins from rows `w` to what versions of jobs said of DAYS days up to their newest good run.

    In: the query of a `w` for its versions (workspace_id, version_id), and volumes as name=(dataset, direction).
    Out, for each version `f` of a job (v.job_id) that said something or had to: newest.until, the day of that run;
    of_days.asked, how many runs had to; and of each volume told, how many did, and bytes.
    """
    sums = "".join(_sum_of(name, *volume) for name, volume in volumes.items())
    said = " OR ".join(["of_days.asked > 0", *(f"{name}.bytes > 0" for name in volumes)])
    return f"""
CROSS JOIN LATERAL (
  SELECT max(d.day) AS until FROM ({versions}) AS f {_STEPS}
  CROSS JOIN LATERAL (
    SELECT d.day FROM "lineage_jobversionday" d
    WHERE d.workspace_id = f.workspace_id AND d.version_id = f.version_id AND {_ASKED} > 0 ORDER BY d.day DESC LIMIT 1
  ) AS d
) AS newest
CROSS JOIN LATERAL ({versions}) AS f {_STEPS}
CROSS JOIN LATERAL (
  SELECT coalesce(sum({_ASKED}), 0) AS asked FROM "lineage_jobversionday" d
  WHERE d.workspace_id = f.workspace_id AND d.version_id = f.version_id AND d.day > newest.until - {DAYS}
    AND d.day <= newest.until
) AS of_days{sums}
WHERE v.runs > 0 AND newest.until IS NOT NULL AND ({said})
"""  # noqa: S608 - our own words


def _sum_of(name: str, dataset: str, direction: str) -> str:
    return f"""
CROSS JOIN LATERAL (
  SELECT sum({_TOLD}) AS told, sum(x.bytes) AS bytes FROM "lineage_jobversionvolume" x
  WHERE x.workspace_id = f.workspace_id AND x.version_id = f.version_id AND x.dataset_id = {dataset}
    AND x.direction = '{direction}' AND x.day > newest.until - {DAYS} AND x.day <= newest.until
) AS {name}"""  # noqa: S608 - our own words


_ADD = """
INSERT INTO "lineage_jobversionvolume" AS v (id, workspace_id, version_id, dataset_id, direction, day, runs, completed,
                                             bytes)
SELECT w.id, %s, w.version, w.dataset, w.direction, w.day, w.runs, w.completed, w.bytes
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::date[], %s::int[], %s::int[], %s::numeric[])
  AS w (id, version, dataset, direction, day, runs, completed, bytes)
ON CONFLICT (workspace_id, version_id, dataset_id, direction, day) DO UPDATE SET
  runs = v.runs + EXCLUDED.runs, completed = v.completed + EXCLUDED.completed, bytes = v.bytes + EXCLUDED.bytes
"""

_ANY = 'SELECT 1 FROM "lineage_jobversionvolume" WHERE workspace_id = %s LIMIT 1'

_WITH = """
SELECT w.id FROM unnest(%s::uuid[]) AS w (id) WHERE EXISTS (
  SELECT 1 FROM "lineage_jobversionvolume" v WHERE v.workspace_id = %s AND v.dataset_id = w.id)
"""
