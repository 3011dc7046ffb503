"""The tables of an export: the same rows as pages and API, whole and streamed."""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.findings.queries import WORKLIST as FINDING_ORDER
from audit.findings.queries import finding_row, findings
from audit.tickets.queries import WORKLIST as TICKET_ORDER
from audit.tickets.queries import ticket_row, tickets
from lineage.inventory.models import Asset
from lineage.inventory.queries import list_sources
from policies.checklists.models import Check
from policies.evaluation import queries as verdicts
from policies.evaluation.minimum import not_carried
from policies.evaluation.models import Evaluation

CHUNK = 1000
Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class Table:
    """A table: its file name, its columns in order, and how to read its rows."""

    name: str
    columns: Sequence[str]
    rows: Callable[[datetime.datetime], Rows]  # at an instant, the same for all that is read


def _findings(now: datetime.datetime) -> Rows:
    return (finding_row(row) for row in findings().order_by(*FINDING_ORDER).iterator(CHUNK))


def _tickets(now: datetime.datetime) -> Rows:
    return (ticket_row(row) for row in tickets().order_by(*TICKET_ORDER).iterator(CHUNK))


def _verdicts(now: datetime.datetime) -> Rows:
    rows = verdicts.current_verdicts().order_by("asset_id", "check_id")
    return (verdicts.verdict_row(row) for row in rows.iterator(CHUNK))


def _posture(now: datetime.datetime) -> Rows:
    for family in verdicts.posture():
        for name, tally in sorted(family.checks.items()):
            yield {
                "family": family.family, "check": name, **tally.verdicts, "passed": tally.passed, "stale": tally.stale,
                "waived": tally.waived, "applicable": tally.applicable, "pass_rate": tally.pass_rate,
                "known_rate": tally.known_rate, "grade": tally.weakest_grade,
            }  # fmt: skip


def _checks(now: datetime.datetime) -> Rows:
    waiting = verdicts.waiting_checks()
    for row in Check.objects.filter(version__active=True).order_by("check_id").iterator(CHUNK):
        yield {
            "check": row.check_id, "kind": row.kind, "type": row.type, "severity": row.severity,
            "question": row.question, "check_hash": row.check_hash, "waiting_for": waiting.get(row.check_id, []),
        }  # fmt: skip


def _evaluations(now: datetime.datetime) -> Rows:
    for row in Evaluation.objects.order_by("finished_at", "id").iterator(CHUNK):
        yield {
            "id": row.pk, "cause": row.cause, "now": row.now, "subjects": row.subjects, "changed": row.changed,
            "revision": row.rev, "statement": row.statement,
        }  # fmt: skip


def source_rows(now: datetime.datetime) -> list[dict[str, Any]]:
    """Return all sources as plain rows; "incomplete" where a manifest declared more or fewer than arrived."""
    return [
        {
            "id": line.id, "door": line.door, "name": line.name, "first_seen_at": line.first_seen_at,
            "last_seen_at": line.last_seen_at, "expected_every_hours": line.expected_every_hours,
            "silent": line.silent, "declared_count": line.declared, "received_count": line.received,
            "incomplete": line.complete is False,
        }
        for line in list_sources(now)
    ]  # fmt: skip


TABLES = (
    Table(
        "findings",
        ["id", "check", "family", "severity", "state", "kind", "uid", "name", "owner", "grade", "detected_at", "due_at",
         "resolved_at", "resolution", "reopened", "reopened_after", "title", "statement", "revision",
         "asset"],
        _findings,
    ),
    Table(
        "tickets",
        ["id", "number", "title", "state", "severity", "check", "finding", "assignee", "due_at", "opened_at",
         "closed_at", "resolution", "reopened"],
        _tickets,
    ),
    Table(
        "verdicts",
        ["asset", "kind", "uid", "name", "check", "severity", "verdict", "stale", "waived", "grade", "judged_at",
         "flip_at", "flip_to", "stale_at", "version"],
        _verdicts,
    ),
    Table(
        "posture",
        ["family", "check", "pass", "fail", "unknown", "error", "not_applicable", "manual", "passed", "stale", "waived",
         "applicable", "pass_rate", "known_rate", "grade"],
        _posture,
    ),
    Table("checks", ["check", "kind", "type", "severity", "question", "check_hash", "waiting_for"], _checks),
    Table("evaluations", ["id", "cause", "now", "subjects", "changed", "revision", "statement"], _evaluations),
    Table(
        "sources",
        ["id", "door", "name", "first_seen_at", "last_seen_at", "expected_every_hours", "silent", "declared_count",
         "received_count", "incomplete"],
        source_rows,
    ),
)  # fmt: skip


def population(now: datetime.datetime) -> dict[str, Any]:
    """Return what the export covers: assets judged, sources expected, silent, incomplete (promise 12)."""
    sources = source_rows(now)
    return {
        "assets": Asset.objects.filter(state=Asset.State.REPORTED).count(),
        "assets_only_named": Asset.objects.filter(state=Asset.State.MENTIONED).count(),
        "sources": len(sources),
        "silent_sources": [row["name"] for row in sources if row["silent"]],
        "incomplete_sources": [row["name"] for row in sources if row["incomplete"]],
        "checks_waiting_for_facts": sorted(verdicts.waiting_checks()),
        "too_few_subjects_not_carried": sorted(count.check.id for count in not_carried()),
    }
