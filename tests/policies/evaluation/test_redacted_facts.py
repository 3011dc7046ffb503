"""What was redacted before storage is no fact: a check that reads it is unknown, and never passes."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.kinds.values import format_timestamp
from policies.evaluation.queries import current_verdicts
from policies.rules.verdicts import Code
from tests.support.cast import Cast
from tests.support.estate import send_inventory
from tests.support.flow import drain, send
from tests.support.openlineage import dataset, facet, run_event

RECORD: dict[str, Any] = {
    "processing_record_id": "ropa-12",
    "processing_record_purposes": ["billing", "[redacted]", "password=[redacted]"],
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("purpose", "verdict"), [("billing", "pass"), ("password=hunter2", "unknown"), ("fraud", "fail")]
)
def test_a_redacted_purpose_leaves_the_check_unknown(cast: Cast, purpose: str, verdict: str) -> None:
    read: dict[str, Any] = {"contains_personal_data": True, "is_origin": True, "classification": "personal",
                            "environment": "prod", "residency_limited": False}  # fmt: skip
    storage = {"country": "DE", "replica_countries": [], "lineage_namespaces": ["postgres://db:5432"]}
    send_inventory(
        cast.api["pipeline"],
        {"kind": "storage", "uid": "db", "origin": "measured", "attributes": storage},
        {"kind": "dataset", "uid": "postgres%3A%2F%2Fdb%3A5432/a", "attributes": read},
        {
            "kind": "job",
            "uid": "airflow/daily",
            "attributes": RECORD | {"processing_record_at": format_timestamp(timezone.now())},
        },
    )
    facets = {"processing": facet(purpose=purpose, legal_basis="contract")}
    send(cast.workspace.pk, [run_event(inputs=[dataset("a")], outputs=[dataset("b")], job_facets=facets)])
    drain(cast.workspace.pk)
    with in_workspace(cast.workspace.pk):
        [row] = current_verdicts(check="SOV-11")
        assert Code(row.code).name.lower() == verdict
