"""dbt, wrapped by dbt-ol and told two variables, appears complete: jobs, runs, tables, flows, columns, tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.producers.conftest import Run
from tests.producers.service import Service, becomes

pytestmark = pytest.mark.e2e

COMMAND = "dbt-run-shop"
MODELS = ("customer_revenue", "customers", "orders", "revenue_by_country")
RUN_JOBS = [COMMAND, *(f"shop.main.shop.{model}" for model in MODELS)]
TEST_JOBS = [
    COMMAND,
    *(f"shop.main.shop.{model}.test" for model in ("customer_revenue", "customers", "orders")),
    "test.shop.orders_are_paid",
]
COMPLETE = sorted((job, "complete") for job in [*RUN_JOBS, *TEST_JOBS])


@pytest.fixture(scope="module")
def shop(service: Service, producer: Run, folder: Path) -> Service:
    """The service after `dbt-ol run` and `dbt-ol test` of the shop, all of it projected."""
    shutil.copytree(Path(__file__).parent / "dbt", folder, dirs_exist_ok=True)
    where = {"SHOP_DATABASE": str(folder / "shop.duckdb")}
    producer("dbt", "seed", more=where)
    producer("dbt-ol", "run", more=where)
    producer("dbt-ol", "test", more=where)
    becomes(service.runs, COMPLETE)
    return service


def of_job(service: Service, job: str) -> Iterator[Any]:
    """Yield the recorded events of a job."""
    return (event for event in service.events() if event["job"]["name"] == job)


def complete(service: Service, job: str) -> Any:
    """Return the recorded COMPLETE of a job that ran once."""
    return next(event for event in of_job(service, job) if event["eventType"] == "COMPLETE")


def test_each_model_is_a_job_and_each_table_a_dataset(shop: Service, folder: Path) -> None:
    assert sorted(shop.named("job")) == sorted({*RUN_JOBS, *TEST_JOBS})
    tables = {f"shop.main.{table}" for table in (*MODELS, "raw_customers", "raw_orders")}
    assert set(shop.named("dataset")) == tables
    facts = shop.facts("dataset", "shop.main.customers")
    assert (facts["description"], facts["owner"]) == ("Who buys; one row each.", "team-shop")
    assert facts["producer_job"] == "dbt/shop.main.shop.customers"
    assert complete(shop, "shop.main.shop.customers")["outputs"][0]["namespace"] == f"duckdb://{folder}/shop.duckdb"


def test_what_feeds_a_table_is_proven_by_its_columns_back_to_the_sources(shop: Service) -> None:
    assert shop.upstream("shop.main.revenue_by_country") == {
        "shop.main.customer_revenue": (1, "proven"),
        "shop.main.customers": (2, "proven"),
        "shop.main.orders": (2, "proven"),
        "shop.main.raw_customers": (3, "proven"),
        "shop.main.raw_orders": (3, "proven"),
    }
    pairs = {tuple(name.split(" → ")) for name in shop.named("data_flow")}
    assert pairs == {
        ("shop.main.raw_customers", "shop.main.customers"),
        ("shop.main.raw_orders", "shop.main.orders"),
        ("shop.main.customers", "shop.main.customer_revenue"),
        ("shop.main.orders", "shop.main.customer_revenue"),
        ("shop.main.customer_revenue", "shop.main.revenue_by_country"),
    }


def test_the_columns_of_each_model_are_recorded(shop: Service) -> None:
    said = complete(shop, "shop.main.shop.customer_revenue")["outputs"][0]["facets"]["columnLineage"]["fields"]
    read = {out: [(each["name"], each["field"]) for each in column["inputFields"]] for out, column in said.items()}
    assert read == {
        "customer_id": [("shop.main.customers", "customer_id")],
        "email": [("shop.main.customers", "email")],
        "country": [("shop.main.customers", "country")],
        "revenue": [("shop.main.orders", "amount")],
    }


def test_a_column_is_walked_back_to_the_columns_of_the_sources(shop: Service, folder: Path) -> None:
    report = shop.named("dataset")["shop.main.revenue_by_country"]
    rows = shop.all("graph/columns", asset=report["id"], field="revenue", direction="upstream")
    direct = {(row["name"], row["field"]): row["distance"] for row in rows if row["direct"]}
    assert direct == {
        ("shop.main.customer_revenue", "revenue"): 1,
        ("shop.main.orders", "amount"): 2,
        ("shop.main.raw_orders", "amount_cents"): 3,
    }

    node = f"dataset:duckdb://{folder}/shop.duckdb:shop.main.revenue_by_country"
    walked = shop.get("column-lineage", nodeId=node)["graph"]
    into = {
        (each["data"]["dataset"], each["data"]["field"]): {
            (column["dataset"], column["field"]) for column in each["data"]["inputFields"]
        }
        for each in walked
    }
    assert into["shop.main.revenue_by_country", "country"] == {("shop.main.customer_revenue", "country")}
    assert into["shop.main.customers", "country"] == {("shop.main.raw_customers", "country")}


def test_each_model_and_test_names_the_command_that_ran_it(shop: Service) -> None:
    commands = {event["run"]["runId"] for event in of_job(shop, COMMAND)}
    assert len(commands) == 2, "one of `dbt-ol run`, one of `dbt-ol test`"
    for jobs in (RUN_JOBS[1:], TEST_JOBS[1:]):
        parents = [complete(shop, job)["run"]["facets"]["parent"] for job in jobs]
        assert {parent["job"]["name"] for parent in parents} == {COMMAND}
        assert len({parent["run"]["runId"] for parent in parents}) == 1
        assert {parent["run"]["runId"] for parent in parents} <= commands


def test_what_dbt_tested_is_recorded_with_its_outcome(shop: Service) -> None:
    def outcomes(model: str) -> dict[str, tuple[str, bool]]:
        tested = complete(shop, f"shop.main.shop.{model}.test")["inputs"][0]
        assertions = tested["inputFacets"]["dataQualityAssertions"]["assertions"]
        return {each["name"]: (each["severity"], each["success"]) for each in assertions}

    assert outcomes("customers") == {
        "not_null_customers_customer_id": ("error", True),
        "not_null_customers_email": ("error", True),
        "unique_customers_customer_id": ("error", True),
    }
    assert outcomes("customer_revenue") == {"accepted_values_customer_revenue_country__DE__FR": ("warn", False)}
    singular = complete(shop, "test.shop.orders_are_paid")["run"]["facets"]["test"]["tests"]
    assert [(each["name"], each["status"]) for each in singular] == [("test.shop.orders_are_paid", "pass")]


def test_a_model_that_fails_is_a_failed_run_and_wrote_nothing(shop: Service, producer: Run, folder: Path) -> None:
    before = shop.facts("dataset", "shop.main.revenue_by_country")["last_run_id"]
    broken = ("--select", "revenue_by_country", "--vars", "{least: no_such_column}")
    producer("dbt-ol", "run", *broken, code=1, more={"SHOP_DATABASE": str(folder / "shop.duckdb")})
    failed = [(COMMAND, "failed"), ("shop.main.shop.revenue_by_country", "failed")]
    becomes(shop.runs, sorted([*COMPLETE, *failed]))
    assert shop.facts("dataset", "shop.main.revenue_by_country")["last_run_id"] == before


def test_tags_and_meta_of_a_model_are_recorded_with_its_run_where_dbt_puts_them(shop: Service) -> None:
    tags = complete(shop, "shop.main.shop.customers")["run"]["facets"]["tags"]["tags"]
    assert {(tag["key"], tag["value"], tag["source"]) for tag in tags} >= {
        ("pii", "true", "DBT"),
        ("owner", "team-shop", "DBT_META"),
    }


def test_told_as_it_happens_the_models_have_other_jobs_and_the_tables_the_same_sources(
    shop: Service, producer: Run, folder: Path
) -> None:
    before = shop.upstream("shop.main.revenue_by_country")
    where = {"SHOP_DATABASE": str(folder / "shop.duckdb")}
    producer("dbt-ol", "build", "--consume-structured-logs", more=where)
    jobs = {f"model.shop.{model}" for model in MODELS}
    becomes(lambda: [run for run in shop.runs() if run[0] in jobs], sorted((job, "complete") for job in jobs))
    assert shop.upstream("shop.main.revenue_by_country") == before
    parent = complete(shop, "model.shop.customers.sql.1")["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == complete(shop, "model.shop.customers")["run"]["runId"]
