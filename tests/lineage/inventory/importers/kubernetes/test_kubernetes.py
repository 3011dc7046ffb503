"""Kubernetes lists: what clusters and manifests tell, what is never kept, and which checks they decide."""

import json
from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.importers.kubernetes import TYPES
from lineage.inventory.formats.known import format_of
from lineage.inventory.formats.kubernetes_places import DRIVERS, PROVIDERS
from lineage.inventory.formats.sample import Sample
from lineage.inventory.models import Asset
from lineage.inventory.places.regions import shipped_regions
from lineage.inventory.pulls.places.kubernetes import RESOURCES
from lineage.inventory.receive import prepare
from tests.lineage.inventory.importers.support import (
    HERE,
    by_key,
    import_file,
    import_rows,
    ours,
    published,
    read,
    verdict,
)
from tests.support.cast import Cast

FOLDER = HERE / "kubernetes"
ID = "c0000000-0000-4000-8000-0000000000"
SCORER = "registry.tern.example/risk/scorer@sha256:3f5a1c0e7b9d2468ace013579bdf02468ace13579bdf02468ace13579bdf0246"


def export() -> dict[str, dict[str, Any]]:
    return by_key(read(FOLDER / "export.json")[0])


def found_in(text: str) -> dict[str, dict[str, Any]]:
    return by_key(list(prepare(text.encode(), source="dropped").reading.rows()))


def problems_of(text: str) -> list[str]:
    return [each.message for each in prepare(text.encode(), source="dropped").rejected]


def test_nodes_tell_provider_region_accelerators_and_versions_under_their_host_name() -> None:
    node = export()["node:gpu-1.tern.example"]
    assert (node["provider"], node["region"], node["last_contact_at"]) == ("aws", "eu-north-1", "2026-11-28T10:00:00Z")
    assert (node["subtype"], node["accelerators"]) == ("accelerator_node", 8)
    assert node["stack_version"] == "driver 550.90.07; 6.1.0; containerd://1.7.22; v1.31.2"
    assert export()["node:plain-1.tern.example"] == {
        "name": "plain-1.tern.example",
        "subtype": "server",
        "accelerators": 0,
    }


def test_providers_are_named_as_in_the_region_table() -> None:
    assert set(PROVIDERS.values()) | set(DRIVERS.values()) <= {provider for provider, _ in shipped_regions()}


def test_workloads_are_services_with_their_images_zone_and_machines() -> None:
    scorer = export()[f"service:{ID}10"]
    assert (scorer["name"], scorer["environment"], scorer["scales_automatically"]) == ("lending/scorer", "prod", True)
    assert scorer["rel:in_zone"] == [f"isolation_zone:{ID}01"]
    assert scorer["rel:artifacts"] == [
        f"software_artifact:{SCORER}",
        "software_artifact:docker.io/library/proxy:1.4",
        "software_artifact:docker.io/mesh/side:3.2",
    ]
    assert scorer["rel:runs_on"] == ["node:gpu-1.tern.example"]
    assert export()[f"service:{ID}17"]["subtype"] == "model_endpoint"


def test_a_pod_is_told_as_part_of_what_controls_it_also_where_that_is_not_in_the_file() -> None:
    found = export()
    services = {key for key in found if key.startswith("service:")}
    assert services == {f"service:{ID}{end}" for end in ("10", "14", "17", "18")}
    assert found[f"service:{ID}14"]["name"] == "kube-system/agent"
    assert found[f"service:{ID}14"]["rel:runs_on"] == ["node:plain-1.tern.example"]


def test_what_is_over_and_the_images_of_earlier_releases_are_not_told() -> None:
    found = export()
    assert f"service:{ID}1a" not in found
    gone = ("registry.tern.example/risk/scorer:of-last-year", "registry.tern.example/risk/once:1")
    assert {f"software_artifact:{image}" for image in gone}.isdisjoint(found)


def test_a_pod_of_an_unknown_replica_set_tells_its_image_and_is_counted() -> None:
    assert "software_artifact:quay.io/tern/lost:2" in export()
    _, _, prepared = read(FOLDER / "export.json")
    assert set(prepared.reading.left) == {"Pod of a ReplicaSet that is not in the file", "Secret", "ConfigMap"}


def test_an_image_is_safe_where_all_its_uses_are_and_a_tag_is_no_digest() -> None:
    found = export()
    scorer, proxy = found[f"software_artifact:{SCORER}"], found["software_artifact:docker.io/library/proxy:1.4"]
    assert (scorer["by_digest"], scorer["pinned"], scorer["runs_as_non_root"]) == (True, True, True)
    assert (proxy["by_digest"], proxy["registry"], proxy["runs_as_non_root"]) == (False, "docker.io", False)
    assert "pinned" not in proxy
    assert found["software_artifact:registry.tern.example/risk/nightly:latest"]["pinned"] is False
    assert "runs_as_non_root" not in found["software_artifact:registry.tern.example/risk/judge:3"]


