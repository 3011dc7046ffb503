"""Raise and resolve findings from verdict changes.

A failing verdict raises the finding of its fingerprint (workspace, check, kind, uid), or reopens it. It ends with the
reason why: a passing verdict (`passed`), a check that no longer concerns the asset (`not_applicable`), an asset that is
no longer reported or judged (`retired`). `unknown` and `error` end nothing: what is no longer known to be right is not
repaired, and neither is what passes on stale facts.

The limit is frozen at detection, and only a pass ends its clock: what comes back after any other end keeps the instant
of its detection and its limit, else whoever drops an asset from an inventory and lists it again would buy a new one.
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
from audit.findings.queries import names_of_runs
from lineage.inventory.models import Asset
from policies.checklists.models import Check
from policies.evaluation.codes import NOT_JUDGED, base, counts_as_pass
from policies.evaluation.models import Transition
from policies.rules.verdicts import Code

LIMIT_DAYS = {"critical": 15, "high": 30, "medium": 90, "low": 180}
SEVERITIES = list(LIMIT_DAYS)
BATCH = 20  # evaluation statements per transaction
OTHER_ENDS = {Code.NOT_APPLICABLE: Finding.Resolution.NOT_APPLICABLE, NOT_JUDGED: Finding.Resolution.RETIRED}
REASONS = {
    Finding.Resolution.PASSED: "passes",
    Finding.Resolution.NOT_APPLICABLE: "no longer applies",
    Finding.Resolution.RETIRED: "is no longer judged",
}

Fingerprint = tuple[uuid.UUID, str]


def raise_findings(workspace_id: uuid.UUID) -> int:
    """Run the stage: its rows are the statements of evaluations that changed verdicts."""
    return run_stage(Stage.RAISE, workspace_id, raise_batch, limit=BATCH)


def raise_batch(statements: Sequence[uuid.UUID]) -> None:
    """Turn the verdict changes of these evaluations into findings, in one transaction with one statement.

    1. Take the changes per (asset, check), those that later evaluations added included: one of these statements may
       come late (it failed before, or was replayed), and what has been overtaken must not stand.
    2. Load the findings that exist for them.
    3. Lead each through its changes in order, so that its clock does not depend on how they fall into batches. What
       has no finding yet is raised where its newest change fails.
    4. Write them with one revision, one statement, and queue the tickets.
    """
    changes = _changes(statements)  # 1
    existing = _existing(changes)  # 2
    checks = {check.check_id: check for check in Check.objects.filter(version__active=True)}
    assets = {asset.pk: asset for asset in Asset.objects.filter(pk__in={asset for asset, _ in changes})}
    called = names_of_runs([asset.pk for asset in assets.values() if asset.kind == "run"])
    raised: list[Finding] = []
    altered: list[Finding] = []
    for key, told in changes.items():  # 3
        finding, newest = existing.get(key), told[-1]
        if finding is None and base(newest.new) == Code.FAIL:
            # A check that was withdrawn in the meantime raises nothing: its verdicts end with the next evaluation.
            if (check := checks.get(newest.check_id)) is not None:
                asset = assets[newest.asset_id]
                raised.append(_raised(newest, check, asset, called.get(asset.pk, asset.name)))
        elif finding is not None and _led_through(finding, told):
            altered.append(finding)
    if raised or altered:
        _write(raised, altered)  # 4


def _changes(statements: Sequence[uuid.UUID]) -> dict[Fingerprint, list[Transition]]:
    """Return what was said per (asset, check) since the first of these statements, oldest first."""
    told = list(Transition.objects.filter(statement__in=statements))
    found: dict[Fingerprint, list[Transition]] = {(change.asset_id, change.check_id): [] for change in told}
    since = min((change.rev for change in told), default=0)
    later = Transition.objects.filter(asset__in={asset for asset, _ in found}, rev__gt=since)  # usually nothing
    for change in sorted([*told, *later.exclude(statement__in=statements)], key=lambda change: (change.rev, change.pk)):
        if (change.asset_id, change.check_id) in found:
            found[change.asset_id, change.check_id].append(change)
    return found


def _existing(changes: Iterable[Fingerprint]) -> dict[Fingerprint, Finding]:
    found = Finding.objects.select_for_update().filter(asset_id__in={asset for asset, _ in changes})
    return {(finding.asset_id, finding.check_id): finding for finding in found}


def _raised(change: Transition, check: Check, asset: Asset, name: str) -> Finding:
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
        name=name,
        entity_id=asset.organisation_id,
        owner=asset.owner,
        state=Finding.State.OPEN,
        detected_at=change.judged_at,
        limit_days=limit,
        due_at=change.judged_at + datetime.timedelta(days=limit),
        **_cause(change),
    )


def _led_through(finding: Finding, told: Sequence[Transition]) -> bool:
    """Apply changes to a finding, but for those that it has followed before; tell whether any altered it."""
    before = finding.rev
    for change in told:
        if change.rev > finding.rev:
            _follow(finding, change)
    return finding.rev > before


def _follow(finding: Finding, change: Transition) -> None:
    if base(change.new) == Code.FAIL and finding.state == Finding.State.RESOLVED:
        _reopen(finding, change)
    elif counts_as_pass(change.new) and finding.resolution != Finding.Resolution.PASSED:
        _resolve(finding, change, Finding.Resolution.PASSED)  # also one that had only gone: now it is fixed
    elif base(change.new) in OTHER_ENDS and finding.state == Finding.State.OPEN:
        _resolve(finding, change, OTHER_ENDS[base(change.new)])


def _reopen(finding: Finding, change: Transition) -> None:
    """Open it again: after a pass as a new detection with a new limit, else with the clock that has run since."""
    if finding.resolution == Finding.Resolution.PASSED:
        finding.detected_at = change.judged_at
        finding.due_at = change.judged_at + datetime.timedelta(days=finding.limit_days)
    finding.reopened_after = finding.resolution
    finding.state, finding.resolution, finding.resolved_at = Finding.State.OPEN, "", None
    finding.reopened += 1
    _set(finding, _cause(change))


def _resolve(finding: Finding, change: Transition, resolution: Finding.Resolution) -> None:
    finding.state, finding.resolution = Finding.State.RESOLVED, resolution
    finding.resolved_at = change.judged_at
    _set(finding, _cause(change) | {"reason": REASONS[resolution]})


def _cause(change: Transition) -> dict[str, object]:
    return {
        "transition": change.pk,
        "statement": change.statement,
        "grade": change.grade,
        "reason": change.reason,
        "rev": change.rev,
    }


def _set(finding: Finding, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        setattr(finding, name, value)


CHANGED_FIELDS = [
    "state", "resolved_at", "resolution", "reopened", "reopened_after", "detected_at", "due_at", "transition",
    "statement", "grade", "reason", "rev",
]  # fmt: skip


def _write(raised: list[Finding], altered: list[Finding]) -> None:
    Finding.objects.bulk_create(raised, batch_size=1000)
    Finding.objects.bulk_update(altered, CHANGED_FIELDS, batch_size=500)
    revision = next_revision("raise")
    everything = [*raised, *altered]
    append(
        Action.FINDINGS_RAISED,
        {"content": "findings/v2", "findings": [_said(finding) for finding in everything]},
        actor="stage:raise",
        revision=revision,
    )
    push(Stage.OPEN, [finding.pk for finding in everything])


def _said(finding: Finding) -> dict[str, object]:
    """Return what the statement says of a finding: enough to stand without our tables, and to hold them against it.

    Every column of an export's row but the owner, a person's name that nothing here needs. Members are only added:
    audit/evidence/ledger/sealed.py reads them for ever.
    """
    return {
        "finding": finding.pk,
        "asset": finding.asset_id,
        "name": finding.name,
        "title": finding.title,
        "grade": finding.grade,
        "resolved_at": finding.resolved_at,
        "reopened": finding.reopened,
        "revision": finding.rev,
        "check": finding.check_id,
        "kind": finding.kind,
        "uid": finding.uid,
        "state": str(finding.state),
        "resolution": str(finding.resolution),
        "reopened_after": str(finding.reopened_after),
        "severity": finding.severity,
        "detected_at": finding.detected_at,
        "due_at": finding.due_at,
        "evaluation": finding.statement,
        "transition": finding.transition,
    }
