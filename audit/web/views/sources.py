"""Sources: who reports, who is silent, what was refused, and work that failed for good."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.members.rights import Right
from accounts.workspaces.models import DeadLetter
from audit.web.links import href
from audit.web.scope import Scope, workspace_page
from audit.web.views.source_acts import questions_shown
from audit.web.words import plural
from lineage.events.queries import dead_letters, events
from lineage.events.replay import replay
from lineage.inventory.queries import SourceLine, list_sources
from lineage.inventory.summaries import last_imports, rejected_rows

REFUSALS = 50
LETTERS = 50
_WORST_FIRST = ["silent", "incomplete", "reporting"]


def source_state(source: SourceLine) -> str:
    """Return "silent", "incomplete" or "reporting"; a source without a cadence cannot be told to be silent."""
    if source.silent:
        return "silent"
    return "incomplete" if source.complete is False else "reporting"


def cadence(hours: int) -> str:
    """Return how often a source is to report: "every 6 hours", "every 7 days"."""
    return (
        f"every {plural(hours // 24, 'day')}" if hours >= 48 and hours % 24 == 0 else f"every {plural(hours, 'hour')}"
    )


def source_note(source: SourceLine) -> str:
    """Return what is wrong with a source, in a few words."""
    if source.complete is False:
        return f"announced {source.declared:,}, {source.received:,} arrived"
    if source.silent:
        return f"expected {cadence(source.expected_every_hours or 0)}"
    return ""


def clock_note(source: SourceLine) -> str:
    """Return what its newest day says of a producer's clock; "" where it agrees with ours or is not known."""
    apart = span(abs(source.clock_lead_seconds or 0))
    if source.clock == "ahead":
        return f"its clock is {apart} ahead of ours"
    if source.clock == "late":
        return f"even its most prompt event came {apart} after its own time: late delivery, or a clock that is behind"
    return ""


def span(seconds: int) -> str:
    """Return "5 minutes", "3 hours", "2 days": the largest unit of which there are two."""
    for size, noun in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return plural(seconds // size, noun)
    return plural(seconds, "second")


@workspace_page("sources", GET=Right.READ)
def sources(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List all sources, silent ones first, with refused rows and dead letters."""
    lines = sorted(list_sources(scope.now), key=lambda line: (_WORST_FIRST.index(source_state(line)), line.name))
    imports = last_imports({line.last_event for line in lines if line.last_event})
    silent = sum(1 for line in lines if source_state(line) == "silent")
    incomplete = sum(1 for line in lines if line.complete is False)
    context = {
        "population": {
            "expected": len(lines),
            "received": len(lines) - silent,
            "silent": silent,
            "late": None,  # lateness is not measured apart from silence
            "incomplete": incomplete,
            "statement": _statement(len(lines), silent, incomplete),
        },
        "sources": [_row(scope, line, imports.get(line.id)) for line in lines],
        "questions": questions_shown(scope),
        "refusals": _refusals(),
        "dead": [_letter(scope, letter) for letter in dead_letters(open_only=True).order_by("-id")[:LETTERS]],
    }
    return render(request, "web/sources/list.html", context)


def _statement(total: int, silent: int, incomplete: int) -> str:
    if not total:
        return "No source has reported yet: nothing is known, and nothing is a pass."
    return (
        f"{plural(total, 'source')}: {silent:,} silent, {incomplete:,} incomplete. A source that stops reporting "
        "makes its assets stale, not gone."
    )


def _row(scope: Scope, line: SourceLine, result: Any) -> dict[str, Any]:
    hours = line.expected_every_hours
    return {
        "id": line.id,
        "name": line.name,
        "format": "OpenLineage" if line.door == "lineage" else line.grade_class.replace("_", " "),
        "state": source_state(line),
        "last_at": line.last_seen_at,
        "cadence": cadence(hours) if hours else "",
        "announced": line.declared,
        "received": line.received,
        "refused": result.rejected if result else 0,
        "assets": result.rows if result else None,
        "mode": "events" if line.door == "lineage" else "inventory",
        "note": source_note(line),
        "clock": clock_note(line),
        "href": href("assets", scope.slug, source=line.id),
    }


def _refusals() -> list[dict[str, Any]]:
    rows = rejected_rows(REFUSALS)
    batches = {event.pk: event for event in events().filter(pk__in={row.event for row in rows})}
    return [
        {
            "at": batches[row.event].received_at if row.event in batches else None,
            "source": batches[row.event].source if row.event in batches else "",
            "line": row.line,
            "uid": "",
            "field": row.field,
            "got": row.got,
            "expected": row.expected,
        }
        for row in rows
    ]


def _letter(scope: Scope, letter: DeadLetter) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": letter.pk,
        "stage": letter.stage,
        "subject": letter.subject,
        "attempts": letter.attempts,
        "error": letter.reason,
        "at": letter.failed_at,
    }
    if scope.may(Right.REPLAY):
        row["replay_href"] = href("replay", scope.slug, letter.pk)
    return row


@workspace_page("sources", POST=Right.REPLAY)
def replay_letter(request: HttpRequest, scope: Scope, letter_id: uuid.UUID) -> HttpResponse:
    """Queue failed work again."""
    letter = get_object_or_404(dead_letters(), pk=letter_id)
    if replay(letter, actor=scope.principal.actor):
        messages.success(request, f"Work of the stage {letter.stage} is queued again.")
    else:
        messages.info(request, "It was queued again already; nothing has changed.")
    return redirect("web:sources", scope.slug)
