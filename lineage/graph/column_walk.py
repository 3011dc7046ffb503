"""Walk along columns: from which columns one is made, or which are made from it, over any number of datasets.

A column is (dataset, field); the field '' is the whole dataset. What flows into or out of the whole concerns each of
its columns, and a walk that comes to the whole goes on from all of them.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lineage.graph.columns import FlowColumns, columns_between
from lineage.graph.layers import Follow
from lineage.graph.queries import FlowFilter, allowed, flows_around, reasons, unnamed
from lineage.graph.snapshot import Direction, as_uuid
from lineage.graph.walk import pairs_from, walk
from lineage.graph.words import counted

MAX_DATASETS = 5_000
"""Datasets that the flows of one walk may reach; beyond the step that reaches more, nothing is looked at."""
MAX_COLUMNS = 20_000
"""Columns in one answer."""

Field = tuple[uuid.UUID, str]


class Step(NamedTuple):
    """One column into another, in the direction of the flow."""

    source: Field
    target: Field
    direct: bool
    subtype: str
    masked: bool
    job: uuid.UUID


@dataclass(frozen=True)
class ColumnNode:
    """A column that was reached, and the steps by which it was at its distance.

    `direct`: also by direct steps alone; `masked`: by no way that is free of masking.
    """

    dataset: uuid.UUID
    field: str
    distance: int
    direct: bool
    masked: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class ColumnReach:
    """What is reached from one column at a revision, nearest first; `reasons` say why it may not be the whole."""

    columns: tuple[ColumnNode, ...]
    revision: int
    reasons: tuple[str, ...]


def reach_columns(
    start: uuid.UUID, field: str, direction: Direction, *, depth: int, revision: int, flows: FlowFilter
) -> ColumnReach:
    """Return every column upstream or downstream of one within `depth` steps, as known at `revision`.

    1. The datasets that flows reach, and the flows between them.
    2. What these say of columns, in one query.
    3. The walk, and what it may have missed.
    """
    snapshot = flows_around(start, direction, revision, flows.seen)  # 1
    number = snapshot.number(start)
    if number is None:
        return ColumnReach((), revision, tuple(unnamed(start, direction)))
    follow = Follow(direction, revision, allowed(flows.bases), flows.proven_only)
    around = walk(snapshot, number, follow, depth, MAX_DATASETS)
    reached = np.flatnonzero(around.step >= 0).astype(np.int32)
    pairs = pairs_from(snapshot, reached, follow)
    pairs = pairs[around.step[pairs[:, 1]] >= 0]
    ends = pairs if direction == "downstream" else pairs[:, ::-1]
    ids = {int(each): as_uuid(snapshot.ids[each]) for each in reached}
    known = columns_between([(ids[source], ids[target]) for source, target in ends.tolist()], revision, flows)  # 2
    found = walk_columns(known, (start, field), direction, depth)  # 3
    missing = [*_silent(known, found, direction), *reasons(snapshot, around, start, follow, depth)]
    if len(found) > MAX_COLUMNS:
        missing.insert(0, f"{len(found) - MAX_COLUMNS} more columns are reached")
    return ColumnReach(tuple(found[:MAX_COLUMNS]), revision, tuple(missing))


def walk_columns(
    flows: Iterable[FlowColumns], start: Field, direction: Direction, depth: int
) -> list[ColumnNode]:  # fmt: skip
    """Return the columns that are reached, by distance, dataset and field. Plain Python, no database."""
    onwards = _Onwards(flows, direction)
    distance = _distances(onwards, start, depth, lambda step: True)
    direct = _distances(onwards, start, depth, lambda step: step.direct)
    open_ways = _distances(onwards, start, depth, lambda step: not step.masked)
    whole = {(dataset, far) for (dataset, _), far in distance.items()}
    found = [
        ColumnNode(
            *column, far, column in direct, column not in open_ways, _steps_into(onwards, column, distance, whole)
        )
        for column, far in distance.items()
        if far
    ]
    return sorted(found, key=lambda node: (node.distance, node.dataset, node.field))


class _Onwards:
    """Steps by the column that they lead on from, in the direction of the walk."""

    def __init__(self, flows: Iterable[FlowColumns], direction: Direction) -> None:
        self.down = direction == "downstream"
        self.by_field: Mapping[Field, list[Step]] = defaultdict(list)
        self.by_dataset: Mapping[uuid.UUID, list[Step]] = defaultdict(list)
        self.into: Mapping[Field, list[Step]] = defaultdict(list)
        for flow in flows:
            for column in flow.columns:
                source, target = (flow.source, column.source), (flow.target, column.target)
                step = Step(source, target, column.direct, column.subtype, column.masked, flow.job)
                here, there = (source, target) if self.down else (target, source)
                self.by_field[here].append(step)
                self.by_dataset[here[0]].append(step)
                self.into[there].append(step)

    def of(self, column: Field) -> Iterable[Step]:
        """Return the steps that lead on from a column: its own, and those of the whole dataset."""
        dataset, field = column
        if not field:
            return self.by_dataset.get(dataset, ())
        return [*self.by_field.get(column, ()), *self.by_field.get((dataset, ""), ())]

    def there(self, step: Step) -> Field:
        """Return where a step leads."""
        return step.target if self.down else step.source

    def here(self, step: Step) -> Field:
        """Return where a step begins."""
        return step.source if self.down else step.target


def _distances(onwards: _Onwards, start: Field, depth: int, good: Callable[[Step], bool]) -> dict[Field, int]:
    found, frontier = {start: 0}, [start]
    for taken in range(1, depth + 1):
        fresh: dict[Field, int] = {}
        for column in frontier:
            for step in onwards.of(column):
                if good(step) and onwards.there(step) not in found:
                    fresh[onwards.there(step)] = taken
        if not fresh:
            break
        found |= fresh
        frontier = list(fresh)
    return found


def _steps_into(
    onwards: _Onwards, column: Field, distance: Mapping[Field, int], whole: Collection[tuple[uuid.UUID, int]]
) -> tuple[Step, ...]:
    """Return the steps from columns that are one step nearer. `whole`: at which distances a dataset has columns."""
    near = distance[column] - 1

    def is_near(here: Field) -> bool:
        dataset, field = here
        if not field:  # leads on from each column of the dataset
            return (dataset, near) in whole
        return near in (distance.get(here), distance.get((dataset, "")))

    found = [step for step in onwards.into[column] if is_near(onwards.here(step))]
    return tuple(sorted(found, key=lambda step: (step.source, step.target, step.subtype, step.job)))


def _silent(
    flows: Collection[FlowColumns], found: Collection[ColumnNode], direction: Direction
) -> Iterable[str]:  # fmt: skip
    """Say how many flows on the way do not say which columns they take along."""
    reached = {node.dataset for node in found}
    mute = sum(not flow.columns for flow in flows)
    if mute:
        where = "into" if direction == "upstream" else "out of"
        yield counted(
            mute,
            f"flow {where} what is reached does not say which columns it takes along; it is not followed",
            f"flows {where} what is reached do not say which columns they take along; they are not followed",
        )
    if not reached and flows and not mute:
        yield "no flow names this column"
