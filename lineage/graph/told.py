"""What one event tells the graph. Frozen and plain: made by read_event.py, merged by everything after it."""

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from lineage.events.identity import uid_of

State = Literal["other", "running", "complete", "aborted", "failed"]
STATES: Mapping[str, tuple[State, int]] = {
    "OTHER": ("other", 0),
    "START": ("running", 1),
    "RUNNING": ("running", 1),
    "COMPLETE": ("complete", 2),
    "ABORT": ("aborted", 2),
    "FAIL": ("failed", 2),
}
"""Event type -> state and rank. A higher rank wins over a lower one whatever the times say: terminal is sticky."""

TERMINAL_RANK = 2


class Ref(NamedTuple):
    """A dataset, job or run as events name it."""

    kind: str
    uid: str
    name: str

    @property
    def key(self) -> tuple[str, str]:
        """(kind, uid): how its asset is found."""
        return self.kind, self.uid


@lru_cache(maxsize=65536)
def dataset_ref(namespace: str, name: str) -> Ref:
    """Return the reference to a dataset."""
    return Ref("dataset", uid_of(namespace, name), name)


@lru_cache(maxsize=16384)
def job_ref(namespace: str, name: str) -> Ref:
    """Return the reference to a job."""
    return Ref("job", uid_of(namespace, name), name)


class Column(NamedTuple):
    """A column of the target depends on one of the source; '' = the whole dataset.

    `direct`: its values come from there (else they only decide which rows, groups or order). `subtype` as the producer
    names it, in capitals ('' = not named).
    """

    source: str
    target: str
    direct: bool
    subtype: str
    masked: bool


class Pair(NamedTuple):
    """A facet says that data flows from one dataset into another; uids.

    `proven`: by at least one transformation that is not INDIRECT. `masked`: all of these mask. `source` None: the
    facet says that the target has no source. `columns`: sorted, each once.
    """

    target: str
    source: str | None
    proven: bool
    masked: bool
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True)
class Declared:
    """A lineage facet as sent: it replaces the former one of the same carrier and run. `pairs` None: deleted."""

    carrier: Ref
    facet: Literal["lineage", "columnLineage"]
    pairs: tuple[Pair, ...] | None
    names: tuple[Ref, ...] = ()  # datasets that the pairs name


class Facts(NamedTuple):
    """What facets say about one asset. A value None: the facet was sent and says nothing of it (any more)."""

    about: Ref
    values: Mapping[str, Any]
    origin: Literal["measured", "declared"]


class Parent(NamedTuple):
    """The run that a run belongs to, and the one that all of it began with: run id, uid of the job; '' = not said."""

    run: str
    job: str
    root_run: str
    root_job: str


class Carrying(NamedTuple):
    """The facets of a job or dataset in one place of an event (Facet.Part), by name as they were sent."""

    about: Ref
    part: Literal["job", "dataset", "input", "output"]
    facets: Mapping[str, Any]


class Statistic(NamedTuple):
    """How many bytes a run read from a dataset (`input`) or wrote to it (`output`). `size` None: it says so no more.

    `version`: 1 where it was told which version of a dataset was read.
    """

    about: Ref
    of: Literal["input", "output", "version"]
    size: int | None


class Told(NamedTuple):
    """One event, understood. `run` is None for JobEvents and DatasetEvents, which describe a design and no run."""

    event_id: uuid.UUID
    digest: bytes  # as kept; orders events of one instant
    at: datetime.datetime  # the producer's clock
    received_at: datetime.datetime
    namespace: str  # of the source: the job's, or the dataset's of a DatasetEvent
    speaker: Ref  # the job; of a DatasetEvent the dataset
    run: Ref | None = None
    state: State = "other"
    rank: int = 0
    starts: bool = False
    extraction_error: bool = False
    inputs: tuple[Ref, ...] = ()
    outputs: tuple[Ref, ...] = ()
    declared: tuple[Declared, ...] = ()
    facts: tuple[Facts, ...] = ()
    parent: Parent | None = None
    statistics: tuple[Statistic, ...] = ()
    said_at: datetime.datetime | None = None  # its own time as sent, where it can be held against our clock

    @property
    def named(self) -> tuple[Ref, ...]:
        """Every asset that the event describes."""
        return (self.speaker, *([self.run] if self.run else []), *self.inputs, *self.outputs)
