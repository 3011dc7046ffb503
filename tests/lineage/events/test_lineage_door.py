"""The door for single events: what it takes, what it refuses with which words, and who may use it."""

import gzip
import hashlib
import io
import json
from typing import Any

import psycopg
import pytest
from django.db import connection

from accounts.members.models import Role
from accounts.workspaces.isolation import in_workspace
from config.stack.embedded import Embedded
from lineage.events.models import Event, EventReceipt
from tests.support.cast import Cast, bearer, make_cast
from tests.support.openlineage import dataset, dataset_event, job_event, post, run_event, sample_events


def kept(cast: Cast) -> Event:
    with in_workspace(cast.workspace.pk):
        return Event.objects.get()


def count(cast: Cast) -> int:
    with in_workspace(cast.workspace.pk):
        return EventReceipt.objects.count()


# ---- what is taken


def test_pipeline_gets_a_receipt_for_an_event(cast: Cast) -> None:
    body = json.dumps(run_event()).encode()
    response = post(cast.api["pipeline"], body)
    assert response.status_code == 201
    receipt = response.json()["receipt"]
    event = kept(cast)
    assert receipt["event_id"] == str(event.pk)
    assert receipt["kept_digest"] == hashlib.sha256(body).hexdigest()
    assert receipt["duplicate"] is False
    assert bytes(event.body) == body
    assert event.sender.startswith("token:")


def test_every_published_sample_event_is_accepted(cast: Cast) -> None:
    for event in sample_events():
        response = post(cast.api["pipeline"], event)
        assert response.status_code == 201, response.json()


def test_the_same_content_in_other_bytes_gets_the_same_receipt(cast: Cast) -> None:
    event = run_event()
    first = post(cast.api["pipeline"], event).json()["receipt"]
    again = post(cast.api["pipeline"], json.dumps(dict(reversed(event.items())), indent=2).encode())
    assert again.status_code == 201
    assert again.json()["receipt"] == first | {"duplicate": True}
    assert count(cast) == 1


def test_one_digit_of_a_number_makes_another_event(cast: Cast) -> None:
    body = json.dumps(run_event(run_facets={"f": {"n": 1}})).encode()
    for number in (b"1.0000000000000000000001", b"1.0000000000000000000002"):
        assert post(cast.api["pipeline"], body.replace(b'"n": 1', b'"n": ' + number)).status_code == 201
    assert count(cast) == 2


def test_a_compressed_event_is_the_same_event(cast: Cast) -> None:
    body = json.dumps(run_event()).encode()
    plain = post(cast.api["pipeline"], body).json()["receipt"]
    packed = post(cast.api["pipeline"], gzip.compress(body, 3), HTTP_CONTENT_ENCODING="gzip").json()["receipt"]
    assert packed == plain | {"duplicate": True}


def test_a_chunked_body_is_the_same_event(cast: Cast) -> None:
    def chunked(body: bytes) -> Any:
        stream: dict[str, Any] = {"CONTENT_LENGTH": "", "wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
        return post(cast.api["pipeline"], b"", **stream)

    plain = post(cast.api["pipeline"], run_event()).json()["receipt"]
    assert chunked(json.dumps(run_event()).encode()).json()["receipt"] == plain | {"duplicate": True}
    assert chunked(b" " * (11 * 1024 * 1024)).status_code == 413


def test_what_real_producers_do_is_taken(cast: Cast) -> None:
    lax = run_event(None, "2026-11-01T08:00:00.123456789") | {"schemaURL": "junk", "nominal": None, "dataset": None}
    lax["run"]["facets"] = {"unknown": {"deep": [{"x": None}]}, "gone": None}
    assert post(cast.api["pipeline"], lax).status_code == 201
    assert kept(cast).parameters == {"notes": ["eventTime has no time zone; read as UTC"]}


def test_events_of_jobs_and_datasets_are_told_apart(cast: Cast) -> None:
    post(cast.api["pipeline"], job_event())
    post(cast.api["pipeline"], dataset_event(dataset("orders")))
    post(cast.api["pipeline"], run_event())
    with in_workspace(cast.workspace.pk):
        assert sorted(Event.objects.values_list("kind", flat=True)) == ["dataset", "job", "run"]


def test_a_receipt_is_given_whatever_form_of_answer_the_sender_accepts(cast: Cast) -> None:
    assert post(cast.api["pipeline"], run_event(), HTTP_ACCEPT="text/html").status_code == 201


# ---- what is refused


MALFORMED = {
    "json_malformed": b'{"eventTime": ',
    "json_number": json.dumps(run_event()).encode().replace(b'"run"', b'"x": NaN, "run"'),
    "json_duplicate_key": b'{"a": 1, "a": 2}',
    "json_depth": b"[" * 100_000 + b"]" * 100_000,
    "json_encoding": b'{"a": "\xff"}',
    "json_surrogate": b'{"a": "\\ud800"}',
    "json_nul": json.dumps(run_event(job="a\x00b")).encode(),
    "event_invalid": b"[]",
    "name_too_long": json.dumps(run_event(outputs=[dataset("x" * 3000)])).encode(),
}


@pytest.mark.parametrize("code", MALFORMED)
def test_a_body_that_cannot_be_kept_is_refused_with_its_reason(cast: Cast, code: str) -> None:
    response = post(cast.api["pipeline"], MALFORMED[code])
    assert response.status_code == 400
    assert response.json()["error"]["code"] == code
    assert "xpected" in response.json()["error"]["message"]
    assert count(cast) == 0


def test_ten_megabytes_of_name_get_a_clear_answer(cast: Cast) -> None:
    assert post(cast.api["pipeline"], run_event(job="n" * 9_000_000)).status_code == 400
    assert post(cast.api["pipeline"], run_event(job="n" * 11_000_000)).status_code == 413


def test_a_backslash_before_u0000_is_no_nul(cast: Cast) -> None:
    assert post(cast.api["pipeline"], run_event(job="a\\u0000b")).status_code == 201


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("job", lambda event: event.pop("job")),
        ("job.name", lambda event: event["job"].pop("name")),
        ("job.namespace", lambda event: event["job"].update(namespace=7)),
        ("run.runId", lambda event: event["run"].update(runId=None)),
        ("eventTime", lambda event: event.update(eventTime="yesterday")),
        ("eventTime", lambda event: event.update(eventTime="2026-13-41T00:00:00Z")),
        ("eventType", lambda event: event.update(eventType="EXPLODE")),
        ("producer", lambda event: event.pop("producer")),
        ("inputs", lambda event: event.update(inputs={"namespace": "a", "name": "b"})),
        ("outputs.0.name", lambda event: event.update(outputs=[{"namespace": "a"}])),
        ("run.facets", lambda event: event["run"].update(facets=[])),
    ],
)
def test_an_event_that_says_too_little_is_refused_by_field(cast: Cast, field: str, change: object) -> None:
    event = run_event()
    change(event)  # type: ignore[operator]
    response = post(cast.api["pipeline"], event)
    assert response.status_code == 400
    assert response.json()["error"]["details"][0]["field"] == field
    assert count(cast) == 0


