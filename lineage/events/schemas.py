"""What an OpenLineage event must have to be kept, and no more (spec 2-0-2; notes/lineage.md sections 1 and 2).

Lenient on purpose: null members count as absent, unknown facets and members are kept verbatim, `schemaURL` may be any
text and is never fetched, a time without a zone is UTC. What remains required is what identifies the event.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from lineage.events.errors import EventRefused
from lineage.events.identity import MAX_RUN_ID, MAX_UID, fits, run_uid
from lineage.events.models import Event

EVENT_TYPES = frozenset({"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"})
FUTURE_ALLOWED = datetime.timedelta(hours=1)
"""A producer's clock may be so far ahead; an event from later is kept as sent and counts from its receipt."""

NO_ZONE = "eventTime has no time zone; read as UTC"

Text = Annotated[str, StringConstraints(min_length=1)]
Facets = dict[str, Any] | None


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _Run(_Part):
    runId: Annotated[str, StringConstraints(min_length=1, max_length=MAX_RUN_ID)]
    facets: Facets = None


class _Named(_Part):
    namespace: str
    name: Text
    facets: Facets = None


class _Dataset(_Named):
    inputFacets: Facets = None
    outputFacets: Facets = None


class _Body(_Part):
    eventTime: Text
    producer: Text
    schemaURL: Text
    eventType: str | None = None
    run: _Run | None = None
    job: _Named | None = None
    dataset: _Dataset | None = None
    inputs: list[_Dataset | None] | None = None
    outputs: list[_Dataset | None] | None = None


@dataclass(frozen=True)
class Understood:
    """What receiving needs to know of an event."""

    kind: Event.Kind
    namespace: str  # of the job; of the dataset for a DatasetEvent
    event_time: datetime.datetime
    about: str = ""  # the run of a RunEvent, in lower case
    notes: tuple[str, ...] = field(default=())  # how it was read where it could be read in several ways


def understand(value: object) -> Understood:
    """Check one event (parsed JSON). Raises EventRefused naming each field that is missing or wrong."""
    if not isinstance(value, dict):
        raise EventRefused(
            f"Got {_type_name(value)}, expected one event as a JSON object. Send arrays to /api/v1/lineage/batch."
        )
    try:
        body = _Body.model_validate(value)
    except ValidationError as error:
        raise _refused(error) from None
    if body.eventType is not None and body.eventType.upper() not in EVENT_TYPES:
        raise _wrong("eventType", body.eventType, f"one of {', '.join(sorted(EVENT_TYPES))}")
    kind, subject = _subject(body)
    for place, named in _names(body):
        if not fits(named.namespace, named.name):
            raise EventRefused(
                f"{place}: got a namespace and name of {len(named.namespace)} and {len(named.name)} characters, "
                f"expected at most {MAX_UID} bytes when percent-encoded. Shorten the name at the producer.",
                code="name_too_long",
            )
    if body.run is not None and len(run_uid(body.run.runId)) > MAX_RUN_ID:  # some letters grow in lower case
        raise _wrong("run.runId", body.run.runId, f"at most {MAX_RUN_ID} characters in lower case")
    event_time, notes = read_time(body.eventTime)
    about = run_uid(body.run.runId) if kind == Event.Kind.RUN and body.run is not None else ""
    return Understood(kind, subject.namespace, event_time, about, notes)


def _subject(body: _Body) -> tuple[Event.Kind, _Named]:
    """Return what the event is about; a stray `dataset` beside run and job (the spec's own example) changes nothing."""
    if body.job is not None:
        return (Event.Kind.RUN if body.run is not None else Event.Kind.JOB), body.job
    if body.dataset is not None:
        return Event.Kind.DATASET, body.dataset
    raise EventRefused(
        "Got neither job nor dataset, expected run and job (RunEvent), job (JobEvent) or dataset (DatasetEvent).",
        details=[{"field": "job", "got": "nothing", "expected": "an object with namespace and name"}],
    )


def _names(body: _Body) -> Iterator[tuple[str, _Named]]:
    if body.job is not None:
        yield "job", body.job
    if body.dataset is not None:
        yield "dataset", body.dataset
    for place, datasets in (("inputs", body.inputs), ("outputs", body.outputs)):
        for index, dataset in enumerate(datasets or ()):
            if dataset is not None:
                yield f"{place}[{index}]", dataset


def read_time(text: str) -> tuple[datetime.datetime, tuple[str, ...]]:
    """Return an ISO 8601 date and time in UTC, and a note where it had no zone and was taken for UTC."""
    try:
        if len(text) < 16 or text[10] not in "Tt ":
            raise ValueError(text)
        instant = datetime.datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(datetime.UTC), ()
    except (ValueError, OverflowError):
        raise _wrong("eventTime", text, "an ISO 8601 time such as 2026-11-01T08:00:00Z") from None
    return instant.replace(tzinfo=datetime.UTC), (NO_ZONE,)


def _wrong(where: str, got: str, expected: str) -> EventRefused:
    return EventRefused(
        f"{where}: got {got[:80]!r}, expected {expected}. Correct it at the producer and send the event again.",
        details=[{"field": where, "got": got[:80], "expected": expected}],
    )


def _refused(error: ValidationError) -> EventRefused:
    problems = [
        {
            "field": ".".join(str(step) for step in row["loc"]),
            "got": "nothing" if row["type"] == "missing" or row["input"] is None else _type_name(row["input"]),
            "expected": row["msg"][0].lower() + row["msg"][1:],
        }
        for row in error.errors(include_url=False)[:20]
    ]
    first = problems[0]
    return EventRefused(
        f"{first['field']}: got {first['got']}, expected: {first['expected']}. "
        "Correct the fields named in details and send the event again.",
        details=problems,
    )


def _type_name(value: object) -> str:
    names = {dict: "an object", list: "a list", bool: "true or false", type(None): "null"}
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    return names.get(type(value), "a number")
