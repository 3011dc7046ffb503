"""What facets of the standard mean: each from a shape that producers really send."""

import uuid
from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.graph.facet_queries import facets_of, facets_of_run
from lineage.graph.models import Run
from lineage.graph.regions import region_of
from lineage.inventory.models import Asset
from tests.support.cast import Cast
from tests.support.flow import asset, flows, send_and_project
from tests.support.openlineage import RUN, dataset, dataset_event, facet, run_event, sample_events

EARLY, LATE = "2026-11-01T08:00:00Z", "2026-11-02T08:00:00Z"


@pytest.fixture
def workspace(cast: Cast) -> uuid.UUID:
    return cast.workspace.pk


def tags(*said: tuple[str, ...]) -> dict[str, Any]:
    return facet(tags=[dict(zip(("key", "value", "field"), each, strict=False)) for each in said])


# ---- data quality


def test_dbts_tests_become_assertions_and_the_share_that_passed(workspace: uuid.UUID) -> None:
    send_and_project(workspace, sample_events())
    orders = asset(workspace, "dataset", "DEMO_DB.public.orders")
    assert (orders.document["assertions"], orders.document["assertion_pass_share"]) == (10, 1.0)
    assert asset(workspace, "dataset", "DEMO_DB.public.customers").document["assertion_pass_share"] == 0.0
    assert orders.provenance["assertions"]["grade"] == "A"


def test_the_last_run_of_the_checks_counts(workspace: uuid.UUID) -> None:
    def checked(at: str, *passed: bool) -> dict[str, Any]:
        checks = [{"assertion": "not_null", "success": good, "severity": "warn"} for good in passed]
        return run_event(
            at=at, inputs=[dataset("a") | {"inputFacets": {"dataQualityAssertions": facet(assertions=checks)}}]
        )

    send_and_project(workspace, [checked(LATE, True, False, False, False)])
    send_and_project(workspace, [checked(EARLY, True)])
    document = asset(workspace, "dataset", "a").document
    assert (document["assertions"], document["assertion_pass_share"]) == (4, 0.25)


def test_no_checks_have_no_share(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [dataset_event(dataset("a", dataQualityAssertions=facet(assertions=[])))])
    document = asset(workspace, "dataset", "a").document
    assert document["assertions"] == 0
    assert "assertion_pass_share" not in document


def test_metrics_say_how_many_records_there_are(workspace: uuid.UUID) -> None:
    metrics = facet(rowCount=42, bytes=1000, columnMetrics={"x": {"nullCount": 0}})
    send_and_project(workspace, [run_event(inputs=[dataset("a") | {"inputFacets": {"dataQualityMetrics": metrics}}])])
    assert asset(workspace, "dataset", "a").document["record_count"] == 42


# ---- tags


def test_tags_of_a_model_that_dbt_sends_with_its_run_count_for_what_the_run_wrote(workspace: uuid.UUID) -> None:
    said = tags(("pii", "true"), ("classification", "personal"), ("residency", "DE"), ("nightly", "true"))
    send_and_project(workspace, [run_event(run_facets={"tags": said}, inputs=[dataset("a")], outputs=[dataset("b")])])
    written = asset(workspace, "dataset", "b")
    assert written.document["contains_personal_data"] is True
    assert written.document["classification"] == "personal"
    assert written.document["allowed_countries"] == ["DE"]
    assert written.provenance["classification"]["origin"] == "declared"
    assert "classification" not in asset(workspace, "dataset", "a").document


def test_the_tags_of_the_dataset_itself_stand_before_those_of_the_run(workspace: uuid.UUID) -> None:
    output = dataset("b", tags=tags(("classification", "internal")))
    send_and_project(workspace, [run_event(run_facets={"tags": tags(("classification", "public"))}, outputs=[output])])
    assert asset(workspace, "dataset", "b").document["classification"] == "internal"


def test_a_run_without_tags_takes_back_nothing(workspace: uuid.UUID) -> None:
    said = {"tags": tags(("pii", "true"))}
    send_and_project(workspace, [run_event(at=EARLY, run_facets=said, outputs=[dataset("b")])])
    send_and_project(workspace, [run_event(at=LATE, run_facets={"tags": tags()}, outputs=[dataset("b")])])
    assert asset(workspace, "dataset", "b").document["contains_personal_data"] is True


def test_personal_columns_are_counted_and_make_the_dataset_personal(workspace: uuid.UUID) -> None:
    said = tags(
        ("pii", "true", "email"), ("classification", "personal", "email"), ("pii", "true", "name"),
        ("unit", "EUR", "amount"), ("contains_personal_data", "false"),
    )  # fmt: skip
    send_and_project(workspace, [dataset_event(dataset("c", tags=said))])
    document = asset(workspace, "dataset", "c").document
    assert (document["personal_columns"], document["contains_personal_data"]) == (2, True)


def test_the_vocabulary_of_the_record_of_processing_is_kept_as_tags(workspace: uuid.UUID) -> None:
    said = tags(("data_category", "health"), ("subject_type", "patient"), ("retention", "P6M"))
    send_and_project(workspace, [dataset_event(dataset("c", tags=said))])
    document = asset(workspace, "dataset", "c").document
    assert document["tags"] == ["data_category:health", "retention:P6M", "subject_type:patient"]
    assert document["retention_days"] == 180


# ---- gaps that producers admit


