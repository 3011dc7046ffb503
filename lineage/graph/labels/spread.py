"""Let things travel along an ordered graph: sets as bits, and how many there are. Plain numpy."""

import numpy as np
import numpy.typing as npt

from lineage.graph.labels.order import Bools, Direction, Ints, Order, spans, starts_of_runs

Words = npt.NDArray[np.uint64]

PAIRS_AT_ONCE = 20_000_000
"""Candidates that are looked at together: bounds the memory of a level to some hundred MB."""


def spread(order: Order, own: Words, direction: Direction) -> Words:
    """Return for each node the union of what all that lies before it has of its own (nodes x words of bits).

    A node in a cycle lies before itself.
    """
    of_place = _united(order, own)
    gathered = np.zeros_like(of_place)
    gathered[order.cyclic] = of_place[order.cyclic]
    carried = of_place.copy()
    for sources, places, starts in order.steps(direction):
        gathered[places] |= np.bitwise_or.reduceat(carried[sources], starts, axis=0)
        carried[places] |= gathered[places]
    return gathered[order.place]


def _united(order: Order, own: Words) -> Words:
    """Return per place the union of what its nodes have."""
    if order.places == len(order.place):
        return own[np.argsort(order.place)]
    by_place = np.argsort(order.place, kind="stable")
    heads = np.searchsorted(order.place[by_place], np.arange(order.places))
    united: Words = np.bitwise_or.reduceat(own[by_place], heads, axis=0)
    return united


def count(order: Order, counts: Bools, direction: Direction, most: int) -> Ints:
    """Return for each node how many others before it count, exactly below `most`; `most` stands for that or more.

    Lists of what lies before a place are kept only while they are short: a place with a full one before it is full too.
    """
    weight = np.bincount(order.place, weights=counts, minlength=order.places).astype(np.int64)
    lists = _Lists(order.places)
    total = np.zeros(order.places, np.int64)
    for sources, places, starts in order.steps(direction):
        full = np.maximum.reduceat(total[sources], starts) >= most
        total[places[full]] = most
        lengths = np.diff(np.r_[starts, len(sources)])
        kept = np.flatnonzero(~full)
        if len(kept):
            inside = spans(starts[kept], starts[kept] + lengths[kept])
            _count_level(lists, weight, total, sources[inside], np.repeat(places[kept], lengths[kept]), most)
    result = total[order.place]
    others = np.where(order.cyclic[order.place], weight[order.place] - counts, 0)
    return np.minimum(result + others, most)


class _Lists:
    """Per place, what lies before it: parts of one growing array."""

    def __init__(self, places: int) -> None:
        self.first = np.zeros(places, np.int64)
        self.length = np.zeros(places, np.int64)
        self.members = np.empty(1 << 16, np.int32)
        self.used = 0

    def add(self, places: Ints, lengths: Ints, members: npt.NDArray[np.int32]) -> None:
        """Keep a list of `lengths` members for each of `places`, one after the other."""
        while self.used + len(members) > len(self.members):
            self.members = np.concatenate([self.members, np.empty_like(self.members)])
        self.members[self.used : self.used + len(members)] = members
        self.first[places] = self.used + np.cumsum(lengths) - lengths
        self.length[places] = lengths
        self.used += len(members)


def _count_level(lists: _Lists, weight: Ints, total: Ints, sources: Ints, targets: Ints, most: int) -> None:
    """Count for the targets of these edges (sorted by target), in parts that fit into memory."""
    cost = np.cumsum(lists.length[sources] + 1)
    while len(sources):
        end = int(np.searchsorted(cost, PAIRS_AT_ONCE, side="right"))
        if end < len(sources):  # not in the middle of a target
            end = int(np.searchsorted(targets, targets[end], side="left")) or int(
                np.searchsorted(targets, targets[0], side="right")
            )
        _count_part(lists, weight, total, sources[:end], targets[:end], most)
        cost = cost[end:] - (cost[end - 1] if end < len(cost) else 0)
        sources, targets = sources[end:], targets[end:]


def _count_part(lists: _Lists, weight: Ints, total: Ints, sources: Ints, targets: Ints, most: int) -> None:
    first, length = lists.first[sources], lists.length[sources]
    itself = weight[sources] > 0
    keys = np.concatenate(
        [
            np.repeat(targets << 32, length) | lists.members[spans(first, first + length)],
            (targets << 32 | sources)[itself],
        ]
    )
    keys.sort()
    keys = keys[starts_of_runs(keys)]
    if not len(keys):
        return
    whose, members = keys >> 32, keys & 0xFFFFFFFF
    starts = starts_of_runs(whose)
    lengths = np.diff(np.r_[starts, len(whose)])
    sums = np.add.reduceat(weight[members], starts)
    total[whose[starts]] = np.minimum(sums, most)
    kept = sums < most
    inside = spans(starts[kept], starts[kept] + lengths[kept])
    lists.add(whose[starts][kept], lengths[kept], members[inside].astype(np.int32))
