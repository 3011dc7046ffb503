"""The short way of single events: what goes well is answered as the whole way would, all else takes the whole way."""

import ctypes
import dataclasses
import io
import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import DataError, connections

from accounts.members.authentication import token_principal
from accounts.members.manage import create_token
from accounts.members.models import ApiToken
from accounts.members.rights import Principal
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from config.stack.embedded import Embedded
from config.wsgi import application
from lineage.events import express as module
from lineage.events import group_commit
from lineage.events.express import express, forget_tokens
from lineage.events.group_commit import store_together
from lineage.events.models import Event, EventReceipt
from lineage.events.receive import receive_event
from lineage.events.record import NewEvent, Receipt, store_at_once
from tests.support.cast import Cast
from tests.support.openlineage import new_run, run_event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_token_is_known() -> None:
    forget_tokens()


def environ(secret: str, body: bytes, **changes: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/api/v1/lineage", "QUERY_STRING": "", "SCRIPT_NAME": "",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": f"Bearer {secret}", "wsgi.input": io.BytesIO(body), "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(), "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    } | changes  # fmt: skip


def ask(secret: str, body: bytes, app: Any = application, **changes: Any) -> tuple[int, Any]:
    """Return status and content of the answer."""
    said: list[str] = []
    parts = app(environ(secret, body, **changes), lambda status, headers, error=None: said.append(status))
    content = b"".join(parts)
    return int(said[0][:3]), json.loads(content)


def an_event(**rest: Any) -> bytes:
    return json.dumps(run_event(run=new_run(), **rest)).encode()


def no_whole_way(environ: Any, start_response: Any) -> Any:
    raise AssertionError("the whole way was taken")


def test_an_event_is_kept_and_its_receipt_is_that_of_the_whole_way(cast: Cast) -> None:
    body = an_event()
    status, first = ask(cast.pipeline, body, express(no_whole_way))
    assert status == 201
    again = cast.api["pipeline"].post("/api/v1/lineage", body, content_type="application/json").json()
    assert again == {"receipt": {**first["receipt"], "duplicate": True}}
    assert ask(cast.pipeline, body, express(no_whole_way)) == (201, again)
    with in_workspace(cast.workspace.pk):
        kept = Event.objects.get()
        assert (str(kept.pk), bytes(kept.body)) == (first["receipt"]["event_id"], body)
        assert [work.subject for work in Work.objects.filter(stage="project")] == [kept.pk]


def test_what_is_refused_is_refused_by_the_whole_way_in_its_words(cast: Cast) -> None:
    wrong = json.dumps(run_event() | {"eventTime": "yesterday"}).encode()
    status, said = ask(cast.pipeline, wrong)
    assert (status, said["error"]["code"]) == (400, "event_invalid")
    assert "eventTime" in said["error"]["message"]
    status, said = ask("no-such-token", an_event())
    assert status == 401
    assert ask(cast.pipeline, b"{", CONTENT_LENGTH="9")[0] == 400
    assert ask(cast.pipeline, an_event(), REQUEST_METHOD="PUT")[0] == 405
    assert ask(cast.pipeline, an_event(), HTTP_HOST="elsewhere.example")[0] == 400
    with in_workspace(cast.workspace.pk):
        assert not Event.objects.exists()


@pytest.mark.parametrize("role", ["auditor", "officer"])
def test_a_token_that_may_only_read_is_refused(cast: Cast, role: str) -> None:
    with in_workspace(cast.workspace.pk):
        reader = create_token("reader", role, actor="command").secret
    status, said = ask(reader, an_event())
    assert (status, said["error"]["code"]) == (403, "permission_denied")


def test_a_token_that_is_revoked_ends_with_what_was_known_of_it(cast: Cast) -> None:
    assert ask(cast.pipeline, an_event())[0] == 201
    with in_workspace(cast.workspace.pk):
        ApiToken.objects.update(revoked_at="2026-11-01T00:00:00Z")
    forget_tokens()
    assert ask(cast.pipeline, an_event())[0] == 401


