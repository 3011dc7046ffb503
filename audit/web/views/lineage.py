"""Lineage: what flows where around a dataset or job, as a picture and as tables that say the same."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.request import Request

from accounts.members.rights import Right
from accounts.members.strict import BadParameter
from accounts.workspaces.models import Revision
from accounts.workspaces.revisions import current_revision
from audit.web.links import asset_href, href, with_query
from audit.web.lists import FilterForm
from audit.web.pictures import COLOURS, Lit, drawing
from audit.web.scope import Scope, workspace_page
from lineage.graph import parameters
from lineage.graph.columns import columns_between
from lineage.graph.labels.order import Direction
from lineage.graph.labels.witness import FAMILIES, Hop, find_witness, read_label, told
from lineage.graph.picture import ask
from lineage.graph.picture.answers import picture_answer
from lineage.graph.picture.draw import draw
from lineage.graph.search import KINDS, LONGEST, START, search
from lineage.graph.snapshot import BASES
from lineage.inventory.models import Asset
from lineage.inventory.queries import AssetFilters, list_assets

HITS = 20
ROWS = 250
"""Of each table, until all are asked for: a browser takes seconds for thousands."""
COLUMNS = 2_000
BEGIN_WITH = 10
STEPS = [(each, str(each)) for each in range(ask.MOST_STEPS + 1)]
NODES = [(each, str(each)) for each in (50, ask.DEFAULT_NODES, 500, 1_000, 2_000)]


class PictureForm(FilterForm):
    """What the page shows; every choice stands in its address."""

    asset = forms.UUIDField(required=False, widget=forms.HiddenInput)
    up = forms.TypedChoiceField(label="Upstream", choices=STEPS, coerce=int, required=False)
    down = forms.TypedChoiceField(label="Downstream", choices=STEPS, coerce=int, required=False)
    collapse = forms.ChoiceField(
        label="Collapse", choices=[("", "nothing"), *((each, f"by {each}") for each in ask.COLLAPSE)], required=False
    )
    basis = forms.ChoiceField(
        label="Flows",
        choices=[("", "all"), ("proven", "proven alone"), *((each, f"{each} alone") for each in BASES)],
        required=False,
    )
    colour = forms.ChoiceField(label="Colour", choices=list(COLOURS.items()), required=False)
    nodes = forms.TypedChoiceField(label="At most", choices=NODES, coerce=int, required=False)
    rev = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    as_of = forms.CharField(required=False, widget=forms.HiddenInput)
    q = forms.CharField(required=False, max_length=LONGEST, widget=forms.HiddenInput)
    open = forms.CharField(required=False, widget=forms.HiddenInput)
    expand = forms.CharField(required=False, widget=forms.HiddenInput)
    show = forms.CharField(required=False, widget=forms.HiddenInput)
    path = forms.CharField(required=False, widget=forms.HiddenInput)
    label = forms.CharField(required=False, widget=forms.HiddenInput)
    direction = forms.ChoiceField(
        choices=[("upstream", "upstream"), ("downstream", "downstream")], required=False, widget=forms.HiddenInput
    )
    flow = forms.CharField(required=False, widget=forms.HiddenInput)
    rows = forms.ChoiceField(choices=[("", "some"), ("all", "all")], required=False, widget=forms.HiddenInput)
    select = forms.CharField(required=False, widget=forms.HiddenInput)

    def chosen_or_refused(self) -> dict[str, Any]:
        """Return what the address says; raise BadParameter with the first thing that cannot be used."""
        if not self.is_valid():
            name, said = next(iter(self.errors.items()))
            raise BadParameter(f"{name}: {said[0]}" if name != "view" else str(said[0]))
        return self.cleaned_data


@workspace_page("lineage", GET=Right.READ)
def lineage(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Show the picture around what was chosen, or what may be chosen."""
    form = PictureForm(request.GET)
    chosen = form.chosen_or_refused()
    context: dict[str, Any] = {"q": chosen["q"], "hits": _hits(scope, chosen["q"].strip()), "picture": None}
    if chosen["asset"]:
        context |= _picture(request, scope, chosen)
        context["fields"] = _fields(chosen, context["revision"])
    elif not context["hits"]:
        context["begin_with"] = _begin_with(scope)
    return render(request, "web/lineage/lineage.html", context)


def _hits(scope: Scope, text: str) -> list[dict[str, Any]]:
    found = search(text, KINDS, START, HITS).rows if text else ()
    return [_choice(scope, asset) for _, asset in found]


def _choice(scope: Scope, asset: Asset) -> dict[str, Any]:
    return {
        "name": asset.name,
        "kind": asset.kind,
        "uid": asset.uid,
        "country": asset.country,
        "href": href("lineage", scope.slug, asset=asset.pk),
    }


def _begin_with(scope: Scope) -> list[dict[str, Any]]:
    """Return a few datasets for who does not know what to look for."""
    rows = list_assets(AssetFilters(kind="dataset"), None, BEGIN_WITH).rows
    return [asdict(row) | {"href": href("lineage", scope.slug, asset=row.id)} for row in rows]


