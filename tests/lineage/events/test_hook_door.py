"""The signed door: what is signed by its secret and recent is taken once; all else is told apart and refused."""

import gzip
import io
import json
import re
import time
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from lineage.events.errors import MessageIdReused
from lineage.events.hooks import Message, NewHook, answer_given, create_hook, remember_answer
from lineage.events.models import Event, Hook
from tests.support.cast import Cast
from tests.support.openlineage import new_run, post, run_event
from tests.support.webhooks import send, signed


@pytest.fixture
def hook(cast: Cast) -> NewHook:
    with in_workspace(cast.workspace.pk):
        return create_hook("scheduler", actor="command")


def count(cast: Cast) -> int:
    with in_workspace(cast.workspace.pk):
        return Event.objects.count()


def test_a_signed_event_is_kept_with_its_hook_as_sender(cast: Cast, hook: NewHook) -> None:
    response = send(hook.path, hook.secret, run_event())
    assert response.status_code == 200
    assert response.json()["summary"]["successful"] == 1
    with in_workspace(cast.workspace.pk):
        assert Event.objects.get().sender == f"hook:{hook.hook.pk}"


def test_a_signed_array_is_a_batch(cast: Cast, hook: NewHook) -> None:
    answer = send(hook.path, hook.secret, [run_event(), {"x": 1}, run_event("START")]).json()
    assert (answer["status"], answer["summary"]["successful"]) == ("partial_success", 2)


def test_a_signature_over_the_content_holds_for_its_compressed_form(cast: Cast, hook: NewHook) -> None:
    body = json.dumps(run_event()).encode()
    headers = _headers(hook, body)
    response = send(hook.path, hook.secret, gzip.compress(body), HTTP_CONTENT_ENCODING="gzip", **headers)
    assert response.status_code == 200


def _headers(hook: NewHook, body: bytes) -> dict[str, Any]:
    return signed(hook.secret, body, "msg_gzip", int(time.time()))


def test_the_same_message_id_gets_the_same_receipt(cast: Cast, hook: NewHook) -> None:
    first = send(hook.path, hook.secret, run_event(), "msg_a")
    again = send(hook.path, hook.secret, run_event(), "msg_a", age=200)
    assert again.json() == first.json()
    assert count(cast) == 1


@pytest.mark.parametrize("other", [run_event("FAIL"), [run_event(), run_event("FAIL")], [{"x": 1}, run_event()]])
def test_a_message_id_with_other_content_is_refused_and_what_was_acknowledged_stays(
    cast: Cast, hook: NewHook, other: Any
) -> None:
    first = send(hook.path, hook.secret, run_event(), "msg_a").json()
    refused = send(hook.path, hook.secret, other, "msg_a")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "webhook_id_reused")
    assert all(word in refused.json()["error"]["message"] for word in ("'msg_a'", "expected", "Send it again"))
    assert count(cast) == 1
    assert send(hook.path, hook.secret, run_event(), "msg_a").json() == first
    assert send(hook.path, hook.secret, other, "msg_b").status_code == 200


def test_the_same_content_written_differently_is_the_same_message(cast: Cast, hook: NewHook) -> None:
    first = send(hook.path, hook.secret, [run_event(), {"x": 1}], "msg_a").json()
    spaced = json.dumps([dict(reversed(run_event().items())), {"x": 1}], indent=2).encode()
    assert send(hook.path, hook.secret, spaced, "msg_a").json() == first


def test_of_two_messages_with_one_id_that_come_at_once_the_second_keeps_nothing(cast: Cast, hook: NewHook) -> None:
    with in_workspace(cast.workspace.pk):
        message = Message(hook.hook.pk, "msg_a", b"")
        row = {"index": 0, "content_digest": "00", "event_id": new_run(), "duplicate": False}
        remember_answer(message, [(0, "00")], {"receipts": [row]})
        with pytest.raises(MessageIdReused):
            remember_answer(message, [(0, "11")], {"receipts": [row | {"content_digest": "11"}]})
        assert answer_given(message, [(0, "00")]) == {"receipts": [row]}


def test_another_message_with_the_same_content_gets_the_same_event(cast: Cast, hook: NewHook) -> None:
    first = send(hook.path, hook.secret, run_event(), "msg_a").json()["receipts"][0]
    other = send(hook.path, hook.secret, run_event(), "msg_b").json()["receipts"][0]
    assert (other["event_id"], other["duplicate"]) == (first["event_id"], True)


@pytest.mark.parametrize("age", [301, -400, 86400])
def test_a_message_more_than_five_minutes_off_is_refused(cast: Cast, hook: NewHook, age: int) -> None:
    response = send(hook.path, hook.secret, run_event(), age=age)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "signature_refused")
    assert count(cast) == 0


