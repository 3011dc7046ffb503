"""AWS Resource Explorer: what there is and where, and what a search cannot tell."""

import pytest

from tests.lineage.inventory.importers.support import by_key, import_file, import_rows, ours, read, verdict
from tests.support.cast import Cast

ENDPOINT = "arn:aws:sagemaker:eu-central-1:111122223333:endpoint/risk"


def test_a_search_tells_kind_region_and_environment_by_the_same_uid_as_aws_config() -> None:
    rows, _, prepared = read(ours("aws-resource-explorer")[0])
    found = by_key(rows)
    assert found["storage:arn:aws:s3:::ledger-eu"] == {
        "name": "ledger-eu",
        "provider": "aws",
        "region": "eu-central-1",
        "environment": "prod",
        "lineage_namespaces": ["s3://ledger-eu"],
    }
    assert found[f"service:{ENDPOINT}"]["subtype"] == "model_endpoint"
    assert "region" not in found["service:arn:aws:cloudfront::111122223333:distribution/E1"]
    assert set(prepared.reading.left) == {"iam:role"}


@pytest.mark.django_db
def test_access_to_a_model_endpoint_is_asked_once_a_search_tells_that_it_is_one_in_production(cast: Cast) -> None:
    workspace = cast.workspace.pk
    known = {"auth_required": True, "rate_limit_per_second": 0.0, "request_log_enabled": True}
    import_rows(workspace, {"kind": "service", "uid": ENDPOINT, "attributes": known})
    assert verdict(workspace, f"service:{ENDPOINT}", "SEC-08") == "unknown"
    import_file(workspace, ours("aws-resource-explorer")[0].read_bytes(), source="explorer")
    assert verdict(workspace, f"service:{ENDPOINT}", "SEC-08") == "fail"
