"""The graph that is traced, as arrays, and the facts that come of it. Plain numpy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lineage.graph.labels.carried import Carried
from lineage.graph.labels.order import Bools, Ints, Order, arrange

FEEDING = "('training_data', 'uses_model', 'reads', 'serves')"
"""Relations of inventories that labels travel along, as SQL has a list; told from the side that is fed."""
FED_BY = {"model": ("training_data",), "ai_system": ("uses_model", "reads")}
"""Relations that say what feeds a kind that no event names."""
KNOWS = " OR ".join(f"a.kind = '{kind}' AND a.known_relations ?| ARRAY{list(names)}" for kind, names in FED_BY.items())
"""In SQL: somebody reported what feeds the asset `a`, be it nothing."""
MISSING = -1
"""In an array of counts: not known."""


@dataclass(frozen=True)
class Graph:
    """Assets and what leads from one to another.

    Nodes: `sort` (n) is an index into `carried`, the distinct things that assets carry; `gap` (n): its job admits that
    something is missing, or its source is silent. A job has two nodes, one that is fed by what it reads and one that
    feeds what it writes, so that what it reads does not reach all that it writes: that is for flows to say.
    Edges: `source`, `target` (node numbers), `proven`, `stops` (an approved masking: data classes and residency limits
    end here).
    """

    carried: Sequence[Carried]
    sort: Ints
    gap: Bools
    source: Ints
    target: Ints
    proven: Bools
    stops: Bools

    def each(self, of_sort: Sequence[bool]) -> Bools:
        """Return per node what holds for the sort that it is of."""
        found: Bools = np.array(of_sort, bool)[self.sort]
        return found

    @cached_property
    def is_dataset(self) -> Bools:
        """Which nodes are datasets."""
        return self.each([one.part == "dataset" for one in self.carried])

    @cached_property
    def is_job(self) -> Bools:
        """Which nodes are jobs, of both sides."""
        return self.each([one.part == "job" for one in self.carried])


class Side:
    """The graph with those edges alone that count on one basis."""

    def __init__(self, graph: Graph, edges: Bools) -> None:
        self.graph = graph
        self.source, self.target, self.stops = graph.source[edges], graph.target[edges], graph.stops[edges]
        self.order = arrange(len(graph.sort), self.source, self.target)

    @cached_property
    def unmasked(self) -> Order:
        """The order without the edges at which classes and limits stop."""
        if not self.stops.any():
            return self.order
        return arrange(len(self.graph.sort), self.source[~self.stops], self.target[~self.stops])


@dataclass(frozen=True)
class Facts:
    """The lineage facts of each node on one basis. `sets`: distinct documents; `up`, `down`: which one a node has.

    Counts stop at trace.MOST, and are MISSING where they are not known.
    """

    up_sets: Sequence[Mapping[str, Any]]
    down_sets: Sequence[Mapping[str, Any]]
    up: Ints
    down: Ints
    upstream_count: Ints
    untraced_inputs: Ints
    downstream_count: Ints
    downstream_over_retention: Ints

    def of(self, up: int, down: int) -> dict[str, Any]:
        """Return the facts that a rule reads; `up` and `down` are the nodes that look up and down the stream."""
        return document(
            self.up_sets[self.up[up]],
            self.down_sets[self.down[down]],
            (int(self.upstream_count[up]), int(self.untraced_inputs[up])),
            (int(self.downstream_count[down]), int(self.downstream_over_retention[down])),
        )


def document(
    up: Mapping[str, Any], down: Mapping[str, Any], above: tuple[int, int], below: tuple[int, int]
) -> dict[str, Any]:
    """Return lineage facts as a rule reads them. `above`: upstream_count, untraced_inputs; `below`: downstream_count,
    downstream_over_retention.
    """  # fmt: skip
    facts = {**up, **down, "upstream_count": above[0], "untraced_inputs": above[1], "downstream_count": below[0]}
    if below[1] != MISSING:
        facts["downstream_over_retention"] = below[1]
    return facts
