"""The API of columns: from which columns one is made, and which are made from it."""

import uuid
from typing import ClassVar, TypedDict

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from accounts.members.rights import Right
from accounts.paging import PAGE_PARAMETERS, ListView, Page, list_response, page_schema, text_parameter
from lineage.graph import parameters
from lineage.graph.column_walk import ColumnNode, ColumnReach, Field, Step, reach_columns
from lineage.graph.queries import MAX_DEPTH
from lineage.inventory.as_of import AS_OF
from lineage.inventory.models import Asset

StepRow = TypedDict(
    "StepRow",
    {
        "from": dict[str, str],
        "to": dict[str, str],
        "direct": bool,
        "subtype": str,
        "masked": bool,
        "job": dict[str, str] | None,
    },
)
"""One column into another, in the direction of the flow. `job` of what a dataset's event says: null."""


class ColumnRow(TypedDict):
    """A column that was reached; `field` '' = the whole dataset. Also by direct steps alone; by masked ways alone."""

    id: str
    uid: str
    name: str
    field: str
    distance: int
    direct: bool
    masked: bool
    steps: list[StepRow]


class ColumnsView(ListView):
    """Columns upstream or downstream of one."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="graph_columns",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("asset", uuid.UUID, required=True, description="the id of a dataset"),
            OpenApiParameter("field", str, description="the name of its column; the whole dataset where not given"),
            OpenApiParameter(
                "direction", str, enum=["upstream", "downstream"], description="upstream where not given"
            ),
            OpenApiParameter(
                "depth", int, description=f"steps, 1 to {MAX_DEPTH}; {parameters.DEFAULT_DEPTH} where not given"
            ),
            *parameters.FLOWS,
            AS_OF,
        ],
        responses={200: page_schema(ColumnRow)},
        tags=["graph"],
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponseBase:
        """List the columns that one is made of, or that are made of it, nearest first."""
        found = reach_columns(
            parameters.dataset(request, "asset"),
            text_parameter(request, "field"),
            "downstream" if text_parameter(request, "direction") == "downstream" else "upstream",
            depth=parameters.depth(request),
            revision=parameters.revision(request),
            flows=parameters.flow_filter(request),
        )
        extra = {
            "total": len(found.columns),
            "revision": found.revision,
            "complete": not found.reasons,
            "reasons": list(found.reasons),
        }
        return list_response(
            request,
            lambda after, limit: _page(found, after, limit),
            list(ColumnRow.__annotations__),
            name="graph-columns",
            extra=extra,
        )


def _page(found: ColumnReach, after: str | None, limit: int) -> Page[ColumnRow]:
    shown, following = parameters.part(found.columns, found.revision, after, limit)
    touched = {each for node in shown for step in node.steps for each in (step.source[0], step.target[0], step.job)}
    assets = Asset.objects.in_bulk({*touched, *(node.dataset for node in shown)})
    return Page(tuple(_row(node, assets) for node in shown), following)


def _row(node: ColumnNode, assets: dict[uuid.UUID, Asset]) -> ColumnRow:
    asset = assets.get(node.dataset)
    return {
        "id": str(node.dataset),
        "uid": asset.uid if asset else "",
        "name": asset.name if asset else "",
        "field": node.field,
        "distance": node.distance,
        "direct": node.direct,
        "masked": node.masked,
        "steps": [_step(step, assets) for step in node.steps],
    }


def _step(step: Step, assets: dict[uuid.UUID, Asset]) -> StepRow:
    return {
        "from": _column(step.source, assets),
        "to": _column(step.target, assets),
        "direct": step.direct,
        "subtype": step.subtype,
        "masked": step.masked,
        "job": {"id": str(step.job), "name": _name(step.job, assets)} if step.job != step.target[0] else None,
    }


def _column(column: Field, assets: dict[uuid.UUID, Asset]) -> dict[str, str]:
    return {"id": str(column[0]), "name": _name(column[0], assets), "field": column[1]}


def _name(identifier: uuid.UUID, assets: dict[uuid.UUID, Asset]) -> str:
    return assets[identifier].name if identifier in assets else ""
