"""What the reads find, before it takes Marquez's shape."""

import datetime
import uuid
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass
class RunKnown:
    """A run as it is known here. Datasets are uids with their version."""

    id: uuid.UUID  # of its row: the version of what it wrote
    run_id: str
    job_id: uuid.UUID
    job_uid: str
    version: uuid.UUID
    state: str
    first_at: datetime.datetime
    seen_at: datetime.datetime
    started_at: datetime.datetime | None
    ended_at: datetime.datetime | None
    inputs: list[tuple[str, uuid.UUID]] = field(default_factory=list)
    outputs: list[tuple[str, uuid.UUID]] = field(default_factory=list)


@dataclass(frozen=True)
class Joins:
    """What the runs of a version read and wrote, by uid; sorted."""

    version: uuid.UUID
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


class FromField(NamedTuple):
    """A field that another one comes from: uid of its dataset, its name, how."""

    uid: str
    field: str
    kind: str


def kind_of(direct: bool, subtype: str, masked: bool) -> str:
    """Return Marquez's type of a transformation: MASKED before all else, then as the producer names it."""
    return "MASKED" if masked else subtype or ("DIRECT" if direct else "INDIRECT")
