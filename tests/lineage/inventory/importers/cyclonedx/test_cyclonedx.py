"""CycloneDX: what bills of software, services and models tell, and which checks they decide."""

import datetime
import json
from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.models import Asset
from lineage.inventory.receive import prepare
from lineage.inventory.rows import AssetRow
from tests.lineage.inventory.importers.support import (
    HERE,
    by_key,
    import_file,
    import_rows,
    published,
    read,
    verdict,
)
from tests.support.cast import Cast

FOLDER = HERE / "cyclonedx"
SCORER = "registry.tern.example/risk/scorer@sha256:3f5a1c0e7b9d2468ace013579bdf02468ace13579bdf02468ace13579bdf0246"
CHECK = "com.gannet/Identity check@check.gannet.example:8443"
REQUESTS = "pkg%3Ahuggingface%2Ftern/loan-requests"


def rows_of(name: str) -> list[AssetRow]:
    return read(FOLDER / name)[0]


def bill(**members: Any) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.4", **members}).encode()


def now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_bill_lists_what_it_describes_and_tells_licence_registry_and_exactness_of_its_parts() -> None:
    rows = rows_of("build.json")
    found = by_key(rows)
    assert found[f"software_artifact:{SCORER}"] == {
        "name": SCORER,
        "subtype": "image",
        "registry": "registry.tern.example",
        "by_digest": True,
        "pinned": True,
        "bill_of_materials": True,
        "bill_at": "2026-11-20T06:30:00Z",
        "description": "Scores loan requests",
        "labels": {"internal.deployment.cloud.region": "eu-north-1, eu-west-2"},
        "tags": ["crypto:TLS 1.2"],
    }
    quillnet = found["software_artifact:pkg:pypi/quillnet@2.4.1"]
    assert (quillnet["licence"], quillnet["registry"], quillnet["pinned"]) == (
        "BSD-3-Clause",
        "mirror.tern.example",
        True,
    )
    assert found["software_artifact:pkg:pypi/loosely"]["pinned"] is False
    assert "pinned" not in found["software_artifact:operating-system/alder@12"]
    assert {row.origin for row in rows} == {"measured"}
    assert {row.observed_at.isoformat() for row in rows} == {"2026-11-20T06:30:00+00:00"}


def test_cryptography_and_devices_are_counted_and_become_nothing_else() -> None:
    _, _, prepared = read(FOLDER / "build.json")
    assert set(prepared.reading.left) == {"cryptographic-asset", "device"}


def test_services_tell_provider_zone_software_models_and_the_data_that_flows() -> None:
    rows = rows_of("services.json")
    found = by_key(rows)
    scoring = found["service:example.tern/Scoring@scoring.tern.example"]
    assert scoring["auth_required"] is True
    assert scoring["rel:supplier"] == ["vendor:Tern Bank"]
    assert scoring["rel:in_zone"] == ["isolation_zone:inner"]
    assert scoring["rel:artifacts"] == ["software_artifact:application/example.tern/engine@7"]
    assert scoring["rel:serves"] == ["model:tern/loan-judge@3"]
    assert found[f"service:{CHECK}"]["labels"] == {
        "endpoints": "https://check.gannet.example:8443/",
        "data": "inbound PII; outbound public",
        "x-trust-boundary": "true",
    }
    assert found["vendor:Gannet Ltd"] == {"name": "Gannet Ltd", "country": "NO", "handles_personal_data": True}
    assert "handles_personal_data" not in found["vendor:Tern Bank"]
    applicants = found["dataset:com.gannet%2FIdentity%20check%40check.gannet.example%3A8443/Applicants"]
    assert (applicants["classification"], applicants["contains_personal_data"]) == ("personal", True)
    assert (applicants["owner"], applicants["description"]) == ("Lending", "Who asks for a loan")
    assert applicants["rel:upstream"] == ["dataset:s3%3A%2F%2Fledger-eu/rows"]
    assert applicants["rel:downstream"] == ["dataset:abfss%3A%2F%2Farchive%40ternstore.dfs.example/requests"]
    assert "classification" not in found["dataset:abfss%3A%2F%2Farchive%40ternstore.dfs.example/requests"]
    assert {row.origin for row in rows} == {"declared"}


def test_a_model_card_tells_the_data_the_base_and_what_the_card_leaves_open() -> None:
    found = by_key(rows_of("models.json"))
    model = found["model:tern/loan-judge@3"]
    assert (model["author"], model["card_version"], model["card_missing_fields"]) == ("Tern Bank", "3", 3)
    assert (model["base_model"], model["base_origin"]) == ("puffin-7b 1.1", "models.puffin.example")
    assert model["base_licence"] == "Apache-2.0 AND (CC0-1.0 OR MIT)"
    assert model["base_digest"].startswith("cc5a")
    assert model["rel:base_vendor"] == ["vendor:Puffin Labs"]
    assert model["rel:training_data"] == [f"dataset:{REQUESTS}", "dataset:tern%2Floan-judge/Outcomes"]
    assert model["labels"]["performance"] == "AUC 0.87 first loans"
    assert found[f"dataset:{REQUESTS}"]["snapshot_digest"].startswith("dd5a")
    assert found["dataset:tern%2Floan-judge/Outcomes"]["classification"] == "personal_special"
    rules = found["policy_document:Tern Bank/House rules for models@2"]
    assert rules["labels"] == {"H1": "A card is written", "H2": "Data is named"}


