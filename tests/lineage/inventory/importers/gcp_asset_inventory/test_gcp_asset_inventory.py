"""Google Cloud Asset Inventory: what an export tells line by line, and what it leaves open."""

import json
from pathlib import Path
from typing import Any

import pytest

from lineage.inventory.receive import prepare
from tests.lineage.inventory.importers.support import by_key, import_file, import_rows, read, verdict
from tests.support.cast import Cast

HERE = Path(__file__).parent
EXPORT = HERE / "export.ndjson"
BUCKET, DATASET = (
    "storage://storage.googleapis.com/acme-lake",
    "storage://bigquery.googleapis.com/projects/acme-risk/datasets/risk",
)
TABLE, ORDERS = "bigquery/acme-risk.risk.scores", "gs%3A%2F%2Facme-lake/orders"
ACCOUNT = "//iam.googleapis.com/projects/acme-risk/serviceAccounts/scoring@acme-risk.iam.gserviceaccount.com"


def told(path: Path = EXPORT) -> dict[str, dict[str, Any]]:
    return by_key(read(path)[0])


def test_an_export_tells_stores_with_region_keys_and_names_in_lineage() -> None:
    found = told()
    assert found[BUCKET] == {
        "name": "acme-lake",
        "provider": "gcp",
        "region": "europe-west3",
        "environment": "prod",
        "lineage_namespaces": ["gs://acme-lake"],
        "encrypted_at_rest": True,
        "key_control": "customer_kms",
        "public_access": False,
        "replica_countries": [],
    }
    books = found["storage://cloudsql.googleapis.com/projects/acme-risk/instances/books"]
    assert books["lineage_namespaces"] == [
        "postgres://10.20.0.3:5432",
        "postgres://books.risk.europe-west3.sql.goog:5432",
    ]
    sessions = found["storage://spanner.googleapis.com/projects/acme-risk/instances/sessions"]
    assert sessions["lineage_namespaces"] == ["spanner://acme-risk:sessions"]


def test_a_policy_on_a_line_of_its_own_tells_more_of_the_same_store() -> None:
    found = told()["storage://storage.googleapis.com/acme-open"]
    assert (found["public_access"], found["region"]) == (True, "eu")
    assert not {"encrypted_at_rest", "replica_countries"} & found.keys()  # kept in several places, with keys not named


def test_a_table_is_the_data_set_that_lineage_knows_and_lies_in_its_store() -> None:
    assert told()[f"dataset:{TABLE}"]["rel:stored_in"] == [DATASET]


def test_of_the_keys_of_an_account_the_oldest_that_a_user_made_counts() -> None:
    account = told()[f"identity:{ACCOUNT}"]
    assert (account["subtype"], account["key_at"]) == ("service", "2025-01-01T00:00:00Z")


def test_endpoints_serve_models_and_services_run_images() -> None:
    found = told()
    (endpoint,) = (facts for key, facts in found.items() if key.endswith("/endpoints/8"))
    assert endpoint["rel:serves"] == [
        "model://aiplatform.googleapis.com/projects/1234567890/locations/europe-west3/models/7"
    ]
    assert endpoint["request_log_enabled"] is True
    (run,) = (facts for key, facts in found.items() if key.endswith("/services/scoring"))
    assert len(run["rel:artifacts"]) == 1


def test_searches_and_messages_of_a_feed_are_read_as_well_and_what_was_deleted_is_no_asset() -> None:
    assert {facts["region"] for facts in told(HERE / "search.json").values()} == {"europe-west3"}
    assert set(told(HERE / "feed.ndjson")) == {
        "storage://secretmanager.googleapis.com/projects/1234567890/secrets/books"
    }


def test_settings_of_programs_and_names_of_persons_are_not_kept() -> None:
    prepared = read(EXPORT)[2]
    assert b"from-readers" in EXPORT.read_bytes()
    assert b"from-readers" not in prepared.body
    wrapped = json.dumps({"assets": [json.loads(line) for line in EXPORT.read_text().splitlines()]}, indent=1).encode()
    prepared = prepare(wrapped, source="dropped")
    assert (prepared.parameters["format"], b"from-readers" in prepared.body) == ("gcp-asset-inventory", False)


def test_a_broken_line_is_told_and_loses_no_other() -> None:
    lines = EXPORT.read_bytes().splitlines()
    whole = len(told())
    prepared = prepare(b"\n".join([*lines[:1], lines[1][:90], *lines[2:], b'{"name": 7}']), source="dropped")
    assert [problem.message.partition(":")[0] for problem in prepared.rejected] == ["line 2", f"line {len(lines) + 1}"]
    assert prepared.reading.accepted == whole  # the policy on line 3 still tells of the bucket of line 2
    assert not prepared.reading.is_complete


@pytest.mark.django_db
def test_residency_is_decided_by_an_export_and_the_region_of_the_bucket(cast: Cast) -> None:
    workspace = cast.workspace.pk
    limited = {"residency_limited": True, "allowed_countries": ["DE"]}
    import_rows(workspace, {"kind": "dataset", "uid": ORDERS, "attributes": limited})
    assert verdict(workspace, f"dataset:{ORDERS}", "SOV-04") == "unknown"
    import_file(workspace, EXPORT.read_bytes(), source="gcp")
    assert verdict(workspace, f"dataset:{ORDERS}", "SOV-04") == "pass"


@pytest.mark.django_db
def test_keys_of_a_table_and_of_a_service_account_are_decided_by_an_export(cast: Cast) -> None:
    workspace = cast.workspace.pk
    import_rows(
        workspace,
        {"kind": "dataset", "uid": TABLE, "attributes": {"classification": "restricted", "residency_limited": False}},
        {
            "kind": "identity",
            "uid": ACCOUNT,
            "attributes": {"last_used_at": "2026-09-30T00:00:00Z", "subtype": "service"},
        },
    )
    asked = ((f"dataset:{TABLE}", "SOV-08"), (f"identity:{ACCOUNT}", "SEC-03"))
    assert [verdict(workspace, *each) for each in asked] == ["unknown", "unknown"]
    import_file(workspace, EXPORT.read_bytes(), source="gcp")
    assert [verdict(workspace, *each) for each in asked] == ["pass", "fail"]