def test_namespaces_are_zones_with_their_policies_limits_and_rights() -> None:
    found = export()
    lending, system = found[f"isolation_zone:{ID}01"], found[f"isolation_zone:{ID}00"]
    assert (lending["default_deny"], lending["any_to_any_rules"], lending["privileged_workloads"]) == (True, 1, 1)
    assert (lending["quota_set"], lending["limits_set"], lending["hosts_ai"]) == (True, True, True)
    assert (system["default_deny"], system["any_to_any_rules"]) == (False, 0)
    assert {"quota_set", "privileged_workloads", "hosts_ai"}.isdisjoint(system)
    assert system["rel:in_cluster"] == [f"cluster:{ID}00"]
    assert found[f"cluster:{ID}00"]["rel:nodes"] == ["node:gpu-1.tern.example", "node:plain-1.tern.example"]


def test_a_policy_that_stands_alone_denies_nothing_beside_it() -> None:
    zone = by_key(read(FOLDER / "manifests.yaml")[0])["isolation_zone:Namespace/desk"]
    assert zone["any_to_any_rules"] == 1
    assert "default_deny" not in zone


def test_volumes_tell_what_their_class_says_of_encryption_and_where_they_are_bound() -> None:
    volume = export()[f"storage:{ID}31"]
    assert volume == {
        "name": "pv-ledger",
        "provider": "aws",
        "region": "eu-north-1",
        "encrypted_at_rest": True,
        "key_control": "customer_kms",
    }


def test_a_typed_list_gives_its_items_their_kind() -> None:
    found = by_key(read(FOLDER / "typed.yaml")[0])
    assert {f"service:{ID}50", f"service:{ID}51"} < set(found)


def test_what_a_cluster_tells_is_measured_and_a_manifest_is_declared() -> None:
    assert {row.origin for row in read(FOLDER / "export.json")[0]} == {"measured"}
    assert {row.origin for row in read(FOLDER / "manifests.yaml")[0]} == {"declared"}


def test_workloads_of_one_name_in_two_clusters_stay_two_assets_and_the_same_one_stays_one() -> None:
    first = json.loads((FOLDER / "export.json").read_bytes())
    alone = {"apiVersion": "apps/v1", "kind": "Deployment", **first["items"][4]}
    other = json.loads(json.dumps(alone).replace(f"{ID}10", f"{ID}99"))
    assert f"service:{ID}10" in found_in(json.dumps(alone))
    assert f"service:{ID}99" in found_in(json.dumps(other))


@pytest.mark.parametrize("path", ours("kubernetes"), ids=lambda path: path.name)
def test_secrets_config_and_values_of_variables_are_not_kept(path: Any) -> None:
    _, _, prepared = read(path)
    assert b"open-sesame" not in prepared.body
    assert b"b3Blbi1zZXNhbWU=" not in prepared.body
    if b"open-sesame" in path.read_bytes():
        assert "marked_sensitive" in {each["rule"] for each in prepared.redactions}
    again = prepare(prepared.body, source="dropped")
    assert (again.body, by_key(list(again.reading.rows()))) == (prepared.body, by_key(read(path)[0]))


def test_secrets_of_a_typed_list_are_not_kept_either() -> None:
    secret = {"metadata": {"name": "s"}, "data": {"word": "b3Blbi1zZXNhbWU="}}
    pod = {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"image": "app:1"}]}}
    documents = [{"apiVersion": "v1", "kind": "SecretList", "items": [secret]}, pod]
    assert b"b3Blbi1zZXNhbWU=" not in prepare(json.dumps(documents).encode(), source="x", format_name="kubernetes").body


def test_a_broken_document_loses_no_other_and_its_text_is_not_kept() -> None:
    text = (FOLDER / "manifests.yaml").read_text() + "---\nkind: Secret\nstringData: {word: open-sesame\n"
    prepared = prepare(text.encode(), source="dropped")
    assert "service:StatefulSet/desk/desk" in by_key(list(prepared.reading.rows()))
    assert [each.place for each in prepared.rejected] == ["document 5"]
    assert b"open-sesame" not in prepared.body


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        (
            "deployment-list.json",
            {
                "service:6089c4c8-4b35-11e9-86a8-080027415632",
                "software_artifact:registry.k8s.io/coredns:1.2.6",
            },
        ),
        (
            "list-weave-scope.yaml",
            {
                "isolation_zone:Namespace/weave",
                "service:DaemonSet/weave/weave-scope-agent",
                "software_artifact:docker.io/weaveworks/scope:1.13.0",
            },
        ),
    ],
)
def test_each_published_list_tells_its_main_assets(name: str, keys: set[str]) -> None:
    (path,) = [each for each in published("kubernetes") if each.name == name]
    rows, rejected, _ = read(path)
    assert keys <= set(by_key(rows))
    assert rejected == []


