"""Verdicts: every one of them, passes and unknowns included; what the counts on other pages open."""

import datetime
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts.members.rights import Right
from accounts.paging import Page
from audit.findings.queries import ids_of
from audit.web.filters import VerdictFilters
from audit.web.links import check_href, href, with_query
from audit.web.lists import csv_answer, fetched, list_context
from audit.web.scope import Scope, workspace_page
from audit.web.words import short_reason, shown_verdict
from policies.checklists.queries import check_titles
from policies.evaluation.api import VerdictRow
from policies.evaluation.codes import STALE, WAIVED, word
from policies.evaluation.lookups import change_page, count_of, flip_count, flip_page, last_changes, missing_in
from policies.evaluation.models import Transition
from policies.evaluation.queries import VERDICTS, verdict_page

YEAR = datetime.timedelta(days=365)
NAMED = ("check", "family", "verdict", "kind", "overlay")
_FIRST = ["fail", "unknown", "error", "manual", "pass", "not_applicable"]
assert set(_FIRST) == set(VERDICTS)


@workspace_page("verdicts", GET=Right.READ)
def verdict_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List current verdicts, or in another order their changes, or what time alone turns to fail."""
    form = VerdictFilters(request.GET)
    rows: list[dict[str, Any]]
    match form.chosen.get("order", ""):
        case "changed":
            page, rows, total = _changes(request, scope, form)
        case "flip":
            page, rows, total = _flips(request, scope, form)
        case _:
            page, rows, total = _current(request, scope, form)
    context = {
        "views": _views(request, form),
        "verdicts": rows,
        **list_context(request, form, page, total, csv=not form.chosen.get("order")),
    }
    context["page"]["shown"] = len(rows)
    return render(request, "web/verdicts/list.html", context)


@workspace_page("verdicts", GET=Right.READ)
def verdict_csv(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """Give the filtered list as CSV, with the columns of the API."""
    form = VerdictFilters(request.GET)
    filters = _filters(form)
    columns = list(VerdictRow.__annotations__)
    return csv_answer(scope, form, lambda after, limit: verdict_page(after, limit, **filters), columns, "verdicts")


def _filters(form: VerdictFilters) -> dict[str, Any]:
    return {name: form.chosen.get(name, "") for name in NAMED}


def _views(request: HttpRequest, form: VerdictFilters) -> list[dict[str, Any]]:
    """Return the outcomes as views; a view sets the verdict or the overlay and leaves the other filters."""
    verdict, overlay = form.chosen.get("verdict", ""), form.chosen.get("overlay", "")
    views = [("", "", "All"), *((each, "", each.replace("_", " ").capitalize()) for each in _FIRST)]
    views += [("", each, each.capitalize()) for each in ("waived", "stale")]
    laid = overlay if overlay != "none" else ""
    return [
        {
            "label": label,
            "href": with_query(request, verdict=is_verdict, overlay=is_overlay),
            "count": None,
            "current": (verdict, laid) == (is_verdict, is_overlay),
        }
        for is_verdict, is_overlay, label in views
    ]


Shown = tuple[Page[Any], list[dict[str, Any]], int | None]


def _current(request: HttpRequest, scope: Scope, form: VerdictFilters) -> Shown:
    filters = _filters(form)
    page = fetched(request, form, lambda after, limit: verdict_page(after, limit, **filters))
    keys = [(row["asset"], row["check"]) for row in page.rows]
    changes = last_changes(keys)
    missing = missing_in(changes.values())
    findings = ids_of(keys)
    rows = []
    for row in page.rows:
        key = (row["asset"], row["check"])
        shown = _row(scope, row) | _since(changes.get(key), missing.get(key, []))
        rows.append(shown | {"href": href("finding", scope.slug, findings[key]) if key in findings else ""})
    return page, rows, _total(form, filters)


def _total(form: VerdictFilters, filters: Mapping[str, str]) -> int:
    """Return the exact number from the roll-ups; a check's kind is known, so no filter needs counting over rows."""
    return count_of(**filters) if form.is_valid() else 0


def _row(scope: Scope, row: Mapping[str, Any]) -> dict[str, Any]:
    check = str(row["check"])
    return {
        "check_code": check,
        "check_title": check_titles().get(check, ""),
        "check_href": check_href(scope.slug, check),
        "asset": {"id": row["asset"], "name": row["name"], "kind": row["kind"]},
        "verdict": shown_verdict(str(row["verdict"])),
        "waived": row["waived"],
        "stale": row["stale"],
        "grade": row["grade"],
        "next_flip_at": row["flip_at"],
        "next_flip_to": row["flip_to"],
    }


def _since(change: Transition | None, missing: list[str]) -> dict[str, Any]:
    if change is None:
        return {"since": None, "reason": ""}
    return {"since": change.judged_at, "reason": short_reason(change.reason, missing)}


def _changes(request: HttpRequest, scope: Scope, form: VerdictFilters) -> Shown:
    """Return the log of changes: each row is what a verdict became."""
    narrowed = {name: form.chosen.get(name, "") for name in ("family", "check")}
    page = fetched(request, form, lambda after, limit: change_page(after, limit, **narrowed))
    missing = missing_in(page.rows)
    rows = []
    for change in page.rows:
        key = (change.asset_id, change.check_id)
        plain = {
            "check": change.check_id, "asset": change.asset_id, "name": change.asset.name, "kind": change.kind,
            "verdict": word(change.new), "waived": bool(change.new & WAIVED), "stale": bool(change.new & STALE),
            "grade": change.grade, "flip_at": None, "flip_to": None,
        }  # fmt: skip
        was = f"Was {word(change.old).replace('_', ' ')}"
        why = short_reason(change.reason, missing.get(key, []))
        rows.append(
            _row(scope, plain)
            | {
                "since": change.judged_at,
                "reason": f"{was}. {why}",
                "href": href("statement", scope.slug, change.statement),
            }
        )
    return page, rows, None


def _flips(request: HttpRequest, scope: Scope, form: VerdictFilters) -> Shown:
    """Return what fails within a year if nothing else happens, earliest first."""
    until = scope.now + YEAR
    page = fetched(request, form, lambda after, limit: flip_page(until, after, limit))
    rows = []
    for flip in sorted((each for group in page.rows for each in group), key=lambda each: each["at"]):
        asset, byte = flip["asset"], flip["byte"]
        plain = {
            "check": flip["check"], "asset": asset.pk, "name": asset.name, "kind": asset.kind, "verdict": word(byte),
            "waived": bool(byte & WAIVED), "stale": bool(byte & STALE), "grade": "", "flip_at": flip["at"],
            "flip_to": "fail",
        }  # fmt: skip
        rows.append(_row(scope, plain) | {"since": None, "reason": "", "href": ""})
    return page, rows, flip_count(until)
