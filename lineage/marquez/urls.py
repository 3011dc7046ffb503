"""Marquez's addresses, under /api/v1/. The longest come first: a name may have "/" in it (names.py)."""

from django.urls import URLPattern, path

from lineage.marquez import api, graph_api

_JOB, _DATASET = "namespaces/<path:namespace>/jobs/<path:job>", "namespaces/<path:namespace>/datasets/<path:dataset>"

marquez_patterns: list[URLPattern] = [
    path("lineage", graph_api.LineageView.as_view(), name="lineage"),
    path("column-lineage", graph_api.ColumnLineageView.as_view(), name="marquez-column-lineage"),
    path("runlineage/upstream", graph_api.UpstreamRunsView.as_view(), name="marquez-upstream-runs"),
    path("events/lineage", graph_api.EventsView.as_view(), name="marquez-events"),
    path("search", graph_api.SearchView.as_view(), name="marquez-search"),
    path("stats/lineage-events", graph_api.RunStatsView.as_view(), name="marquez-run-stats"),
    path("stats/<str:counted>", graph_api.CountsView.as_view(), name="marquez-counts"),
    path("tags", api.TagsView.as_view(), name="marquez-tags"),
    path("sources", api.SourcesView.as_view(), name="marquez-sources"),
    path("sources/<path:source>", api.SourceView.as_view(), name="marquez-source"),
    path("jobs", api.AllJobsView.as_view(), name="marquez-all-jobs"),
    path("jobs/runs/<str:run_id>", api.RunView.as_view(), name="marquez-run"),
    path("jobs/runs/<str:run_id>/facets", api.RunFacetsView.as_view(), name="marquez-run-facets"),
    path("namespaces", api.NamespacesView.as_view(), name="marquez-namespaces"),
    # What Marquez only writes to.
    path("tags/<str:tag>", api.WriteView.as_view(), name="marquez-tag"),
    path("jobs/runs/<str:run_id>/<str:act>", api.WriteView.as_view(), name="marquez-run-act"),
    path(f"{_DATASET}/tags/<str:tag>", api.WriteView.as_view(), name="marquez-dataset-tag"),
    path(f"{_JOB}/tags/<str:tag>", api.WriteView.as_view(), name="marquez-job-tag"),
    # Below a namespace.
    path(f"{_DATASET}/versions/<uuid:dataset_version>", api.DatasetVersionView.as_view(), name="marquez-version"),
    path(f"{_DATASET}/versions", api.DatasetVersionsView.as_view(), name="marquez-dataset-versions"),
    path(_DATASET, api.DatasetView.as_view(), name="marquez-dataset"),
    path(f"{_JOB}/versions/<uuid:job_version>", api.JobVersionView.as_view(), name="marquez-job-version"),
    path(f"{_JOB}/versions", api.JobVersionsView.as_view(), name="marquez-job-versions"),
    path(f"{_JOB}/runs", api.RunsView.as_view(), name="marquez-runs"),
    path(_JOB, api.JobView.as_view(), name="marquez-job"),
    path("namespaces/<path:namespace>/datasets", api.DatasetsView.as_view(), name="marquez-datasets"),
    path("namespaces/<path:namespace>/jobs", api.JobsView.as_view(), name="marquez-jobs"),
    path("namespaces/<path:namespace>", api.NamespaceView.as_view(), name="marquez-namespace"),
]
