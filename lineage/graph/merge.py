"""Merge what events say of a run, so that their order and repetition do not matter. Plain Python.

Every `join` here is commutative, associative and idempotent; `settle` is a function of the merged whole.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from lineage.graph.told import TERMINAL_RANK, Column, Pair, State, Told

Basis = Literal["explicit", "column", "cartesian"]
STRENGTH: Mapping[str, int] = {"cartesian": 0, "column": 1, "explicit": 2}
_SEVERITY: Mapping[str, int] = {"other": 0, "running": 0, "complete": 0, "aborted": 1, "failed": 2}
"""Of two terminal states at one instant the worse counts: a run is not called good on a tie."""


class RunState(NamedTuple):
    """The merged state of one run (or of the design that JobEvents and DatasetEvents describe)."""

    state: State
    rank: int
    state_at: datetime.datetime
    first_at: datetime.datetime  # least and greatest time of its events
    seen_at: datetime.datetime
    started_at: datetime.datetime | None  # least time of a START
    extraction_error: bool

    @property
    def ended_at(self) -> datetime.datetime | None:
        """When it ended; None while no terminal event is known."""
        return self.state_at if self.rank == TERMINAL_RANK else None


def state_of(told: Told) -> RunState:
    """Return the state of a run of which this event is all that is known."""
    started = told.at if told.starts else None
    return RunState(told.state, told.rank, told.at, told.at, told.at, started, told.extraction_error)


def join(one: RunState, other: RunState) -> RunState:
    """Return the state that both together give."""
    later = max(one, other, key=_weight)
    starts = [at for at in (one.started_at, other.started_at) if at is not None]
    return RunState(
        later.state,
        later.rank,
        later.state_at,
        first_at=min(one.first_at, other.first_at),
        seen_at=max(one.seen_at, other.seen_at),
        started_at=min(starts, default=None),
        extraction_error=one.extraction_error or other.extraction_error,
    )


def _weight(state: RunState) -> tuple[int, datetime.datetime, int]:
    return state.rank, state.state_at, _SEVERITY[state.state]


class Version(NamedTuple):
    """Which of several versions of one facet counts: the latest event time, then the greater digest of its content."""

    at: datetime.datetime
    digest: bytes


class Joined(NamedTuple):
    """How a run joins two datasets."""

    basis: Basis
    proven: bool
    masked: bool
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True)
class Settled:
    """A lineage facet that is in force, by its carrier's uid."""

    carrier: str
    facet: str
    of_job: bool
    pairs: Sequence[Pair]


def settle(inputs: Iterable[str], outputs: Iterable[str], facets: Iterable[Settled]) -> dict[tuple[str, str], Joined]:
    """Return how a run joins datasets, (from uid, to uid) -> basis: each output once, by the strongest that is said.

    1. The job's explicit facet is the whole picture: where there is one, nothing else is inferred.
    2. Else a dataset's own explicit facet settles that dataset.
    3. Else columnLineage: the inputs that it names, and the run's other inputs as possible.
    4. Else inputs x outputs: proven where the run has one input or one output, possible otherwise.

    A dataset does not flow into itself.
    """
    reads, writes = set(inputs), set(outputs)
    in_force = list(facets)
    flows: dict[tuple[str, str], Joined] = {}
    whole = [facet for facet in in_force if facet.facet == "lineage" and facet.of_job]
    if whole:  # 1
        for facet in whole:
            _add(flows, facet.pairs, "explicit")
        return flows
    explicit = {facet.carrier: facet for facet in in_force if facet.facet == "lineage"}
    columns = {facet.carrier: facet for facet in in_force if facet.facet == "columnLineage"}
    certain = len(reads) == 1 or len(writes) == 1
    for output in writes | explicit.keys() | columns.keys():
        if output in explicit:  # 2
            _add(flows, explicit[output].pairs, "explicit")
        elif output in columns:  # 3
            _add(flows, columns[output].pairs, "column")
            for source in reads - {output}:
                flows.setdefault((source, output), Joined("cartesian", False, False))
        else:  # 4
            for source in reads - {output}:
                flows[source, output] = Joined("cartesian", certain, False)
    return flows


def _add(flows: dict[tuple[str, str], Joined], pairs: Iterable[Pair], basis: Basis) -> None:
    for pair in pairs:
        if pair.source is not None and pair.source != pair.target:
            flows[pair.source, pair.target] = Joined(basis, pair.proven, pair.masked, pair.columns)


def stronger(one: Joined, other: Joined) -> Joined:
    """Return what two versions of a job together say of a flow: the stronger basis, proven by either, masked by both.

    A column counts as masked where all that name it mask it.
    """
    basis = max(one.basis, other.basis, key=STRENGTH.__getitem__)
    columns = one.columns if one.columns == other.columns else join_columns([*one.columns, *other.columns])
    return Joined(basis, one.proven or other.proven, one.masked and other.masked, columns)


def join_columns(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Return columns sorted, each way between two of them once: unmasked where one of the equal ones is."""
    masked: dict[tuple[str, str, bool, str], bool] = {}
    for column in columns:
        masked[column[:4]] = masked.get(column[:4], True) and column.masked
    return tuple(Column(*key, is_masked) for key, is_masked in sorted(masked.items()))
