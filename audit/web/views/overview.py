"""Overview: where we stand, what changed, what is due, what will fail when, who is silent.

`?entity=` narrows it to one organisation: figures, roll-ups and lists, all but the sources, which report for many.
"""

import datetime
import itertools
import uuid
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.members.rights import Right
from audit.findings.queries import worklist_counts
from audit.tickets.models import Ticket
from audit.tickets.queries import WORKLIST, due_counts, tickets
from audit.web.changes import changes_shown
from audit.web.links import asset_href, check_href, href
from audit.web.posture import family_rows, total_row
from audit.web.scope import Scope, workspace_page
from audit.web.views.source_acts import questions_waiting
from audit.web.views.sources import source_note, source_state
from audit.web.visible import visible
from audit.web.words import plural, shown_verdict
from lineage.inventory.queries import SourceLine, list_sources
from lineage.inventory.summaries import kind_counts, organisations
from policies.checklists.queries import check_titles, kinds_of_checks, ready_checklists
from policies.evaluation.lookups import flip_count, recent_changes
from policies.evaluation.minimum import SubjectCount, not_carried
from policies.evaluation.queries import FamilyPosture, WillFail, posture, will_fail
from policies.evaluation.subjects import ORGANISATION

SHOWN = 8
SOON = datetime.timedelta(days=7)
MONTH = datetime.timedelta(days=30)
COUNTED_ASSETS = 20_000
ENTITIES = 500
"""Organisations that can be chosen."""


Entity = tuple[uuid.UUID, str]


