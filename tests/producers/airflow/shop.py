"""Two DAGs as a user writes them: a nightly load that tells its tables in the usual three ways, and one that breaks."""

from datetime import UTC, datetime
from typing import Any

from airflow.providers.openlineage.extractors import OperatorLineage
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Asset, BaseOperator
from openlineage.client.event_v2 import Dataset, OutputDataset
from openlineage.client.facet_v2 import column_lineage_dataset as columns

ERP, LAKE = "postgres://erp:5432", "s3://lake-us"
FIRST_DAY = datetime(2026, 11, 1, tzinfo=UTC)


def read_customers() -> int:
    """Read what the ERP has; its source code travels with the event, and so does what should not stand in it."""
    password = "not-for-the-record"
    return len(password)


def break_down() -> None:
    """End as no run should."""
    raise ValueError("the lake is dry")


class Publish(BaseOperator):
    """An operator that tells its own lineage, columns and masking included."""

    def execute(self, context: Any) -> None:
        """Do nothing: what matters here is told, not done."""

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> OperatorLineage:
        """Say what was read and written."""
        hashed = columns.Transformation("DIRECT", "TRANSFORMATION", "sha256(email)", masking=True)
        email = columns.Fields([columns.InputField("file", "/data/customers.csv", "email", [hashed])])
        facet = columns.ColumnLineageDatasetFacet({"email_hash": email})
        return OperatorLineage(
            inputs=[Dataset("file", "/data/customers.csv")],
            outputs=[OutputDataset(LAKE, "shop/customers", facets={"columnLineage": facet})],
        )


with DAG("shop", schedule=None, start_date=FIRST_DAY, tags=["nightly"], default_args={"owner": "team-shop"}):
    extract = PythonOperator(
        task_id="extract",
        python_callable=read_customers,
        inlets=[Dataset(ERP, "erp.public.customers")],
        outlets=[Asset("file:///data/customers.csv")],
    )
    extract >> Publish(task_id="publish")

with DAG("shop_broken", schedule=None, start_date=FIRST_DAY):
    PythonOperator(task_id="fall", python_callable=break_down, outlets=[Dataset(LAKE, "shop/never")])
