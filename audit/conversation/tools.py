"""The read tools: each a thin layer over the queries that API and pages use, run inside the asker's workspace.

A tool gets its checked parameters and gives a Result. Its sentence is rendered here from the rows; nothing else writes
a number.
"""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from accounts.journal.models import Statement
from accounts.workspaces.revisions import current_revision
from audit.conversation.planner import parameters as given
from audit.conversation.result import Evidence, Result
from audit.evidence.queries import SELF_SIGNED, proof_of, statement_row
from audit.exports.tables import source_rows
from audit.findings.queries import WORKLIST as FINDING_ORDER
from audit.findings.queries import finding_row, findings
from audit.tickets.queries import WORKLIST as TICKET_ORDER
from audit.tickets.queries import ticket_row, tickets
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.kinds.where import said
from lineage.inventory.queries import AssetFilters, count_assets, first_assets
from policies.checklists.models import Check
from policies.evaluation import queries as verdicts
from policies.evaluation.codes import word

Run = Callable[[Any], Result]


def list_findings(wanted: given.ListFindings) -> Result:
    """Findings, worst first."""
    rows = findings(
        state=wanted.state, severity=wanted.severity or "", family=wanted.family or "", check=wanted.check or "",
        kind=wanted.kind or "", owner=wanted.owner or "", overdue_at=timezone.now() if wanted.overdue else None,
    )  # fmt: skip
    total = rows.count()
    shown = [finding_row(row) for row in rows.order_by(*FINDING_ORDER)[: wanted.limit]]
    return Result(
        columns=["severity", "check", "name", "kind", "owner", "due_at", "state", "grade"],
        rows=shown,
        total=total,
        scope=_scope("findings", wanted),
        revision=current_revision(),
        sentence=f"{_count(total, 'finding')} {_are(total)} {wanted.state}{_with(wanted)}.",
        evidence=[Evidence("finding", str(row["id"]), f"{row['check']} on {row['name']}") for row in shown],
    )


def list_verdicts(wanted: given.ListVerdicts) -> Result:
    """Current verdicts by asset and check."""
    rows = verdicts.current_verdicts(
        verdict=wanted.verdict or "", family=wanted.family or "", check=wanted.check or "", kind=wanted.kind or ""
    )
    total = rows.count()
    shown = [verdicts.verdict_row(row) for row in rows.order_by("asset_id", "check_id")[: wanted.limit]]
    said = f" {wanted.verdict}" if wanted.verdict else " known"
    return Result(
        columns=["check", "verdict", "grade", "stale", "kind", "name", "flip_at"],
        rows=shown,
        total=total,
        scope=_scope("current verdicts", wanted),
        revision=current_revision(),
        sentence=f"{_count(total, 'verdict')} {_are(total)}{said}{_with(wanted, 'verdict')}.",
        evidence=[Evidence("asset", str(row["asset"]), f"{row['check']} on {row['name']}") for row in shown],
        notes=_waiting_notes(wanted.family, wanted.check),
    )


def compliance_summary(wanted: given.ComplianceSummary) -> Result:
    """Pass-rate, known-rate and grade per family, or per check of one family."""
    families = [each for each in verdicts.posture() if not wanted.family or each.family == wanted.family]
    if wanted.family:
        named = [(name, tally) for each in families for name, tally in sorted(each.checks.items())]
    else:
        named = [(each.family, each.total) for each in families]
    rows = [_tally_row(name, tally) for name, tally in named]
    passed, applicable = (sum(int(row[name]) for row in rows) for name in ("passed", "applicable"))
    return Result(
        columns=["name", "passed", "applicable", "pass_rate", "known_rate", "fail", "unknown", "grade"],
        rows=rows[: wanted.limit],
        total=len(rows),
        scope=_scope("current verdicts, every asset", wanted),
        revision=current_revision(),
        sentence=f"{passed:,} of {_count(applicable, 'applicable verdict')} pass{_with(wanted)}.",
        evidence=[
            Evidence("family" if not wanted.family else "check", name, name) for name, _ in named[: wanted.limit]
        ],
        notes=_waiting_notes(wanted.family, None),
    )


