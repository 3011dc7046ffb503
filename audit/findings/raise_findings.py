"""Raise and resolve findings from verdict changes.

A failing verdict raises the finding of its fingerprint (workspace, check, kind, uid), or reopens it; a passing one
resolves it. `unknown` and `error` change nothing: what is no longer known to be right is not repaired. The SLA is
frozen at detection.
"""

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.queue import Stage, push
from accounts.workspaces.revisions import next_revision
from accounts.workspaces.stages import run_stage
from audit.findings.models import Finding
from lineage.inventory.models import Asset
from policies.checklists.models import Check
from policies.evaluation.codes import NOT_JUDGED, base
from policies.evaluation.models import Transition
from policies.rules.verdicts import Code

LIMIT_DAYS = {"critical": 15, "high": 30, "medium": 90, "low": 180}
SEVERITIES = list(LIMIT_DAYS)
BATCH = 20  # evaluation statements per transaction
CLOSING = {Code.PASS: "passes", Code.NOT_APPLICABLE: "no longer applies", NOT_JUDGED: "is no longer judged"}

Fingerprint = tuple[uuid.UUID, str]


def raise_findings(workspace_id: uuid.UUID) -> int:
    """Run the stage: its rows are the statements of evaluations that changed verdicts."""
    return run_stage(Stage.RAISE, workspace_id, raise_batch, limit=BATCH)


def raise_batch(statements: Sequence[uuid.UUID]) -> None:
    """Turn the verdict changes of these evaluations into findings, in one transaction with one statement.

    1. Take the newest change per (asset, check); what a later evaluation has overtaken is history already, also where
       that one was dealt with first (this one failed before, or was replayed).
    2. Load the findings that exist for them.
    3. Decide for each: raise, reopen, resolve, or leave.
    4. Write them with one revision, one statement, and queue the tickets.
    """
    changes = _newest_changes(statements)
    existing = _existing(changes)
    checks = {check.check_id: check for check in Check.objects.filter(version__active=True)}
    assets = {asset.pk: asset for asset in Asset.objects.filter(pk__in={asset for asset, _ in changes})}
    raised: list[Finding] = []
    altered: list[Finding] = []
    for key, change in changes.items():
        finding = existing.get(key)
        if finding is not None and finding.rev >= change.rev:
            continue  # a repeated delivery
        if base(change.new) == Code.FAIL:
            if finding is None:
                raised.append(_raised(change, checks[change.check_id], assets[change.asset_id]))
            elif finding.state == Finding.State.RESOLVED:
                altered.append(_reopened(finding, change))
        elif finding is not None and finding.state == Finding.State.OPEN and base(change.new) in CLOSING:
            altered.append(_resolved(finding, change, CLOSING[base(change.new)]))
    if raised or altered:
        _write(raised, altered)


def _newest_changes(statements: Sequence[uuid.UUID]) -> dict[Fingerprint, Transition]:
    rows = Transition.objects.filter(statement__in=statements).order_by("rev", "id")
    newest = {(row.asset_id, row.check_id): row for row in rows}
    for asset, check, rev in _later_elsewhere(statements, newest):
        if (asset, check) in newest and newest[asset, check].rev < rev:
            del newest[asset, check]
    return newest


def _later_elsewhere(
    statements: Sequence[uuid.UUID], changes: Mapping[Fingerprint, Transition]
) -> Iterable[tuple[uuid.UUID, str, int]]:
    """Return (asset, check, revision) of what other evaluations have said of these assets since; usually nothing."""
    since = min((change.rev for change in changes.values()), default=0)
    rows = Transition.objects.filter(asset__in={asset for asset, _ in changes}, rev__gt=since)
    return rows.exclude(statement__in=statements).values_list("asset_id", "check_id", "rev")


def _existing(changes: Iterable[Fingerprint]) -> dict[Fingerprint, Finding]:
    found = Finding.objects.select_for_update().filter(asset_id__in={asset for asset, _ in changes})
    return {(finding.asset_id, finding.check_id): finding for finding in found}


def _raised(change: Transition, check: Check, asset: Asset) -> Finding:
    limit = LIMIT_DAYS[check.severity]
    return Finding(
        id=new_id(),
        workspace_id=current_workspace(),
        check_id=change.check_id,
        checklist=change.checklist,
        family=change.check_id.split("-")[0],
        severity=check.severity,
        severity_rank=SEVERITIES.index(check.severity),
        title=check.question,
        asset_id=change.asset_id,
        kind=change.kind,
        uid=change.uid,
        name=asset.name,
        entity_id=asset.organisation_id,
        owner=asset.owner,
        state=Finding.State.OPEN,
        detected_at=change.judged_at,
        limit_days=limit,
        due_at=change.judged_at + datetime.timedelta(days=limit),
        **_cause(change),
    )


def _reopened(finding: Finding, change: Transition) -> Finding:
    """Start the clock again at the new detection, with the limit of its severity."""
    finding.state = Finding.State.OPEN
    finding.resolved_at = None
    finding.reopened += 1
    finding.detected_at = change.judged_at
    finding.due_at = change.judged_at + datetime.timedelta(days=finding.limit_days)
    return _with(finding, _cause(change))


def _resolved(finding: Finding, change: Transition, closing: str) -> Finding:
    finding.state = Finding.State.RESOLVED
    finding.resolved_at = change.judged_at
    return _with(finding, _cause(change) | {"reason": closing})


def _cause(change: Transition) -> dict[str, object]:
    return {
        "transition": change.pk,
        "statement": change.statement,
        "grade": change.grade,
        "reason": change.reason,
        "rev": change.rev,
    }


def _with(finding: Finding, values: Mapping[str, object]) -> Finding:
    for name, value in values.items():
        setattr(finding, name, value)
    return finding


CHANGED_FIELDS = [
    "state", "resolved_at", "reopened", "detected_at", "due_at", "transition", "statement", "grade", "reason", "rev",
]  # fmt: skip


def _write(raised: list[Finding], altered: list[Finding]) -> None:
    Finding.objects.bulk_create(raised, batch_size=1000)
    Finding.objects.bulk_update(altered, CHANGED_FIELDS, batch_size=500)
    revision = next_revision("raise")
    everything = [*raised, *altered]
    append(
        Action.FINDINGS_RAISED,
        {"findings": [_said(finding) for finding in everything]},
        actor="stage:raise",
        revision=revision,
    )
    push(Stage.OPEN, [finding.pk for finding in everything])


def _said(finding: Finding) -> dict[str, object]:
    """Return what the statement says of a finding: enough to stand without our tables."""
    return {
        "finding": finding.pk,
        "check": finding.check_id,
        "kind": finding.kind,
        "uid": finding.uid,
        "state": str(finding.state),
        "severity": finding.severity,
        "detected_at": finding.detected_at,
        "due_at": finding.due_at,
        "evaluation": finding.statement,
        "transition": finding.transition,
    }
