"""The API of the graph: directed, paged, and saying whether the answer is complete."""

import uuid
from typing import ClassVar

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.members.strict import BadParameter
from accounts.paging import PAGE_PARAMETERS, ListView, Page, list_response, page_schema, text_parameter
from lineage.graph import parameters
from lineage.graph.answers import HitRow, NodeRow, PathRow, hit_row, node_row, path_row
from lineage.graph.masking import covers_at
from lineage.graph.paths import MAX_LENGTH, MAX_PATHS, Paths, find_paths, flows_of
from lineage.graph.queries import MAX_DEPTH, FlowFilter, Reach, reach
from lineage.graph.search import KINDS, LONGEST, search
from lineage.graph.snapshot import Direction
from lineage.inventory.as_of import AS_OF
from lineage.inventory.models import Asset

DEFAULT_LENGTH = 10


_PARAMETERS = [
    *PAGE_PARAMETERS,
    OpenApiParameter(
        "asset", uuid.UUID, required=True, description="the id of a dataset, as /api/v1/assets?kind=dataset gives it"
    ),
    OpenApiParameter("depth", int, description=f"steps, 1 to {MAX_DEPTH}; {parameters.DEFAULT_DEPTH} where not given"),
    *parameters.FLOWS,
    OpenApiParameter(
        "kind", str, enum=["dataset", "job"], description="job: the jobs on the way; datasets where not given"
    ),
    *parameters.NODES,
    AS_OF,
]


class GraphView(ListView):
    """The base of both directions."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}
    direction: ClassVar[Direction]

    def answer(self, request: Request) -> HttpResponseBase:
        """List what is reached, with its revision and whether it is complete."""
        start = parameters.dataset(request, "asset")
        found = reach(
            start,
            self.direction,
            depth=parameters.depth(request),
            flows=parameters.flow_filter(request),
            listed=parameters.node_filter(request),
            revision=parameters.revision(request),
        )
        return list_response(
            request,
            lambda after, limit: _page(found, after, limit),
            list(NodeRow.__annotations__),
            name=f"graph-{self.direction}",
            extra={
                "total": len(found.nodes),
                "reached": found.reached,
                "revision": found.revision,
                "complete": found.complete,
                "reasons": list(found.reasons),
            },
        )


class UpstreamView(GraphView):
    """What feeds a dataset."""

    direction = "upstream"

    @extend_schema(
        operation_id="graph_upstream", parameters=_PARAMETERS, responses={200: page_schema(NodeRow)}, tags=["graph"]
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List every dataset that feeds this one."""
        return self.answer(request)


class DownstreamView(GraphView):
    """What a dataset feeds."""

    direction = "downstream"

    @extend_schema(
        operation_id="graph_downstream", parameters=_PARAMETERS, responses={200: page_schema(NodeRow)}, tags=["graph"]
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List every dataset that this one feeds."""
        return self.answer(request)


def _page(found: Reach, after: str | None, limit: int) -> Page[NodeRow]:
    """Return a page; assets that are gone since are left out of it."""
    nodes, following = parameters.part(found.nodes, found.revision, after, limit)
    assets = Asset.objects.in_bulk([node.asset_id for node in nodes])
    return Page(tuple(node_row(node, assets[node.asset_id]) for node in nodes if node.asset_id in assets), following)


# ---- paths


class PathsView(WorkspaceView):
    """How data gets from one dataset to another."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="graph_paths",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("from", uuid.UUID, required=True, description="the id of the dataset where paths begin"),
            OpenApiParameter("to", uuid.UUID, required=True, description="the id of the dataset where they end"),
            OpenApiParameter("paths", str, enum=["shortest", "all"], description="shortest where not given"),
            OpenApiParameter(
                "length",
                int,
                description=f"with paths=all, the most steps: 1 to {MAX_LENGTH}; {DEFAULT_LENGTH} where not given",
            ),
            *parameters.FLOWS,
            *parameters.NODES,
            AS_OF,
        ],
        responses={200: page_schema(PathRow)},
        tags=["graph"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List the paths along flows, shortest first; at most 1,000 of them."""
        start, goal = parameters.dataset(request, "from"), parameters.dataset(request, "to")
        every = text_parameter(request, "paths") == "all"
        flows = parameters.flow_filter(request)
        found = find_paths(
            start,
            goal,
            length=parameters.steps(request, "length", DEFAULT_LENGTH, MAX_LENGTH) if every else None,
            revision=parameters.revision(request),
            flows=flows,
            through=parameters.node_filter(request),
        )
        extra = {
            "total": len(found.paths),
            "most": MAX_PATHS,
            "revision": found.revision,
            "complete": not found.reasons,
            "reasons": list(found.reasons),
        }

        def fetch(after: str | None, limit: int) -> Page[PathRow]:
            return _page_of_paths(found, flows, after, limit)

        return list_response(request, fetch, list(PathRow.__annotations__), name="graph-paths", extra=extra)


def _page_of_paths(found: Paths, flows: FlowFilter, after: str | None, limit: int) -> Page[PathRow]:
    shown, following = parameters.part(found.paths, found.revision, after, limit)
    known = flows_of({hop for path in shown for hop in path.hops}, found.revision, flows)
    jobs = {flow.job for several in known.values() for flow in several}
    assets = Asset.objects.in_bulk({each for path in shown for each in path.datasets} | jobs)
    covers = covers_at(found.revision)
    return Page(tuple(path_row(path, known, assets, covers) for path in shown), following)


# ---- search


class SearchView(WorkspaceView):
    """Datasets and jobs by name."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="graph_search",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("q", str, required=True, description=f"a part of a name, at most {LONGEST} characters"),
            OpenApiParameter("kind", str, enum=KINDS, description="both where not given"),
        ],
        responses={200: page_schema(HitRow)},
        tags=["graph"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List datasets and jobs whose name or namespace has this text in it, best first."""
        text = text_parameter(request, "q").strip()
        if not 0 < len(text) <= LONGEST:
            raise BadParameter(f"q has {len(text)} characters: expected 1 to {LONGEST}, without spaces around.")
        kind = text_parameter(request, "kind")
        extra: dict[str, object] = {}

        def fetch(after: str | None, limit: int) -> Page[HitRow]:
            found = search(text, [kind] if kind else KINDS, parameters.search_key(after), limit)
            extra.update(complete=not found.reasons, reasons=list(found.reasons))
            following = f"{found.rows[-1][0].rank}-{found.rows[-1][0].id}" if found.more else None
            return Page(tuple(hit_row(key, asset) for key, asset in found.rows), following)

        return list_response(request, fetch, list(HitRow.__annotations__), name="graph-search", extra=extra)
