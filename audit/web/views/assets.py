"""Assets: everything a check can be about, and one asset with its facts, relations, flows and verdicts."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts.members.rights import Right
from accounts.paging import Page
from accounts.workspaces.revisions import current_revision
from audit.findings.queries import ids_of
from audit.web.facts import attribute_of, facts_known
from audit.web.filters import AssetFilterForm
from audit.web.links import asset_href, check_href, href, with_query
from audit.web.lists import FilterForm, count_up_to, csv_answer, fetched, list_context
from audit.web.posture import buckets
from audit.web.scope import Scope, workspace_page
from audit.web.timelines import newest_first, verdict_events
from audit.web.words import short_reason, shown_verdict
from lineage.graph.models import Flow
from lineage.graph.queries import MAX_DEPTH, direct_flows, reach
from lineage.graph.snapshot import Direction
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.kinds.where import said
from lineage.inventory.models import Source
from lineage.inventory.queries import AssetDetail, AssetFilters, AssetLine, asset_detail, filtered, list_assets
from lineage.inventory.summaries import is_silent, kind_counts, names_of, sources_of
from policies.checklists.queries import check_titles, kinds_of_checks, ready_checklists
from policies.evaluation.lookups import last_changes, missing_in, tallies_of
from policies.evaluation.queries import Tally, current_verdicts, transitions, verdict_row

COUNTED = 20_000
FLOWS = 100
TARGETS = 20
CHANGES = 50
_WORST_FIRST = ["fail", "error", "unknown", "manual", "pass", "not_applicable"]


def _filters(form: FilterForm) -> AssetFilters:
    chosen = form.chosen
    return AssetFilters(
        kind=chosen.get("kind", ""),
        country=chosen.get("country", ""),
        environment=chosen.get("environment", ""),
        owner=chosen.get("owner", ""),
        name_prefix=chosen.get("name", ""),
        source=chosen.get("source"),
        where=(said(load_kinds()[chosen["kind"]], chosen["where"]),) if "where" in chosen else (),
    )


@workspace_page("assets", GET=Right.READ)
def assets(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List assets with their verdicts, oldest first."""
    form = AssetFilterForm(request.GET)
    filters = _filters(form)
    page = fetched(request, form, lambda after, limit: list_assets(filters, after, limit))
    # Counting by an attribute would read every document, so no page does.
    total = (None if filters.where else count_up_to(filtered(filters))) if form.is_valid() else 0
    context = {
        "views": _views(request, form),
        "assets": _rows(scope, page.rows),
        **list_context(request, form, page, total),
    }
    return render(request, "web/assets/list.html", context)


