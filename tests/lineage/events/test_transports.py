"""Each transport of the official client, plain or compressed, delivers once: after a refusal, after a lost answer."""

import json
import logging
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from pytest_django.live_server_helper import LiveServer

from accounts.members.models import Role
from lineage.events import backlog
from tests.support.cast import Cast
from tests.support.openlineage import post, run_event
from tests.support.relay import lossy_relay

pytestmark = pytest.mark.django_db(transaction=True)

HTTP: dict[str, Any] = {"type": "http"}
ASYNC: dict[str, Any] = {"type": "async_http"}
GZIP: dict[str, Any] = {"compression": "gzip"}
TRANSPORTS = [
    pytest.param(HTTP, id="sync"),
    pytest.param(HTTP | GZIP, id="sync, gzip"),
    pytest.param(ASYNC, id="async"),
    pytest.param(ASYNC | GZIP, id="async, gzip"),
    pytest.param({"type": "composite", "transports": [HTTP]}, id="composite"),
]


def whole_run() -> list[RunEvent]:
    """Return the two events of a run."""
    run = Run(str(uuid.uuid4()))
    return [
        RunEvent(
            eventType=state,
            eventTime=at,
            run=run,
            job=Job("airflow", "daily.load"),
            inputs=[InputDataset("s3://here", "customers")],
            outputs=[OutputDataset("s3://there", "copy")],
            producer="https://example.com/airflow",
        )
        for state, at in ((RunState.START, "2026-11-01T08:00:00Z"), (RunState.COMPLETE, "2026-11-01T08:05:00Z"))
    ]


def send(transport: dict[str, Any], url: str, token: str, events: list[RunEvent]) -> None:
    """Send by a client of that transport, which ends in good order."""
    address = {"url": url, "auth": {"type": "api_key", "apiKey": token}}
    if members := transport.get("transports"):
        configured = transport | {"transports": [address | member for member in members]}
    else:
        configured = address | transport
    client = OpenLineageClient(config={"transport": configured})
    try:
        for event in events:
            client.emit(event)
    finally:
        assert client.close(timeout=30)


def received(cast: Cast) -> list[tuple[str, str]]:
    """Return run and type of each event that was kept, oldest first."""
    rows = cast.api["auditor"].get("/api/v1/raw-events?kind=run").json()["results"]
    bodies = [
        json.loads(cast.api["auditor"].get(f"/api/v1/raw-events/{row['id']}").json()["body"]) for row in reversed(rows)
    ]
    return [(body["run"]["runId"], body["eventType"]) for body in bodies]


@contextmanager
def refusing(cast: Cast) -> Iterator[list[int]]:
    """Let the doors be over their limit until two requests were refused; yields the status of each refused one."""
    assert post(cast.api["pipeline"], run_event("OTHER")).status_code == 201
    refused: list[int] = []

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            refused.append(record.__dict__["status_code"])
            if len(refused) == 2:
                limit.disable()

    watch, log, limit = Watch(), logging.getLogger("django.request"), override_settings(AUDITLINE_BACKLOG_LIMIT=0)
    backlog.forget_looks()
    log.addHandler(watch)
    limit.enable()
    try:
        yield refused
    finally:
        if len(refused) < 2:
            limit.disable()
        log.removeHandler(watch)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_each_event_arrives_once_and_in_order(live_server: LiveServer, cast: Cast, transport: dict[str, Any]) -> None:
    events = whole_run()
    send(transport, live_server.url, cast.pipeline, events)
    assert received(cast) == [(events[0].run.runId, "START"), (events[1].run.runId, "COMPLETE")]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_is_refused_for_load_arrives_later_and_in_order(
    live_server: LiveServer, cast: Cast, transport: dict[str, Any]
) -> None:
    events = whole_run()
    with refusing(cast) as refused:
        send(transport, live_server.url, cast.pipeline, events)
    assert refused == [503, 503]
    assert received(cast)[1:] == [(events[0].run.runId, "START"), (events[1].run.runId, "COMPLETE")]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_event_whose_answer_was_lost_is_sent_again_and_kept_once(
    live_server: LiveServer, cast: Cast, transport: dict[str, Any]
) -> None:
    events = whole_run()
    with lossy_relay(live_server.url, losing=1) as relay:
        send(transport, relay.url, cast.pipeline, events)
    assert relay.statuses == [201, 201, 201], "the first was kept before its answer was lost"
    assert received(cast) == [(events[0].run.runId, "START"), (events[1].run.runId, "COMPLETE")]


def test_a_composite_member_that_is_away_takes_nothing_from_the_other(live_server: LiveServer, cast: Cast) -> None:
    with socket.socket() as nobody:  # bound and not listening: connections are refused
        nobody.bind(("127.0.0.1", 0))
        away = {"type": "http", "url": f"http://127.0.0.1:{nobody.getsockname()[1]}", "retry": {"total": 0}}
        for members in ([away, HTTP], [HTTP, away]):
            events = whole_run()
            send({"type": "composite", "transports": [members[0], members[1]]}, live_server.url, cast.pipeline, events)
            assert [each for each in received(cast) if each[0] == events[0].run.runId] == [
                (events[0].run.runId, "START"),
                (events[0].run.runId, "COMPLETE"),
            ]


def test_our_refusal_takes_nothing_from_another_member(live_server: LiveServer, cast: Cast, tmp_path: Path) -> None:
    file = {"type": "file", "log_file_path": str(tmp_path / "events.ndjson"), "append": True}
    transport = {"type": "composite", "transports": [HTTP, file]}
    send(transport, live_server.url, cast.token(Role.AUDITOR), whole_run())
    kept = [json.loads(line)["eventType"] for line in (tmp_path / "events.ndjson").read_text().splitlines()]
    assert kept == ["START", "COMPLETE"]
    assert received(cast) == []
