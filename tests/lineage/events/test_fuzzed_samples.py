"""Real events, damaged at random: a receipt or a clear refusal, never "try again"; what is kept projects."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import DeadLetter, Work
from lineage.graph.project import project
from tests.support.cast import Cast
from tests.support.openlineage import post, sample_events, sample_files

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 1e300, 2**70, "", "\u202e", "\ud800", "\x00", "x" * 3000, [], {}, [[[]]]]
)
VALUES = ODD | st.text(max_size=20) | st.recursive(ODD, lambda inner: st.lists(inner, max_size=3), max_leaves=5)


def damage(data: st.DataObject, value: Any) -> Any:
    """Go down at random, and change, drop, double or rename what is found there."""
    while isinstance(value, dict | list) and value:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = data.draw(st.sampled_from(list(keys)), "place")
        inside = value[key]
        if isinstance(inside, dict | list) and inside and data.draw(st.integers(0, 3), "deeper"):
            value = inside
            continue
        match data.draw(st.sampled_from(["change", "drop", "double", "rename"]), "damage"):
            case "change":
                value[key] = data.draw(VALUES, "value")
            case "drop":
                del value[key]
            case "double" if isinstance(value, list):
                value.extend([inside] * 3)
            case _ if isinstance(value, dict):
                value[data.draw(st.text(max_size=8), "name")] = value.pop(key)
        return


def bytes_of(data: st.DataObject, event: Any) -> bytes:
    """Return the event as JSON, now and then with damaged bytes."""
    body = bytearray(json.dumps(event).encode())
    for _ in range(data.draw(st.sampled_from([0, 0, 0, 1, 3]), "damaged bytes")):
        place = data.draw(st.integers(0, len(body) - 1), "at")
        body[place : place + data.draw(st.integers(0, 4), "cut")] = data.draw(st.binary(max_size=3), "bytes")
    return bytes(body)


@pytest.mark.slow
def test_a_damaged_event_is_kept_or_refused_for_good_and_what_is_kept_projects(cast: Cast) -> None:
    files = [json.loads(path.read_text()) for path in sample_files()]
    samples = [max(events, key=lambda event: len(json.dumps(event))) for events in files] + sample_events()[:5]
    seen: set[int] = set()

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(data=st.data())
    def each(data: st.DataObject) -> None:
        event = copy.deepcopy(data.draw(st.sampled_from(samples), "sample"))
        for _ in range(data.draw(st.integers(1, 4), "damages")):
            damage(data, event)
        body = bytes_of(data, event)
        single = post(cast.api["pipeline"], body)
        batch = post(cast.api["pipeline"], b"[" + body + b"]", "/api/v1/lineage/batch")
        for answer in (single, batch):
            seen.add(answer.status_code)
            assert answer.status_code in {200, 201} or 400 <= answer.status_code < 500, answer.content
            assert answer.status_code not in {409, 429}
        if single.status_code == 201:
            assert batch.json()["receipts"][0]["duplicate"]
        if batch.status_code == 200:
            assert batch.json()["summary"]["received"] >= 1
        project(cast.workspace.pk)

    each()
    assert {200, 201, 400} <= seen
    with in_workspace(cast.workspace.pk):
        assert not DeadLetter.objects.exists()
        assert not Work.objects.filter(stage="project").exists()
