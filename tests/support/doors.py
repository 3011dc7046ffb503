"""The doors for events as a table: the same event goes through each, plain and compressed, between two good ones."""

import gzip
import json
import time
from collections.abc import Callable
from typing import Any

from accounts.workspaces.isolation import in_workspace
from lineage.events.hooks import create_hook
from tests.support.cast import Cast
from tests.support.openlineage import post, run_event
from tests.support.webhooks import signed

NEIGHBOURS = [json.dumps(run_event(job=name)).encode() for name in ("before", "after")]
DOORS = ("single", "batch", "hook", "hook batch")
KEPT = "kept"
Answer = tuple[int, str]
"""Status, and what became of the event: KEPT, or the code of the error that it (or the whole request) got."""


def through(cast: Cast, door: str, event: bytes, *, packed: bool, **headers: Any) -> Answer:
    """Send an event through a door; raise AssertionError where a batch that was taken lost a neighbour."""
    many = "batch" in door
    body = b"[" + NEIGHBOURS[0] + b"," + event + b"," + NEIGHBOURS[1] + b"]" if many else event
    response = _sender(cast, door, body)(gzip.compress(body) if packed else body, headers | _encoding(packed))
    answer = response.json()
    if response.status_code >= 400:
        error = answer["error"]
        assert "xpected" in error["message"] or "larger than" in error["message"], error
        return response.status_code, error["code"]
    if "receipt" in answer:
        return response.status_code, KEPT
    place = 1 if many else 0
    receipts = {receipt["index"] for receipt in answer["receipts"]}
    failed = {failure["index"]: failure for failure in answer["failed_events"]}
    assert receipts | set(failed) == (set(range(3)) if many else {0})
    assert receipts >= ({0, 2} if many else set())
    return response.status_code, failed[place]["code"] if place in failed else KEPT


def _encoding(packed: bool) -> dict[str, str]:
    return {"HTTP_CONTENT_ENCODING": "gzip"} if packed else {}


def _sender(cast: Cast, door: str, content: bytes) -> Callable[[bytes, dict[str, Any]], Any]:
    if not door.startswith("hook"):
        path = "/api/v1/lineage/batch" if door == "batch" else "/api/v1/lineage"
        return lambda body, headers: post(cast.api["pipeline"], body, path, **headers)
    with in_workspace(cast.workspace.pk):
        hook = create_hook("scheduler", actor="command")
    message = signed(hook.secret, content, "msg_1", int(time.time()))
    return lambda body, headers: post(cast.api["nobody"], body, hook.path, **message, **headers)
