"""Give what is known here the shapes of Marquez (shapes.py)."""

import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from accounts.journal.canonical.encode import instant
from lineage.graph.shapes import members
from lineage.inventory.models import Asset
from lineage.marquez.facets import NO_FACETS, Facets, fields_of, lifecycle_of, location_of
from lineage.marquez.known import FromField, Joins, RunKnown
from lineage.marquez.names import names_of
from lineage.marquez.shapes import (
    DatasetAnswer,
    DatasetData,
    DatasetVersionAnswer,
    Id,
    JobAnswer,
    JobData,
    JobVersionAnswer,
    NamespaceAnswer,
    RunAnswer,
    VersionId,
)

STATES = {"other": "NEW", "running": "RUNNING", "complete": "COMPLETED", "aborted": "ABORTED", "failed": "FAILED"}
"""State of a run here -> there."""
OWNER = "anonymous"
"""Who owns a namespace that events alone made; Marquez says so too."""


def id_of(uid: str) -> Id:
    """Return a dataset or job."""
    namespace, name = names_of(uid)
    return {"namespace": namespace, "name": name}


def version_of(uid: str, version: uuid.UUID) -> VersionId:
    """Return a version of a dataset or job."""
    return {**id_of(uid), "version": str(version)}


def moment(at: datetime.datetime | None) -> str | None:
    """Return an instant as text, None for none."""
    return None if at is None else instant(at)


def run_answer(run: RunKnown, facets: Mapping[str, Any] | None = None) -> RunAnswer:
    """Return a run; `facets`: where they were read, and its nominal time with them."""
    nominal = members((facets or {}).get("nominalTime"))
    took = run.ended_at - run.started_at if run.ended_at and run.started_at else None
    return {
        "id": run.run_id,
        "createdAt": instant(run.first_at),
        "updatedAt": instant(run.seen_at),
        "nominalStartTime": nominal.get("nominalStartTime"),
        "nominalEndTime": nominal.get("nominalEndTime"),
        "state": STATES[run.state],
        "startedAt": moment(run.started_at),
        "endedAt": moment(run.ended_at),
        "durationMs": None if took is None else round(took.total_seconds() * 1000),
        "args": {},
        "jobVersion": version_of(run.job_uid, run.version),
        "inputDatasetVersions": [{"datasetVersionId": version_of(*each), "facets": {}} for each in run.inputs],
        "outputDatasetVersions": [{"datasetVersionId": version_of(*each), "facets": {}} for each in run.outputs],
        "facets": dict(facets or {}),
    }


def namespace_answer(name: str, first_at: datetime.datetime, seen_at: datetime.datetime) -> NamespaceAnswer:
    """Return a namespace."""
    return {
        "name": name,
        "createdAt": instant(first_at),
        "updatedAt": instant(seen_at),
        "ownerName": OWNER,
        "description": None,
        "isHidden": False,
    }


def dataset_data(asset: Asset, facets: Facets = NO_FACETS) -> DatasetData:
    """Return a dataset as a node has it. Its source is its namespace, which names the store that it lies in."""
    namespace, name = names_of(asset.uid)
    return {
        "id": {"namespace": namespace, "name": name},
        "type": "STREAM" if asset.document.get("subtype") == "stream" else "DB_TABLE",
        "name": name,
        "physicalName": name,
        "createdAt": instant(asset.first_seen_at),
        "updatedAt": instant(asset.last_seen_at),
        "namespace": namespace,
        "sourceName": namespace,
        "fields": fields_of(facets),
        "tags": list(asset.document.get("tags", [])),
        "lastModifiedAt": asset.document.get("last_write_at"),
        "lastLifecycleState": lifecycle_of(facets),
        "description": asset.document.get("description"),
    }