@pytest.mark.parametrize(
    "forged",
    [
        {"HTTP_WEBHOOK_SIGNATURE": "v1,AAAA"},
        {"HTTP_WEBHOOK_SIGNATURE": ""},
        {"HTTP_WEBHOOK_SIGNATURE": "v1,ümlaut"},
        {"HTTP_WEBHOOK_ID": "another"},
        {"HTTP_WEBHOOK_ID": ""},
        {"HTTP_WEBHOOK_ID": "x" * 121},
        {"HTTP_WEBHOOK_TIMESTAMP": "now"},
        {"HTTP_WEBHOOK_TIMESTAMP": "9" * 40},
    ],
)
def test_a_forged_message_is_refused(cast: Cast, hook: NewHook, forged: dict[str, Any]) -> None:
    response = send(hook.path, hook.secret, run_event(), **forged)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "signature_refused")
    assert count(cast) == 0


def test_a_message_signed_with_the_secret_of_another_hook_is_refused(cast: Cast, hook: NewHook) -> None:
    with in_workspace(cast.elsewhere.pk):
        other = create_hook("other", actor="command")
    assert send(hook.path, other.secret, run_event()).status_code == 401


def test_one_of_several_signatures_suffices_while_a_secret_is_rotated(cast: Cast, hook: NewHook) -> None:
    body = json.dumps(run_event()).encode()
    headers = _headers(hook, body)
    headers["HTTP_WEBHOOK_SIGNATURE"] = "v1,b2xk v1a,eA== " + headers["HTTP_WEBHOOK_SIGNATURE"]
    assert send(hook.path, hook.secret, body, **headers).status_code == 200


def test_an_unknown_and_a_revoked_hook_answer_alike(cast: Cast, hook: NewHook) -> None:
    unknown = send(f"/api/v1/hooks/{new_run()}", hook.secret, run_event())
    with in_workspace(cast.workspace.pk):
        Hook.objects.update(revoked_at="2026-01-01T00:00:00Z")
    revoked = send(hook.path, hook.secret, run_event())
    assert unknown.status_code == revoked.status_code == 401
    assert unknown.json() == revoked.json()


def test_a_bearer_token_does_not_open_the_signed_door(cast: Cast, hook: NewHook) -> None:
    for role in ("pipeline", "admin", "auditor", "outsider", "nobody"):
        assert post(cast.api[role], run_event(), hook.path).status_code == 401


def test_a_hook_speaks_for_its_namespaces_alone(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        made = create_hook("dbt", actor="command", namespaces=["dbt"])
    assert send(made.path, made.secret, run_event(namespace="dbt")).status_code == 200
    response = send(made.path, made.secret, run_event(namespace="spark"), "msg_2")
    assert (response.status_code, response.json()["error"]["code"]) == (403, "outside_namespaces")


def test_a_bad_event_in_a_signed_message_is_refused_with_its_reason(cast: Cast, hook: NewHook) -> None:
    response = send(hook.path, hook.secret, {"x": 1})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "event_invalid")


def test_the_secret_is_kept_encrypted_and_useless_under_another_key(cast: Cast, hook: NewHook) -> None:
    with in_workspace(cast.workspace.pk):
        stored = bytes(Hook.objects.get().secret)
    assert hook.secret.encode() not in stored
    with override_settings(SECRET_KEY="another"):
        response = send(hook.path, hook.secret, run_event())
    assert response.status_code == 401
    assert "SECRET_KEY" in response.json()["error"]["message"]


def test_create_hook_prints_the_path_and_the_secret_once(cast: Cast) -> None:
    out = io.StringIO()
    call_command("create_hook", "--workspace", "ours", "--name", "crm", "--namespace", "crm", stdout=out)
    first, *_, secret = out.getvalue().strip().splitlines()
    path = first.split()[-1]
    assert send(path, secret, run_event(namespace="crm")).status_code == 200
    with in_workspace(cast.workspace.pk):
        assert Statement.objects.filter(action="lineage:hook:created").count() == 1


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (["--name", ""], "name: got ''"),
        (["--name", " "], "name: got ' '"),
        (["--name", "a\x01b"], "name: got 'a\\x01b'"),
        (["--name", "n" * 121], "name: got 121 characters"),
        (["--name", "crm", "--namespace", "a\x01b"], "namespace: got 'a\\x01b'"),
        (["--name", "crm", "--namespace", ""], "namespace: got ''"),
        (["--name", "crm", "--namespace", "n" * 401], "namespace: got 401 characters"),
    ],
)
def test_create_hook_refuses_what_names_nobody(cast: Cast, wrong: list[str], what: str) -> None:
    with pytest.raises(CommandError, match=re.escape(what)):
        call_command("create_hook", "--workspace", "ours", *wrong)
    with in_workspace(cast.workspace.pk):
        assert not Hook.objects.exists()
