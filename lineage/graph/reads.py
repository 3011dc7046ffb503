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
from lineage.graph.facet_queries import KeptFacet, facets_of, facets_of_run
from lineage.graph.models import Facet
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
    """A facet in force. `body` null: it is larger than what is kept beside its event."""

    part: str
    name: str
    source: str | None
    at: str | None
    event: str | None
    digest: str | None
    body: Any


class FacetsAnswer(TypedDict):
    """The facets of one asset, by part and name."""

    asset: str
    kind: str
    facets: list[FacetRow]


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
        rows = _of_run(asset.uid) if asset.kind == "run" else _of_asset(asset.pk)
        return Response({"asset": str(asset.pk), "kind": asset.kind, "facets": rows})


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
    nothing = dict.fromkeys(("source", "at", "event", "digest"))
    return [
        FacetRow(part="run", name=name, body=body, **nothing)  # type: ignore[typeddict-item]
        for name, body in sorted(facets_of_run(run_id).items())
    ]
