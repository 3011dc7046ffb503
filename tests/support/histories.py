"""Random graphs with cycles that change over revisions, and what is reached in them, computed by networkx."""

import itertools
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import networkx as nx  # type: ignore[import-untyped]

from lineage.graph.snapshot import BASES

Edge = tuple[int, int, int]
"""(from dataset, to dataset, job), by number."""
REVISIONS = (1, 2, 3, 4)


@dataclass
class Row:
    """A flow with its basis (index into BASES) over revisions [since, until); until None = open."""

    edge: Edge
    basis: int
    proven: bool
    since: int
    until: int | None = None


@dataclass
class History:
    """A graph of a few datasets over REVISIONS. Ids are made from the seed."""

    seed: int
    datasets: list[uuid.UUID]
    jobs: list[uuid.UUID]
    rows: list[Row] = field(default_factory=list)

    def known(self, revision: int) -> list[Row]:
        """Return the flows as known at a revision."""
        return [row for row in self.rows if row.since <= revision and (row.until is None or row.until > revision)]

    def graph(
        self, revision: int, *, proven_only: bool = False, bases: frozenset[str] = frozenset(BASES)
    ) -> nx.DiGraph:
        """Return the datasets of a revision as a networkx graph."""
        found = nx.DiGraph()
        found.add_nodes_from(range(len(self.datasets)))
        for row in self.known(revision):
            if (row.proven or not proven_only) and BASES[row.basis] in bases:
                found.add_edge(*row.edge[:2])
        return found


def history(seed: int) -> History:
    """Return the history of this seed: flows come, go, come again and change their basis."""
    dice = random.Random(seed)
    count = dice.randint(2, 9)
    datasets, jobs = ([uuid.UUID(int=dice.getrandbits(128)) for _ in range(count)] for _ in range(2))
    found = History(seed, datasets, jobs)
    pairs = [pair for pair in itertools.product(range(count), repeat=2) if pair[0] != pair[1]]
    current: dict[Edge, Row] = {}
    for revision in REVISIONS:
        for pair in dice.sample(pairs, dice.randint(0, min(len(pairs), 2 * count))):
            edge = (pair[0], pair[1], dice.randrange(count))
            if old := current.pop(edge, None):
                if old.since == revision:
                    current[edge] = old
                    continue
                old.until = revision
                if dice.random() < 0.5:
                    continue
            basis = dice.randrange(3)
            current[edge] = Row(edge, basis, basis < 2 or dice.random() < 0.3, revision)
            found.rows.append(current[edge])
    return found


def histories(count: int) -> Iterator[History]:
    """Yield so many histories."""
    return (history(seed) for seed in range(count))


def expected(
    made: History, start: int, direction: str, revision: int, depth: int, bases: frozenset[str] = frozenset(BASES)
) -> dict[uuid.UUID, tuple[int, bool]]:
    """Return what is reached: id -> (distance, also by proven flows alone)."""
    every, sure = made.graph(revision, bases=bases), made.graph(revision, proven_only=True, bases=bases)
    if direction == "upstream":
        every, sure = every.reverse(), sure.reverse()
    far = nx.single_source_shortest_path_length(every, start, cutoff=depth)
    near = nx.single_source_shortest_path_length(sure, start, cutoff=depth)
    return {made.datasets[node]: (steps, node in near) for node, steps in far.items() if node != start}
