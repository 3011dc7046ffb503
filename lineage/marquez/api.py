"""The reads of Marquez, at its addresses and in its shapes, so that its clients work here as they are.

Namespaces and names have ":" and "/" inside of them: which dataset or job a path or nodeId means, names.py finds out.
"""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.paging import object_schema, text_parameter
from lineage.graph.facet_queries import facets_of_run
from lineage.marquez import parameters, shapes
from lineage.marquez.addresses import answer, jobs, namespace_list, run
from lineage.marquez.errors import UseEvents
from lineage.marquez.names import find_place
from lineage.marquez.search import find_source, sources, tags

WRITES = ("PUT", "POST", "PATCH", "DELETE")


def list_schema(name: str, hint: Any, *, counted: bool = False) -> dict[str, Any]:
    """Return the OpenAPI schema of one of Marquez's lists."""
    properties: dict[str, Any] = {name: {"type": "array", "items": object_schema(hint)}}
    if counted:
        properties["totalCount"] = {"type": "integer"}
    return {"type": "object", "required": list(properties), "properties": properties}


class MarquezView(WorkspaceView):
    """The base of these reads: a write is refused with what to do in its place."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    def check_method(self, request: Request) -> None:
        """Refuse Marquez's writes by name, and other methods as everywhere."""
        if request.method in WRITES:
            raise UseEvents(request.method, request.path)
        super().check_method(request)


class WriteView(MarquezView):
    """An address that Marquez only writes to."""

    rights: ClassVar[dict[str, Right]] = {}


class NamespacesView(MarquezView):
    """Namespaces of datasets and jobs."""

    @extend_schema(
        operation_id="marquez_namespaces",
        parameters=parameters.PAGE,
        responses={200: list_schema("namespaces", shapes.NamespaceAnswer)},
        tags=["marquez"],
    )
    def get(self, request: Request) -> Response:
        """List namespaces."""
        return Response(namespace_list(parameters.window(request)))


class PlaceView(MarquezView):
    """The base of what lies below /namespaces/: the path decides what it names, not which pattern it fitted first."""

    def answer(self, request: Request) -> Response:
        """Answer what the path names."""
        place = find_place(request.path.partition("/namespaces/")[2])
        return Response(answer(place, parameters.window(request), text_parameter(request, "lastRunStates")))


class NamespaceView(PlaceView):
    """One namespace."""

    @extend_schema(
        operation_id="marquez_namespace", responses={200: object_schema(shapes.NamespaceAnswer)}, tags=["marquez"]
    )
    def get(self, request: Request, **_: str) -> Response:
        """Show a namespace."""
        return self.answer(request)


class DatasetsView(PlaceView):
    """Datasets of a namespace."""

    @extend_schema(
        operation_id="marquez_datasets",
        parameters=parameters.PAGE,
        responses={200: list_schema("datasets", shapes.DatasetAnswer, counted=True)},
        tags=["marquez"],
    )
    def get(self, request: Request, **_: str) -> Response:
        """List datasets."""
        return self.answer(request)


class DatasetView(PlaceView):
    """One dataset."""

    @extend_schema(
        operation_id="marquez_dataset", responses={200: object_schema(shapes.DatasetAnswer)}, tags=["marquez"]
    )
    def get(self, request: Request, **_: str) -> Response:
        """Show a dataset."""
        return self.answer(request)


class DatasetVersionsView(PlaceView):
    """What completed runs wrote."""

    @extend_schema(
        operation_id="marquez_dataset_versions",
        parameters=parameters.PAGE,
        responses={200: list_schema("versions", shapes.DatasetVersionAnswer, counted=True)},
        tags=["marquez"],
    )
    def get(self, request: Request, **_: str) -> Response:
        """List versions, the newest first."""
        return self.answer(request)


class DatasetVersionView(PlaceView):
    """One version of a dataset."""

    @extend_schema(
        operation_id="marquez_dataset_version",
        responses={200: object_schema(shapes.DatasetVersionAnswer)},
        tags=["marquez"],
    )
    def get(self, request: Request, **_: Any) -> Response:
        """Show a version."""
        return self.answer(request)


