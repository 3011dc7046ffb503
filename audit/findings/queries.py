"""Read findings: the same rows for pages, API, exports and the conversation.

Columns on how a finding ended: `resolution` ("passed", the only one that is fixed; "not_applicable"; "retired"; ''
while it is open, or where that was not recorded) and `reopened_after` (the same words: how it had ended before it came
back; after "passed" it is a new detection, else detected_at and due_at are those of the first one).
"""

import datetime
import uuid
from collections.abc import Collection
from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts.paging import Page, page_of
from audit.findings.models import Finding
from lineage.graph.models import Run
from lineage.inventory.assets import fit

SEVERITIES = ["critical", "high", "medium", "low"]
WORKLIST = ["severity_rank", "due_at", "id"]


def findings(
    *,
    state: str = "",
    resolution: str = "",
    severity: str = "",
    family: str = "",
    check: str = "",
    kind: str = "",
    owner: str = "",
    entity: uuid.UUID | None = None,
    asset: uuid.UUID | None = None,
    overdue_at: datetime.datetime | None = None,
    ownerless: bool = False,
) -> QuerySet[Finding]:
    """Return findings by these filters ('' and None = any); `overdue_at` keeps open ones that were due before it."""
    exact: dict[str, Any] = {
        "state": state, "resolution": resolution, "severity": severity, "family": family, "check_id": check,
        "kind": kind, "owner": owner, "entity": entity, "asset": asset,
    }  # fmt: skip
    rows = Finding.objects.filter(**{name: value for name, value in exact.items() if value})
    rows = rows.filter(owner="") if ownerless else rows
    return rows.filter(state=Finding.State.OPEN, due_at__lt=overdue_at) if overdue_at else rows


def finding_page(after: str | None, limit: int, **filters: Any) -> Page[dict[str, object]]:
    """Return one page of the work list: worst severity first, then what is due first."""
    return page_of(findings(**filters), WORKLIST, after, limit, scope="findings").map(finding_row)


def finding_row(finding: Finding) -> dict[str, object]:
    """Return a finding as a plain row."""
    return {
        "id": finding.pk,
        "check": finding.check_id,
        "family": finding.family,
        "severity": finding.severity,
        "title": finding.title,
        "asset": finding.asset_id,
        "kind": finding.kind,
        "uid": finding.uid,
        "name": finding.name,
        "owner": finding.owner,
        "state": finding.state,
        "grade": finding.grade,
        "detected_at": finding.detected_at,
        "due_at": finding.due_at,
        "resolved_at": finding.resolved_at,
        "resolution": finding.resolution,
        "reopened": finding.reopened,
        "reopened_after": finding.reopened_after,
        "statement": finding.statement,
        "revision": finding.rev,
    }


def open_counts() -> dict[str, int]:
    """Return the number of open findings by severity, all four named."""
    rows = findings(state=Finding.State.OPEN).values_list("severity").annotate(n=Count("id"))
    return dict.fromkeys(SEVERITIES, 0) | dict(rows)


def due_soon(until: datetime.datetime, limit: int = 10) -> QuerySet[Finding]:
    """Return open findings whose limit ends by `until` (or has ended), earliest first."""
    return findings(state=Finding.State.OPEN).filter(due_at__lte=until).order_by("due_at", "id")[:limit]


def state_counts() -> dict[str, int]:
    """Return the number of open and of resolved findings, and how many of the latter a pass has fixed."""
    open_ = Count("id", filter=Q(state=Finding.State.OPEN))
    fixed = Count("id", filter=Q(resolution=Finding.Resolution.PASSED))
    found = Finding.objects.aggregate(open=open_, resolved=Count("id") - open_, fixed=fixed)
    return {"open": found["open"], "resolved": found["resolved"], "fixed": found["fixed"]}


def open_count() -> int:
    """Return the number of open findings; served by the index of the work list alone."""
    return findings(state=Finding.State.OPEN).count()


def worklist_counts(now: datetime.datetime, entity: uuid.UUID | None = None) -> dict[str, int]:
    """Return how many findings are open (of one entity), and how many are critical or past their limit; one query."""
    late = Count("id", filter=Q(due_at__lt=now))
    critical = Count("id", filter=Q(severity_rank=0))
    rows = findings(state=Finding.State.OPEN)
    rows = rows if entity is None else rows.filter(asset__organisation=entity)
    return rows.aggregate(open=Count("id"), overdue=late, critical=critical)


def ids_of(keys: Collection[tuple[uuid.UUID, str]]) -> dict[tuple[uuid.UUID, str], uuid.UUID]:
    """Return the finding of each (asset, check) that has one."""
    found = Finding.objects.filter(asset__in={asset for asset, _ in keys}, check_id__in={check for _, check in keys})
    return {(asset, check): key for key, asset, check in found.values_list("pk", "asset_id", "check_id")}


def names_of_runs(runs: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return what people call these runs, which are known by a UUID alone: their job, and when they started."""
    if not runs:
        return {}
    rows = Run.objects.filter(asset__in=runs).select_related("job").order_by("-first_at", "id")  # the first one counts
    return {
        row.asset_id: fit(f"{row.job.name}, run of {(row.started_at or row.first_at):%-d %b %Y, %H:%M} UTC")
        for row in rows
        if row.asset_id is not None
    }