@pytest.mark.parametrize(
    ("name", "said", "admits"),
    [
        ("extractionError", facet(totalTasks=3, failedTasks=1), True),
        ("extractionError", facet(totalTasks=3, failedTasks=0), False),
        ("spark_unknown", facet(inputs=[{"description": {"@class": "ResolvedTableName"}}]), True),
        ("spark_unknown", facet(inputs=[]), False),
        ("unknownSourceAttribute", facet(unknownItems=[{"name": "BashOperator", "properties": {}}]), True),
        ("unknownSourceAttribute", facet(unknownItems=[]), False),
    ],
)
def test_a_producer_admits_that_it_did_not_understand(
    workspace: uuid.UUID, name: str, said: dict[str, Any], admits: bool
) -> None:
    send_and_project(workspace, [run_event(run_facets={name: said})])
    with in_workspace(workspace):
        assert Run.objects.get().extraction_error is admits


# ---- places


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("awsathena://athena.eu-central-1.amazonaws.com", "eu-central-1"),
        ("arn:aws:glue:us-east-1:123456789012", "us-east-1"),
        ("arn:aws-us-gov:glue:us-gov-west-1:1", "us-gov-west-1"),
        ("redshift://cluster.eu-west-3:5439", "eu-west-3"),
        ("postgres://db.abc123.ap-southeast-2.rds.amazonaws.com:5432", "ap-southeast-2"),
        ("https://s3.eu-central-1.amazonaws.com/bucket", "eu-central-1"),
        ("snowflake://xy12345.eu-central-1", "eu-central-1"),
        ("snowflake://xy12345.west-europe.azure", "west-europe"),
        ("snowflake://myorg-account1", ""),
        ("s3://eu-central-1", ""),
        ("gs://bucket-us-east-1", ""),
        ("bigquery", ""),
        ("abfss://eu-west-1@account.dfs.core.windows.net", ""),
        ("kafka://eu-west-1.example.com:9092", ""),
    ],
)
def test_few_addresses_hold_a_region(address: str, region: str) -> None:
    assert region_of(address) == region


def test_a_region_in_the_namespace_or_in_a_facet_is_a_hint_from_which_no_country_follows(workspace: uuid.UUID) -> None:
    glue = dataset("table/db/a", namespace="arn:aws:glue:us-east-1:1")
    lake = dataset("b", dataSource=facet(name="x", uri="https://s3.eu-central-1.amazonaws.com/lake"))
    iceberg = dataset(
        "c", catalog=facet(framework="iceberg", type="glue", name="x", warehouseUri="arn:aws:s3tables:eu-west-1:1:b"),
        dataSource=facet(name="x", uri="dbfs"),
    )  # fmt: skip
    send_and_project(workspace, [run_event(inputs=[glue, lake], outputs=[iceberg])])
    found = [asset(workspace, "dataset", name) for name in ("table/db/a", "b", "c")]
    assert [one.document["region"] for one in found] == ["us-east-1", "eu-central-1", "eu-west-1"]
    assert not any("country" in one.document for one in found)
    assert found[0].provenance["region"]["origin"] == "measured"


# ---- what is kept, and means nothing for facts


def test_facets_of_control_and_quality_are_kept_with_the_run_and_make_no_flow(workspace: uuid.UUID) -> None:
    waits_for = [{"job": {"namespace": "airflow", "name": "before"}, "dependency_type": "DIRECT_INVOCATION"}]
    said = {
        "jobDependencies": facet(upstream=waits_for, trigger_rule="ALL_SUCCESS"),
        "test": facet(tests=[{"name": "no_orphans", "status": "fail", "severity": "error"}]),
        "nominalTime": facet(nominalStartTime=EARLY),
        "processing_engine": facet(name="spark", version="3.5.0"),
        "externalQuery": facet(externalQueryId="job_1", source="bigquery"),
        "executionParameters": facet(parameters=[{"key": "region", "value": "all"}]),
    }
    send_and_project(workspace, [run_event(run_facets=said, inputs=[dataset("a")])])
    assert flows(workspace) == {}
    with in_workspace(workspace):
        assert facets_of_run(RUN)[0] == said
        assert not Asset.objects.filter(name="before").exists()
    assert asset(workspace, "run", RUN).document.keys() == {"uid", "state"}


def test_facets_of_a_dataset_without_a_fact_are_kept_as_sent(workspace: uuid.UUID) -> None:
    said: dict[str, Any] = {
        "schema": facet(fields=[{"name": "email", "type": "text", "fields": []}]),
        "storage": facet(storageLayer="iceberg", fileFormat="parquet"),
        "hierarchy": facet(hierarchy=[{"type": "DATABASE", "name": "shop"}]),
    }
    part = {"subset": facet(inputCondition={"type": "location", "locations": ["s3://lake/a"]})}
    read = dataset("a", **said) | {"inputFacets": part}
    send_and_project(workspace, [run_event(inputs=[read], outputs=[dataset("b")])])
    kept = asset(workspace, "dataset", "a")
    with in_workspace(workspace):
        own = facets_of([kept.pk])[kept.pk]
        used = facets_of([kept.pk], ["input"])[kept.pk]
    assert {name: one.body for name, one in own.items()} == said
    assert {name: one.body for name, one in used.items()} == part
    assert flows(workspace) == {("a", "b"): ("cartesian", True)}
    assert not kept.document.keys() & {"region", "country", "storage_countries"}