class JobsView(PlaceView):
    """Jobs of a namespace."""

    @extend_schema(
        operation_id="marquez_jobs",
        parameters=[*parameters.PAGE, parameters.STATE],
        responses={200: list_schema("jobs", shapes.JobAnswer, counted=True)},
        tags=["marquez"],
    )
    def get(self, request: Request, **_: str) -> Response:
        """List jobs."""
        return self.answer(request)


class AllJobsView(MarquezView):
    """Jobs of all namespaces."""

    @extend_schema(
        operation_id="marquez_all_jobs",
        parameters=[*parameters.PAGE, parameters.STATE],
        responses={200: list_schema("jobs", shapes.JobAnswer, counted=True)},
        tags=["marquez"],
    )
    def get(self, request: Request) -> Response:
        """List jobs."""
        return Response(jobs(None, parameters.window(request), text_parameter(request, "lastRunStates")))


class JobView(PlaceView):
    """One job."""

    @extend_schema(operation_id="marquez_job", responses={200: object_schema(shapes.JobAnswer)}, tags=["marquez"])
    def get(self, request: Request, **_: str) -> Response:
        """Show a job."""
        return self.answer(request)


class RunsView(PlaceView):
    """Runs of a job."""

    @extend_schema(
        operation_id="marquez_runs",
        parameters=parameters.PAGE,
        responses={200: list_schema("runs", shapes.RunAnswer, counted=True)},
        tags=["marquez"],
    )
    def get(self, request: Request, **_: str) -> Response:
        """List runs, those heard of last first."""
        return self.answer(request)


class JobVersionsView(PlaceView):
    """Versions of a job."""

    @extend_schema(
        operation_id="marquez_job_versions",
        parameters=parameters.PAGE,
        responses={200: list_schema("versions", shapes.JobVersionAnswer)},
        tags=["marquez"],
    )
    def get(self, request: Request, **_: str) -> Response:
        """List versions, the newest first."""
        return self.answer(request)


class JobVersionView(PlaceView):
    """One version of a job."""

    @extend_schema(
        operation_id="marquez_job_version", responses={200: object_schema(shapes.JobVersionAnswer)}, tags=["marquez"]
    )
    def get(self, request: Request, **_: Any) -> Response:
        """Show a version."""
        return self.answer(request)


class RunView(MarquezView):
    """One run."""

    @extend_schema(operation_id="marquez_run", responses={200: object_schema(shapes.RunAnswer)}, tags=["marquez"])
    def get(self, request: Request, run_id: str) -> Response:
        """Show a run; where several jobs name it, of the one heard of last."""
        return Response(run(run_id))


class RunFacetsView(MarquezView):
    """Facets of a run."""

    @extend_schema(
        operation_id="marquez_run_facets",
        parameters=[OpenApiParameter("type", str, required=True, enum=["run", "job"], description="whose facets")],
        responses={200: object_schema(shapes.FacetsAnswer)},
        tags=["marquez"],
    )
    def get(self, request: Request, run_id: str) -> Response:
        """Show the facets of a run or of its job, as the run's events say."""
        run(run_id)
        of_run, of_job = facets_of_run(run_id)
        facets = of_run if text_parameter(request, "type") == "run" else of_job
        return Response({"runId": run_id, "facets": facets})


class TagsView(MarquezView):
    """Tags of datasets and jobs."""

    @extend_schema(
        operation_id="marquez_tags",
        parameters=parameters.PAGE,
        responses={200: list_schema("tags", shapes.TagAnswer)},
        tags=["marquez"],
    )
    def get(self, request: Request) -> Response:
        """List tags."""
        return Response(tags(parameters.window(request)))


class SourcesView(MarquezView):
    """Stores that datasets lie in."""

    @extend_schema(
        operation_id="marquez_sources",
        parameters=parameters.PAGE,
        responses={200: list_schema("sources", shapes.SourceAnswer)},
        tags=["marquez"],
    )
    def get(self, request: Request) -> Response:
        """List sources."""
        return Response(sources(parameters.window(request)))


class SourceView(MarquezView):
    """One store."""

    @extend_schema(operation_id="marquez_source", responses={200: object_schema(shapes.SourceAnswer)}, tags=["marquez"])
    def get(self, request: Request, source: str) -> Response:
        """Show a source."""
        found = find_source(source)
        if found is None:
            raise NotFound(f"No dataset lies in {source[:200]!r}.")
        return Response(found)
