"""Ask with Marquez's own client, as its users do; write what it returned as JSON to the file that is named."""

import json
import sys
from pathlib import Path

from marquez_client import Clients, errors

client = Clients.new_client()
AIRFLOW, DB, LAKE = "airflow/prod", "postgres://db:5432", "s3://lake"
found = {
    "namespaces": client.list_namespaces(),
    "namespace": client.get_namespace(DB),
    "datasets": client.list_datasets(DB),
    "dataset": client.get_dataset(DB, "a:1"),
    "file": client.get_dataset(LAKE, "raw/orders.csv"),
    "versions": client.list_dataset_versions(DB, "a:1", limit=10),
    "jobs": client.list_jobs(AIRFLOW),
    "job": client.get_job(AIRFLOW, "load/orders"),
    "runs": client.list_job_runs(AIRFLOW, "load/orders", limit=1, offset=1),
    "sources": client.list_sources(),
    "source": client.get_source(DB),
    "tags": client.list_tags(),
    "of field": client.get_column_lineage_by_dataset_field(DB, "shop.report", "orders"),
    "of dataset": client.get_column_lineage_by_dataset(DB, "a:1", depth=1),
    "downstream": client.get_column_lineage_by_dataset(LAKE, "raw/orders.csv", with_downstream=True),
    "of job": client.get_column_lineage_by_job(AIRFLOW, "report"),
}
newest = found["dataset"]["currentVersion"]
found["version"] = client.get_dataset_version(DB, "a:1", newest)
found["as of"] = client.get_column_lineage_by_dataset(DB, "a:1", version=newest)
found["run"] = client.get_job_run(found["runs"]["runs"][0]["id"])
for name, write in {
    "create_namespace": lambda: client.create_namespace("n", "me"),
    "tag_dataset": lambda: client.tag_dataset(DB, "a:1", "PII"),
}.items():
    try:
        write()
    except errors.APIError as error:
        found[name] = error.__cause__.response.json()
Path(sys.argv[1]).write_text(json.dumps(found))
