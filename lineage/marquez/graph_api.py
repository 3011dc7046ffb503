"""Marquez's reads of the graph, of events and of numbers over time."""

from typing import Any, ClassVar

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.members.strict import BadParameter
from accounts.paging import object_schema, text_parameter
from lineage.events import api as events_api
from lineage.graph.search import LONGEST
from lineage.marquez import parameters, shapes
from lineage.marquez.api import MarquezView, list_schema
from lineage.marquez.columns import column_lineage
from lineage.marquez.events import bodies, count
from lineage.marquez.names import find_nodes
from lineage.marquez.neighbours import lineage
from lineage.marquez.runs import runs_with_id
from lineage.marquez.search import Wanted, find
from lineage.marquez.stats import KINDS, bounds, grown, runs_by_state
from lineage.marquez.upstream import upstream

_NODE = parameters.node_parameter("dataset:<namespace>:<name> or job:<namespace>:<name>")
_FIELD = parameters.node_parameter("dataset:..., job:... or datasetField:<namespace>:<name>:<field>")


class LineageView(events_api.LineageView):
    """The address that OpenLineage and Marquez share: POST sends an event, GET shows what is around a node."""

    rights: ClassVar[dict[str, Right]] = {**events_api.LineageView.rights, "GET": Right.READ}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let a read in as everywhere; an event goes through its door."""
        if request.method == "POST":
            super().initial(request, *args, **kwargs)
        else:
            WorkspaceView.initial(self, request, *args, **kwargs)

    @extend_schema(
        operation_id="marquez_lineage",
        parameters=[_NODE, parameters.DEPTH],
        responses={200: object_schema(shapes.GraphAnswer)},
        tags=["marquez"],
    )
    def get(self, request: Request) -> Response:
        """Show the jobs and datasets around a node, in both directions."""
        depth = parameters.depth(request)
        [node, *_] = find_nodes(text_parameter(request, "nodeId"), ("dataset", "job"))
        return Response(lineage(node, depth))


class ColumnLineageView(MarquezView):
    """Fields that come from fields."""

    @extend_schema(
        operation_id="marquez_column_lineage",
        parameters=[_FIELD, parameters.DEPTH, parameters.DOWNSTREAM],
        responses={200: object_schema(shapes.GraphAnswer)},
        tags=["marquez"],
    )
    def get(self, request: Request) -> Response:
        """Show what fields come from, and on request where they go."""
        depth, downstream = parameters.depth(request), text_parameter(request, "withDownstream").lower() == "true"
        nodes = find_nodes(text_parameter(request, "nodeId"), ("dataset", "datasetField", "job"))
        return Response(column_lineage(nodes, depth, downstream=downstream))


class UpstreamRunsView(MarquezView):
    """Runs that made what a run read."""

    @extend_schema(
        operation_id="marquez_upstream_runs",
        parameters=[OpenApiParameter("runId", str, required=True, description="the id of a run"), parameters.DEPTH],
        responses={200: object_schema(shapes.UpstreamAnswer)},
        tags=["marquez"],
    )
    def get(self, request: Request) -> Response:
        """List the runs upstream of a run, nearest first."""
        depth, run_id = parameters.depth(request), text_parameter(request, "runId")
        found = runs_with_id(run_id)
        if not found:
            raise NotFound(f"No run is known by {run_id[:80]!r}.")
        return Response(upstream(found[0], depth))


class EventsView(MarquezView):
    """RunEvents as kept."""

    @extend_schema(
        operation_id="marquez_events",
        parameters=[*parameters.INSTANTS, parameters.SORT_DIRECTION, *parameters.PAGE],
        responses={200: list_schema("events", dict[str, Any], counted=True)},
        tags=["marquez"],
    )
    def get(self, request: Request) -> HttpResponse:
        """List RunEvents by event time, each byte for byte as it is kept."""
        after, before = parameters.moment(request, "after"), parameters.moment(request, "before")
        newest_first = text_parameter(request, "sortDirection").lower() != "asc"
        found = bodies(after, before, parameters.window(request), newest_first=newest_first)
        total = count(after, before, parameters.MAX_OFFSET + parameters.MAX_LIMIT)
        content = b'{"events":[' + b",".join(found) + b'],"totalCount":%d}' % total
        return HttpResponse(content, content_type="application/json")


class SearchView(MarquezView):
    """Datasets and jobs by name."""

    @extend_schema(
        operation_id="marquez_search",
        parameters=[
            OpenApiParameter("q", str, required=True, description=f"a part of a name, at most {LONGEST} characters"),
            OpenApiParameter("filter", str, pattern="^(?i:all|dataset|job)$", description="dataset, job or all"),
            OpenApiParameter(
                "sort", str, pattern="^(?i:name|updated?_at)$", description="name or updated_at; name where not given"
            ),
            OpenApiParameter("namespace", str, description="the whole namespace"),
            *parameters.DAYS,
            parameters.LIMIT,
        ],
        responses={200: list_schema("results", shapes.SearchResultAnswer, counted=True)},
        tags=["marquez"],
    )
    def get(self, request: Request) -> Response:
        """List datasets and jobs by a part of their name."""
        text = text_parameter(request, "q").strip("% ")
        if not 0 < len(text) <= LONGEST:
            raise BadParameter(f"q has {len(text)} characters: expected 1 to {LONGEST}, without % and spaces around.")
        kind = text_parameter(request, "filter").lower()
        wanted = Wanted(
            text,
            "" if kind == "all" else kind,
            text_parameter(request, "namespace"),
            parameters.moment(request, "before"),
            parameters.moment(request, "after"),
        )
        limit = parameters.number(request, "limit", 10, parameters.MAX_LIMIT)
        return Response(find(wanted, limit, by_time=text_parameter(request, "sort").lower().startswith("update")))


class RunStatsView(MarquezView):
    """Runs over time."""

    @extend_schema(
        operation_id="marquez_run_stats",
        parameters=parameters.PERIOD,
        responses={200: {"type": "array", "items": object_schema(shapes.RunStatAnswer)}},
        tags=["marquez"],
    )
    def get(self, request: Request) -> Response:
        """Count the runs that began and ended, by hour or day."""
        return Response(runs_by_state(_bounds(request)))


class CountsView(MarquezView):
    """Jobs, datasets and sources over time."""

    @extend_schema(
        operation_id="marquez_counts",
        parameters=parameters.PERIOD,
        responses={200: {"type": "array", "items": object_schema(shapes.CountAnswer)}},
        tags=["marquez"],
    )
    def get(self, request: Request, counted: str) -> Response:
        """Count what was known, by hour or day."""
        at = _bounds(request)
        if counted not in KINDS:
            raise NotFound(f"{counted[:40]!r} is not counted: expected lineage-events, {', '.join(KINDS)}.")
        return Response(grown(counted, at))


def _bounds(request: Request) -> Any:
    return bounds(text_parameter(request, "period"), text_parameter(request, "timezone"), timezone.now())
