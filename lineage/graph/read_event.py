"""Read a kept event into what it tells the graph. Plain: bytes in, Told out; no event that was accepted raises here."""

import datetime
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from lineage.events.identity import fits, run_uid
from lineage.events.models import Event
from lineage.events.schemas import FUTURE_ALLOWED, read_time
from lineage.graph.declarations import column_lineage, dataset_lineage, job_lineage
from lineage.graph.facets import facts_of, facts_of_dataset
from lineage.graph.parents import parent_of
from lineage.graph.shapes import items, members, parse
from lineage.graph.told import STATES, Carrying, Declared, Facts, Ref, Told, dataset_ref, job_ref

Named = tuple[Ref, dict[str, Any]]
"""A dataset with all that the event says of it."""


class Kept(NamedTuple):
    """An event as it is kept; of an inventory the body is left out."""

    pk: uuid.UUID
    kind: str
    kept_digest: bytes
    event_time: datetime.datetime | None
    received_at: datetime.datetime
    body: bytes = b""
    size: int = 0  # bytes of the body


def read_event(event: Kept) -> Told:
    """Return what a RunEvent, JobEvent or DatasetEvent tells."""
    body = members(parse(event.body))
    at = _counts_from(event.event_time or read_time(body["eventTime"])[0], event.received_at)
    if event.kind == Event.Kind.DATASET:
        named = members(body.get("dataset"))
        speaker, run = dataset_ref(named["namespace"], named["name"]), None
        inputs, outputs = [], [(speaker, named)]
    else:
        named = members(body["job"])
        speaker = job_ref(named["namespace"], named["name"])
        run = _run(body) if event.kind == Event.Kind.RUN else None
        inputs, outputs = _datasets(body.get("inputs")), _datasets(body.get("outputs"))
    run_facets = members(members(body.get("run")).get("facets")) if run else {}
    event_type = str(body.get("eventType") or "OTHER").upper() if run else "OTHER"
    state, rank = STATES[event_type]
    return Told(
        event_id=event.pk,
        digest=event.kept_digest,
        at=at,
        received_at=event.received_at,
        said_at=event.event_time if run and not read_time(body["eventTime"])[1] else None,  # no zone: not comparable
        namespace=named["namespace"],
        speaker=speaker,
        run=run,
        state=state,
        rank=rank,
        starts=event_type == "START",
        extraction_error=_extraction_error(run_facets),
        inputs=_refs(inputs),
        outputs=_refs(outputs),
        declared=tuple(_declared(event, speaker, named, outputs)),
        facts=tuple(_facts(event, speaker, run, named, (inputs, outputs), run_facets.get("tags"))),
        carried=tuple(_carried(event, speaker, named, inputs, outputs)),
        parent=parent_of(run_facets) if run_facets else None,
    )


def _carried(
    event: Kept, speaker: Ref, named: dict[str, Any], inputs: Sequence[Named], outputs: Sequence[Named]
) -> Iterator[Carrying]:
    """Yield the facets of jobs and datasets as they were sent; those of runs are read from events."""
    if event.kind != Event.Kind.DATASET and (facets := members(named.get("facets"))):
        yield Carrying(speaker, "job", facets)
    for ref, dataset in (*inputs, *outputs):
        if facets := members(dataset.get("facets")):
            yield Carrying(ref, "dataset", facets)
    for ref, dataset in inputs:
        if facets := members(dataset.get("inputFacets")):
            yield Carrying(ref, "input", facets)
    for ref, dataset in outputs:
        if facets := members(dataset.get("outputFacets")):
            yield Carrying(ref, "output", facets)


def _counts_from(said: datetime.datetime, received_at: datetime.datetime) -> datetime.datetime:
    """Return when the event counts from: its own time, or its receipt where its clock is too far ahead.

    A time in the year 9999 would win over every true event after it.
    """
    return received_at if said > received_at + FUTURE_ALLOWED else said


def _run(body: dict[str, Any]) -> Ref:
    uid = run_uid(body["run"]["runId"])
    return Ref("run", uid, uid)


def _datasets(value: object) -> list[Named]:
    named = [members(each) for each in items(value) if each is not None]
    return [
        (dataset_ref(each["namespace"], each["name"]), each) for each in named if fits(each["namespace"], each["name"])
    ]


def _refs(datasets: Iterable[Named]) -> tuple[Ref, ...]:
    return tuple(dict.fromkeys(ref for ref, _ in datasets))


def _extraction_error(facets: dict[str, Any]) -> bool:
    """Tell whether the producer admits a gap.

    An extractionError that does not say that no task failed; parts of a plan that Spark's integration does not know; an
    operator of Airflow's without an extractor.
    """
    error, plan, operator = (
        facets.get(name) for name in ("extractionError", "spark_unknown", "unknownSourceAttribute")
    )
    return (
        (isinstance(error, dict) and error.get("failedTasks") != 0)
        or any(members(plan).get(side) for side in ("inputs", "output"))
        or bool(items(members(operator).get("unknownItems")))
    )


def _declared(event: Kept, speaker: Ref, named: dict[str, Any], outputs: Iterable[Named]) -> Iterator[Declared]:
    """Yield the lineage facets; one of another shape is as good as absent, lest it silence what can be inferred."""
    explicit = members(members(named.get("facets")).get("lineage"))
    if event.kind != Event.Kind.DATASET and _says(explicit, "entries", list):
        yield job_lineage(speaker, explicit)
    for ref, output in outputs:
        facets = members(output.get("facets"))
        own, columns = members(facets.get("lineage")), members(facets.get("columnLineage"))
        if _says(own, "inputs", list) or _says(own, "fields", dict):
            yield dataset_lineage(ref, own)
        if columns:
            yield column_lineage(ref, columns)


def _says(facet: dict[str, Any], name: str, shape: type) -> bool:
    return facet.get("_deleted") is True or isinstance(facet.get(name), shape)


def _facts(
    event: Kept,
    speaker: Ref,
    run: Ref | None,
    named: dict[str, Any],
    datasets: tuple[Sequence[Named], Sequence[Named]],
    run_tags: object,
) -> Iterator[Facts]:
    if event.kind != Event.Kind.DATASET:
        yield from facts_of(speaker, named.get("facets"))
    if run is not None:  # the code that a run used is a fact of the run: the next one may use other code
        yield from facts_of(run, named.get("facets"))
    inputs, outputs = datasets
    for ref, dataset in inputs:
        yield from facts_of_dataset(ref, dataset.get("facets"), dataset.get("inputFacets"), None)
    for ref, dataset in outputs:
        yield from facts_of_dataset(ref, dataset.get("facets"), None, run_tags)
