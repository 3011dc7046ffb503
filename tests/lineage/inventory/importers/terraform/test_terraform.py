"""Terraform: what a plan or a state tells, what it leaves open, and what of it is never kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from lineage.inventory.formats.terraform_documents import resources, without
from lineage.inventory.formats.terraform_secrets import strip_sensitive
from lineage.inventory.receive import prepare
from tests.lineage.inventory.importers.support import by_key, import_file, import_rows, ours, published, read, verdict
from tests.support.cast import Cast

HERE = Path(__file__).parent
LAKE, ORDERS = "storage:arn:aws:s3:::ledger-lake-eu", "s3%3A%2F%2Fledger-lake-eu/orders"
SECRETS = (
    "from-readers",
    "not-for-anyone",
    "hidden-in-a-variable",
    "written-into-the-code",
    "the-one-before",
    "ZnJvbS",
)


def told(name: str) -> dict[str, dict[str, Any]]:
    return by_key(read(HERE / name)[0])


def test_every_published_file_imports_with_an_asset_and_nothing_of_it_is_refused() -> None:
    found = {}
    for path in published("terraform"):
        rows, rejected, prepared = read(path)
        assert (prepared.parameters["format"], rejected, len(rows) > 0) == ("terraform", [], True)
        assert {row.origin for row in rows} == {"declared"}
        found[path.stem] = by_key(rows)
    replaced = found["plan-aws-deleted-resource"]
    assert replaced["storage:aws_secretsmanager_secret.default"]["region"] == "us-west-2"
    assert len(found["plan-aws-eks-modules"]) == 3
    assert "software_artifact:docker.io/library/python:3.9-alpine" in found["plan-aws-ecs-task"]
    groups = found["plan-azure-network"]
    assert {facts["region"] for facts in groups.values()} == {"canadacentral"}
    assert all("any_to_any_rules" not in facts for facts in groups.values())  # rules are known after apply
    bucket = found["plan-aws-s3-dynamodb-iam"]["storage:arn:aws:s3:::test-bucket1"]
    assert (bucket["public_access"], bucket["region"]) == (True, "us-west-2")
    gateway = found["plan-aws-after-unknown"]["service:aws_cloudfront_distribution.cloudfront"]
    assert set(gateway) == {"name", "provider", "subtype"}  # its log bucket is known after apply


def test_a_plan_tells_a_bucket_from_all_resources_that_are_part_of_it() -> None:
    found = told("plan.json")
    assert found[LAKE] == {
        "name": "ledger-lake-eu",
        "provider": "aws",
        "region": "eu-central-1",
        "environment": "prod",
        "lineage_namespaces": ["s3://ledger-lake-eu"],
        "encrypted_at_rest": True,
        "key_control": "customer_kms",
        "public_access": False,
        "replica_countries": [],
    }
    assert "replica_countries" not in found["storage:arn:aws:s3:::ledger-copy"]  # copied to a bucket that is not told
    assert "storage:arn:aws:s3:::ledger-old" not in found  # to be deleted
    assert "storage:aws_dynamodb_table.sessions" in found  # to be replaced


def test_what_is_known_only_after_apply_is_unknown() -> None:
    books = told("plan.json")["storage:aws_db_instance.books"]
    assert not {"lineage_namespaces", "key_control"} & books.keys()
    value = {"a": 1, "b": [{"c": 2, "d": 3}, {"c": 4}], "e": {"f": 5}}
    marked = {"a": True, "b": [{"c": True}], "e": True}
    assert without(value, marked) == {"b": [{"d": 3}, {"c": 4}]}


def test_services_name_their_images_and_zones_by_references_through_other_resources() -> None:
    found = told("plan.json")
    scoring = found["service:aws_ecs_service.scoring"]
    assert scoring["rel:artifacts"] == ["software_artifact:registry.example.com/risk/score:1.4"]
    assert scoring["rel:in_zone"] == ["isolation_zone:aws_security_group.scoring"]
    risk = found["service:module.serving.aws_sagemaker_endpoint.risk[0]"]
    assert (risk["subtype"], risk["request_log_enabled"], len(risk["rel:artifacts"])) == ("model_endpoint", True, 1)


def test_a_key_that_is_named_by_its_arn_alone_says_nothing_about_who_controls_it() -> None:
    books = told("terraform.tfstate")["storage:arn:aws:rds:eu-central-1:111122223333:db:books"]
    assert (books["encrypted_at_rest"], "key_control" in books) == (True, False)


def test_states_tell_the_same_uid_as_other_inventories_of_the_cloud() -> None:
    assert "storage://storage.googleapis.com/acme-lake" in told("state.json")
    account = next(uid for uid in told("terraform.tfstate") if uid.endswith("storageaccounts/acmelake"))
    assert account == account.lower()
    zones = [uid for uid in told("terraform.tfstate") if "virtualmachines" in uid]
    assert len(zones) == 1  # the other was replaced already, and waits to be deleted


def test_a_multi_region_bucket_keeps_its_region_and_says_nothing_of_copies() -> None:
    found = told("state.json")["storage://storage.googleapis.com/acme-open"]
    assert (found["region"], found["public_access"], "replica_countries" in found) == ("eu", True, False)


@pytest.mark.parametrize("path", ours("terraform"), ids=lambda path: path.name)
def test_nothing_sensitive_is_kept_anywhere(path: Path) -> None:
    body = path.read_text()
    assert any(secret in body for secret in SECRETS)
    prepared = read(path)[2]
    assert not [secret for secret in SECRETS if secret in prepared.body.decode()]
    assert "marked_sensitive" in {rule["rule"] for rule in prepared.redactions}


def test_constants_in_the_code_go_where_a_value_of_the_same_attribute_is_marked() -> None:
    block = {"key": "x", "size": 1}
    document: dict[str, Any] = {
        "planned_values": {"root_module": {"resources": [
            {"type": "a_disk", "values": {"block": [dict(block)]}, "sensitive_values": {"block": [{"key": True}]}},
        ]}},
        "configuration": {"root_module": {"resources": [
            {"type": "a_disk", "expressions": {"block": [
                {"key": {"constant_value": "x"}, "size": {"constant_value": 1}},
            ]}},
            {"type": "a_disk", "expressions": {"block": {"constant_value": [dict(block)]}}},
        ]}},
    }  # fmt: skip
    paths = strip_sensitive(document)
    assert (len(paths), "x" in json.dumps(document).replace("expressions", "")) == (3, False)
    assert json.dumps(document).count('"size"') == 3


def test_indices_in_sensitive_attributes_are_followed() -> None:
    path = [
        {"type": "get_attr", "value": "rule"},
        {"type": "index", "value": {"value": 1, "type": "number"}},
        {"type": "get_attr", "value": "secret_text"},
    ]
    attributes = {"rule": [{"secret_text": "kept"}, {"secret_text": "gone"}]}
    document: dict[str, Any] = {
        "resources": [{"instances": [{"attributes": attributes, "sensitive_attributes": [path]}]}]
    }
    assert strip_sensitive(document) == ["$.resources[0].instances[0].attributes.rule[1].secret_text"]
    assert attributes == {"rule": [{"secret_text": "kept"}, {}]}


def test_a_resource_that_is_to_be_deleted_is_left_out_and_one_that_was_replaced_before_does_not_take_it_along() -> None:
    bucket = {"address": "aws_s3_bucket.a", "mode": "managed", "type": "aws_s3_bucket", "values": {"bucket": "a"}}
    delete: dict[str, Any] = {"address": "aws_s3_bucket.a", "change": {"actions": ["delete"]}}
    document = {"planned_values": {"root_module": {"resources": [bucket]}}, "resource_changes": [delete]}
    assert list(resources(document)) == []
    document["resource_changes"] = [{**delete, "change": {"actions": ["no-op"]}}, {**delete, "deposed": "00000001"}]
    assert [each.address for each in resources(document)] == ["aws_s3_bucket.a"]


@pytest.mark.parametrize(
    ("bucket", "part", "is_told"),
    [
        ("b[0]", "a[0]", True),
        ("b[0]", "a[1]", False),
        ("b", "a[1]", True),
        ('module.m["x"].b', 'module.m["x"].a', True),
        ('module.m["x"].b', 'module.m["x"].a[3]', True),
    ],
)
def test_a_reference_leads_to_the_instance_with_the_same_index(bucket: str, part: str, is_told: bool) -> None:
    module = 'module.m["x"].' if "module" in part else ""
    buckets = [bucket, bucket.replace("0", "7")] if "0" in bucket else [bucket]
    listed = [(each.replace("b", "aws_s3_bucket.b", 1), {"bucket_prefix": "b"}) for each in buckets]
    listed.append((part.replace("a", "aws_s3_bucket_acl.a", 1), {"acl": "public-read"}))
    given = [{"address": name, "type": name.split(".")[-2], "provider_name": "x/aws", "values": values}
             for name, values in listed]  # fmt: skip
    code = [
        {"address": "aws_s3_bucket.b", "expressions": {}},
        {"address": "aws_s3_bucket_acl.a", "expressions": {"bucket": {"references": ["aws_s3_bucket.b"]}}},
    ]
    within = {"module_calls": {"m": {"module": {"resources": code}}}} if module else {"resources": code}
    document = {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": given}},
        "configuration": {"root_module": within},
    }
    rows = prepare(json.dumps(document).encode(), source="dropped").reading.rows()
    assert (next(iter(rows)).facts.get("public_access") is True) is is_told


@pytest.mark.django_db
def test_residency_and_location_are_decided_by_a_plan_and_the_region_of_its_bucket(cast: Cast) -> None:
    workspace = cast.workspace.pk
    attributes = {"environment": "prod", "residency_limited": True, "allowed_countries": ["DE"]}
    import_rows(workspace, {"kind": "dataset", "uid": ORDERS, "attributes": attributes})
    checks = ("SOV-04", "SOV-07")
    assert verdict(workspace, f"dataset:{ORDERS}", "SOV-04") == "unknown"
    import_file(workspace, (HERE / "plan.json").read_bytes(), source="terraform")
    assert [verdict(workspace, f"dataset:{ORDERS}", check) for check in checks] == ["pass", "pass"]


@pytest.mark.django_db
def test_the_checks_of_a_deployed_image_are_decided_by_a_plan_and_its_signature(cast: Cast) -> None:
    workspace = cast.workspace.pk
    image = {"kind": "software_artifact", "uid": "registry.example.com/risk/score:1.4"}
    known = {"signature_valid": False, "admission_policy": "enforce"}
    import_rows(workspace, {**image, "attributes": known})
    assert verdict(workspace, f"software_artifact:{image['uid']}", "SEC-06") == "unknown"
    import_file(workspace, (HERE / "plan.json").read_bytes(), source="terraform")
    assert verdict(workspace, f"software_artifact:{image['uid']}", "SEC-06") == "fail"
