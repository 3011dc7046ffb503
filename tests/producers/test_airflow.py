"""Airflow with its OpenLineage provider, told two variables: tasks, DAG runs, what was read and written, failures."""

from pathlib import Path
from typing import Any

import pytest

from tests.producers.conftest import Run
from tests.producers.service import Service, becomes

pytestmark = pytest.mark.e2e

RUNS = [
    ("shop", "complete"),
    ("shop.extract", "complete"),
    ("shop.publish", "complete"),
    ("shop_broken", "failed"),
    ("shop_broken.fall", "failed"),
]


@pytest.fixture(scope="module")
def shop(service: Service, producer: Run, folder: Path) -> Service:
    """The service after one run of each DAG, all of it projected."""
    home = {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).parent / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    producer("airflow", "db", "migrate", more=home)
    producer("airflow", "dags", "test", "shop", "2026-11-29", more=home)
    producer("airflow", "dags", "test", "shop_broken", "2026-11-29", code=1, more=home)
    becomes(service.runs, RUNS)
    return service


def last(service: Service, job: str) -> Any:
    """Return the newest recorded event of a job."""
    return [event for event in service.events() if event["job"]["name"] == job][-1]


def test_each_task_and_its_dag_is_a_job_with_its_owner_and_tags(shop: Service) -> None:
    assert sorted(shop.named("job")) == [job for job, _ in RUNS]
    facts = shop.facts("job", "shop.extract")
    assert (facts["owner"], facts["tags"], facts["subtype"]) == ("team-shop", ["nightly:nightly"], "batch")


def test_inlets_outlets_and_what_an_operator_tells_join_into_one_path(shop: Service) -> None:
    assert set(shop.named("dataset")) == {
        "erp.public.customers", "/data/customers.csv", "shop/customers", "shop/never",
    }  # fmt: skip
    assert shop.upstream("shop/customers") == {
        "/data/customers.csv": (1, "proven"),
        "erp.public.customers": (2, "proven"),
    }
    assert shop.facts("dataset", "shop/customers")["producer_job"] == "default/shop.publish"


def test_each_task_names_the_dag_run_that_it_belongs_to(shop: Service) -> None:
    for dag, task in (("shop", "extract"), ("shop", "publish"), ("shop_broken", "fall")):
        parent = last(shop, f"{dag}.{task}")["run"]["facets"]["parent"]
        assert (parent["job"]["namespace"], parent["job"]["name"]) == ("default", dag)
        assert parent["run"]["runId"] == parent["root"]["run"]["runId"] == last(shop, dag)["run"]["runId"]


def test_the_columns_that_an_operator_tells_are_recorded_with_their_masking(shop: Service) -> None:
    said = last(shop, "shop.publish")["outputs"][0]["facets"]["columnLineage"]["fields"]["email_hash"]["inputFields"]
    assert [(each["name"], each["field"]) for each in said] == [("/data/customers.csv", "email")]
    assert [step["masking"] for step in said[0]["transformations"]] == [True]


def test_a_failed_task_wrote_nothing_and_says_why(shop: Service) -> None:
    assert "last_run_id" not in shop.facts("dataset", "shop/never")
    assert last(shop, "shop_broken.fall")["run"]["facets"]["errorMessage"]["message"] == "the lake is dry"


def test_a_password_in_the_code_of_a_task_is_not_kept(shop: Service) -> None:
    assert "[redacted]" in last(shop, "shop.extract")["job"]["facets"]["sourceCode"]["sourceCode"]
    assert "not-for-the-record" not in str(shop.events())
