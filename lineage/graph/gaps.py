"""Tell which jobs admit that their lineage has a gap: one question, for the answers of the graph and for its labels."""

import datetime
import uuid
from collections.abc import Collection, Iterable
from urllib.parse import quote

from django.db.models import Q

from accounts.workspaces.isolation import current_workspace
from lineage.graph.sources import MAX_NAME
from lineage.inventory.bulk import fetch
from lineage.inventory.models import Source
from lineage.inventory.summaries import is_silent, silent_at


def jobs_with_gaps(jobs: Collection[uuid.UUID] | str | None) -> set[uuid.UUID]:
    """Return those of these jobs whose newest finished run has an extraction error or no inputs.

    None: of all jobs. A text is a list of ids as snapshot.id_list writes it.
    """
    if jobs is None:
        return {row[0] for row in fetch(_ALL, [current_workspace()] * 2)}
    return {row[0] for row in fetch(_GAPS, [jobs if isinstance(jobs, str) else sorted(jobs), current_workspace()])}


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


_NEWEST = """
LATERAL (
  SELECT r.version_id, r.extraction_error FROM "lineage_run" r
  WHERE r.workspace_id = %s AND r.job_id = j.id AND r.ended_at IS NOT NULL
  ORDER BY r.ended_at DESC, r.run_id DESC LIMIT 1
) AS newest
WHERE newest.extraction_error
   OR NOT EXISTS (SELECT 1 FROM "lineage_jobversiondataset" d
                  WHERE d.version_id = newest.version_id AND d.direction = 'input')
"""
_GAPS = f"SELECT j.id FROM unnest(%s::uuid[]) AS j (id), {_NEWEST}"  # noqa: S608 - our own words
_ALL = f"""
SELECT j.id FROM (SELECT id FROM "lineage_asset" WHERE workspace_id = %s AND kind = 'job') AS j, {_NEWEST}
"""  # noqa: S608 - our own words
