"""When it ran: the runs of every job over the days before the anchor, and what follows from them.

At scale 1: 34 jobs a day and the rest once a week over 90 days, about 4,200 runs, two events each.
Below scale 1 the history is shorter (never under two weeks); above it there are more blocks.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.demo.estate import Estate
from config.demo.pipelines import Job, Pipelines
from config.demo.services import SILENT_DAYS

DAYS = 90
RARE_DAYS = (20, 62)
# Jobs that fail too often in the last 30 days, with the share of failures (DAT-07).
UNSTABLE: Mapping[str, float] = {"scheduler-eu/channels.ingest": 0.2}
FAILURES = 0.012
# The newest batch began so long before the anchor: long enough for its last run to end before it, and so short that no
# pipeline seems silent, at whatever hour the estate is loaded.
NEWEST_START = timedelta(hours=9)


@dataclass(frozen=True)
class Run:
    """One execution; `index` counts back from the newest, which always ended well."""

    job: Job
    index: int
    run_id: str
    start: datetime
    end: datetime
    failed: bool
    parent: "Run | None"


def history_days(scale: float) -> int:
    """Return the number of days of history."""
    return max(14, round(DAYS * min(1.0, scale)))


def all_runs(estate: Estate, pipelines: Pipelines) -> dict[str, list[Run]]:
    """Return the runs of every job by its uid, newest first. A job comes after the one that starts it."""
    by_uid: dict[str, list[Run]] = {}
    by_name: dict[tuple[str, str], list[Run]] = {}
    for job in pipelines.jobs:
        starters = by_name.get((job.namespace, job.after), [])
        runs = [
            _run(estate, job, index, day, starters[index] if starters else None)
            for index, day in enumerate(_days(estate, job))
        ]
        by_uid[job.uid] = by_name[job.namespace, job.name] = runs
    return by_uid


def _days(estate: Estate, job: Job) -> list[int]:
    """Return in which 24 hours before the anchor a job ran, newest (1) first."""
    days = history_days(estate.scale)
    if job.pace == "rare":
        return [day for day in RARE_DAYS if day <= days] or [days]
    if job.pace == "daily":
        return list(range(1, days + 1))
    # A starter and what it starts share their weekday, which the name before the first dot decides.
    first = 1 + estate.dice.between(0, 6, "weekday", job.namespace, job.name.split(".")[0])
    first += SILENT_DAYS - 1 if job.namespace == "notebook-lab" else 0
    return list(range(first, days + 1, 7)) or [days]


def _run(estate: Estate, job: Job, index: int, day: int, starter: Run | None) -> Run:
    dice, when = estate.dice, (job.uid, estate.clock.now, index)
    if starter is None:
        start = estate.clock.now - timedelta(days=day - 1) - NEWEST_START
        start += timedelta(minutes=dice.between(0, 240, "start", job.uid))
        start += timedelta(seconds=dice.between(0, 240, "jitter", *when))
    else:
        start = starter.end + timedelta(seconds=dice.between(30, 200, "wait", *when))
    minutes = dice.between(4, 40, "minutes", job.uid) * dice.share(0.85, 1.25, "load", *when)
    risk = UNSTABLE.get(job.uid, 0.0) if day <= 30 else FAILURES
    return Run(
        job=job,
        index=index,
        run_id=str(dice.uuid("run", *when)),
        start=start,
        end=start + timedelta(seconds=round(minutes * 60)),
        failed=index > 0 and dice.chance(risk, "failed", *when),
        parent=starter,
    )


def newest_runs(runs: Mapping[str, list[Run]]) -> dict[str, str]:
    """Return the id of the newest run of each job, by the job's uid."""
    return {uid: of[0].run_id for uid, of in runs.items()}


def newest_writes(runs: Mapping[str, list[Run]]) -> dict[str, datetime]:
    """Return the end of the newest run that wrote each data set, by its uid."""
    written: dict[str, datetime] = {}
    for of in runs.values():
        for dataset in of[0].job.outputs:
            written[dataset.uid] = max(of[0].end, written.get(dataset.uid, of[0].end))
    return written


def job_history(estate: Estate, runs: Mapping[str, list[Run]]) -> dict[str, tuple[float, float]]:
    """Return of each job the share of good runs in 30 days and the 95th percentile of its minutes, by uid."""
    month = estate.clock.now - timedelta(days=30)
    history = {}
    for uid, of in runs.items():
        recent = [run for run in of if run.end >= month] or of[:1]
        minutes = sorted((run.end - run.start).total_seconds() / 60 for run in recent)
        p95 = minutes[math.ceil(len(minutes) * 0.95) - 1]
        history[uid] = (round(sum(not run.failed for run in recent) / len(recent), 4), round(p95, 2))
    return history
