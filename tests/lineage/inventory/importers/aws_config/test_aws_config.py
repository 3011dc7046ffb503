"""AWS Config: what a snapshot tells of stores, machines, networks and services, and what it leaves open."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lineage.inventory.importers.support import by_key, import_file, import_rows, published, read, verdict
from tests.support.cast import Cast

HERE = Path(__file__).parent
LEDGER, ORDERS = "storage:arn:aws:s3:::ledger-eu", "s3%3A%2F%2Fledger-eu/orders"
HERE_IN = "arn:aws:{}:eu-central-1:111122223333:{}"


def told(name: str = "snapshot.json") -> dict[str, dict[str, Any]]:
    return by_key(read(HERE / name)[0])


def test_a_snapshot_tells_stores_with_their_region_keys_and_names_in_lineage() -> None:
    rows, _, _ = read(HERE / "snapshot.json")
    found = by_key(rows)
    assert found[LEDGER] == {
        "name": "ledger-eu",
        "provider": "aws",
        "region": "eu-central-1",
        "environment": "prod",
        "lineage_namespaces": ["s3://ledger-eu"],
        "encrypted_at_rest": True,
        "key_control": "customer_kms",
        "public_access": True,
        "replica_countries": [],
    }
    books = found[f"storage:{HERE_IN.format('rds', 'db:books')}"]
    assert books["lineage_namespaces"] == ["postgres://books.example.eu-central-1.rds.amazonaws.com:5432"]
    assert books["last_backup_at"] == "2026-10-01T08:00:00Z"
    assert found[f"storage:{HERE_IN.format('kinesis', 'stream/clicks')}"]["encrypted_at_rest"] is False
    assert "storage:arn:aws:s3:::gone" not in found
    assert {row.origin for row in rows} == {"measured"}
    assert min(row.observed_at for row in rows).isoformat() == "2026-10-01T08:00:00+00:00"


def test_a_bucket_that_is_copied_to_an_unknown_region_says_nothing_of_its_copies() -> None:
    found = told()
    assert "replica_countries" not in found["storage:arn:aws:s3:::ledger-copy"]
    assert "replica_countries" not in found["storage:arn:aws:s3:::ledger-site"]  # its replication is not in the item
    assert "replica_countries" not in found[f"storage:{HERE_IN.format('dynamodb', 'table/sessions')}"]


def test_a_policy_opens_a_bucket_to_anybody_unless_the_bucket_blocks_it() -> None:
    found = told()
    opened = [found[f"storage:arn:aws:s3:::{name}"]["public_access"] for name in ("ledger-site", "ledger-copy")]
    assert opened == [True, False]


def test_who_controls_a_key_is_said_by_the_key_and_not_by_its_arn() -> None:
    found = told()
    assert found[f"storage:{HERE_IN.format('rds', 'db:books')}"]["key_control"] == "customer_kms"
    assert "key_control" not in found[f"storage:{HERE_IN.format('redshift', 'cluster:risk')}"]  # its key is elsewhere
    assert found["storage:arn:aws:s3:::ledger-copy"]["key_control"] == "provider"  # no key is named: that of AWS
    assert found[f"storage:{HERE_IN.format('backup', 'backup-vault:keep')}"]["tier"] == "backup"


def test_relationships_tell_the_disks_of_a_machine_and_the_networks_and_images_of_a_service() -> None:
    found = told()
    machine = found[f"node:{HERE_IN.format('ec2', 'instance/i-0a1')}"]
    assert (machine["disk_encrypted"], machine["subtype"]) == (True, "accelerator_node")
    scoring = found[f"service:{HERE_IN.format('ecs', 'service/serving/scoring')}"]
    zones = [HERE_IN.format("ec2", each) for each in ("security-group/sg-1", "subnet/subnet-1")]
    assert scoring["rel:in_zone"] == [f"isolation_zone:{zone}" for zone in zones]  # the subnet by its ARN alone
    assert len(scoring["rel:artifacts"]) == 1
    assert found[f"isolation_zone:{zones[0]}"]["any_to_any_rules"] == 1


def test_published_items_are_read_with_strings_inside_strings() -> None:
    found = {key: facts for path in published("aws-config") for key, facts in by_key(read(path)[0]).items()}
    database = "storage:arn:aws:rds:us-east-1:123456789012:cluster:database-1"
    stream = "storage:arn:aws:kinesis:us-east-1:123456789012:stream/stream-encrypted"
    assert set(found) == {"storage:arn:aws:s3:::testing-99", database, stream}
    bucket = found["storage:arn:aws:s3:::testing-99"]
    assert (bucket["public_access"], "replica_countries" in bucket) == (True, False)  # copied to a bucket elsewhere
    assert found[database]["encrypted_at_rest"] is True
    assert (found[stream]["encrypted_at_rest"], found[stream]["key_control"]) == (True, "provider")


def test_settings_of_machines_and_programs_are_not_kept_and_other_types_are_counted() -> None:
    prepared = read(HERE / "snapshot.json")[2]
    assert b"from-readers" in (HERE / "snapshot.json").read_bytes()
    assert b"from-readers" not in prepared.body
    assert set(prepared.reading.left) == {"AWS::S3::Bucket (deleted)", "AWS::IAM::Role"}


def test_what_a_query_returns_is_read_as_well() -> None:
    (facts,) = told("query.json").values()
    assert facts["lineage_namespaces"] == ["postgres://books.cluster-x.eu-central-1.rds.amazonaws.com:5432"]


@pytest.mark.django_db
def test_residency_is_decided_by_a_snapshot_and_the_region_of_the_bucket(cast: Cast) -> None:
    workspace = cast.workspace.pk
    limited = {"residency_limited": True, "allowed_countries": ["IE"]}
    import_rows(workspace, {"kind": "dataset", "uid": ORDERS, "attributes": limited})
    assert verdict(workspace, f"dataset:{ORDERS}", "SOV-04") == "unknown"
    import_file(workspace, (HERE / "snapshot.json").read_bytes(), source="aws")
    assert verdict(workspace, f"dataset:{ORDERS}", "SOV-04") == "fail"


@pytest.mark.django_db
def test_where_a_copy_may_lie_elsewhere_residency_stays_unknown(cast: Cast) -> None:
    workspace, orders = cast.workspace.pk, ORDERS.replace("ledger-eu", "ledger-copy")
    limited = {"residency_limited": True, "allowed_countries": ["DE"]}
    import_rows(workspace, {"kind": "dataset", "uid": orders, "attributes": limited})
    import_file(workspace, (HERE / "snapshot.json").read_bytes(), source="aws")
    assert verdict(workspace, f"dataset:{orders}", "SOV-04") == "unknown"


@pytest.mark.django_db
def test_the_signature_of_a_running_image_is_asked_once_a_snapshot_tells_where_it_runs(cast: Cast) -> None:
    workspace = cast.workspace.pk
    (image,) = (key for key in told() if key.startswith("software_artifact:"))
    known = {"signature_valid": True, "admission_policy": "enforce"}
    import_rows(workspace, {"kind": "software_artifact", "uid": image.partition(":")[2], "attributes": known})
    assert verdict(workspace, image, "SEC-06") == "unknown"
    import_file(workspace, json.dumps(json.loads((HERE / "snapshot.json").read_text())).encode(), source="aws")
    assert verdict(workspace, image, "SEC-06") == "pass"
