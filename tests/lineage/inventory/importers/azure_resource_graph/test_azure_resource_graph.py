"""Azure Resource Graph: what a query's result tells of stores, machines, networks and services, and what stays open."""

import json
from pathlib import Path
from typing import Any

import pytest

from lineage.inventory.receive import prepare
from tests.lineage.inventory.importers.support import by_key, import_file, import_rows, ours, read, verdict
from tests.support.cast import Cast

HERE = Path(__file__).parent
GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/risk/providers/"
LAKE = f"storage:{GROUP}microsoft.storage/storageaccounts/acmelake"
ENDPOINT = f"{GROUP}microsoft.machinelearningservices/workspaces/lab/onlineendpoints/risk"
ORDERS = "abfss%3A%2F%2Fraw%40acmelake.dfs.core.windows.net/orders"


def told() -> dict[str, dict[str, Any]]:
    return {key: facts for path in ours("azure-resource-graph") for key, facts in by_key(read(path)[0]).items()}


def test_a_query_tells_stores_by_their_ids_in_small_letters_with_region_keys_and_replication() -> None:
    found = told()
    assert found[LAKE] == {
        "name": "acmelake",
        "provider": "azure",
        "region": "germanywestcentral",
        "environment": "prod",
        "encrypted_at_rest": True,
        "key_control": "customer_kms",
        "public_access": False,
        "replica_countries": [],
    }
    archive = found[LAKE.replace("acmelake", "acmearchive")]
    assert (archive["key_control"], archive["encrypted_at_rest"]) == ("provider", True)
    assert not {"replica_countries", "public_access"} & archive.keys()  # it is copied, and may be read by anybody
    sessions = found[f"storage:{GROUP}microsoft.documentdb/databaseaccounts/sessions"]
    assert (sessions["lineage_namespaces"], sessions["key_control"]) == (
        ["azurecosmos://sessions.documents.azure.com"],
        "customer_hsm",
    )
    books = found[f"storage:{GROUP}microsoft.dbforpostgresql/flexibleservers/books"]
    assert books["lineage_namespaces"] == ["postgres://books.postgres.database.azure.com:5432"]


def test_machines_clusters_networks_and_services_are_told() -> None:
    found = told()
    machine = found[f"node:{GROUP}microsoft.compute/virtualmachines/train-0"]
    assert (machine["subtype"], machine["in_service_at"]) == ("accelerator_node", "2026-02-03T04:05:06.123456Z")
    assert found[f"cluster:{GROUP}microsoft.containerservice/managedclusters/serving"]["node_count"] == 5
    assert found[f"isolation_zone:{GROUP}microsoft.network/networksecuritygroups/risk"]["any_to_any_rules"] == 1
    scoring = found[f"service:{GROUP}microsoft.app/containerapps/scoring"]
    assert scoring["rel:artifacts"] == [f"software_artifact:acme.azurecr.io/risk/score@sha256:{'cd' * 32}"]
    registry = found[f"service:{GROUP}microsoft.containerregistry/registries/acme"]
    assert (registry["region"], registry["auth_required"]) == ("germanywestcentral", True)


def test_a_bare_list_and_a_table_are_read_as_well() -> None:
    assert len(read(HERE / "export.json")[0]) == 2
    assert [row.uid for row in read(HERE / "table.json")[0]] == [f"{GROUP}microsoft.keyvault/vaults/risk"]


def test_what_machines_and_programs_are_set_to_is_not_kept_and_what_is_no_asset_is_counted() -> None:
    _, _, prepared = read(HERE / "query.json")
    assert b"from-readers" not in prepared.body
    assert dict(prepared.reading.left) == {"microsoft.network/trafficmanagerprofiles": 2}  # read twice


def test_a_resource_without_its_id_is_refused_alone() -> None:
    document = json.loads((HERE / "query.json").read_text())
    del document["data"][1]["id"]
    path = HERE / "query.json"
    whole = len(read(path)[0])
    found = by_key(read_document(document))
    assert (len(found), LAKE in found) == (whole - 1, True)


def read_document(document: Any) -> Any:
    return list(prepare(json.dumps(document).encode(), source="dropped").reading.rows())


@pytest.mark.django_db
def test_residency_is_decided_by_an_import_and_what_the_account_serves(cast: Cast) -> None:
    workspace = cast.workspace.pk
    limited = {"residency_limited": True, "allowed_countries": ["DE"]}
    served = {"lineage_namespaces": ["abfss://raw@acmelake.dfs.core.windows.net"]}
    import_rows(
        workspace,
        {"kind": "dataset", "uid": ORDERS, "attributes": limited},
        {"kind": "storage", "uid": LAKE.partition(":")[2], "attributes": served},
    )
    assert verdict(workspace, f"dataset:{ORDERS}", "SOV-04") == "unknown"
    import_file(workspace, (HERE / "query.json").read_bytes(), source="azure")
    assert verdict(workspace, f"dataset:{ORDERS}", "SOV-04") == "pass"


@pytest.mark.django_db
def test_access_to_a_model_endpoint_is_decided_by_an_import(cast: Cast) -> None:
    workspace = cast.workspace.pk
    limits = {"rate_limit_per_second": 20.0, "request_log_enabled": True}
    import_rows(workspace, {"kind": "service", "uid": ENDPOINT, "attributes": limits})
    assert verdict(workspace, f"service:{ENDPOINT}", "SEC-08") == "unknown"
    import_file(workspace, (HERE / "query.json").read_bytes(), source="azure")
    assert verdict(workspace, f"service:{ENDPOINT}", "SEC-08") == "pass"
