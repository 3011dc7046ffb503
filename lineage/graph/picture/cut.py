"""Cut what lies around a dataset out of the graph, so that it can be drawn. Arrays alone, no database.

What is in view is found step by step, up and down at the same time, so that what is near comes first. Of each dataset
only the first neighbours are taken, the oldest, so that one that everybody reads leaves room for the others.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lineage.graph.layers import Follow, Snapshot
from lineage.graph.snapshot import Direction, Numbers
from lineage.graph.walk import pairs_from

SIGNS: Mapping[Direction, int] = {"upstream": -1, "downstream": 1}


class More(NamedTuple):
    """Show up to `most` neighbours of a dataset on one side, whatever else was asked for."""

    asset: uuid.UUID
    side: Direction
    most: int


@dataclass(frozen=True)
class Wish:
    """What to take: steps on each side, at most `fan` neighbours of each dataset, at most `limit` datasets."""

    steps: Mapping[Direction, int]
    fan: int
    limit: int
    more: tuple[More, ...] = ()
    also: tuple[uuid.UUID, ...] = ()  # in view wherever they lie, as far as flows touch them


@dataclass
class Cut:
    """Datasets in view: number -> level (steps from the start, upstream negative), nearest first."""

    level: dict[int, int] = field(default_factory=dict)
    full: bool = False  # the limit left something out

    def add(self, numbers: Iterable[int], level: int, limit: int) -> None:
        """Put these in view as far as there is room."""
        fresh = [each for each in numbers if each not in self.level]
        room = max(0, limit - len(self.level))
        self.full |= len(fresh) > room
        self.level |= dict.fromkeys(fresh[:room], level)


Follows = Mapping[Direction, Follow]


def cut_out(snapshot: Snapshot, starts: Sequence[int], follows: Follows, wish: Wish) -> Cut:
    """Return what is in view around the starts.

    1. Step by step on both sides, with room kept for what must be in view.
    2. What must be in view and was not found.
    3. More of single datasets, in the order in which they were asked for: one may show the next.
    """
    found = Cut()
    also = [number for each in wish.also if (number := snapshot.number(each)) is not None]
    room = wish.limit - len(also)
    found.add(starts, 0, room)
    edge: dict[Direction, list[int]] = {side: list(starts) for side in SIGNS}
    passed: dict[Direction, set[int]] = {side: set(starts) for side in SIGNS}  # a cycle leads to both sides
    for step in range(1, max(wish.steps.values()) + 1):
        for side, sign in SIGNS.items():
            if step <= wish.steps[side]:
                near = _near(snapshot, edge[side], follows[side], wish.fan)
                found.add(near, sign * step, room)
                edge[side] = [each for each in near if each in found.level and each not in passed[side]]
                passed[side].update(edge[side])
    found.add(also, 0, wish.limit)
    for more in wish.more:
        number = snapshot.number(more.asset)
        if number is not None and number in found.level:
            near = _near(snapshot, [number], follows[more.side], more.most)
            found.add(near, found.level[number] + SIGNS[more.side], wish.limit)
    return found


def _near(snapshot: Snapshot, frontier: Sequence[int], follow: Follow, fan: int) -> list[int]:
    """Return the first `fan` neighbours of each of these, each once."""
    pairs = pairs_from(snapshot, np.array(sorted(frontier), dtype=np.int32), follow)
    here = pairs[:, 0]
    rank = np.arange(len(here)) - np.searchsorted(here, here, "left")
    found: list[int] = np.unique(pairs[rank < fan, 1]).tolist()
    return found


def datasets_of_job(snapshot: Snapshot, job: int, follow: Follow) -> tuple[list[int], list[int]]:
    """Return which datasets a job reads and which it writes, by its flows."""
    reads, writes = set[int](), set[int]()
    for layer in snapshot.layers:
        at = np.flatnonzero(layer.job == job)
        good = (layer.until[at] > follow.revision) & (layer.since[at] <= follow.revision)
        good &= follow.allowed[layer.basis[at]]
        if follow.proven_only:
            good &= layer.proven[at]
        reads |= set(layer.source[at[good]].tolist())
        writes |= set(layer.target[at[good]].tolist())
    return sorted(reads), sorted(writes)


# ---- what is in view, as nodes


class Hidden(NamedTuple):
    """How many datasets lie next to a node and are not in view."""

    upstream: int
    downstream: int


@dataclass(frozen=True)
class Linked:
    """Steps between nodes in view: parallel arrays over pairs of datasets; nodes by position in the picture."""

    source: Numbers
    target: Numbers
    from_node: Numbers
    to_node: Numbers


def linked(snapshot: Snapshot, node_of: NDArray[np.int32], down: Follow) -> Linked:
    """Return the pairs of datasets in view that flows join, those inside one node left out. `node_of`: -1 = not."""
    pairs = pairs_from(snapshot, np.flatnonzero(node_of >= 0).astype(np.int32), down)
    source, target = pairs[:, 0], pairs[:, 1]
    good = (node_of[target] >= 0) & (node_of[source] != node_of[target])
    source, target = source[good], target[good]
    return Linked(source, target, node_of[source], node_of[target])


def hidden(snapshot: Snapshot, node_of: NDArray[np.int32], nodes: int, follows: Follows) -> list[Hidden]:
    """Return for each node how many datasets next to it are not in view."""
    visible = np.flatnonzero(node_of >= 0).astype(np.int32)
    counts = {}
    for side, follow in follows.items():
        pairs = pairs_from(snapshot, visible, follow)
        pairs = pairs[node_of[pairs[:, 1]] < 0]
        wide = np.unique(node_of[pairs[:, 0]].astype(np.int64) << 32 | pairs[:, 1].astype(np.int64))
        counts[side] = np.bincount(wide >> 32, minlength=nodes).tolist()
    return [Hidden(*both) for both in zip(counts["upstream"], counts["downstream"], strict=True)]


def roots(snapshot: Snapshot, numbers: Numbers, up: Follow) -> Numbers:
    """Return those of these (ascending) that nothing feeds."""
    return np.setdiff1d(numbers, snapshot.hops(up, numbers).here)


def jobs_between(snapshot: Snapshot, node_of: NDArray[np.int32], down: Follow) -> Numbers:
    """Return the jobs of the flows between datasets in view."""
    hops = snapshot.hops(down, np.flatnonzero(node_of >= 0).astype(np.int32))
    return np.unique(hops.job[node_of[hops.there] >= 0])


def writers(snapshot: Snapshot, numbers: Numbers, up: Follow) -> dict[int, int]:
    """Return the job that writes each of these (ascending); of several the oldest; none for what no job writes."""
    hops = snapshot.hops(up, numbers)
    by_job = hops.job != hops.here  # what a dataset's own event says has no job
    # The least number comes last, and stays.
    return dict(sorted(zip(hops.here[by_job].tolist(), hops.job[by_job].tolist(), strict=True), reverse=True))
