"""Put a directed graph in order: cycles become one place, and each edge leads from a lower level to a higher one.

What travels along flows can then be computed in one pass over the levels, each edge once, however the cycles lie.
Plain numpy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Direction = Literal["upstream", "downstream"]


class Step(NamedTuple):
    """The edges into the places of one level. `starts`: where the edges of each of `places` begin."""

    sources: Ints
    places: Ints
    starts: Ints


@dataclass(frozen=True)
class Order:
    """A graph of n nodes in order.

    `place` (n): the place of each node; nodes that reach each other share one. `cyclic` (places): whether a place feeds
    itself. `level` (places). `sources`, `targets`: the edges between places, each once.
    """

    place: Ints
    cyclic: Bools
    level: Ints
    sources: Ints
    targets: Ints

    @property
    def places(self) -> int:
        """How many places there are."""
        return len(self.cyclic)

    def steps(self, direction: Direction) -> list[Step]:
        """Return the levels so that all that leads into a place comes before it.

        `upstream`: along the edges, to gather what feeds a node; `downstream`: against them.
        """
        return self._along if direction == "upstream" else self._against

    @cached_property
    def _along(self) -> list[Step]:
        return list(_steps(self.sources, self.targets, self.level[self.targets], self.places))

    @cached_property
    def _against(self) -> list[Step]:
        height = int(self.level.max(initial=0)) - self.level
        return list(_steps(self.targets, self.sources, height[self.sources], self.places))


def _steps(sources: Ints, targets: Ints, level: Ints, places: int) -> Iterator[Step]:
    order = np.argsort(level * places + targets, kind="stable")
    sources, targets, level = sources[order], targets[order], level[order]
    heads = starts_of_runs(targets)
    edges = np.flatnonzero(np.r_[True, level[1:] != level[:-1], True]) if len(level) else np.zeros(1, np.int64)
    bounds = np.searchsorted(heads, edges)
    for first, last, begin, end in zip(edges[:-1], edges[1:], bounds[:-1], bounds[1:], strict=True):
        inside = heads[begin:end]
        yield Step(sources[first:last], targets[inside], inside - first)


def arrange(nodes: int, sources: Ints, targets: Ints) -> Order:
    """Order a graph; edges from a node to itself are left out, several between two nodes count once.

    1. Take off what nothing feeds, level by level; a graph without cycles is then done.
    2. Of what is left, take off what feeds nothing: the cycles remain, with what lies between them.
    3. Make one place of each cycle, and order the places.
    """
    edges = distinct((sources * nodes + targets)[sources != targets])
    sources, targets = edges // max(nodes, 1), edges % max(nodes, 1)
    level, left = _peel(nodes, sources, targets)  # 1
    if not left.any():
        return Order(np.arange(nodes), np.zeros(nodes, bool), level, sources, targets)
    inside = left[sources] & left[targets]  # 2
    _, core = _peel(nodes, targets[inside], sources[inside], left)
    place, cyclic = _places(nodes, core, sources, targets)  # 3
    count = len(cyclic)
    between = place[sources] * count + place[targets]
    between = distinct(between[place[sources] != place[targets]])
    sources, targets = between // count, between % count
    level, _ = _peel(count, sources, targets)
    return Order(place, cyclic, level, sources, targets)


def _peel(nodes: int, sources: Ints, targets: Ints, among: Bools | None = None) -> tuple[Ints, Bools]:
    """Take off nodes without edges into them, again and again; return the round of each, and what could not be."""
    left = np.ones(nodes, bool) if among is None else among.copy()
    level = np.zeros(nodes, np.int64)
    open_edges = np.bincount(targets, minlength=nodes)
    order = np.argsort(sources, kind="stable")
    sources, targets = sources[order], targets[order]
    first = np.searchsorted(sources, np.arange(nodes + 1))
    frontier = np.flatnonzero(left & (open_edges == 0))
    turn = 0
    while len(frontier):
        left[frontier] = False
        level[frontier] = turn
        hit = np.sort(targets[spans(first[frontier], first[frontier + 1])])
        heads = starts_of_runs(hit)
        reached = hit[heads]
        open_edges[reached] -= np.diff(np.r_[heads, len(hit)])
        frontier = reached[(open_edges[reached] == 0) & left[reached]]
        turn += 1
    return level, left


def starts_of_runs(values: Ints | npt.NDArray[np.uint64]) -> Ints:
    """Return where each run of equal values begins."""
    return np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.empty(0, np.int64)


def distinct(values: Ints) -> Ints:
    """Return the values sorted, each once; several times faster than np.unique, which hashes."""
    ordered = np.sort(values)
    return ordered[starts_of_runs(ordered)]


def spans(first: Ints, last: Ints) -> Ints:
    """Return the positions first[0]..last[0]-1, first[1]..last[1]-1, ... as one array."""
    lengths = last - first
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    positions: Ints = np.arange(total) + np.repeat(first - (ends - lengths), lengths)
    return positions


def _places(nodes: int, core: Bools, sources: Ints, targets: Ints) -> tuple[Ints, Bools]:
    """Return the place of each node, and which places are cycles: only nodes of the core can share one."""
    inside = core[sources] & core[targets]
    first = np.searchsorted(sources[inside], np.arange(nodes + 1))
    components = _components(np.flatnonzero(core).tolist(), first.tolist(), targets[inside].tolist())
    leader = np.arange(nodes)
    cycle = np.zeros(nodes, bool)
    for members in components:
        leader[members] = members[0]
        cycle[members[0]] = True
    leaders, place = np.unique(leader, return_inverse=True)
    return place.astype(np.int64), cycle[leaders]


def _components(starts: list[int], first: list[int], targets: list[int]) -> list[list[int]]:
    """Return the strongly connected components of two nodes and more (Tarjan 1972, without recursion)."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    waiting: set[int] = set()
    found: list[list[int]] = []
    for start in starts:
        if start in number:
            continue
        path = [(start, first[start])]
        number[start] = low[start] = len(number)
        stack.append(start)
        waiting.add(start)
        while path:
            node, position = path.pop()
            if position < first[node + 1]:
                path.append((node, position + 1))
                following = targets[position]
                if following not in number:
                    number[following] = low[following] = len(number)
                    stack.append(following)
                    waiting.add(following)
                    path.append((following, first[following]))
                elif following in waiting:
                    low[node] = min(low[node], number[following])
                continue
            if path:
                low[path[-1][0]] = min(low[path[-1][0]], low[node])
            if low[node] == number[node]:
                members = [stack.pop()]
                while members[-1] != node:
                    members.append(stack.pop())
                waiting.difference_update(members)
                if len(members) > 1:
                    found.append(members)
    return found
