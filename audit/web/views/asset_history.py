"""One asset over time: what changed of it at each revision, and all that was known of it at one."""

import uuid
from dataclasses import asdict
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.members.rights import Right
from accounts.members.strict import BadParameter
from accounts.workspaces.models import Revision
from accounts.workspaces.revisions import current_revision
from audit.web.facts import attribute_of, fact_text, facts_known
from audit.web.links import asset_href, href
from audit.web.lists import PER_PAGE, pager
from audit.web.scope import Scope, workspace_page
from audit.web.views.assets import relations_shown
from lineage.inventory.as_of import known_revision
from lineage.inventory.history import Change, Step, asset_at, asset_history
from lineage.inventory.models import Asset
from lineage.inventory.reads import revision_before

CAUSES = {"project": "events and inventories came in", "evaluate": "checks were evaluated"}


@workspace_page("assets", GET=Right.READ)
def history(request: HttpRequest, scope: Scope, asset_id: uuid.UUID) -> HttpResponse:
    """List what changed of an asset, the newest revision first."""
    asset = _asset(asset_id)
    _only(request, {"after", "back"})
    page = asset_history(asset_id, revision_before(request.GET.get("after") or None), PER_PAGE)
    context = {
        "crumbs": _crumbs(scope, asset, "What changed"),
        "asset": asset,
        "steps": [_step(scope, asset, step) for step in page.rows],
        "page": pager(request, page, None),
    }
    return render(request, "web/assets/history.html", context)


@workspace_page("assets", GET=Right.READ)
def then(request: HttpRequest, scope: Scope, asset_id: uuid.UUID) -> HttpResponse:
    """Show what was known of an asset at a revision: `as_of` is an instant or rev:N, as in the API."""
    asset = _asset(asset_id)
    _only(request, {"as_of"})
    rev = known_revision(request.GET.get("as_of", ""), current_revision())
    detail = asset_at(asset_id, rev)
    known = Revision.objects.filter(workspace=scope.workspace, number=rev).first()
    context: dict[str, Any] = {
        "crumbs": _crumbs(scope, asset, f"At revision {rev}"),
        "asset": asset,
        "rev": rev,
        "known_at": known.at if known else None,
        "line": asdict(detail.line) if detail else None,
        "facts": facts_known(detail) if detail else [],
        "relations": relations_shown(scope, detail) if detail else [],
    }
    return render(request, "web/assets/then.html", context)


def _asset(asset_id: uuid.UUID) -> Asset:
    asset = Asset.objects.filter(pk=asset_id).first()
    if asset is None:
        raise Http404
    return asset


def _only(request: HttpRequest, known: set[str]) -> None:
    """Refuse what the address says and this page does not know."""
    for name in request.GET:
        if name not in known:
            raise BadParameter(f"{name[:40]!r} is not known here: expected {' or '.join(sorted(known))}.")


def _crumbs(scope: Scope, asset: Asset, last: str) -> list[dict[str, str]]:
    return [
        {"label": "Assets", "href": href("assets", scope.slug)},
        {"label": asset.name, "href": asset_href(scope.slug, asset.pk)},
        {"label": last, "href": ""},
    ]


def _step(scope: Scope, asset: Asset, step: Step) -> dict[str, Any]:
    return {
        "revision": step.revision,
        "at": step.at,
        "cause": CAUSES.get(step.cause, step.cause),
        "href": href("asset_then", scope.slug, asset.pk, as_of=f"rev:{step.revision}"),
        "changes": [_change(asset.kind, change) for change in step.changes],
    }


def _change(kind: str, change: Change) -> dict[str, Any]:
    sort, _, name = change.what.rpartition(":")
    attribute = attribute_of(kind, name) if sort != "rel" else None
    words = {"rel": f"relation {name}", "conflict": f"conflict over {name}"}
    return {
        "what": words.get(sort, name),
        "meaning": attribute.meaning if attribute else "",
        "before": fact_text(attribute, change.before) if sort == "" else _several(change.before),
        "after": fact_text(attribute, change.after) if sort == "" else _several(change.after),
        "source": change.source,
        "origin": change.origin,
    }


def _several(value: Any) -> str | None:
    if value is None:
        return None
    return ", ".join(fact_text(None, each) or "" for each in value) if isinstance(value, list) else str(value)