def test_a_revoked_token_is_not_believed_beyond_the_time_for_which_tokens_are_known(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module.KNOWN_FOR <= 1
    monkeypatch.setattr(module, "KNOWN_FOR", 0.0)
    assert ask(cast.pipeline, an_event(), express(no_whole_way))[0] == 201
    with in_workspace(cast.workspace.pk):
        ApiToken.objects.update(revoked_at="2026-11-01T00:00:00Z")
    assert ask(cast.pipeline, an_event())[0] == 401


def test_of_many_requests_with_one_token_one_asks_for_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    together, asked = threading.Barrier(8), []

    def ask_for_it(secret: str) -> Principal:
        asked.append(secret)
        return token_principal(secret)

    def send(body: bytes) -> int:
        try:
            together.wait(30)
            return ask(cast.pipeline, body, express(no_whole_way))[0]
        finally:
            connections.close_all()

    monkeypatch.setattr(module, "token_principal", ask_for_it)
    monkeypatch.setattr(module, "KNOWN_FOR", 600.0)
    with ThreadPoolExecutor(8) as senders:
        assert set(senders.map(send, [an_event() for _ in range(8)])) == {201}
    assert asked == [cast.pipeline]


def test_a_token_is_believed_from_when_it_was_asked_for(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked = [0.0], []

    def ask_slowly(secret: str) -> Principal:
        asked.append(secret)
        found = token_principal(secret)
        now[0] += module.KNOWN_FOR
        return found

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(module, "token_principal", ask_slowly)
    for _ in range(2):
        assert ask(cast.pipeline, an_event(), express(no_whole_way))[0] == 201
    assert len(asked) == 2, "an answer that took so long may be as old"


def test_many_senders_at_once_share_commits_and_each_gets_its_own_receipt(cast: Cast, stack: Embedded) -> None:
    bodies = [an_event() for _ in range(60)]
    bodies += bodies[:10]

    def send(body: bytes) -> tuple[int, Any]:
        try:
            return ask(cast.pipeline, body, express(no_whole_way))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as senders:
        answers = list(senders.map(send, bodies))
    assert {status for status, _ in answers} == {201}
    ids = [answer["receipt"]["event_id"] for _, answer in answers]
    assert ids[:10] == ids[60:], "the same content has one receipt"
    with in_workspace(cast.workspace.pk):
        kept = {str(row.pk): bytes(row.body) for row in Event.objects.all()}
        assert EventReceipt.objects.count() == Work.objects.filter(stage="project").count() == 60
    assert [kept[identifier] for identifier in ids] == bodies
    with psycopg.connect(stack.superuser_url) as superuser:
        (commits,) = superuser.execute("SELECT count(DISTINCT xmin::text) FROM lineage_eventreceipt").fetchone() or (0,)
    assert 1 <= commits < 60


def test_a_commit_that_fails_fails_who_waits_for_it_and_the_next_one_works(cast: Cast) -> None:
    good = receive_event(an_event(), token_principal(cast.pipeline))
    broken = dataclasses.replace(good, media_type="x" * 1000)  # longer than its column
    with pytest.raises(DataError):
        store_together(cast.workspace.pk, broken)
    assert not store_together(cast.workspace.pk, good).duplicate


def sending(cast: Cast, events: Sequence[NewEvent]) -> tuple[list[threading.Thread], list[Receipt | None]]:
    """Return a thread for each event, not started, and their receipts to come; None of who was asked to end.

    They are daemons, so that one who is left waiting fails the test and does not hold it up.
    """
    receipts: list[Receipt | None] = [None] * len(events)

    def send(number: int) -> None:
        try:
            receipts[number] = group_commit.store_together(cast.workspace.pk, events[number])
        except SystemExit:
            pass
        finally:
            connections.close_all()

    return [threading.Thread(target=send, args=[number], daemon=True) for number in range(len(events))], receipts


def wait_for(holds: Callable[[], bool]) -> None:
    for _ in range(3000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to this")


def end(senders: Sequence[threading.Thread]) -> None:
    for sender in senders:
        sender.join(30)
        assert not sender.is_alive(), "nobody waits for ever"


@pytest.mark.parametrize("committed", [True, False])
def test_a_leader_that_is_asked_to_end_ends_alone_and_who_waits_is_recorded(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """The end may come before the commit or after it: the others get their receipts either way."""
    principal = token_principal(cast.pipeline)
    events = [receive_event(an_event(), principal) for _ in range(6)]
    calls: list[int] = []
    busy, queued = threading.Event(), threading.Event()

    def store(workspace_id: uuid.UUID, events: Sequence[NewEvent], wake: Any) -> list[Receipt]:
        calls.append(len(events))
        if len(calls) == 1:  # the first commit lasts until the others have queued
            busy.set()
            assert queued.wait(30)
        if len(calls) == 2:
            if committed:
                store_at_once(workspace_id, events, wake)
            raise SystemExit
        return store_at_once(workspace_id, events, wake)

    monkeypatch.setattr(group_commit, "store_at_once", store)
    senders, receipts = sending(cast, events)
    senders[0].start()
    assert busy.wait(30)
    for sender in senders[1:]:
        sender.start()
    wait_for(lambda: len(group_commit._queues[cast.workspace.pk]) == 5)
    queued.set()
    end(senders)
    assert calls == [1, 5, 4]
    assert sum(receipt is None for receipt in receipts) == 1
    assert receipts[0] is not None
    for event, receipt in zip(events, receipts, strict=True):
        assert receipt is None or receipt.content_digest == event.content_digest, "each its own"
    with in_workspace(cast.workspace.pk):
        assert {receipt.event_id for receipt in receipts if receipt} <= {event.pk for event in Event.objects.all()}
        assert Event.objects.count() == (6 if committed else 5)
    assert not group_commit._queues


def test_one_who_is_asked_to_end_while_waiting_hands_the_lead_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end comes to a thread when it wakes: here just when the lead has become its own."""
    principal = token_principal(cast.pipeline)
    events = [receive_event(an_event(), principal) for _ in range(3)]
    busy, go_on = threading.Event(), threading.Event()

    def store(workspace_id: uuid.UUID, events: Sequence[NewEvent], wake: Any) -> list[Receipt]:
        busy.set()
        assert go_on.wait(30)
        return store_at_once(workspace_id, events, wake)

    monkeypatch.setattr(group_commit, "store_at_once", store)
    senders, receipts = sending(cast, events)
    senders[0].start()
    assert busy.wait(30)
    for number, sender in enumerate(senders[1:], 1):
        sender.start()
        wait_for(lambda: len(group_commit._queues[cast.workspace.pk]) == number)  # noqa: B023 - run at once
    asked = senders[1].ident or 0
    wait_for(lambda: sys._current_frames()[asked].f_code.co_name == "wait")
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(asked), ctypes.py_object(SystemExit)) == 1
    go_on.set()
    end(senders)
    assert [receipt is not None for receipt in receipts] == [True, False, True]
    with in_workspace(cast.workspace.pk):
        assert Event.objects.count() == 2
    assert not group_commit._queues
