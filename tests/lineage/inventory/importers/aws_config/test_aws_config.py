"""AWS Config: what a snapshot tells of stores and machines, and what it leaves open."""

from tests.lineage.inventory.importers.support import by_key, ours, published, read


def test_a_snapshot_tells_stores_with_their_region_keys_and_names_in_lineage() -> None:
    (path,) = ours("aws-config")
    rows, _, _ = read(path)
    found = by_key(rows)
    assert found["storage:arn:aws:s3:::ledger-eu"] == {
        "name": "ledger-eu",
        "provider": "aws",
        "region": "eu-central-1",
        "lineage_namespaces": ["s3://ledger-eu"],
        "encrypted_at_rest": True,
        "key_control": "customer_kms",
        "public_access": True,
    }
    books = found["storage:arn:aws:rds:eu-central-1:111122223333:db:books"]
    assert books["lineage_namespaces"] == ["postgres://books.example.eu-central-1.rds.amazonaws.com:5432"]
    assert found["storage:arn:aws:kinesis:eu-central-1:111122223333:stream/clicks"]["encrypted_at_rest"] is False
    assert "storage:arn:aws:s3:::gone" not in found
    assert {row.origin for row in rows} == {"measured"}
    assert min(row.observed_at for row in rows).isoformat() == "2026-10-01T08:00:00+00:00"


def test_published_items_are_read_with_strings_inside_strings() -> None:
    found = {key: facts for path in published("aws-config") for key, facts in by_key(read(path)[0]).items()}
    assert set(found) == {
        "storage:arn:aws:s3:::testing-99",
        "storage:arn:aws:rds:us-east-1:123456789012:cluster:database-1",
        "storage:arn:aws:kinesis:us-east-1:123456789012:stream/stream-encrypted",
    }
    assert found["storage:arn:aws:s3:::testing-99"]["public_access"] is True
    assert found["storage:arn:aws:rds:us-east-1:123456789012:cluster:database-1"]["encrypted_at_rest"] is True