@workspace_page("overview", GET=Right.READ)
def overview(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show the standing; every number is a roll-up or bounded, so it costs the same for a million assets."""
    entities = organisations(ENTITIES)
    entity = _chosen(request, entities)
    only = entity[0] if entity else None
    families = posture([entity[0]] if entity else None)
    sources = list_sources(scope.now)
    checks = {family: len(ready.checklist.checks) for family, ready in ready_checklists().items()}
    rows, total = family_rows(scope.slug, families, checks), total_row(scope.slug, families, checks)
    for row in [*rows, total] if entity else []:
        row["hrefs"] = {}  # the lists are those of all entities
    context = {
        "entities": [{"id": key, "name": name, "chosen": key == only} for key, name in entities],
        "entity": entity[1] if entity else "",
        "population": _population(families, sources, entity),
        "tiles": _tiles(scope, families, only),
        "hrefs": {} if entity else _hrefs(scope),
        "families": rows,
        "total": total,
        "too_few": [] if entity else [_too_few(scope, each) for each in not_carried()],
        "changes": changes_shown(scope.slug, recent_changes(only), SHOWN),
        "due": _due(scope, only),
        "flip_days": _flip_days(scope, will_fail(scope.now + MONTH, SHOWN, only)),
        "flips_href": href("verdicts", scope.slug, order="flip"),
        "questions": questions_waiting(),
        "sources": [_source(scope, each) for each in sources if source_state(each) != "reporting"][:SHOWN],
    }
    return render(request, "web/overview.html", context)


def _chosen(request: HttpRequest, entities: Sequence[Entity]) -> Entity | None:
    """Return the entity that the address names, None for all. Raises Http404 for one that is not known here."""
    wanted = request.GET.get("entity", "")
    found = next((each for each in entities if str(each[0]) == wanted), None)
    if wanted and found is None:
        raise Http404
    return found


def judged_assets(families: Sequence[FamilyPosture]) -> dict[str, int]:
    """Return the number of judged assets by kind, from the roll-ups: each check of a kind judges all of them."""
    kinds = kinds_of_checks()
    found: dict[str, int] = {}
    for each in families:
        for check, tally in each.checks.items():
            if (kind := kinds.get(check)) is not None:
                found[kind] = max(found.get(kind, 0), tally.population)
            if tally.numbers:  # one organisation carries them all
                found[ORGANISATION] = max(found.get(ORGANISATION, 0), 1)
    return found


def _population(
    families: Sequence[FamilyPosture], sources: Sequence[SourceLine], entity: Entity | None
) -> dict[str, Any]:
    silent = sum(1 for each in sources if each.silent)
    incomplete = sum(1 for each in sources if each.complete is False)
    judged = sum(judged_assets(families).values())
    verdicts = sum(sum(each.total.verdicts.values()) for each in families)
    if entity is None:
        known = kind_counts(COUNTED_ASSETS)
        assets = sum(known.values()) if known is not None else None
        statement = _statement(assets, judged, verdicts, len(sources), silent, incomplete)
    else:
        standing = f"{plural(judged, 'asset')} of {visible(entity[1])} judged, {plural(verdicts, 'verdict')}"
        statement = f"{standing} (of all sources, {_covered(silent, incomplete)})."
    return {
        "expected": len(sources),
        "received": len(sources) - silent,
        "silent": silent,
        "incomplete": incomplete,
        "judged": judged,
        "verdicts": verdicts,
        "statement": statement,
    }


def _statement(assets: int | None, judged: int, verdicts: int, sources: int, silent: int, incomplete: int) -> str:
    if not sources:
        return "No source has reported, so nothing is known and nothing is a pass."
    known = f"More than {COUNTED_ASSETS:,} assets" if assets is None else plural(assets, "asset")
    return (
        f"{known} known from {plural(sources, 'source')} ({_covered(silent, incomplete)}). {judged:,} judged, with "
        f"{plural(verdicts, 'verdict')}."
    )


def _covered(silent: int, incomplete: int) -> str:
    gaps = [f"{silent:,} silent"] * bool(silent) + [f"{incomplete:,} incomplete"] * bool(incomplete)
    return f"{' and '.join(gaps)}: what these hold back is not in the figures" if gaps else "none silent or incomplete"


def _tiles(scope: Scope, families: Sequence[FamilyPosture], entity: uuid.UUID | None) -> dict[str, Any]:
    found = worklist_counts(scope.now, entity)
    due = due_counts(scope.now, scope.now + SOON, entity)
    return {
        "findings_open": found["open"],
        "findings_critical": found["critical"],
        "findings_note": f"{found['critical']:,} critical, {found['overdue']:,} past their limit",
        "tickets_due": due["soon"],
        "tickets_overdue": due["overdue"],
        "tickets_note": f"{due['overdue']:,} of them overdue",
        "unknown": sum(each.total.verdicts["unknown"] for each in families),
        "flips": flip_count(scope.now + MONTH, entity),
    }


def _hrefs(scope: Scope) -> dict[str, str]:
    return {
        "findings_open": href("findings", scope.slug, view="open"),
        "tickets_due": href("tickets", scope.slug, view="soon"),
        "unknown": href("verdicts", scope.slug, verdict="unknown"),
        "flips": href("verdicts", scope.slug, order="flip"),
    }


def _too_few(scope: Scope, count: SubjectCount) -> dict[str, Any]:
    return {"code": count.check.id, "href": check_href(scope.slug, count.check.id)}


def _due(scope: Scope, entity: uuid.UUID | None) -> list[dict[str, Any]]:
    found = tickets(state=Ticket.State.OPEN, due_before=scope.now + MONTH).order_by(*WORKLIST)
    rows = (found if entity is None else found.filter(finding__asset__organisation=entity))[:SHOWN]
    return [
        {
            "id": row.pk,
            "number": row.number,
            "title": row.title,
            "severity": row.finding.severity,
            "due_at": row.due_at,
            "overdue": row.due_at < scope.now,
            "assignee": row.assignee.email if row.assignee else "",
        }
        for row in rows
    ]


def _flip_days(scope: Scope, flips: Sequence[WillFail]) -> list[dict[str, Any]]:
    titles = check_titles()
    return [
        {"day": day, "flips": [_flip(scope, each, titles) for each in group]}
        for day, group in itertools.groupby(flips, key=lambda each: each.at.date())
    ]


def _flip(scope: Scope, flip: WillFail, titles: dict[str, str]) -> dict[str, Any]:
    return {
        "at": flip.at,
        "check_code": flip.check_id,
        "check_href": check_href(scope.slug, flip.check_id),
        "asset_name": flip.asset.name,
        "asset_href": asset_href(scope.slug, flip.asset.pk),
        "before": shown_verdict(flip.verdict),
        "after": "fail",
        "reason": titles.get(flip.check_id, ""),
    }


def _source(scope: Scope, source: SourceLine) -> dict[str, Any]:
    return {
        "name": source.name,
        "href": href("sources", scope.slug),
        "state": source_state(source),
        "last_at": source.last_seen_at,
        "note": source_note(source),
    }
