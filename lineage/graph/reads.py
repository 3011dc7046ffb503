"""The API of what lineage does not show, and of facets as producers sent them."""

import uuid
from typing import Any, ClassVar, TypedDict

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.journal.canonical.encode import instant
from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.members.strict import BadParameter
from accounts.paging import PAGE_PARAMETERS, ListView, Page, list_response, object_schema, page_schema, text_parameter
from lineage.graph.coverage import MEANINGS, Gap, counts, gaps
from lineage.graph.facet_queries import KeptFacet, Relative, facets_of, facets_of_run, relatives_of
from lineage.graph.models import DatasetAlias, DatasetChange, Facet
from lineage.inventory.models import Asset

DEFAULT_GAP = "jobs_without_datasets"


class GapRow(TypedDict):
    """Something that lineage does not show. `id` null: a namespace; `datasets`: how many lie in it, else null."""

    gap: str
    id: str | None
    kind: str
    uid: str
    name: str
    datasets: int | None


class FacetRow(TypedDict):
    """A facet in force. `body` null: larger than what is kept beside its event, or gone with it."""

    part: str
    name: str
    source: str | None
    at: str | None
    event: str | None
    digest: str | None
    body: Any


class RunName(TypedDict):
    """A run as another names it; `job`: its uid, '' = not said."""

    run_id: str
    job: str


class RunFamily(TypedDict):
    """Where a run belongs; `more`: it has more children than the 200 that are shown."""

    parent: RunName | None
    root: RunName | None
    children: list[RunName]
    more: bool


class AliasRow(TypedDict):
    """Another name of a dataset; `origin`: symlink, or rename where it was called so before."""

    uid: str
    name: str
    origin: str
    source: str


class ChangeRow(TypedDict):
    """What a source said became of a dataset: the latest of each kind. `previous`: uid before a renaming."""

    change: str
    previous: str
    at: str
    event: str
    source: str


class FacetsAnswer(TypedDict):
    """The facets of one asset, by part and name, and what follows from them alone."""

    asset: str
    kind: str
    facets: list[FacetRow]
    family: RunFamily | None  # of a run
    aliases: list[AliasRow]  # of a dataset
    changes: list[ChangeRow]  # of a dataset, newest first


class CoverageView(ListView):
    """What lineage does not show."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="graph_coverage",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("gap", str, enum=list(MEANINGS), description=f"{DEFAULT_GAP} where not given"),
        ],
        responses={200: page_schema(GapRow)},
        tags=["graph"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List one gap, and count all; a count of null stands for more than 10,000."""
        gap = text_parameter(request, "gap") or DEFAULT_GAP

        def fetch(after: str | None, limit: int) -> Page[GapRow]:
            rows = gaps(gap, _key(gap, after), limit + 1)
            following = rows[limit - 1].key if len(rows) > limit else None
            return Page(tuple(_gap_row(gap, row) for row in rows[:limit]), following)

        extra = {"gap": gap, "meaning": MEANINGS[gap], "counts": counts()}
        return list_response(request, fetch, list(GapRow.__annotations__), name="graph-coverage", extra=extra)


class FacetsView(WorkspaceView):
    """The facets of a job, dataset or run as their producers sent them."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="graph_facets",
        parameters=[
            OpenApiParameter("asset", uuid.UUID, required=True, description="the id of a job, dataset or run"),
        ],
        responses={200: object_schema(FacetsAnswer)},
        tags=["graph"],
    )
    def get(self, request: Request) -> Response:
        """Show them: of jobs and datasets the latest over all sources, of a run what its events add up to."""
        identifier = uuid.UUID(text_parameter(request, "asset"))
        asset = get_object_or_404(Asset, pk=identifier, kind__in=("job", "dataset", "run"))
        of_run = asset.kind == "run"
        answer: FacetsAnswer = {
            "asset": str(asset.pk),
            "kind": asset.kind,
            "facets": _of_run(asset.uid) if of_run else _of_asset(asset.pk),
            "family": _family(asset.uid) if of_run else None,
            "aliases": _aliases(asset.pk),
            "changes": _changes(asset.pk),
        }
        return Response(answer)


def _key(gap: str, after: str | None) -> str:
    if after and gap != "namespaces_without_storage":
        try:
            return str(uuid.UUID(after))
        except ValueError:
            raise BadParameter(
                f"after={after[:80]!r} is no cursor of this list: expected the `next` of the former answer."
            ) from None
    return after or ""


def _gap_row(gap: str, row: Gap) -> GapRow:
    return {
        "gap": gap,
        "id": str(row.id) if row.id else None,
        "kind": row.kind,
        "uid": row.uid,
        "name": row.name,
        "datasets": row.count,
    }


def _of_asset(asset_id: uuid.UUID) -> list[FacetRow]:
    return [
        _facet_row(name, kept)
        for part in Facet.Part.values
        for name, kept in sorted(facets_of([asset_id], [part])[asset_id].items())
    ]


def _facet_row(name: str, kept: KeptFacet) -> FacetRow:
    return {
        "part": kept.part,
        "name": name,
        "source": kept.source,
        "at": instant(kept.at),
        "event": str(kept.event),
        "digest": kept.digest.hex(),
        "body": kept.body,
    }


def _of_run(run_id: str) -> list[FacetRow]:
    return [
        {"part": "run", "name": name, "source": None, "at": None, "event": None, "digest": None, "body": body}
        for name, body in sorted(facets_of_run(run_id)[0].items())
    ]


def _family(run_id: str) -> RunFamily:
    found = relatives_of(run_id)
    return {
        "parent": _run_name(found.parent) if found.parent else None,
        "root": _run_name(found.root) if found.root else None,
        "children": [_run_name(child) for child in found.children],
        "more": found.more,
    }


def _run_name(run: Relative) -> RunName:
    return {"run_id": run.run_id, "job": run.job}


def _aliases(dataset: uuid.UUID) -> list[AliasRow]:
    rows = (
        DatasetAlias.objects.filter(dataset=dataset).select_related("source").order_by("uid", "origin", "source__name")
    )
    return [{"uid": row.uid, "name": row.name, "origin": row.origin, "source": row.source.name} for row in rows]


def _changes(dataset: uuid.UUID) -> list[ChangeRow]:
    rows = DatasetChange.objects.filter(dataset=dataset).select_related("source").order_by("-at", "change", "previous")
    return [
        {
            "change": row.change,
            "previous": row.previous,
            "at": instant(row.at),
            "event": str(row.event),
            "source": row.source.name,
        }
        for row in rows
    ]