def test_a_model_card_that_names_data_of_another_bill_leaves_its_training_data_unknown() -> None:
    card = {"modelParameters": {"datasets": [{"ref": "urn:cdx:another/1#rows"}]}}
    component = {"type": "machine-learning-model", "name": "m", "modelCard": card}
    (row,) = by_key(list(prepare(bill(components=[component]), source="dropped").reading.rows())).values()
    assert "rel:training_data" not in row


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("mlbom-1.6.json", {"model:CompVis/stable-diffusion@1.4"}),
        ("obom-keycloak-1.4.json", {"software_artifact:application/Keycloak@10.0.2"}),
        (
            "saasbom-apigateway-1.4.json",
            {
                "vendor:Acme Inc",
                "service:com.example/API Gateway@example.com",
                "service:org.postgresql/Postgres@ms-1-pgsql.example.com:5432",
            },
        ),
        ("service-1.6.json", {"vendor:Partner Org", "software_artifact:pkg:maven/com.acme/stock-java-client@1.0.12"}),
        ("standard-1.6.json", {"policy_document:Acme Inc/Sample Standard@1.0.0"}),
    ],
)
def test_each_published_bill_tells_its_main_assets(name: str, keys: set[str]) -> None:
    (path,) = [each for each in published("cyclonedx") if each.name == name]
    rows, rejected, _ = read(path)
    assert keys <= set(by_key(rows))
    assert rejected == []


def test_a_bill_of_the_software_in_production_decides_whether_its_contents_are_known(cast: Cast) -> None:
    import_rows(
        cast.workspace.pk,
        {"kind": "software_artifact", "uid": SCORER, "attributes": {"environment": "prod", "licence_violations": 0}},
    )
    assert verdict(cast.workspace.pk, f"software_artifact:{SCORER}", "SEC-07") == "unknown"
    document = json.loads((FOLDER / "build.json").read_bytes())
    document["metadata"]["timestamp"] = now()
    import_file(cast.workspace.pk, json.dumps(document).encode())
    assert verdict(cast.workspace.pk, f"software_artifact:{SCORER}", "SEC-07") == "pass"


def test_an_old_bill_of_software_in_production_fails(cast: Cast) -> None:
    import_rows(cast.workspace.pk, {"kind": "software_artifact", "uid": SCORER, "attributes": {"environment": "prod"}})
    document = json.loads((FOLDER / "build.json").read_bytes())
    document["metadata"]["timestamp"] = "2024-01-01T00:00:00Z"
    import_file(cast.workspace.pk, json.dumps(document).encode())
    assert verdict(cast.workspace.pk, f"software_artifact:{SCORER}", "SEC-07") == "fail"


def test_a_bill_of_services_decides_on_open_endpoints_and_on_providers_that_see_personal_data(cast: Cast) -> None:
    workspace = cast.workspace.pk
    import_rows(
        workspace,
        {"kind": "service", "uid": CHECK, "attributes": {"subtype": "model_endpoint", "environment": "prod"}},
        {
            "kind": "vendor",
            "uid": "Gannet Ltd",
            "attributes": {"ultimate_parent_country": "NO", "sovereignty_level": 3, "foreign_access_clause": True},
        },
    )
    before = (verdict(workspace, f"service:{CHECK}", "SEC-08"), verdict(workspace, "vendor:Gannet Ltd", "SOV-09"))
    assert before == ("unknown", "unknown")
    import_file(workspace, (FOLDER / "services.json").read_bytes())
    after = (verdict(workspace, f"service:{CHECK}", "SEC-08"), verdict(workspace, "vendor:Gannet Ltd", "SOV-09"))
    assert after == ("fail", "pass")


def test_a_bill_of_a_model_decides_whether_large_restricted_data_is_a_risk(cast: Cast) -> None:
    workspace, asset = cast.workspace.pk, f"dataset:{REQUESTS}"
    import_rows(workspace, {"kind": "dataset", "uid": REQUESTS, "attributes": {"record_count": 20_000_000}})
    assert verdict(workspace, asset, "SEC-16") == "unknown"
    import_file(workspace, (FOLDER / "models.json").read_bytes())
    assert verdict(workspace, asset, "SEC-16") == "fail"


def test_a_bill_without_anything_of_ours_says_what_it_holds() -> None:
    with pytest.raises(InventoryRefused) as refused:
        prepare(bill(components=[{"type": "device", "name": "card reader"}]), source="dropped")
    assert refused.value.code == "inventory_nothing_read"


def test_the_published_files_are_imported_by_their_content_alone(cast: Cast) -> None:
    for path in published("cyclonedx"):
        assert import_file(cast.workspace.pk, path.read_bytes(), source=path.stem).prepared.reading.accepted
    with in_workspace(cast.workspace.pk):
        reported = Asset.objects.filter(state=Asset.State.REPORTED).values_list("kind", flat=True)
        assert set(reported) == {"software_artifact", "service", "vendor", "model", "dataset", "policy_document"}
