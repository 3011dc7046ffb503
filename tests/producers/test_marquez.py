"""Marquez's Python client, unchanged and told two variables, lists what was sent and walks its column lineage."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.producers.conftest import Run
from tests.producers.service import Service, becomes

pytestmark = pytest.mark.e2e

AIRFLOW, DB, LAKE = "airflow/prod", "postgres://db:5432", "s3://lake"
RUN_IDS = [f"01890a5d-ac96-774b-bcce-b302099a800{number}" for number in range(3)]
FIELDS = [
    f"datasetField:{LAKE}:raw/orders.csv:o_id",
    f"datasetField:{DB}:a:1:id",
    f"datasetField:{DB}:shop.report:orders",
]


@pytest.fixture(scope="module")
def found(service: Service, producer: Run, folder: Path) -> Any:
    """What the client returned of the shop, once all of it was projected."""
    shutil.copytree(Path(__file__).parent / "marquez", folder, dirs_exist_ok=True)
    producer("python", "send.py", more={})
    becomes(service.runs, [("load/orders", "complete"), ("load/orders", "complete"), ("report", "complete")])
    producer("python", "read.py", "found.json", more={"MARQUEZ_URL": service.url, "MARQUEZ_API_KEY": service.auditor})
    return json.loads((folder / "found.json").read_text())


def ids(graph: Any) -> list[str]:
    return sorted(node["id"] for node in graph["graph"])


def test_it_lists_namespaces_datasets_and_sources(found: Any) -> None:
    assert {each["name"] for each in found["namespaces"]["namespaces"]} == {AIRFLOW, DB, LAKE}
    assert found["namespace"]["name"] == DB
    assert [each["name"] for each in found["datasets"]["datasets"]] == ["a:1", "shop.report"]
    assert found["dataset"] == found["datasets"]["datasets"][0]
    assert found["file"]["id"] == {"namespace": LAKE, "name": "raw/orders.csv"}
    assert [each["name"] for each in found["sources"]["sources"]] == [DB, LAKE]
    assert found["source"] == found["sources"]["sources"][0]
    assert found["tags"] == {"tags": []}


def test_it_lists_versions_and_shows_one(found: Any) -> None:
    assert [each["createdByRun"]["id"] for each in found["versions"]["versions"]] == [RUN_IDS[1], RUN_IDS[0]]
    assert found["version"] == found["versions"]["versions"][0]


def test_it_lists_jobs_and_runs(found: Any) -> None:
    assert [each["name"] for each in found["jobs"]["jobs"]] == ["load/orders", "report"]
    assert found["job"] == found["jobs"]["jobs"][0]
    assert (found["job"]["latestRun"]["id"], found["job"]["latestRun"]["state"]) == (RUN_IDS[1], "COMPLETED")
    assert [each["id"] for each in found["runs"]["runs"]] == [RUN_IDS[0]]
    assert (found["run"]["id"], found["run"]["durationMs"]) == (RUN_IDS[0], 30_000)


def test_it_walks_column_lineage(found: Any) -> None:
    assert ids(found["of field"]) == sorted(FIELDS)
    assert ids(found["of dataset"]) == ids(found["as of"]) == sorted(FIELDS[:2])
    assert ids(found["downstream"]) == sorted(FIELDS)
    assert ids(found["of job"]) == sorted(FIELDS)


def test_its_writes_are_told_to_send_events(found: Any) -> None:
    for name in ("create_namespace", "tag_dataset"):
        assert found[name]["error"]["code"] == "use_openlineage"


def test_the_page_of_marquez_finds_the_graph_around_a_job(service: Service, found: Any) -> None:
    graph = service.get("lineage", nodeId=f"job:{AIRFLOW}:report", depth="3")["graph"]
    assert {node["id"]: node["type"] for node in graph} == {
        f"job:{AIRFLOW}:load/orders": "JOB",
        f"job:{AIRFLOW}:report": "JOB",
        f"dataset:{LAKE}:raw/orders.csv": "DATASET",
        f"dataset:{DB}:a:1": "DATASET",
        f"dataset:{DB}:shop.report": "DATASET",
    }