def test_a_body_over_the_limit_is_refused(cast: Cast) -> None:
    response = post(cast.api["pipeline"], b" " * (50 * 1024 * 1024))
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "body_too_large"


@pytest.mark.parametrize("megabytes", [9, 200])
def test_a_gzip_bomb_is_refused(cast: Cast, megabytes: int) -> None:
    bomb = gzip.compress(b" " * (megabytes * 1024 * 1024))
    response = post(cast.api["pipeline"], bomb, HTTP_CONTENT_ENCODING="gzip")
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "body_too_large"


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"{}")[:-4], gzip.compress(b"{}") + b"more"],
    ids=["none", "cut", "more behind it"],  # the bytes hold the time: names made from them would differ per process
)
def test_gzip_that_cannot_be_read_is_refused(cast: Cast, body: bytes) -> None:
    response = post(cast.api["pipeline"], body, HTTP_CONTENT_ENCODING="gzip")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "gzip_malformed")


def test_stacked_or_other_encodings_are_refused(cast: Cast) -> None:
    for encoding in ("gzip, gzip", "br"):
        response = post(cast.api["pipeline"], gzip.compress(b"{}"), HTTP_CONTENT_ENCODING=encoding)
        assert (response.status_code, response.json()["error"]["code"]) == (415, "encoding_unsupported")


# ---- who


def test_an_unknown_or_missing_token_is_refused(cast: Cast) -> None:
    for client in (cast.api["nobody"], bearer("al_wrong")):
        response = post(client, run_event())
        assert response.status_code == 401
        assert "create_token" in response.json()["error"]["message"] or "Bearer" in response.json()["error"]["message"]


def test_auditor_and_officer_cannot_send(cast: Cast) -> None:
    for client in (cast.api["auditor"], cast.api["officer"], bearer(cast.token(Role.AUDITOR))):
        response = post(client, run_event())
        assert response.status_code == 403
        assert "needs one of the roles" in response.json()["error"]["message"]
    assert count(cast) == 0


def test_outsider_sends_into_her_own_workspace_alone(cast: Cast) -> None:
    assert post(cast.api["outsider"], run_event()).status_code == 201
    assert count(cast) == 0


def test_a_namespaced_token_speaks_for_its_namespaces_alone(cast: Cast) -> None:
    client = bearer(cast.token(Role.PIPELINE, "airflow", "dbt"))
    assert post(client, run_event(namespace="airflow://prod")).status_code == 201
    assert post(client, job_event(namespace="dbt")).status_code == 201
    assert post(client, dataset_event(dataset("orders", "airflow-files"))).status_code == 201
    for event in (run_event(namespace="spark"), job_event(namespace="spark"), dataset_event(dataset("orders"))):
        response = post(client, event)
        assert (response.status_code, response.json()["error"]["code"]) == (403, "outside_namespaces")
        assert "airflow, dbt" in response.json()["error"]["message"]
    assert count(cast) == 3


# ---- load


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_told_as_503_and_loses_nothing(stack: Embedded) -> None:
    cast = make_cast()
    with psycopg.connect(stack.superuser_url) as other:
        other.execute("LOCK TABLE lineage_eventreceipt IN ACCESS EXCLUSIVE MODE")
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '500ms'")
        response = post(cast.api["pipeline"], run_event())
        assert (response.status_code, response.json()["error"]["code"]) == (503, "unavailable")
        assert response["Retry-After"] == "2"
        other.rollback()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    assert post(cast.api["pipeline"], run_event()).status_code == 201
    assert count(cast) == 1