@workspace_page("assets", GET=Right.READ)
def assets_csv(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """Give the filtered list as CSV, with the columns of the API."""
    form = AssetFilterForm(request.GET)
    filters = _filters(form)

    def fetch(after: str | None, limit: int) -> Page[dict[str, Any]]:
        return list_assets(filters, after, limit).map(asdict)

    return csv_answer(scope, form, fetch, list(AssetLine.__annotations__), "assets")


def _views(request: HttpRequest, form: FilterForm) -> list[dict[str, Any]]:
    """Return the kinds as views; beyond what a page counts, the kinds that checks concern, without numbers."""
    counts = kind_counts(COUNTED)
    known: dict[str, int | None] = dict(counts) if counts is not None else dict.fromkeys(sorted(_kinds_checked()))
    everything = sum(counts.values()) if counts is not None else None
    current = form.chosen.get("kind", "")
    return [
        {"label": label, "href": with_query(request, kind=kind), "count": count, "current": kind == current}
        for kind, label, count in [("", "All", everything), *((k, k.replace("_", " "), n) for k, n in known.items())]
    ]


def _kinds_checked() -> set[str]:
    return set(kinds_of_checks().values())


def _rows(scope: Scope, lines: Sequence[AssetLine]) -> list[dict[str, Any]]:
    """Return the rows with entity, sources and verdicts: three queries for all."""
    ids = [line.id for line in lines]
    entities = names_of({line.organisation for line in lines if line.organisation})
    sources, tallies = sources_of(ids), tallies_of(ids)
    return [
        asdict(line)
        | {
            "entity": entities.get(line.organisation, "") if line.organisation else "",
            "source": ", ".join(source.name for source in sources.get(line.id, [])) or "lineage only",
            **_silence(scope, sources.get(line.id, [])),
            "counts": buckets(tallies.get(line.id, Tally())),
        }
        for line in lines
    ]


def _silence(scope: Scope, sources: Sequence[Source]) -> dict[str, Any]:
    """Return whether nobody speaks of an asset any more, and who has gone silent about it."""
    silent = [source.name for source in sources if is_silent(source, scope.now)]
    return {"stale": bool(silent) and len(silent) == len(sources), "silent": ", ".join(silent)}


@workspace_page("assets", GET=Right.READ)
def asset(request: HttpRequest, scope: Scope, asset_id: uuid.UUID) -> HttpResponse:
    """Show all that is known of one asset."""
    detail = asset_detail(asset_id)
    if detail is None:
        raise Http404
    kind = load_kinds()[detail.line.kind]
    changes = list(transitions(asset=asset_id)[:CHANGES])
    seen = {"at": detail.line.first_seen_at, "text": "First seen", "icon": "assets"}
    context: dict[str, Any] = {
        "crumbs": [{"label": "Assets", "href": href("assets", scope.slug)}, {"label": detail.line.name, "href": ""}],
        "asset": _shown(scope, detail, kind.meaning),
        "facts": facts_known(detail),
        "unreported": _unreported(detail),
        "relations": relations_shown(scope, detail),
        "lineage": None,
        "verdicts": _verdicts(scope, asset_id),
        "events": newest_first(verdict_events(scope.slug, changes), [seen]),
    }
    if kind.name == "dataset":
        context |= _lineage(scope, asset_id)
    return render(request, "web/assets/detail.html", context)


def _shown(scope: Scope, detail: AssetDetail, meaning: str) -> dict[str, Any]:
    described = next((fact.value for fact in detail.facts if fact.name == "description"), None)
    return _rows(scope, [detail.line])[0] | {"kind_meaning": meaning, "description": described or ""}


def _unreported(detail: AssetDetail) -> list[dict[str, Any]]:
    """Return the facts of this asset that checks in force read and that nobody has given."""
    kind = detail.line.kind
    known = {fact.name for fact in detail.facts if fact.value is not None}
    readers: dict[str, list[str]] = {}
    for ready in ready_checklists().values():
        for code, compiled in ready.compiled.items():
            if compiled.check.kind == kind:
                for name in compiled.uses.attributes - known:
                    readers.setdefault(name, []).append(code)
    found = []
    for name, codes in sorted(readers.items()):
        attribute = attribute_of(kind, name)
        stands_in = attribute is not None and attribute.implied and name.endswith(("_never", "_none"))
        if not stands_in:  # a companion is given in place of an instant; the instant is what is asked for
            found.append({"name": name, "meaning": attribute.meaning if attribute else "", "checks": sorted(codes)})
    return found


def relations_shown(scope: Scope, detail: AssetDetail) -> list[dict[str, Any]]:
    """Return all relations of the kind: known with their targets, known to be none, or not reported."""
    known = {line.name: line for line in detail.relations}
    rows: list[dict[str, Any]] = []
    for name in sorted({*load_kinds()[detail.line.kind].relations, *known}):
        line = known.get(name)
        ends = line.ends[:TARGETS] if line else ()
        total = line.total if line else 0
        rows.append(
            {
                "name": name,
                "state": "unreported" if line is None else "known" if total else "none",
                "targets": [
                    {"name": end.name, "kind": end.kind, "href": asset_href(scope.slug, end.id)} for end in ends
                ],
                "total": total,
                "hidden": total - len(ends),
            }
        )
    return rows


def _lineage(scope: Scope, dataset: uuid.UUID) -> dict[str, Any]:
    revision = current_revision()
    up, down = (
        reach(dataset, direction, depth=MAX_DEPTH, proven_only=False, revision=revision)
        for direction in ("upstream", "downstream")
    )
    reasons = list(dict.fromkeys([*up.reasons, *down.reasons]))
    return {
        "upstream": _flows(scope, dataset, "upstream"),
        "downstream": _flows(scope, dataset, "downstream"),
        "lineage": {
            "complete": not reasons,
            "why": "; ".join(reasons),
            "upstream_count": len(up.nodes),
            "downstream_count": len(down.nodes),
        },
    }


def _flows(scope: Scope, dataset: uuid.UUID, direction: Direction) -> list[dict[str, Any]]:
    return [_flow(scope, flow, direction) for flow in direct_flows(dataset, direction, FLOWS)]


def _flow(scope: Scope, flow: Flow, direction: Direction) -> dict[str, Any]:
    other = flow.from_dataset if direction == "upstream" else flow.to_dataset
    by_job = flow.job.kind == "job"  # what a dataset's own event says has no job
    return {
        "asset_name": other.name,
        "href": asset_href(scope.slug, other.pk),
        "job_name": flow.job.name if by_job else "",
        "job_href": asset_href(scope.slug, flow.job_id) if by_job else "",
        "basis": flow.basis,
        "country": other.country,
        "first_seen_at": flow.first_seen_at,
        "last_seen_at": flow.last_seen_at,
    }


def _verdicts(scope: Scope, asset_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return the verdicts on one asset, worst first; four queries."""
    rows = [verdict_row(row) for row in current_verdicts(asset=asset_id)]
    keys = [(asset_id, str(row["check"])) for row in rows]
    changes, findings, titles = last_changes(keys), ids_of(keys), check_titles()
    missing = missing_in(changes.values())
    rows.sort(key=lambda row: (_WORST_FIRST.index(str(row["verdict"])), str(row["check"])))
    return [
        {
            "check_code": code,
            "check_title": titles.get(code, ""),
            "href": href("finding", scope.slug, findings[key]) if key in findings else check_href(scope.slug, code),
            "verdict": shown_verdict(str(row["verdict"])),
            "waived": row["waived"],
            "stale": row["stale"],
            "grade": row["grade"],
            "reason": short_reason(changes[key].reason, missing.get(key, [])) if key in changes else "",
            "since": changes[key].judged_at if key in changes else None,
            "next_flip_at": row["flip_at"],
            "next_flip_to": row["flip_to"],
        }
        for row in rows
        for code in [str(row["check"])]
        for key in [(asset_id, code)]
    ]
