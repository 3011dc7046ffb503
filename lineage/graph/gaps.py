"""Tell which jobs admit that their lineage has a gap: one question, for the answers of the graph and for its labels.

A job admits one where its newest finished run has an extraction error or names no inputs; of a job that streams, whose
runs do not finish, the newest run counts (newest_run.py). That changes where its runs do, so the projection keeps it by
revision, and an answer that passes ten thousand jobs does not look at their runs.
"""

import datetime
import uuid
from collections.abc import Collection, Iterable, Set
from urllib.parse import quote

from django.db.models import Q

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.graph.newest_run import NEWEST_FINISHED, NEWEST_STREAMED, streams
from lineage.graph.snapshot import Ids, id_list
from lineage.graph.sources import MAX_NAME
from lineage.inventory.bulk import columns, execute, fetch
from lineage.inventory.models import Source
from lineage.inventory.summaries import is_silent, silent_at


def jobs_with_gaps(jobs: Collection[uuid.UUID] | None) -> set[uuid.UUID]:
    """Return those of these jobs (None: of all) that admit a gap now."""
    among = None if jobs is None else sorted(jobs)
    return {row[0] for row in fetch(_CURRENT, [current_workspace(), among, among])}


def count_gaps(jobs: Ids, revision: int) -> int:
    """Return how many of these jobs were known at `revision` to admit a gap."""
    if not len(jobs):
        return 0
    return int(fetch(_COUNT, [id_list(jobs), current_workspace(), revision, revision])[0][0])


def keep_gaps(jobs: Set[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Keep at `rev` which of these jobs admit a gap, by their runs as they are now; return those that turned.

    Other assets among them admit none. For the projection, once per revision, when the runs are written.
    """
    asked = sorted(jobs)
    workspace = current_workspace()
    streaming = {row[0] for row in fetch(_STREAMING, [workspace, asked])}
    admit = {row[0] for row in fetch(_BY_RUNS, [sorted(jobs - streaming), *[workspace] * 2])}
    if streaming:
        admit |= {row[0] for row in fetch(_BY_NEWEST, [sorted(streaming), *[workspace] * 2])}
    known = jobs_with_gaps(asked)
    if closed := sorted(known - admit):
        execute(_CLOSE, [rev, workspace, closed])
    if opened := sorted(admit - known):
        execute(_OPEN, [workspace, rev, *columns([(new_id(), job) for job in opened], 2)])
    return admit ^ known


def silent_producers() -> list[str]:
    """Return the beginnings of the uids of all jobs whose source was silent when silence was last looked at."""
    sources = Source.objects.filter(door=Source.Door.LINEAGE, traced_silent=True)
    return prefixes(sources.values_list("name", flat=True))


def prefixes(names: Iterable[str]) -> list[str]:
    """Return how the uids of the jobs of these producers begin.

    A name that was cut (sources.source_name) does not say its namespace: its jobs are found by the cut beginning, which
    may take in those of another namespace as long. That makes more incomplete than is, and never less.
    """
    return sorted(
        quote(name[: MAX_NAME - 17], safe="") if is_cut(name) else quote(name, safe="") + "/" for name in names
    )


def is_cut(name: str) -> bool:
    """Tell whether a source's name stands for a namespace that was too long for one."""
    return len(name) == MAX_NAME


def producers_turned(now: datetime.datetime) -> list[Source]:
    """Return the producers that fell silent, or spoke again, since silence was last looked at."""
    sources = Source.objects.filter(door=Source.Door.LINEAGE).filter(
        Q(expected_every_hours__isnull=False) | Q(traced_silent=True)
    )
    return [source for source in sources if is_silent(source, now) != source.traced_silent]


def next_silence(now: datetime.datetime) -> datetime.datetime | None:
    """Return the next instant at which a producer falls silent if it does not speak; None where none can."""
    sources = Source.objects.filter(door=Source.Door.LINEAGE, expected_every_hours__isnull=False, traced_silent=False)
    return min((at for source in sources if (at := silent_at(source)) is not None and at > now), default=None)


_CURRENT = """
SELECT job_id FROM "lineage_jobgap"
WHERE workspace_id = %s AND rev_to IS NULL AND (%s::uuid[] IS NULL OR job_id = ANY(%s::uuid[]))
"""

_COUNT = """
SELECT count(*) FROM unnest(%s::uuid[]) AS w (id) JOIN "lineage_jobgap" g ON g.job_id = w.id
WHERE g.workspace_id = %s AND g.rev_from <= %s AND (g.rev_to IS NULL OR g.rev_to > %s)
"""

# Whether the newest has inputs is asked of its version alone.
_ADMIT = """
SELECT j.id FROM unnest(%s::uuid[]) AS j (id), LATERAL (
  SELECT r.version_id, r.extraction_error FROM "lineage_run" r
  WHERE r.workspace_id = %s AND r.job_id = j.id AND {}
) AS newest
WHERE newest.extraction_error
   OR (SELECT 1 FROM "lineage_jobversiondataset" d
       WHERE d.workspace_id = %s AND d.version_id = newest.version_id AND d.direction = 'input' LIMIT 1) IS NULL
"""
_BY_RUNS, _BY_NEWEST = _ADMIT.format(NEWEST_FINISHED), _ADMIT.format(NEWEST_STREAMED)

_STREAMING = f"""
SELECT j.id FROM "lineage_asset" j WHERE j.workspace_id = %s AND j.id = ANY(%s) AND j.kind = 'job' AND {streams("j")}
"""  # noqa: S608 - our own words

_CLOSE = 'UPDATE "lineage_jobgap" SET rev_to = %s WHERE workspace_id = %s AND job_id = ANY(%s) AND rev_to IS NULL'

_OPEN = """
INSERT INTO "lineage_jobgap" (id, workspace_id, job_id, rev_from)
SELECT w.id, c.workspace, w.job, c.rev
FROM (SELECT %s::uuid, %s::bigint) AS c (workspace, rev), unnest(%s::uuid[], %s::uuid[]) AS w (id, job)
"""
