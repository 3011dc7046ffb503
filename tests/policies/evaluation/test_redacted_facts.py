"""What was redacted before storage is no fact: a check that reads it is unknown, and never passes."""

import json
from typing import Any

import pytest
from django.utils import timezone

from accounts.journal.canonical.exact import parse_exact
from accounts.workspaces.isolation import in_workspace
from lineage.events.redact import redact, rules
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

REDACTED_BY = {
    "private_key": "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
    "url_credentials": "for postgres://user:hunter2@db:5432",
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "known_token": "ghp_a1a1a1a1a1a1a1a1a1a1a1a1a1a1",
    "bearer": "Bearer abcdefgh12345678",
    "sql_password": "IDENTIFIED BY 'hunter2'",
    "secret_assignment": "password=hunter2",
    "email_address": "billing of jo@example.com",
    "phone_number": "billing, ask +49 30 1234567",
    "iban": "billing to DE89 3704 0044 0532 0130 00",
    "payment_card": "billing of 4111111111111111",
    "national_id": "billing of 12345678Z",
}
"""A purpose that each rule matches; the other two rules replace members that no fact is read from."""


def test_every_rule_that_reaches_a_fact_is_tried() -> None:
    assert REDACTED_BY.keys() == {name for name, _ in rules()} - {"secret_member", "environment_variables"}
    for name, purpose in REDACTED_BY.items():
        raw = json.dumps(run_event(job_facets={"processing": facet(purpose=purpose)})).encode()
        assert [done["rule"] for done in redact(raw, parse_exact(raw))[1]] == [name]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("purpose", "verdict"),
    [("billing", "pass"), ("fraud", "fail"), *((purpose, "unknown") for purpose in REDACTED_BY.values())],
    ids=["known", "another", *REDACTED_BY],
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
