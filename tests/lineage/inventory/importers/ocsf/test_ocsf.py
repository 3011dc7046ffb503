"""OCSF: what findings of other scanners decide, and what they leave open."""

from pathlib import Path

import pytest

from tests.lineage.inventory.importers.support import by_key, import_file, import_rows, read, verdict
from tests.support.cast import Cast

HERE = Path(__file__).parent
SCAN, EVENTS = HERE / "scan.json", HERE / "events.ndjson"
HERE_IN = "arn:aws:{}:eu-central-1:111122223333:{}"
MACHINE, OTHER = HERE_IN.format("ec2", "instance/i-0a1"), HERE_IN.format("ec2", "instance/i-0b2")
SCORE = HERE_IN.format("lambda", "function:score")


def test_results_of_known_checks_say_whether_a_store_is_encrypted_and_open() -> None:
    rows, rejected, prepared = read(SCAN)
    found = by_key(rows)
    assert found == {
        "storage:arn:aws:s3:::ledger-eu": {
            "name": "ledger-eu",
            "provider": "aws",
            "region": "eu-central-1",
            "encrypted_at_rest": True,
            "public_access": True,  # suppressed there, and still so
        },
        "storage:arn:aws:s3:::ledger-copy": {
            "name": "ledger-copy",
            "provider": "aws",
            "region": "eu-central-1",
            "public_access": False,
        },
    }
    assert {row.observed_at.isoformat() for row in rows} == {"2026-10-01T08:00:00+00:00"}
    assert (rejected, set(prepared.reading.left)) == ([], {"AwsIamUser"})


def test_the_oldest_open_critical_flaw_counts_from_its_publication() -> None:
    found = by_key(read(EVENTS)[0])
    assert found[f"node:{MACHINE}"]["oldest_critical_vuln_at"] == "2026-06-01T00:00:00Z"
    assert found[f"service:{SCORE}"]["oldest_critical_vuln_at"] == "2026-05-01T00:00:00Z"
    assert "oldest_critical_vuln_at" not in found[f"node:{OTHER}"]  # one of its flaws does not say since when


def test_inventories_of_devices_and_resources_are_machines_and_clusters() -> None:
    found = by_key(read(EVENTS)[0])
    assert found["node:gpu-1"] == {
        "name": "gpu-1.tern.example",
        "subtype": "server",
        "last_contact_at": "2026-10-01T07:00:00Z",
    }
    assert found[f"cluster:{HERE_IN.format('eks', 'cluster/serving')}"]["provider"] == "aws"


@pytest.mark.django_db
def test_flaws_of_a_service_and_of_the_machine_below_it_are_judged_once_a_scan_is_imported(cast: Cast) -> None:
    where, clean = cast.workspace.pk, {"oldest_known_exploited_vuln_none": True}
    runs_on = {"runs_on": [{"kind": "node", "uid": MACHINE}]}
    service = {"kind": "service", "attributes": clean | {"environment": "prod"}, "relations": {"runs_on": []}}
    import_rows(
        where,
        service | {"uid": SCORE},
        service
        | {"uid": "risk", "attributes": {**clean, "environment": "prod", "oldest_critical_vuln_none": True}}
        | {"relations": runs_on},
        {"kind": "node", "uid": MACHINE, "attributes": clean},
    )
    assert [verdict(where, f"service:{uid}", "SEC-05") for uid in (SCORE, "risk")] == ["unknown", "unknown"]
    import_file(where, EVENTS.read_bytes(), source="scanner")
    assert [verdict(where, f"service:{uid}", "SEC-05") for uid in (SCORE, "risk")] == ["fail", "fail"]
