"""The runs as OpenLineage events (spec 2-0-2): START when a run began, COMPLETE or FAIL when it ended.

Column lineage was switched on eight days before the anchor, as it would be in a real estate: older runs carry none.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from config.demo.catalogue import job_owner, snapshot
from config.demo.chance import stamp
from config.demo.data import Dataset
from config.demo.estate import Estate
from config.demo.pipelines import Job
from config.demo.runs import Run

SCHEMA_URL = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = "https://openlineage.io/spec/facets/"
COLUMN_DAYS = 8
JsonObject = dict[str, Any]


def producer(namespace: str) -> str:
    """Return the producer of a job namespace."""
    return f"https://pipelines.veldspar.example/{namespace}/1.52.0"


def events_of(estate: Estate, run: Run) -> Iterator[JsonObject]:
    """Yield the two events of a run."""
    yield _event(
        run, "START", stamp(run.start), _run_facets(run), _job_facets(estate, run.job), plain(run.job.inputs), []
    )
    facets: JsonObject = {}
    if run.failed:
        facets["errorMessage"] = _facet(
            run.job, "1-0-1/ErrorMessageRunFacet.json", message="worker lost its lease", programmingLanguage="Python"
        )
        yield _event(run, "FAIL", stamp(run.end), facets, {}, plain(run.job.inputs), plain(run.job.outputs))
        return
    with_columns = run.job.columns and run.start >= estate.clock.now - timedelta(days=COLUMN_DAYS)
    outputs = [_output(estate, run, dataset, with_columns=with_columns) for dataset in run.job.outputs]
    inputs = [_input(estate, run, dataset) for dataset in run.job.inputs]
    yield _event(run, "COMPLETE", stamp(run.end), facets, {}, inputs, outputs)


def plain(datasets: tuple[Dataset, ...]) -> list[JsonObject]:
    """Name data sets without facets."""
    return [{"namespace": dataset.namespace, "name": dataset.name} for dataset in datasets]


def _event(
    run: Run,
    state: str,
    at: str,
    run_facets: JsonObject,
    job_facets: JsonObject,
    inputs: list[JsonObject],
    outputs: list[JsonObject],
) -> JsonObject:
    job = run.job
    return {
        "eventType": state,
        "eventTime": at,
        "run": {"runId": run.run_id, "facets": run_facets},
        "job": {"namespace": job.namespace, "name": job.name, "facets": job_facets},
        "inputs": inputs,
        "outputs": outputs,
        "producer": producer(job.namespace),
        "schemaURL": SCHEMA_URL,
    }


def _facet(job: Job, schema: str, /, **fields: Any) -> JsonObject:
    return {"_producer": producer(job.namespace), "_schemaURL": _FACETS + schema, **fields}


def _run_facets(run: Run) -> JsonObject:
    facets = {
        "nominalTime": _facet(
            run.job, "1-0-1/NominalTimeRunFacet.json", nominalStartTime=stamp(run.start.replace(minute=0, second=0))
        )
    }
    if run.parent is not None:
        parent = run.parent
        facets["parent"] = _facet(
            run.job,
            "1-2-0/ParentRunFacet.json",
            run={"runId": parent.run_id},
            job={"namespace": parent.job.namespace, "name": parent.job.name},
        )
    return facets


def _job_facets(estate: Estate, job: Job) -> JsonObject:
    """Tell who answers for the job, and that it is a batch; for other sorts the scheduler's registry knows better."""
    owners = [{"name": job_owner(estate, job), "type": "OWNER"}]
    facets = {"ownership": _facet(job, "1-0-1/OwnershipJobFacet.json", owners=owners)}
    if job.subtype == "batch":
        facets["jobType"] = _facet(
            job, "2-0-4/JobTypeJobFacet.json", processingType="BATCH", integration="SCHEDULER", jobType="TASK"
        )
    return facets


def _input(estate: Estate, run: Run, dataset: Dataset) -> JsonObject:
    named: JsonObject = {"namespace": dataset.namespace, "name": dataset.name, "facets": {}}
    if run.job.subtype == "training":
        version = snapshot(estate, dataset, run.index)[:8]
        named["facets"]["version"] = _facet(run.job, "1-0-1/DatasetVersionDatasetFacet.json", datasetVersion=version)
        named["inputFacets"] = {"dataQualityAssertions": _assertions(run.job, dataset)}
    return named


def _output(estate: Estate, run: Run, dataset: Dataset, *, with_columns: bool) -> JsonObject:
    job = run.job
    facets: JsonObject = {
        "dataSource": _facet(
            job,
            "1-0-1/DatasourceDatasetFacet.json",
            name=dataset.namespace,
            uri=f"{dataset.namespace}/{dataset.name.replace('.', '/')}",
        )
    }
    if dataset.all_columns:
        facets["schema"] = _facet(
            job, "1-2-0/SchemaDatasetFacet.json", fields=[{"name": n, "type": _type(n)} for n in dataset.all_columns]
        )
    if with_columns and dataset.all_columns:
        facets["columnLineage"] = _facet(
            job, "1-2-0/ColumnLineageDatasetFacet.json", fields=_column_fields(job, dataset)
        )
    if dataset.used_for and "reporting" not in dataset.used_for:
        facets["dataQualityAssertions"] = _assertions(job, dataset)
    rows = estate.dice.between(200, 90_000, "written", dataset.uid, run.index)
    statistics = _facet(job, "1-0-2/OutputStatisticsOutputDatasetFacet.json", rowCount=rows, size=rows * 180)
    return {
        "namespace": dataset.namespace,
        "name": dataset.name,
        "facets": facets,
        "outputFacets": {"outputStatistics": statistics},
    }


def _type(column: str) -> str:
    if column.endswith(("_at", "since", "_date")):
        return "timestamp"
    numbers = ("amount", "balance", "price", "quantity", "score", "value", "total", "number", "exposure", "principal")
    return "decimal" if column in numbers else "string"


def _assertions(job: Job, dataset: Dataset) -> JsonObject:
    key = dataset.all_columns[0] if dataset.all_columns else "key"
    return _facet(
        job,
        "1-1-0/DataQualityAssertionsDatasetFacet.json",
        assertions=[
            {"assertion": "not_null", "success": True, "column": key},
            {"assertion": "unique", "success": True, "column": key},
            {"assertion": "freshness", "success": True},
        ],
    )


def _column_fields(job: Job, output: Dataset) -> JsonObject:
    """Map every column to those that it comes from: the same column of the inputs of its layer, else their key."""
    layer = [dataset for dataset in job.inputs if output.name.endswith(dataset.name.rsplit(".", 1)[-1])]
    sources = layer or list(job.inputs)
    masked = output.deidentified and job.environment != "prod"
    fields: JsonObject = {}
    for column in output.all_columns:
        same = [dataset for dataset in sources if column in dataset.all_columns]
        subtype = "IDENTITY" if same and not masked else "TRANSFORMATION" if same else "AGGREGATION"
        transformation: JsonObject = {"type": "DIRECT", "subtype": subtype}
        if masked:
            transformation["masking"] = True
        fields[column] = {
            "inputFields": [
                {
                    "namespace": dataset.namespace,
                    "name": dataset.name,
                    "field": column if same else dataset.all_columns[0],
                    "transformations": [transformation],
                }
                for dataset in same or sources
            ]
        }
    return fields