def _picture(request: HttpRequest, scope: Scope, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return what is drawn and listed: the answer of the API, with addresses and what is lit up."""
    asset = Asset.objects.filter(pk=chosen["asset"], kind__in=KINDS).first()
    if asset is None:
        raise Http404
    newest = current_revision()
    revision = _revision(request, chosen, newest)
    path = _path(scope, chosen, asset, revision)
    given = request.GET.copy()
    given["show"] = ",".join(dict.fromkeys(each for each in [*given.get("show", "").split(","), *path["ids"]] if each))
    frame = ask.frame(lambda name: given.get(name, ""))
    flows = parameters.flow_filter(Request(request))
    picture = picture_answer(
        str(asset.pk), asset.kind, draw(asset.pk, asset.kind, frame, revision=revision, flows=flows)
    )
    most = ROWS if chosen["rows"] != "all" else len(picture["nodes"]) + len(picture["edges"])
    drawn = drawing(request, scope.slug, picture, chosen["colour"] or "country", Lit(tuple(path["ids"])), most)
    known = Revision.objects.filter(workspace_id=scope.workspace.pk, number=revision).first()
    return {
        "asset": _choice(scope, asset) | {"id": str(asset.pk), "page": asset_href(scope.slug, asset.pk)},
        "picture": picture,
        "drawn": drawn,
        "all_rows_href": with_query(request, rows="all"),
        "path": path,
        "columns": _columns(request, chosen, revision),
        "newest": newest,
        "revision": revision,
        "as_of": known.at if known else None,
        "viewing_past": revision < newest,
        "now_href": with_query(request, rev="", as_of=""),
        "colour": COLOURS[chosen["colour"] or "country"],
    }


def _revision(request: HttpRequest, chosen: dict[str, Any], newest: int) -> int:
    if chosen["rev"] is not None:
        return min(int(chosen["rev"]), newest)
    return parameters.revision(Request(request))


def _path(scope: Scope, chosen: dict[str, Any], asset: Asset, revision: int) -> dict[str, Any]:
    """Return the path that is to be lit up: by ids in the address, or the one by which a label travels."""
    if chosen["path"]:
        return _told(scope, _ids(chosen["path"], "path"))
    if not chosen["label"]:
        return {"ids": [], "missing": ""}
    label = read_label(chosen["label"])
    if label is None:
        message = f"label={chosen['label'][:80]!r} is none: expected one of {', '.join(FAMILIES)}, as in country:US."
        raise BadParameter(message)
    direction: Direction = "downstream" if chosen["direction"] == "downstream" else "upstream"
    found = find_witness(asset.pk, label, direction, "possible", revision)
    ids = [found.hops[0].source, *(hop.target for hop in found.hops)] if found.hops else []
    says = told(found, label, direction, revision)
    return _told(scope, ids, found.hops) | {"label": str(label), "proven": found.proven, "missing": says}


def _told(scope: Scope, ids: Sequence[uuid.UUID], hops: Sequence[Hop] = ()) -> dict[str, Any]:
    """Return a path with names: each asset, and by which job and basis the path comes to it."""
    known = Asset.objects.in_bulk({*ids, *(hop.job for hop in hops if hop.job)})
    by = {hop.target: hop for hop in hops}
    names = []
    for each in ids:
        hop = by.get(each)
        job = known.get(hop.job) if hop and hop.job else None
        names.append(
            {
                "name": known[each].name if each in known else "no longer known",
                "href": asset_href(scope.slug, each) if each in known else "",
                "job": job.name if job else hop.relation if hop else "",
                "basis": hop.basis if hop and job else "",
            }
        )
    return {"ids": [str(each) for each in ids], "names": names, "missing": ""}


def _ids(text: str, name: str) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(each) for each in text.split(",")]
    except ValueError:
        message = f"{name}={text[:80]!r} cannot be used: expected ids with commas between."
        raise BadParameter(message) from None


def _columns(request: HttpRequest, chosen: dict[str, Any], revision: int) -> dict[str, Any] | None:
    """Return the columns of the flow that was opened."""
    if not chosen["flow"]:
        return None
    ends = _ids(chosen["flow"], "flow")
    if len(ends) != 2:
        message = f"flow has {len(ends)} ids: expected the two datasets that it joins, with a comma between."
        raise BadParameter(message)
    found = columns_between([(ends[0], ends[1])], revision)
    known = Asset.objects.in_bulk({*ends, *(flow.job for flow in found)})
    if not known.keys() >= set(ends):
        raise Http404
    rows = [
        column._asdict() | {"job": known[flow.job].name if flow.job in known and flow.job != flow.target else ""}
        for flow in found
        for column in flow.columns
    ]
    return {
        "from": known[ends[0]].name,
        "to": known[ends[1]].name,
        "rows": rows[:COLUMNS],
        "close_href": with_query(request, flow=""),
    }


def _fields(chosen: dict[str, Any], revision: int) -> PictureForm:
    """Return the form with what is shown filled in."""
    kept = {name: value for name, value in chosen.items() if value not in (None, "")}
    defaults = {"up": ask.DEFAULT_STEPS, "down": ask.DEFAULT_STEPS, "nodes": ask.DEFAULT_NODES, "colour": "country"}
    return PictureForm(initial=defaults | kept | {"rev": revision, "as_of": "", "q": ""})
