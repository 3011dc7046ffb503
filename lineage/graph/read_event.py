"""Read a kept event into what it tells the graph. Plain: bytes in, Told out; no event that was accepted raises here."""

import datetime
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lineage.events.identity import fits, run_uid
from lineage.events.models import Event
from lineage.events.schemas import FUTURE_ALLOWED, read_time
from lineage.graph.declarations import column_lineage, dataset_lineage, job_lineage
from lineage.graph.facets import facts_of, facts_of_dataset
from lineage.graph.parents import parent_of
from lineage.graph.shapes import items, json_bytes, members, parse, text
from lineage.graph.told import STATES, Carrying, Declared, Facts, Ref, Statistic, Told, dataset_ref, job_ref

Named = tuple[Ref, dict[str, Any]]
"""A dataset with all that the event says of it."""


class Kept(NamedTuple):
    """An event as it is kept, without its body."""

    pk: uuid.UUID
    kind: str
    kept_digest: bytes
    event_time: datetime.datetime | None
    received_at: datetime.datetime
    size: int  # bytes of the body


@dataclass(slots=True)
class _Said:
    """What an event says of its job and datasets. All runs of a job say mostly the same: read once, it is shared."""

    namespace: str
    speaker: Ref
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]
    declared: tuple[Declared, ...]
    facts: tuple[Facts, ...]
    of_run: tuple[Facts, ...]  # about _ANY_RUN
    carried: tuple[Carrying, ...]
    statistics: tuple[Statistic, ...]
    newest: Told | None = None


_ANY_RUN = Ref("run", "", "")


class Reader:
    """Reads events into what they tell, and what they carry, as long as they are held in memory together."""

    def __init__(self) -> None:
        self._said: dict[bytes, _Said] = {}

    def read(self, event: Kept, content: bytes) -> Told:
        """Return what a RunEvent, JobEvent or DatasetEvent with this body tells."""
        body = members(parse(content))
        run = _run(body) if event.kind == Event.Kind.RUN else None
        run_facets = members(members(body.get("run")).get("facets")) if run else {}
        said = self._reading(event.kind, body, run_facets.get("tags"))
        event_type = str(body.get("eventType") or "OTHER").upper() if run else "OTHER"
        state, rank = STATES[event_type]
        told = Told(
            event_id=event.pk,
            digest=event.kept_digest,
            at=_counts_from(event.event_time or read_time(body["eventTime"])[0], event.received_at),
            received_at=event.received_at,
            said_at=event.event_time
            if run and not read_time(body["eventTime"])[1]
            else None,  # no zone: not comparable
            namespace=said.namespace,
            speaker=said.speaker,
            run=run,
            state=state,
            rank=rank,
            starts=event_type == "START",
            extraction_error=bool(run_facets) and _extraction_error(run_facets),
            inputs=said.inputs,
            outputs=said.outputs,
            declared=said.declared,
            facts=_about(run, said) if run and said.of_run else said.facts,
            parent=parent_of(run_facets) if run_facets else None,
            statistics=said.statistics,
        )
        if said.newest is None or told.at > said.newest.at:
            said.newest = told
        return told

    def carried(self) -> Iterator[tuple[Told, Sequence[Carrying]]]:
        """Yield what the events carried: of those that carried the same, the newest."""
        for said in self._said.values():
            if said.carried and said.newest is not None:
                yield said.newest, said.carried

    def _reading(self, kind: str, body: dict[str, Any], run_tags: object) -> _Said:
        speaks = body.get("dataset") if kind == Event.Kind.DATASET else body["job"]
        key = json_bytes((kind, speaks, body.get("inputs"), body.get("outputs"), run_tags))
        said = self._said.get(key)
        if said is None:
            said = self._said[key] = _said(kind, members(speaks), body, run_tags)
        return said


def _said(kind: str, named: dict[str, Any], body: dict[str, Any], run_tags: object) -> _Said:
    if kind == Event.Kind.DATASET:
        speaker = dataset_ref(named["namespace"], named["name"])
        inputs, outputs = [], [(speaker, named)]
    else:
        speaker = job_ref(named["namespace"], named["name"])
        inputs, outputs = _datasets(body.get("inputs")), _datasets(body.get("outputs"))
    return _Said(
        namespace=named["namespace"],
        speaker=speaker,
        inputs=_refs(inputs),
        outputs=_refs(outputs),
        declared=tuple(_declared(kind, speaker, named, outputs)),
        facts=tuple(_facts(kind, speaker, named, (inputs, outputs), run_tags)),
        # The code that a run used is a fact of the run: the next one may use other code.
        of_run=tuple(facts_of(_ANY_RUN, named.get("facets"))) if kind == Event.Kind.RUN else (),
        carried=tuple(_carried(kind, speaker, named, inputs, outputs)),
        statistics=tuple(_statistics(inputs, outputs)) if kind == Event.Kind.RUN else (),
    )


def _about(run: Ref, said: _Said) -> tuple[Facts, ...]:
    return (*said.facts, *(Facts(run, facts.values, facts.origin) for facts in said.of_run))


def _carried(
    kind: str, speaker: Ref, named: dict[str, Any], inputs: Sequence[Named], outputs: Sequence[Named]
) -> Iterator[Carrying]:
    """Yield the facets of jobs and datasets as they were sent; those of runs are read from events."""
    if kind != Event.Kind.DATASET and (facets := members(named.get("facets"))):
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


def _statistics(inputs: Iterable[Named], outputs: Iterable[Named]) -> Iterator[Statistic]:
    """Yield how many bytes were read and written, and that the version of an input is known, where that was sent."""
    for ref, dataset in inputs:
        if isinstance(version := members(dataset.get("facets")).get("version"), dict):
            told = version.get("_deleted") is not True and text(version.get("datasetVersion"))
            yield Statistic(ref, "version", 1 if told else None)
        if isinstance(said := members(dataset.get("inputFacets")).get("inputStatistics"), dict):
            yield Statistic(ref, "input", _size(said))
    for ref, dataset in outputs:
        if isinstance(said := members(dataset.get("outputFacets")).get("outputStatistics"), dict):
            yield Statistic(ref, "output", _size(said))


def _size(facet: dict[str, Any]) -> int | None:
    size = facet.get("size")
    return size if type(size) is int and 0 <= size < 2**63 and facet.get("_deleted") is not True else None


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


def _declared(kind: str, speaker: Ref, named: dict[str, Any], outputs: Iterable[Named]) -> Iterator[Declared]:
    """Yield the lineage facets; one of another shape is as good as absent, lest it silence what can be inferred."""
    explicit = members(members(named.get("facets")).get("lineage"))
    if kind != Event.Kind.DATASET and _says(explicit, "entries", list):
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
    kind: str,
    speaker: Ref,
    named: dict[str, Any],
    datasets: tuple[Sequence[Named], Sequence[Named]],
    run_tags: object,
) -> Iterator[Facts]:
    if kind != Event.Kind.DATASET:
        yield from facts_of(speaker, named.get("facets"))
    inputs, outputs = datasets
    for ref, dataset in inputs:
        yield from facts_of_dataset(ref, dataset.get("facets"), dataset.get("inputFacets"), None)
    for ref, dataset in outputs:
        yield from facts_of_dataset(ref, dataset.get("facets"), None, run_tags)
