"""Secrets are gone before anything is stored; what was done is recorded; all else stays as it was received."""

import hashlib
import json
from typing import Any

import pytest

from accounts.journal.canonical.exact import parse_exact
from accounts.workspaces.isolation import in_workspace
from lineage.events.models import Event
from lineage.events.redact import REDACTED, redact
from tests.support.cast import Cast
from tests.support.openlineage import dataset, facet, post, run_event

SECRET = "hunter2hunter2"

PLANTED: dict[str, dict[str, Any]] = {
    "environment variables": {
        "environmentVariables": [{"name": "HOME", "value": SECRET}, {"name": "X", "value": SECRET}]
    },
    "environment as an object": {"environmentVariables": {"DB_PASS": SECRET}},
    "a variable whose name begins with a line": {"environmentVariables": {"_JAVA_OPTIONS": SECRET}},
    "a member named password": {"password": SECRET},
    "a property of Spark": {"spark.hadoop.fs.s3a.secret.key": SECRET, "clientSecret": SECRET, "apiKey": SECRET},
    "an assignment": {"text": f"--db-password={SECRET} --x 1"},
    "an assignment in quotes": {"text": f"password = '{SECRET}'"},
    "json in text": {"text": json.dumps({"password": SECRET})},
    "json in text in text": {"text": json.dumps(json.dumps({"api_key": SECRET}))},
    "sql": {"query": f"CREATE USER x IDENTIFIED BY '{SECRET}'; ALTER ROLE y PASSWORD '{SECRET}'"},
    "a header": {"text": f"Authorization: Bearer {SECRET}", "curl": f"-H 'authorization: Basic {SECRET}'"},
    "a url": {"uri": f"postgres://user:{SECRET}@db:5432/x", "jdbc": f"jdbc:x://h/d?user=a&password={SECRET}&b=c"},
    "a connection string": {"text": f"AccountName=x;AccountKey={SECRET};Endpoint=y"},
    "at the beginning of a line": {"text": f"host=x\npwd={SECRET}", "indented": f"{{\n\tPWD: {SECRET}"},
    "behind escapes": {"text": "pass\\u0077ord=" + SECRET},
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_secret_is_gone_and_its_path_is_kept(name: str) -> None:
    raw = json.dumps(run_event(run_facets={"f": facet(**PLANTED[name])})).encode().replace(b"\\\\u0077", b"\\u0077")
    assert SECRET.encode() in raw
    clean, done = redact(raw, parse_exact(raw))
    assert SECRET not in json.dumps(clean)
    assert REDACTED in json.dumps(clean)
    assert done
    assert all(path.startswith("$.run.facets.f.") for row in done for path in row["paths"])


KEYS = {
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "known_token": "ghp_" + "a1" * 18,
    "private_key": "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("rule", KEYS)
def test_a_key_is_known_by_its_form(rule: str) -> None:
    raw = json.dumps({"x": [f"before {KEYS[rule]} after"]}).encode()
    clean, done = redact(raw, parse_exact(raw))
    assert clean == {"x": [f"before {REDACTED} after"]}
    assert done == [{"rule": rule, "version": 1, "paths": ["$.x[0]"]}]


@pytest.mark.parametrize(
    "text",
    [
        "select token_count, secretary from passwords_policy",
        "bearer authentication is used",
        "basic statistics of keys",
        "https://example.com:8080/a@b",
        "s3://bucket/key=1/part",
        "monkey: banana",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    raw = json.dumps({"query": text, "name": "password", "fields": {"token": {"type": "int"}}}).encode()
    assert redact(raw, parse_exact(raw)) == (parse_exact(raw), [])


def test_a_body_full_of_secrets_is_done_in_linear_time_and_bounded_paths() -> None:
    body = {"rows": [{"password": SECRET}] * 500, "long": "password=" * 20_000, "dashes": "-----BEGIN " * 20_000}
    raw = json.dumps(body).encode()
    _, done = redact(raw, parse_exact(raw))
    member = next(row for row in done if row["rule"] == "secret_member")
    assert (len(member["paths"]), member["more"]) == (100, 400)


def test_the_door_keeps_both_digests_and_the_rules(cast: Cast) -> None:
    facets: dict[str, Any] = {"environmentVariables": facet(environmentVariables=[{"name": "A", "value": SECRET}])}
    body = json.dumps(run_event(run_facets=facets) | {"amount": 1.10}).encode()
    receipt = post(cast.api["pipeline"], body).json()["receipt"]
    with in_workspace(cast.workspace.pk):
        event = Event.objects.get()
    kept = bytes(event.body)
    assert SECRET.encode() not in kept
    assert b'"amount":1.1,' in kept
    assert bytes(event.received_digest) == hashlib.sha256(body).digest()
    assert receipt["kept_digest"] == hashlib.sha256(kept).hexdigest() == bytes(event.kept_digest).hex()
    assert event.redactions == [
        {
            "rule": "environment_variables",
            "version": 1,
            "paths": ["$.run.facets.environmentVariables.environmentVariables[0].value"],
        }
    ]


def test_credentials_in_a_namespace_are_no_part_of_an_identity(cast: Cast) -> None:
    event = run_event(outputs=[dataset("t", f"postgres://user:{SECRET}@db:5432")])
    assert post(cast.api["pipeline"], event).status_code == 201
    with in_workspace(cast.workspace.pk):
        assert json.loads(bytes(Event.objects.get().body))["outputs"][0]["namespace"] == (
            f"postgres://user:{REDACTED}@db:5432"
        )