def list_assets(wanted: given.ListAssets) -> Result:
    """Assets by kind, place and attribute."""
    filters = AssetFilters(
        kind=wanted.kind or "",
        country=wanted.country or "",
        environment=wanted.environment or "",
        name_prefix=wanted.name or "",
        where=(said(load_kinds()[wanted.kind], wanted.where),) if wanted.kind and wanted.where else (),
    )
    total = count_assets(filters)
    shown = [asdict(line) for line in first_assets(filters, wanted.limit)]
    return Result(
        columns=["kind", "name", "country", "environment", "owner", "state", "last_seen_at"],
        rows=shown,
        total=total,
        scope=_scope("assets", wanted),
        revision=current_revision(),
        sentence=f"{_count(total, wanted.kind or 'asset')} {_are(total)} known{_with(wanted, 'kind')}.",
        evidence=[Evidence("asset", str(row["id"]), str(row["name"])) for row in shown],
    )


def list_tickets(wanted: given.ListTickets) -> Result:
    """Tickets, what is due first."""
    rows = tickets(
        state=wanted.state, severity=wanted.severity or "", family=wanted.family or "", unassigned=wanted.unassigned
    )
    total = rows.count()
    shown = [ticket_row(row) for row in rows.order_by(*TICKET_ORDER)[: wanted.limit]]
    return Result(
        columns=["number", "severity", "title", "assignee", "due_at", "state"],
        rows=shown,
        total=total,
        scope=_scope("tickets", wanted),
        revision=current_revision(),
        sentence=f"{_count(total, 'ticket')} {_are(total)} {wanted.state}{_with(wanted)}.",
        evidence=[Evidence("ticket", str(row["id"]), f"T-{row['number']}") for row in shown],
    )


def list_sources(wanted: given.ListSources) -> Result:
    """Who reports, when last, and who is silent or incomplete."""
    everyone = source_rows(timezone.now())
    rows = [row for row in everyone if row["silent"]] if wanted.silent else everyone
    silent, incomplete = (sum(1 for row in everyone if row[state]) for state in ("silent", "incomplete"))
    known = f"{_count(len(everyone), 'source')} {_are(len(everyone))} known"
    return Result(
        columns=["door", "name", "last_seen_at", "expected_every_hours", "silent", "declared_count", "received_count"],
        rows=rows[: wanted.limit],
        total=len(rows),
        scope=_scope("sources", wanted),
        revision=current_revision(),
        sentence=f"{known}; {silent:,} of them {_are(silent)} silent, {incomplete:,} {_are(incomplete)} incomplete.",
        evidence=[Evidence("source", str(row["id"]), str(row["name"])) for row in rows[: wanted.limit]],
    )


def list_changes(wanted: given.ListChanges) -> Result:
    """Verdict changes, newest first."""
    rows = verdicts.transitions(check=wanted.check or "")
    if wanted.since:
        rows = rows.filter(judged_at__gte=datetime.datetime.combine(wanted.since, datetime.time(), datetime.UTC))
    total = rows.count()
    shown = [
        {
            "asset": row.asset_id, "check": row.check_id, "kind": row.kind, "name": row.asset.name,
            "before": word(row.old), "after": word(row.new), "judged_at": row.judged_at, "statement": row.statement,
        }
        for row in rows[: wanted.limit]
    ]  # fmt: skip
    return Result(
        columns=["judged_at", "check", "kind", "name", "before", "after"],
        rows=shown,
        total=total,
        scope=_scope("verdict changes", wanted),
        revision=current_revision(),
        sentence=f"{_count(total, 'verdict change')} {'was' if total == 1 else 'were'} recorded{_with(wanted)}.",
        evidence=[Evidence("statement", str(row["statement"]), f"{row['check']} on {row['name']}") for row in shown],
    )


def will_fail(wanted: given.WillFail) -> Result:
    """What time alone will turn to fail."""
    until = timezone.now() + datetime.timedelta(days=wanted.days)
    found = verdicts.will_fail(until, limit=1000)
    shown = [
        {"asset": each.asset.pk, "check": each.check_id, "kind": each.asset.kind, "name": each.asset.name,
         "verdict": each.verdict, "fails_at": each.at}
        for each in found[: wanted.limit]
    ]  # fmt: skip
    return Result(
        columns=["fails_at", "check", "kind", "name", "verdict"],
        rows=shown,
        total=len(found),
        scope=_scope("current verdicts", wanted),
        revision=current_revision(),
        sentence=f"{_count(len(found), 'verdict')} will fail within {_count(wanted.days, 'day')} if nothing changes.",
        evidence=[Evidence("asset", str(row["asset"]), f"{row['check']} on {row['name']}") for row in shown],
        notes=["Shown up to 1,000."] if len(found) >= 1000 else [],
    )


