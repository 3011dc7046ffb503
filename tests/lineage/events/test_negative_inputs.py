"""Whatever comes in by whichever door: a clear 4xx, or it is kept as it is; never a 500, never a lost neighbour."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http.request import UnreadablePostError

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import DeadLetter, Work
from lineage.events.models import Event
from lineage.graph.project import project
from tests.support.cast import Cast
from tests.support.doors import DOORS, KEPT, through
from tests.support.openlineage import dataset, dataset_event, facet, job_event, post, run_event

BATCH = "/api/v1/lineage/batch"
BIDI = "\u202eeslaf\u2066\u200b\u200d\ufeffx\u00ad"
MEGABYTES_10 = 10 * 1024 * 1024


def as_json(event: Any) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()


def replaced(old: bytes, new: bytes) -> bytes:
    """Return an event with some of its bytes replaced, for what no JSON writer writes."""
    body = as_json(run_event(run_facets={"f": {"n": "HERE"}}))
    assert old in body
    return body.replace(old, new)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in run_event().items() if key != name}


CASES: dict[str, tuple[bytes, str]] = {
    # the envelope
    "empty object": (b"{}", "event_invalid"),
    "a number": (b"7", "event_invalid"),
    "null": (b"null", "event_invalid"),
    "a text": (b'"event"', "event_invalid"),
    "an array inside": (b"[[]]", "event_invalid"),
    "no job": (as_json(without("job")), "event_invalid"),
    "job is null": (as_json(run_event() | {"job": None}), "event_invalid"),
    "job is a list": (as_json(run_event() | {"job": []}), "event_invalid"),
    "run is a text": (as_json(run_event() | {"run": "x"}), "event_invalid"),
    "an empty run id": (as_json(run_event(run="")), "event_invalid"),
    "a run id that grows in lower case": (as_json(run_event(run="\u0130" * 200)), "event_invalid"),
    "an unknown event type": (as_json(run_event("EXPLODE")), "event_invalid"),
    # times
    "no time": (as_json(without("eventTime")), "event_invalid"),
    "a time that is a number": (as_json(run_event() | {"eventTime": 1762000000}), "event_invalid"),
    "a month thirteen": (as_json(run_event(at="2026-13-01T00:00:00Z")), "event_invalid"),
    "a time in other digits": (as_json(run_event(at="２０２６-11-01T08:00:00Z")), "event_invalid"),
    "before the first year": (as_json(run_event(at="0001-01-01T00:00:00+14:00")), "event_invalid"),
    "after the last year": (as_json(run_event(at="9999-12-31T23:59:59-14:00")), "event_invalid"),
    "the first year": (as_json(run_event(at="0001-01-01T00:00:00Z")), KEPT),
    "the last year": (as_json(run_event(at="9999-12-31T23:59:59Z")), KEPT),
    # depth and width
    "65 levels": (replaced(b'"HERE"', b"[" * 70 + b"]" * 70), "json_depth"),
    "100,000 levels": (replaced(b'"HERE"', b"[" * 100_000 + b"]" * 100_000), "json_depth"),
    "100,000 levels of objects": (replaced(b'"HERE"', b'{"a":' * 100_000 + b"1" + b"}" * 100_000), "json_depth"),
    "10,001 members": (as_json(run_event(run_facets={str(n): None for n in range(10_001)})), "json_keys"),
    "10,000 members": (as_json(run_event(run_facets={str(n): None for n in range(10_000)})), KEPT),
    "100,000 items": (as_json(run_event(run_facets={"f": {"n": [0] * 100_000}})), KEPT),
    "2,000 datasets": (as_json(run_event(outputs=[dataset(f"d{n}") for n in range(2_000)])), KEPT),
    # texts
    "duplicate keys": (replaced(b'"HERE"', b'{"a": 1, "a": 2}'), "json_duplicate_key"),
    "the job twice": (replaced(b'"run":', b'"job": {}, "run":'), "json_duplicate_key"),
    "a NUL in a name": (as_json(run_event(job="a\x00b")), "json_nul"),
    "a NUL in a key": (as_json(run_event(run_facets={"a\x00": {}})), "json_nul"),
    "a raw NUL": (replaced(b'"HERE"', b'"\x00"'), "json_malformed"),
    "a raw line break in a text": (replaced(b'"HERE"', b'"\n"'), "json_malformed"),
    "half a surrogate pair": (replaced(b'"HERE"', rb'"\ud800"'), "json_surrogate"),
    "the other half, in a name": (replaced(b'"daily"', rb'"\udc00"'), "json_surrogate"),
    "a surrogate in bytes": (replaced(b'"HERE"', b'"\xed\xa0\x80"'), "json_encoding"),
    "Latin-1": (as_json(run_event(job="größe")).decode().encode("latin-1"), "json_encoding"),
    "a name of 9 MB": (as_json(run_event(job="n" * 9_000_000)), "json_string"),
    "a name of 3,000": (as_json(run_event(job="n" * 3_000)), "name_too_long"),
    "a namespace of 3,000": (as_json(run_event(namespace="n" * 3_000)), "name_too_long"),
    "an output of 3,000": (as_json(run_event(outputs=[dataset("n" * 3_000)])), "name_too_long"),
    "right-to-left and unseen marks": (as_json(run_event(job=BIDI, namespace=BIDI, outputs=[dataset(BIDI)])), KEPT),
    "marks in a run id": (as_json(run_event(run=BIDI)), KEPT),
    "emoji and combining marks": (as_json(run_event(job="\U0001f3f4\U000e0067\u0301\u0489" * 9)), KEPT),
    "control characters": (as_json(run_event(job="a\x07\x1b[31m\x7f\x9b")), KEPT),
    "noncharacters": (as_json(run_event(job="\ufffe\uffff\U0010ffff")), KEPT),
    "markup": (as_json(run_event(job="<script>alert(1)</script>{{7|add:7}}")), KEPT),
    "SQL": (as_json(run_event(job="'; DROP TABLE lineage_event; --")), KEPT),
    # numbers
    "NaN": (replaced(b'"HERE"', b"NaN"), "json_number"),
    "an infinity": (replaced(b'"HERE"', b"-Infinity"), "json_number"),
    "5,000 digits": (replaced(b'"HERE"', b"9" * 5_000), "json_number"),
    "5,000 decimals": (replaced(b'"HERE"', b"0." + b"9" * 5_000), "json_number"),
    "1e999999999": (replaced(b'"HERE"', b"1e999999999"), "json_number"),
    "1e400": (replaced(b'"HERE"', b"1e400"), KEPT),
    "4,000 digits": (replaced(b'"HERE"', b"9" * 4_000), KEPT),
    "2 to the 63": (replaced(b'"HERE"', str(2**63).encode()), KEPT),
    # not JSON, and yet it is clear where it ends
    "single quotes": (b"{'a': 1}", "json_malformed"),
    "a comma too many": (b'{"a": 1,}', "json_malformed"),
    "a comment": (b'{"a": 1 /* one */}', "json_malformed"),
    "tru": (b'{"a": tru}', "json_malformed"),
    "a bare time": (b'{"eventTime": 2026-11-01T08:00:00Z}', "json_malformed"),
    "a bad escape": (rb'{"a": "\x41"}', "json_malformed"),
    # what the graph reads, in shapes that nobody promised
    "facets of any shape": (
        as_json(run_event(run_facets={"parent": [], "extractionError": 7}, job_facets={"jobType": "x", "tags": {}})),
        KEPT,
    ),
    "lineage of any shape": (
        as_json(run_event(outputs=[dataset("o", columnLineage=facet(fields={"a": {"inputFields": [7, None, {}]}}))])),
        KEPT,
    ),
    "a job event": (as_json(job_event(job=BIDI)), KEPT),
    "a dataset event": (as_json(dataset_event(dataset(BIDI))), KEPT),
}
UNCLEAR_WHERE_IT_ENDS: dict[str, bytes] = {
    "cut off": as_json(run_event())[:-20],
    "a bracket too many": as_json(run_event()) + b"}",
    "two without a comma": b"{} {}",
    "nothing": b"",
    "a quote too many": b'{"a": "b"c"}',
}


def test_the_table_tries_what_is_kept_and_what_is_refused_alike() -> None:
    outcomes = {outcome for _, outcome in CASES.values()}
    assert outcomes >= {KEPT, "event_invalid", "json_depth", "json_keys", "json_nul", "json_number", "name_too_long"}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("door", DOORS)
def test_each_is_refused_clearly_or_kept_as_it_is_and_loses_no_neighbour(cast: Cast, door: str, packed: bool) -> None:
    seen = {name: through(cast, door, event, packed=packed) for name, (event, _) in CASES.items()}
    expected = {name: outcome for name, (_, outcome) in CASES.items()}
    if packed:  # repetition that grows a hundredfold is refused before anybody reads it
        expected["a name of 9 MB"] = "body_too_large"
    assert {name: outcome for name, (_, outcome) in seen.items()} == expected
    assert {status for status, _ in seen.values()} <= {200, 201, 400, 413}
    with in_workspace(cast.workspace.pk):
        bodies = {bytes(body) for body in Event.objects.values_list("body", flat=True)}
    assert bodies >= {event for event, outcome in CASES.values() if outcome == KEPT}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("door", DOORS)
def test_what_leaves_open_where_it_ends_is_refused_whole(cast: Cast, door: str, packed: bool) -> None:
    for name, event in UNCLEAR_WHERE_IT_ENDS.items():
        assert through(cast, door, event, packed=packed) == (400, "json_malformed"), name
    with in_workspace(cast.workspace.pk):
        assert Event.objects.count() == 0


def test_what_was_kept_is_projected_and_fails_no_stage(cast: Cast) -> None:
    events = [event for event, outcome in CASES.values() if outcome == KEPT]
    assert post(cast.api["pipeline"], b"[" + b",".join(events) + b"]", BATCH).json()["summary"]["failed"] == 0
    project(cast.workspace.pk)
    assert nothing_failed(cast)


def nothing_failed(cast: Cast) -> bool:
    with in_workspace(cast.workspace.pk):
        return not DeadLetter.objects.exists() and not Work.objects.filter(stage="project").exists()


# ---- wrong types at every member

WRONG: tuple[Any, ...] = (
    None,
    True,
    7,
    -1.5e300,
    "",
    "\u202ex",
    "\u0130" * 200,
    [],
    [None, 7, {}],
    {},
    {"": {"": [[]]}},
)


def full_event() -> dict[str, Any]:
    """Return an event with all the facets that the graph reads."""
    column = {"namespace": "s3://lake", "name": "raw", "field": "x", "transformations": [{"type": "DIRECT"}]}
    entry = {"type": "DATASET", **dataset("out"), "inputs": [{"type": "DATASET", **dataset("raw")}]}
    output = dataset(
        "out",
        columnLineage=facet(fields={"y": {"inputFields": [column]}}, dataset=[column]),
        lineage=facet(inputs=[{"type": "DATASET", **dataset("raw")}], fields={}),
        ownership=facet(owners=[{"name": "team", "type": "OWNER"}]),
        tags=facet(tags=[{"key": "retention", "value": "P30D", "field": "x"}, {"key": "residency", "value": "DE"}]),
        version=facet(datasetVersion="1"),
        datasetType=facet(datasetType="TABLE"),
        documentation=facet(description="text"),
        schema=facet(fields=[{"name": "x", "type": "text", "fields": []}]),
        symlinks=facet(identifiers=[{"namespace": "a", "name": "b", "type": "TABLE"}]),
        lifecycleStateChange=facet(lifecycleStateChange="RENAME", previousIdentifier={"namespace": "a", "name": "c"}),
    )
    return run_event(
        run_facets={
            "parent": facet(run={"runId": "r"}, job={"namespace": "a", "name": "p"}),
            "extractionError": facet(totalTasks=1, failedTasks=1, errors=[{"errorMessage": "x"}]),
            "nominalTime": facet(nominalStartTime="2026-11-01T08:00:00Z"),
            "processing_engine": facet(name="spark", version="3"),
        },
        job_facets={
            "lineage": facet(entries=[entry]),
            "jobType": facet(processingType="BATCH", integration="SPARK", jobType="TASK"),
            "sourceCodeLocation": facet(type="git", url="https://example.com", version="abc"),
            "sql": facet(query="select 1"),
            "tags": facet(tags=[{"key": "environment", "value": "prod"}]),
            "processing": facet(purpose="x", legal_basis="contract"),
        },
        inputs=[dataset("raw")],
        outputs=[output],
    )


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every member and item."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in inside:
        yield (*path, key)
        yield from places(member, (*path, key))


def with_wrong(path: tuple[str | int, ...], wrong: Any) -> dict[str, Any]:
    event: Any = full_event()
    at = event
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = wrong
    return event  # type: ignore[no-any-return]


@pytest.mark.slow
def test_a_wrong_type_at_any_member_is_refused_by_name_or_kept_and_projected(cast: Cast) -> None:
    changed = [(path, with_wrong(path, wrong)) for path in places(full_event()) for wrong in WRONG]
    assert len(changed) > 1_500
    answer = post(cast.api["pipeline"], [event for _, event in changed], BATCH).json()
    assert len(answer["receipts"]) + len(answer["failed_events"]) == len(changed)
    for failed in answer["failed_events"]:
        path = changed[failed["index"]][0]
        assert failed["code"] in {"event_invalid", "name_too_long"}, (path, failed)
        assert "xpected" in failed["reason"]
        assert not {"facets"} & set(path[:-1]), (path, failed)  # what a facet holds refuses no event
    project(cast.workspace.pk)
    assert nothing_failed(cast)


# ---- what a server hands over


class Cut(io.RawIOBase):
    """A connection that breaks in the middle of the body."""

    def read(self, size: int = -1) -> bytes:
        raise UnreadablePostError("connection reset")


Sends = Callable[[Cast], Any]
TRANSPORT: dict[str, tuple[dict[str, Any], int, str]] = {
    "a length in other digits": ({"CONTENT_LENGTH": "\xb2"}, 400, "json_malformed"),
    "a negative length": ({"CONTENT_LENGTH": "-5"}, 400, "json_malformed"),
    "a length of 5,000 digits": ({"CONTENT_LENGTH": "9" * 5_000}, 413, "body_too_large"),
    "chunks that break off": (
        {"CONTENT_LENGTH": "", "wsgi.input": Cut(), "wsgi.input_terminated": True},
        400,
        "body_incomplete",
    ),
    "UTF-16": ({"CONTENT_TYPE": "application/json; charset=utf-16"}, 400, "json_encoding"),
    "twice gzip": ({"HTTP_CONTENT_ENCODING": "gzip, gzip"}, 415, "encoding_unsupported"),
    "gzip that is none": ({"HTTP_CONTENT_ENCODING": "gzip"}, 400, "gzip_malformed"),
}


@pytest.mark.parametrize("path", ["/api/v1/lineage", BATCH])
@pytest.mark.parametrize("case", TRANSPORT)
def test_nonsense_of_the_transport_gets_a_clear_answer(cast: Cast, case: str, path: str) -> None:
    headers, status, code = TRANSPORT[case]
    if (case, path) == ("UTF-16", BATCH):
        code = "json_malformed"  # a batch is cut into its events as bytes: in others than UTF-8 no array begins
    text = json.dumps([run_event()] if path == BATCH else run_event())
    body = text.encode("utf-16" if case == "UTF-16" else "utf-8")
    response = post(cast.api["pipeline"], body, path, **headers)
    got = (response.status_code, response.json()["error"]["code"])
    assert got == (status, code)


def test_a_charset_that_is_said_and_not_meant_changes_nothing(cast: Cast) -> None:
    body = as_json(run_event(job="größe"))
    answer = cast.api["pipeline"].post("/api/v1/lineage", body, content_type="text/plain; charset=utf-7")
    assert answer.status_code == 201


@pytest.mark.parametrize("path", ["/api/v1/lineage", BATCH])
def test_ten_megabytes_of_name_are_too_large(cast: Cast, path: str) -> None:
    response = post(cast.api["pipeline"], as_json(run_event(job="n" * MEGABYTES_10)), path)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "body_too_large")