def dataset_answer(
    asset: Asset, version: uuid.UUID, columns: Mapping[str, Sequence[FromField]], facets: Facets = NO_FACETS
) -> DatasetAnswer:
    """Return a dataset; `columns`: field -> what it comes from."""
    lineage = [column_lineage(name, inputs) for name, inputs in sorted(columns.items())]
    return {
        **dataset_data(asset, facets),
        "currentVersion": str(version),
        "columnLineage": lineage or None,
        "facets": dict(facets),
        "deleted": False,
    }


def column_lineage(name: str, inputs: Sequence[FromField]) -> dict[str, Any]:
    """Return what a field comes from; the two deprecated members are those of its first input, as there."""
    return {
        "name": name,
        "inputFields": [input_field(each) for each in inputs],
        "transformationDescription": None,
        "transformationType": inputs[0].kind,
    }


def input_field(one: FromField) -> dict[str, Any]:
    """Return a field that another one comes from. Descriptions of transformations are in the event alone."""
    namespace, name = names_of(one.uid)
    return {
        "namespace": namespace,
        "dataset": name,
        "field": one.field,
        "transformationDescription": None,
        "transformationType": one.kind,
    }


def dataset_version_answer(
    asset: Asset, version: uuid.UUID, run: RunKnown | None, facets: Facets = NO_FACETS
) -> DatasetVersionAnswer:
    """Return a version of a dataset; without a run the dataset as it was first heard of."""
    data = dataset_data(asset, facets)
    written = (run.ended_at if run else None) or asset.first_seen_at
    return {
        "id": version_of(asset.uid, version),
        "type": data["type"],
        "name": data["name"],
        "physicalName": data["physicalName"],
        "createdAt": instant(written),
        "version": str(version),
        "namespace": data["namespace"],
        "sourceName": data["sourceName"],
        "fields": data["fields"],
        "tags": data["tags"],
        "lifecycleState": data["lastLifecycleState"],
        "description": data["description"],
        "currentSchemaVersion": None,
        "createdByRun": run_answer(run) if run else None,
        "facets": dict(facets),
    }


def job_data(asset: Asset, joins: Joins | None, runs: Sequence[RunKnown], facets: Facets = NO_FACETS) -> JobData:
    """Return a job as a node has it; `runs`: newest first."""
    namespace, name = names_of(asset.uid)
    subtype = asset.document.get("subtype")
    return {
        "id": {"namespace": namespace, "name": name},
        "type": {"stream": "STREAM", "service": "SERVICE"}.get(str(subtype), "BATCH"),
        "name": name,
        "simpleName": name,
        "parentJobName": None,
        "parentJobUuid": None,
        "createdAt": instant(asset.first_seen_at),
        "updatedAt": instant(asset.last_seen_at),
        "namespace": namespace,
        "inputs": [id_of(uid) for uid in (joins.inputs if joins else ())],
        "outputs": [id_of(uid) for uid in (joins.outputs if joins else ())],
        "location": location_of(facets),
        "description": asset.document.get("description"),
        "latestRun": run_answer(runs[0]) if runs else None,
    }


def job_answer(asset: Asset, joins: Joins | None, runs: Sequence[RunKnown], facets: Facets = NO_FACETS) -> JobAnswer:
    """Return a job."""
    return {
        **job_data(asset, joins, runs, facets),
        "latestRuns": [run_answer(run) for run in runs],
        "facets": dict(facets),
        "currentVersion": str(joins.version) if joins else None,
        "labels": [],
        "tags": list(asset.document.get("tags", [])),
    }


def job_version_answer(
    uid: str, joins: Joins, first_at: datetime.datetime, latest: RunKnown | None
) -> JobVersionAnswer:
    """Return a version of a job."""
    return {
        "id": version_of(uid, joins.version),
        "name": names_of(uid)[1],
        "createdAt": instant(first_at),
        "version": str(joins.version),
        "namespace": names_of(uid)[0],
        "location": None,
        "inputs": [id_of(each) for each in joins.inputs],
        "outputs": [id_of(each) for each in joins.outputs],
        "latestRun": run_answer(latest) if latest else None,
    }
