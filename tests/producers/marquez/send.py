"""Send the events of a shop with OpenLineage's own client, told where by its two variables."""

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import column_lineage_dataset

PRODUCER = "https://example.com/shop"
LAKE, DB = "s3://lake", "postgres://db:5432"
STEPS = [
    ("load/orders", "2026-11-01T08:00", LAKE, "raw/orders.csv", "o_id", DB, "a:1", "id"),
    ("load/orders", "2026-11-01T09:00", LAKE, "raw/orders.csv", "o_id", DB, "a:1", "id"),
    ("report", "2026-11-01T10:00", DB, "a:1", "id", DB, "shop.report", "orders"),
]


def columns(namespace: str, name: str, source: str, target: str) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    """Return the facet: `target` comes from the field `source` of a dataset."""
    how = [column_lineage_dataset.Transformation(type="DIRECT", subtype="IDENTITY")]
    read = column_lineage_dataset.InputField(namespace=namespace, name=name, field=source, transformations=how)
    return column_lineage_dataset.ColumnLineageDatasetFacet(
        fields={target: column_lineage_dataset.Fields(inputFields=[read])}
    )


client = OpenLineageClient()
for number, (job, at, *said) in enumerate(STEPS):
    namespace, name, source, into, target, field = said
    run = Run(runId=f"01890a5d-ac96-774b-bcce-b302099a800{number}")
    outputs = [OutputDataset(into, target, facets={"columnLineage": columns(namespace, name, source, field)})]
    for state, seconds in ((RunState.START, "00"), (RunState.COMPLETE, "30")):
        client.emit(
            RunEvent(
                eventType=state,
                eventTime=f"{at}:{seconds}.000Z",
                run=run,
                job=Job("airflow/prod", job),
                producer=PRODUCER,
                inputs=[InputDataset(namespace, name)],
                outputs=outputs if state == RunState.COMPLETE else [],
            )
        )
client.close()
