"""Say in SQL which run tells how a job does: its newest finished one; of a job that streams the newest of all.

Each is the end of a query of runs `r`, behind the conditions that they are of this job.
"""

NEWEST_FINISHED = "r.ended_at IS NOT NULL ORDER BY r.ended_at DESC, r.run_id DESC LIMIT 1"
"""Of a job that does not stream; read by the index run_finished."""

NEWEST_STREAMED = "r.run_id <> '' ORDER BY coalesce(r.ended_at, r.seen_at) DESC, r.run_id DESC LIMIT 1"
"""Of a job that streams: its runs do not finish."""


def streams(job: str) -> str:
    """Return the condition that a job streams; `job` is the alias of its asset."""
    return f"{job}.document->>'subtype' IS NOT DISTINCT FROM 'stream'"
