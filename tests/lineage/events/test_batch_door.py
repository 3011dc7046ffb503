"""The door for batches answers as OpenLineage's API says, keeps what is good and names what is not."""

import hashlib
import json

from accounts.members.models import Role
from accounts.workspaces.isolation import in_workspace
from lineage.events.models import Event
from tests.support.cast import Cast, bearer
from tests.support.openlineage import dataset, job_event, new_run, post, run_event, sample_files

PATH = "/api/v1/lineage/batch"


def test_every_published_sample_file_is_a_batch(cast: Cast) -> None:
    for path in sample_files():
        answer = post(cast.api["pipeline"], path.read_bytes(), PATH).json()
        assert answer["status"] == "success"
        assert answer["summary"]["successful"] == len(json.loads(path.read_text()))


def test_good_events_are_kept_and_bad_ones_named(cast: Cast) -> None:
    good, bad = run_event(), job_event() | {"eventTime": "never"}
    response = post(cast.api["pipeline"], [good, bad, good, 7], PATH)
    assert response.status_code == 200
    answer = response.json()
    assert answer["status"] == "partial_success"
    assert answer["summary"] == {"received": 4, "successful": 2, "failed": 2, "retriable": 0, "non_retriable": 2}
    assert [(failed["index"], failed["retriable"]) for failed in answer["failed_events"]] == [(1, False), (3, False)]
    assert "eventTime: got 'never'" in answer["failed_events"][0]["reason"]
    assert [(receipt["index"], receipt["duplicate"]) for receipt in answer["receipts"]] == [(0, False), (2, True)]


def test_the_bytes_of_each_member_are_kept_as_received(cast: Cast) -> None:
    member = json.dumps(run_event(outputs=[dataset("größe, [x] {y}")]), indent=1, ensure_ascii=False).encode()
    post(cast.api["pipeline"], b" [\n" + member + b" , " + json.dumps(job_event()).encode() + b"]\n", PATH)
    with in_workspace(cast.workspace.pk):
        event = Event.objects.get(kind="run")
    assert bytes(event.body) == member
    assert bytes(event.received_digest) == hashlib.sha256(member).digest()


def test_an_event_sent_singly_and_in_a_batch_is_one(cast: Cast) -> None:
    single = post(cast.api["pipeline"], run_event()).json()["receipt"]
    batched = post(cast.api["pipeline"], [run_event()], PATH).json()["receipts"][0]
    assert (batched["event_id"], batched["duplicate"]) == (single["event_id"], True)


def test_nan_depth_and_duplicate_keys_fail_their_own_event_alone(cast: Cast) -> None:
    deep = b'{"x": ' + b"[" * 100 + b"]" * 100 + b"}"
    body = b'[{"a": NaN}, ' + deep + b', {"a": 1, "a": 2}, ' + json.dumps(run_event()).encode() + b"]"
    answer = post(cast.api["pipeline"], body, PATH).json()
    assert [failed["code"] for failed in answer["failed_events"]] == ["json_number", "json_depth", "json_duplicate_key"]
    assert answer["summary"]["successful"] == 1


def test_what_is_no_array_is_refused_as_a_whole(cast: Cast) -> None:
    for body in (b"{}", b"", b"[{}", b"[{} {}]", b"[1,]", b"[] []", b'["\xff', b"[" * 100_000, b"nonsense"):
        response = post(cast.api["pipeline"], body, PATH)
        assert response.status_code == 400, body[:20]
        assert response.json()["error"]["code"] in {"json_malformed", "json_depth"}


def test_an_empty_batch_is_a_success_of_nothing(cast: Cast) -> None:
    assert post(cast.api["pipeline"], b" [ ] ", PATH).json()["summary"]["received"] == 0


def test_more_events_than_allowed_are_refused(cast: Cast) -> None:
    response = post(cast.api["pipeline"], b"[" + b",".join([b"{}"] * 20_001) + b"]", PATH)
    assert response.status_code == 413


def test_a_namespaced_token_fails_foreign_members_alone(cast: Cast) -> None:
    client = bearer(cast.token(Role.PIPELINE, "airflow"))
    answer = post(client, [run_event(run=new_run()), run_event(namespace="spark")], PATH).json()
    assert [(failed["index"], failed["code"]) for failed in answer["failed_events"]] == [(1, "outside_namespaces")]
    assert answer["summary"]["successful"] == 1


def test_auditor_cannot_send_a_batch_and_nobody_is_asked_for_a_token(cast: Cast) -> None:
    assert post(cast.api["auditor"], [run_event()], PATH).status_code == 403
    assert post(cast.api["nobody"], [run_event()], PATH).status_code == 401