def show_evidence(wanted: given.ShowEvidence) -> Result:
    """A statement with its place in the ledger."""
    row = Statement.objects.filter(pk=wanted.statement).first()
    proof = proof_of(wanted.statement) if row else None
    shown = [statement_row(row, proof.entry if proof else None)] if row else []
    if row is None:
        sentence = f"There is no statement {wanted.statement} in this workspace."
    elif proof is None:
        sentence = f"Statement {row.pk} ({row.action}) is recorded and not sealed yet."
    else:
        place = f"entry {proof.entry.index:,} of {proof.checkpoint.size:,} in the ledger"
        sentence = f"Statement {row.pk} ({row.action}) is {place}."
    return Result(
        columns=["action", "actor", "made_at", "index", "sealed_at"],
        rows=shown,
        total=len(shown),
        scope=_scope("statements", wanted),
        revision=current_revision(),
        sentence=sentence,
        evidence=[Evidence("statement", str(row.pk), row.action)] if row else [],
        notes=[SELF_SIGNED],
    )


def search_checks(wanted: given.SearchChecks) -> Result:
    """Checks whose question holds some words."""
    rows = Check.objects.filter(version__active=True).order_by("check_id")
    for part in wanted.text.split():
        rows = rows.filter(question__icontains=part)
    waiting = verdicts.waiting_checks()
    shown = [
        {"check": row.check_id, "kind": row.kind, "severity": row.severity, "question": row.question,
         "judged": row.check_id not in waiting}
        for row in rows[: wanted.limit]
    ]  # fmt: skip
    total = rows.count()
    return Result(
        columns=["check", "severity", "kind", "question", "judged"],
        rows=shown,
        total=total,
        scope=_scope("checks", wanted),
        revision=current_revision(),
        sentence=f"{_count(total, 'check')} {'asks' if total == 1 else 'ask'} about “{wanted.text}”.",
        evidence=[Evidence("check", str(row["check"]), str(row["check"])) for row in shown],
    )


RUN: Mapping[str, Run] = {
    "list_findings": list_findings,
    "list_verdicts": list_verdicts,
    "compliance_summary": compliance_summary,
    "list_assets": list_assets,
    "list_tickets": list_tickets,
    "list_sources": list_sources,
    "list_changes": list_changes,
    "will_fail": will_fail,
    "show_evidence": show_evidence,
    "search_checks": search_checks,
}
"""Every tool of the planner's registry by name (a test compares the two)."""


def _tally_row(name: str, tally: verdicts.Tally) -> dict[str, Any]:
    return {
        "name": name,
        "passed": tally.passed,
        "applicable": tally.applicable,
        "pass_rate": tally.pass_rate,
        "known_rate": tally.known_rate,
        "fail": tally.verdicts["fail"],
        "unknown": tally.verdicts["unknown"],
        "grade": tally.weakest_grade,
    }


def _filters(wanted: given.Parameters, *left_out: str) -> list[str]:
    named = wanted.model_dump(mode="json", exclude_none=True, exclude={"limit", "state", *left_out})
    return [name if value is True else f"{name} {value}" for name, value in named.items() if value is not False]


def _with(wanted: given.Parameters, *left_out: str) -> str:
    filters = _filters(wanted, *left_out)
    return f" ({', '.join(filters)})" if filters else ""


def _scope(what: str, wanted: given.Parameters) -> str:
    state = getattr(wanted, "state", None)
    filters = ([f"state {state}"] if state else []) + _filters(wanted)
    return f"{what}; {', '.join(filters) if filters else 'no filter'}"


def _count(number: int, noun: str) -> str:
    """Return "1 finding", "2 findings"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _waiting_notes(family: str | None, check: str | None) -> list[str]:
    waiting = [name for name in verdicts.waiting_checks() if not family or name.startswith(f"{family}-")]
    waiting = [name for name in waiting if not check or name == check]
    return [f"Not judged yet, for want of facts: {', '.join(waiting)}."] if waiting else []
