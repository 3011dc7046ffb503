"""Answer the paths below /namespaces/ and the lists of jobs, by what they name."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rest_framework.exceptions import NotFound

from lineage.graph.facet_queries import facets_of_run
from lineage.inventory.models import Asset
from lineage.marquez.answers import (
    STATES,
    dataset_answer,
    dataset_version_answer,
    job_answer,
    job_version_answer,
    namespace_answer,
    run_answer,
)
from lineage.marquez.facets import NO_FACETS, facets_of
from lineage.marquez.known import Joins, RunKnown
from lineage.marquez.names import Place
from lineage.marquez.queries import (
    Window,
    assets_by_id,
    assets_of,
    columns_into,
    current_joins,
    jobs_in_state,
    joins_of,
    namespaces,
    versions_of,
)
from lineage.marquez.runs import (
    LATEST_RUNS,
    count_runs,
    count_writes,
    newest_of,
    newest_writes,
    runs_by_row,
    runs_of,
    runs_with_id,
    with_datasets,
    writes_of,
)

Answer = dict[str, Any]
FIRST = Window(LATEST_RUNS)


def answer(place: Place, window: Window, state: str = "") -> Answer:
    """Return what a path names; `state`: of a list of jobs, what their newest run is in."""
    if place.collection == "jobs" and not place.name:
        return jobs(place.namespace, window, state)
    return _ANSWERS[place.collection, bool(place.name), place.tail](place, window)


def namespace_list(window: Window) -> Answer:
    """Return the namespaces."""
    return {"namespaces": [namespace_answer(*each) for each in namespaces(window)]}


def jobs(namespace: str | None, window: Window, state: str = "") -> Answer:
    """Return the jobs of a namespace (None = of all), by namespace and name."""
    rows = assets_of("job", namespace)
    if state:
        known = assets_by_id(jobs_in_state(_state(state), namespace, window))
        shown = sorted(known.values(), key=lambda job: job.uid)
    else:
        shown = list(rows[window.offset : window.end])
    return {"jobs": _jobs(shown), "totalCount": rows.count()}


def _state(said: str) -> str:
    return next(ours for ours, theirs in STATES.items() if theirs == said)


def _jobs(shown: Sequence[Asset]) -> list[Any]:
    ids = [job.pk for job in shown]
    joins, runs, facets = current_joins(ids), runs_of(ids, FIRST), facets_of(ids)
    with_datasets([run for several in runs.values() for run in several])
    return [job_answer(job, joins.get(job.pk), runs[job.pk], facets.get(job.pk, NO_FACETS)) for job in shown]


def _namespace(place: Place, window: Window) -> Answer:
    [found] = namespaces(Window(1), name=place.namespace)
    return {**namespace_answer(*found)}


def _datasets(place: Place, window: Window) -> Answer:
    rows = assets_of("dataset", place.namespace)
    shown = list(rows[window.offset : window.end])
    return {"datasets": _dataset_answers(shown), "totalCount": rows.count()}


def _dataset(place: Place, window: Window) -> Answer:
    [found] = _dataset_answers([_asset(place)])
    return {**found}


def _dataset_answers(shown: Sequence[Asset]) -> list[Any]:
    ids = [each.pk for each in shown]
    versions = newest_writes([(each, None) for each in ids])
    columns, facets = columns_into(ids), facets_of(ids)
    return [
        dataset_answer(
            each, versions.get((each.pk, None), each.pk), columns.get(each.pk, {}), facets.get(each.pk, NO_FACETS)
        )
        for each in shown
    ]


def _dataset_versions(place: Place, window: Window) -> Answer:
    asset = _asset(place)
    if place.version:
        return {**dataset_version_answer(asset, place.version, _writer(asset, place.version), _facets(asset))}
    rows = writes_of(asset.pk, window)
    runs = _with_datasets(runs_by_row(rows))
    total = count_writes(asset.pk)
    facets = _facets(asset)
    versions: list[Any] = [dataset_version_answer(asset, row, runs[row], facets) for row in rows]
    if not total and window.limit and not window.offset:
        versions.append(dataset_version_answer(asset, asset.pk, None, facets))
    return {"versions": versions, "totalCount": total or 1}


def _facets(asset: Asset) -> dict[str, Any]:
    """Return the facets of a dataset as said last: of former versions none are kept beside their events."""
    return facets_of([asset.pk]).get(asset.pk, {})


def _writer(asset: Asset, version: uuid.UUID) -> RunKnown | None:
    """Return the run that wrote a version; None for the one before any write. Raise NotFound for no version of it."""
    if version == asset.pk:
        return None
    run = _with_datasets(runs_by_row([version])).get(version)
    if run is None or asset.uid not in {uid for uid, _ in run.outputs}:
        raise NotFound(f"{version} is no version of this dataset.")
    return run


def _with_datasets(runs: Mapping[uuid.UUID, RunKnown]) -> Mapping[uuid.UUID, RunKnown]:
    with_datasets(runs.values())
    return runs


def _job(place: Place, window: Window) -> Answer:
    [found] = _jobs([_asset(place)])
    return {**found}


def _runs(place: Place, window: Window) -> Answer:
    job = _asset(place).pk
    found = runs_of([job], window)[job]
    with_datasets(found)
    return {"runs": [run_answer(run) for run in found], "totalCount": count_runs(job)}


def _job_versions(place: Place, window: Window) -> Answer:
    job = _asset(place)
    rows = versions_of(job.pk, window, place.version)
    joins = joins_of([row.id for row in rows])
    latest = newest_of([row.id for row in rows])
    with_datasets(latest.values())
    found: list[Any] = [
        job_version_answer(job.uid, joins.get(row.id, Joins(row.id)), row.first_at, latest.get(row.id)) for row in rows
    ]
    if not place.version:
        return {"versions": found}
    if not found:
        raise NotFound(f"{place.version} is no version of this job.")
    return {**found[0]}


def _asset(place: Place) -> Asset:
    assert place.asset_id is not None
    return assets_by_id([place.asset_id])[place.asset_id]


_ANSWERS: Mapping[tuple[str, bool, str], Callable[[Place, Window], Answer]] = {
    ("", False, ""): _namespace,
    ("datasets", False, ""): _datasets,
    ("datasets", True, ""): _dataset,
    ("datasets", True, "versions"): _dataset_versions,
    ("jobs", True, ""): _job,
    ("jobs", True, "runs"): _runs,
    ("jobs", True, "versions"): _job_versions,
}


def run(run_id: str) -> Answer:
    """Return a run with its facets; of several jobs that name it, of the one heard of last. Raise NotFound."""
    found = runs_with_id(run_id)[:1]
    if not found:
        raise NotFound(f"No run is known by {run_id[:80]!r}.")
    with_datasets(found)
    return {**run_answer(found[0], facets_of_run(run_id)[0])}
