"""Flows that can be followed both ways, and brought up to date by what changed. Arrays alone, no database.

A snapshot has a base, loaded whole, and one small layer with the flows that were opened since. A flow that is closed
keeps its row with the revision that closed it, so a snapshot answers for every revision from its base on.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineage.graph.snapshot import Direction, Flags, FlowArrays, Ids, Numbers

OPEN = np.iinfo(np.int64).max
"""`until` of a flow that nothing has closed."""


class Changed(NamedTuple):
    """A flow that was opened or closed after a revision; `rev_to` None = not closed."""

    source: uuid.UUID
    target: uuid.UUID
    job: uuid.UUID
    proven: bool
    masked: bool
    basis: int
    rev_from: int
    rev_to: int | None


class Hops(NamedTuple):
    """Flows that lead on, from `here` (nearer to where the walk began) to `there`."""

    here: Numbers
    there: Numbers
    job: Numbers
    proven: Flags


@dataclass(frozen=True)
class Follow:
    """Which flows to follow: as known at `revision`, of the bases that are allowed (by index into BASES)."""

    direction: Direction
    revision: int
    allowed: Flags
    proven_only: bool = False


@dataclass(frozen=True)
class Layer:
    """Flows in the order of their source, as parallel arrays; valid over revisions [since, until)."""

    source: Numbers
    target: Numbers
    job: Numbers
    proven: Flags
    masked: Flags
    basis: NDArray[np.uint8]
    since: NDArray[np.int64]
    until: NDArray[np.int64]
    into: Numbers  # flows by target
    into_target: Numbers  # their targets, ascending

    @property
    def nbytes(self) -> int:
        """Return the bytes that its arrays take."""
        return sum(array.nbytes for array in vars(self).values())

    def hops(self, follow: Follow, frontier: Numbers) -> Hops:
        """Return what leads on from these nodes (ascending numbers)."""
        down = follow.direction == "downstream"
        keys = self.source if down else self.into_target
        first = np.searchsorted(keys, frontier, "left")
        count = np.searchsorted(keys, frontier, "right") - first
        at = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
        at = at if down else self.into[at]
        good = (self.until[at] > follow.revision) & (self.since[at] <= follow.revision)
        good &= follow.allowed[self.basis[at]]
        if follow.proven_only:
            good &= self.proven[at]
        at = at[good]
        source, target = self.source[at], self.target[at]
        here, there = (source, target) if down else (target, source)
        return Hops(here, there, self.job[at], self.proven[at])

    def find(self, source: int, target: int, job: int) -> int | None:
        """Return the index of the open flow of this key; None where there is none."""
        first, last = np.searchsorted(self.source, np.array([source, source + 1], dtype=np.int32))
        span = slice(first, last)
        same = (self.target[span] == target) & (self.job[span] == job) & (self.until[span] == OPEN)
        found = np.flatnonzero(same)
        return int(first + found[0]) if len(found) else None


@dataclass(frozen=True)
class Snapshot:
    """The flows of a workspace for every revision from `first` to `revision`. Nodes are numbers, indices into `ids`."""

    first: int
    revision: int
    ids: Ids  # the first `ordered` ascending, later ones in order of arrival
    ordered: int
    high: NDArray[np.uint64]  # the first half of the ordered ids, to find one
    later: dict[bytes, int]
    layers: tuple[Layer, ...]
    changes: int = 0  # rows of the base that were closed, and rows beyond it

    @property
    def nbytes(self) -> int:
        """Return the bytes that it takes, about."""
        return self.ids.nbytes + self.high.nbytes + 150 * len(self.later) + sum(each.nbytes for each in self.layers)

    def number(self, identifier: uuid.UUID) -> int | None:
        """Return the number of a node; None where no flow touches it."""
        key = identifier.bytes
        if (found := self.later.get(key)) is not None:
            return found
        high = np.array([identifier.int >> 64], dtype=np.uint64)
        first = int(np.searchsorted(self.high, high, "left")[0])
        last = int(np.searchsorted(self.high, high, "right")[0])
        return next((at for at in range(first, last) if self.ids[at].tobytes() == key), None)

    def hops(self, follow: Follow, frontier: Numbers) -> Hops:
        """Return what leads on from these nodes (ascending numbers)."""
        parts = [layer.hops(follow, frontier) for layer in self.layers]
        return parts[0] if len(parts) == 1 else Hops(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def snapshot_of(flows: FlowArrays) -> Snapshot:
    """Return flows as a snapshot of their one revision."""
    count = len(flows.source)
    since, until = np.full(count, flows.revision), np.full(count, OPEN)
    base = _layer(flows.source, flows.target, flows.job, flows.proven, flows.masked, flows.basis, since, until)
    high = flows.ids.view(">u8")[::2].astype(np.uint64)
    return Snapshot(flows.revision, flows.revision, flows.ids, len(flows.ids), high, {}, (base,))


def _layer(
    source: Numbers,
    target: Numbers,
    job: Numbers,
    proven: Flags,
    masked: Flags,
    basis: NDArray[np.uint8],
    since: NDArray[np.int64],
    until: NDArray[np.int64],
) -> Layer:
    at = np.argsort(source, kind="stable")
    target = target[at]
    into = np.argsort(target, kind="stable").astype(np.int32)
    return Layer(
        source[at], target, job[at], proven[at], masked[at], basis[at], since[at], until[at], into, target[into]
    )


def advanced(snapshot: Snapshot, changed: Sequence[Changed], revision: int) -> Snapshot | None:
    """Return the snapshot with what changed up to `revision`; None where the changes do not fit to it.

    Costs what changed since the base, and a copy of one number per flow where something was closed.
    """
    nodes = _Numbering(snapshot)
    opened = [row for row in changed if row.rev_from > snapshot.revision]
    layers = [snapshot.layers[0], snapshot.layers[1] if len(snapshot.layers) > 1 else _EMPTY]
    ends = [layer.until.copy() for layer in layers]
    for row in changed:
        if row.rev_from <= snapshot.revision and row.rev_to is not None:
            key = nodes.number(row.source), nodes.number(row.target), nodes.number(row.job)
            for layer, until in zip(layers, ends, strict=True):
                if (at := layer.find(*key)) is not None:
                    until[at] = row.rev_to
                    break
            else:
                return None
    extra = _joined(replace(layers[1], until=ends[1]), opened, nodes)
    ids = np.concatenate([snapshot.ids, nodes.new_ids()]) if nodes.added else snapshot.ids
    return replace(
        snapshot,
        revision=revision,
        ids=ids,
        later=nodes.later,
        layers=(replace(layers[0], until=ends[0]), extra),
        changes=snapshot.changes + len(changed),
    )


class _Numbering:
    """Numbers for nodes, new ones included."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.later = dict(snapshot.later)
        self.added: list[bytes] = []

    def number(self, identifier: uuid.UUID) -> int:
        """Return the number of a node, a new one where it has none."""
        known = self.later.get(identifier.bytes)
        if known is None:
            known = self.snapshot.number(identifier)
        if known is None:
            known = self.later[identifier.bytes] = len(self.snapshot.ids) + len(self.added)
            self.added.append(identifier.bytes)
        return known

    def new_ids(self) -> Ids:
        """Return the ids that were added, in order of their numbers."""
        return np.frombuffer(b"".join(self.added), dtype="V16")


def _joined(layer: Layer, opened: Sequence[Changed], nodes: _Numbering) -> Layer:
    rows = [
        (
            *(nodes.number(each) for each in row[:3]),
            *row[3:7],
            OPEN if row.rev_to is None else row.rev_to,
        )
        for row in opened
    ]
    columns = list(zip(*rows, strict=True)) or [()] * 8
    old: tuple[NDArray[Any], ...] = (
        layer.source,
        layer.target,
        layer.job,
        layer.proven,
        layer.masked,
        layer.basis,
        layer.since,
        layer.until,
    )
    both: list[NDArray[Any]] = [
        np.concatenate([a, np.array(b, dtype=a.dtype)]) for a, b in zip(old, columns, strict=True)
    ]
    return _layer(*both)


_NONE = np.empty(0, dtype=np.int32)
_FLAGS = np.empty(0, dtype=np.bool_)
_REVISIONS = np.empty(0, dtype=np.int64)
_EMPTY = Layer(
    _NONE, _NONE, _NONE, _FLAGS, _FLAGS, np.empty(0, dtype=np.uint8), _REVISIONS, _REVISIONS, _NONE, _NONE
)  # fmt: skip