def test_the_kind_may_stand_behind_items_that_are_too_long_to_be_seen() -> None:
    item = {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"image": "app:1"}]}}
    body = json.dumps({"apiVersion": "v1", "items": [item] * 5000, "kind": "List"}).encode()
    assert len(body) > 300_000
    assert format_of(Sample(body)) == "kubernetes"


def test_all_that_is_fetched_of_a_cluster_is_read() -> None:
    assert {kind for _, _, kind in RESOURCES} <= set(TYPES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apiVersion: v1\nkind: Pod\n", "metadata.name: got nothing"),
        ('[{"apiVersion": "v1", "kind": "PodList", "items": [7]}]', "items[0]: got 7 (integer)"),
        ("apiVersion: v1\nkind: Pod\nmetadata: &m {name: p}\nspec: *m\n", "the alias *m at line 4"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(InventoryRefused) as refused:
        prepare(text.encode(), source="dropped")
    assert expected in str(refused.value)


def test_an_image_reference_that_is_none_is_told_and_the_workload_kept() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"image": "A B"}]}}
    assert problems_of(json.dumps(pod)) == [
        '$ p: got "A B" (string), expected an image reference; correct the image of the container.'
    ]
    assert list(found_in(json.dumps(pod))) == ["service:Pod/p"]


def test_an_export_decides_on_the_image_in_production_that_others_know_the_signature_and_the_bill_of(
    cast: Cast,
) -> None:
    workspace, asset = cast.workspace.pk, f"software_artifact:{SCORER}"
    known = {"signature_valid": True, "admission_policy": "enforce", "bill_of_materials": False}
    import_rows(workspace, {"kind": "software_artifact", "uid": SCORER, "attributes": known})
    assert [verdict(workspace, asset, check) for check in ("SEC-06", "SEC-07")] == ["unknown", "unknown"]
    import_file(workspace, (FOLDER / "export.json").read_bytes())
    assert [verdict(workspace, asset, check) for check in ("SEC-06", "SEC-07")] == ["pass", "fail"]


def test_an_export_decides_on_model_endpoints_and_on_flaws_of_the_machines_below(cast: Cast) -> None:
    workspace = cast.workspace.pk
    endpoint, scorer = f"service:{ID}17", f"service:{ID}10"
    clean = {"oldest_known_exploited_vuln_none": True, "oldest_critical_vuln_none": True}
    import_rows(
        workspace,
        {"kind": "service", "uid": f"{ID}17", "attributes": {"allowed_countries": ["SE"], "serving_countries": ["SE"]}},
        {"kind": "service", "uid": f"{ID}10", "attributes": clean},
        {"kind": "node", "uid": "gpu-1.tern.example", "attributes": clean},
    )
    before = [verdict(workspace, endpoint, "SOV-17"), verdict(workspace, scorer, "SEC-05")]
    import_file(workspace, (FOLDER / "export.json").read_bytes())
    after = [verdict(workspace, endpoint, "SOV-17"), verdict(workspace, scorer, "SEC-05")]
    assert (before, after) == (["unknown", "unknown"], ["pass", "pass"])


def test_a_bill_and_an_export_speak_of_one_image(cast: Cast) -> None:
    workspace, asset = cast.workspace.pk, f"software_artifact:{SCORER}"
    import_file(workspace, (FOLDER / "export.json").read_bytes(), source="cluster")
    assert verdict(workspace, asset, "SEC-07") == "unknown"
    bill = json.loads((HERE / "cyclonedx/build.json").read_bytes())
    bill["metadata"]["timestamp"] = "2024-01-01T00:00:00Z"
    import_file(workspace, json.dumps(bill).encode(), source="build")
    assert verdict(workspace, asset, "SEC-07") == "fail"


def test_the_published_files_are_imported_by_their_content_alone(cast: Cast) -> None:
    for path in published("kubernetes"):
        assert import_file(cast.workspace.pk, path.read_bytes(), source=path.stem).prepared.reading.accepted
    with in_workspace(cast.workspace.pk):
        reported = Asset.objects.filter(state=Asset.State.REPORTED).values_list("kind", flat=True)
        assert set(reported) == {"software_artifact", "service", "isolation_zone"}
