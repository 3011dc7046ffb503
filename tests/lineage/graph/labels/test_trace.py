"""What travels along flows equals an independent computation, node by node, on random graphs with cycles."""

import random
from collections.abc import Callable, Iterable, Set
from typing import Any

import networkx as nx  # type: ignore[import-untyped]
import numpy as np
import pytest

from lineage.graph.labels import spread, trace
from lineage.graph.labels.carried import Carried
from lineage.graph.labels.graph import Facts, Graph
from lineage.graph.labels.trace import MOST

COUNTRIES = ("DE", "FR", "US")
RANKS = {"internal": 1, "restricted": 3, "personal": 4}
Edge = tuple[int, int, bool, bool]


def some_asset(choice: random.Random) -> Carried:
    """Return a dataset mostly, with holes in what is known."""
    part = choice.choice(["dataset"] * 6 + ["model", "ai_system", "service"])
    if part != "dataset":
        places = choice.choice([None, (), ("US",), ("DE", "FR")]) if part != "ai_system" else None
        tier = choice.choice([None, "high", "minimal"]) if part == "ai_system" else None
        return Carried(part, places=places, tier=tier, origin=choice.random() < 0.7)  # type: ignore[arg-type]
    label = choice.choice([None, *RANKS, *RANKS, *RANKS])
    limited = choice.choice([None, False, False, True])
    return Carried(
        "dataset",
        label,
        RANKS.get(label or ""),
        choice.choice([None, "prod", "prod", "dev", "dev"]),
        choice.choice([None, ("DE",), ("DE",), ("FR", "US")]),
        limited,
        choice.choice([None, ("DE", "FR"), ("DE",), ()]) if limited else None,
        choice.choice([None, True, False, False]),
        over_retention=choice.choice([None, False, False, True]),
        origin=choice.random() < 0.8,
    )


def graph_of(assets: list[Carried], edges: list[Edge], gaps: set[int]) -> Graph:
    sorts = list(dict.fromkeys(assets))
    columns: list[Any] = [np.array([edge[number] for edge in edges]) for number in range(4)]
    sort = np.array([sorts.index(one) for one in assets], np.int64)
    gap = np.array([node in gaps for node in range(len(assets))], bool)
    return Graph(sorts, sort, gap, columns[0].astype(np.int64), columns[1].astype(np.int64),
                 columns[2].astype(bool), columns[3].astype(bool))  # fmt: skip


def random_graph(seed: int) -> tuple[list[Carried], list[Edge], set[int]]:
    choice = random.Random(seed)
    assets = [some_asset(choice) for _ in range(choice.randint(1, 14))]
    jobs = range(len(assets), len(assets) + choice.randint(0, 3))
    edges = []
    for _ in range(choice.randint(0, 24)):
        source, target = choice.randrange(len(assets)), choice.randrange(len(assets))
        if source != target:
            edges.append((source, target, choice.random() < 0.7, choice.random() < 0.2))
    for job in jobs:
        edges += [(choice.randrange(len(assets)), job, True, False) for _ in range(choice.randint(0, 3))]
    gaps = {node for node in range(len(assets)) if choice.random() < 0.1}
    return [*assets, *(Carried("job", origin=True) for _ in jobs)], edges, gaps


class Independent:
    """The facts of one node, written again from the vocabulary with sets and networkx."""

    def __init__(self, assets: list[Carried], edges: list[Edge], gaps: set[int], proven_only: bool) -> None:
        self.assets, self.edges, self.gaps = assets, edges, gaps
        self.whole = self._graph(edges)
        self.side = self._graph([edge for edge in edges if edge[2] or not proven_only])
        self.open = self._graph([edge for edge in edges if (edge[2] or not proven_only) and not edge[3]])
        self.open_whole = self._graph([edge for edge in edges if not edge[3]])

    def _graph(self, edges: Iterable[Edge]) -> "nx.DiGraph[int]":
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(range(len(self.assets)))
        graph.add_edges_from(edge[:2] for edge in edges)
        return graph

    def feeding(self, graph: "nx.DiGraph[int]", node: int) -> set[int]:
        """Return what feeds a node, itself where it lies in a cycle."""
        return set().union(*({one} | nx.ancestors(graph, one) for one in graph.predecessors(node)))

    def fed(self, graph: "nx.DiGraph[int]", node: int) -> set[int]:
        return set().union(*({one} | nx.descendants(graph, one) for one in graph.successors(node)))

    def datasets(self, nodes: Set[int]) -> list[Carried]:
        return [self.assets[node] for node in nodes if self.assets[node].part == "dataset"]

    def untraced(self, node: int) -> bool:
        return self.whole.in_degree(node) == 0 and not self.assets[node].origin

    def complete(self, node: int) -> bool:
        feeding, labels = self.feeding(self.whole, node), self.datasets(self.feeding(self.open_whole, node))
        limits = [one for one in labels if one.limited]
        unsure = [one for one in labels if one.limited is None or (one.limited and one.allowed is None)]
        return not (
            any(each in self.gaps or self.untraced(each) for each in feeding | {node})
            or any(one.rank is None for one in labels)
            or any(not one.places for one in self.datasets(feeding))
            or (limits and unsure)
        )

    def facts(self, node: int) -> dict[str, Any]:
        feeding, fed = self.feeding(self.side, node), self.fed(self.side, node)
        above, labels = self.datasets(feeding), self.datasets(self.feeding(self.open, node))
        below = [self.assets[each] for each in fed]
        facts: dict[str, Any] = {
            "upstream_classes": sorted({one.classification for one in labels if one.classification}),
            "upstream_max_class_rank": max([one.rank for one in labels if one.rank is not None], default=0),
            "upstream_count": min(MOST, len(self.datasets(feeding - {node}))),
            "untraced_inputs": sum(self.untraced(each) and self.assets[each].part == "dataset" for each in feeding),
            "downstream_classes": sorted({one.classification for one in below if one.classification}),
            "downstream_risk_tiers": sorted({one.tier for one in below if one.tier}),
            "downstream_count": len([each for each in fed - {node} if self.assets[each].part != "job"]),
            "complete": self.complete(node),
        }
        if all(one.environment for one in above):
            facts["upstream_environments"] = sorted({str(one.environment) for one in above})
        if all(one.places for one in above):
            facts["upstream_countries"] = sorted({country for one in above for country in one.places or ()})
        if all(one.places is not None or one.part in ("ai_system", "job") for one in below):
            facts["flows_to_countries"] = sorted({country for one in below for country in one.places or ()})
        return facts | self._limits(labels) | self._personal(node) | self._retention(fed - {node}, below)

    def _limits(self, labels: list[Carried]) -> dict[str, Any]:
        if any(one.limited for one in labels):
            known = [set(one.allowed) for one in labels if one.limited and one.allowed is not None]
            every = {country for one in self.assets if one.limited for country in one.allowed or ()}
            return {
                "upstream_residency_limited": True,
                "upstream_allowed_countries": sorted(every.intersection(*known)),
            }
        if any(one.limited is None for one in labels):
            return {}
        return {"upstream_residency_limited": False, "upstream_allowed_countries": []}

    def _personal(self, node: int) -> dict[str, bool]:
        inputs = [one.personal for one in self.datasets(set(self.side.predecessors(node)))]
        if any(inputs):
            return {"reads_personal_data": True}
        known = None not in inputs and (inputs or self.assets[node].part != "job")
        return {"reads_personal_data": False} if known else {}

    def _retention(self, others: set[int], below: list[Carried]) -> dict[str, int]:
        over = sum(self.assets[each].over_retention is True for each in others)
        unsure = [one for one in below if one.part == "dataset" and one.over_retention is None]
        if not over and any(one.personal is not False for one in unsure):
            return {}
        return {"downstream_over_retention": over}


@pytest.mark.parametrize("hundred", range(10))
def test_facts_equal_an_independent_computation_on_random_graphs_with_cycles(hundred: int) -> None:
    for seed in range(hundred * 100, hundred * 100 + 100):
        assets, edges, gaps = random_graph(seed)
        for got, proven_only in zip(trace.trace(graph_of(assets, edges, gaps)), (True, False), strict=True):
            independent = Independent(assets, edges, gaps, proven_only)
            for node in range(len(assets)):
                assert got.of(node, node) == independent.facts(node), (seed, node, proven_only)


def test_counts_stop_at_the_limit_and_are_exact_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "PAIRS_AT_ONCE", 7)  # each level in many parts
    monkeypatch.setattr(trace, "MOST", 4)
    asset = Carried("dataset", "internal", 1, "prod", ("DE",), False, None, False, None, False, True)
    for seed in range(100):
        _, edges, _ = random_graph(seed)
        nodes = max([0, *(end for edge in edges for end in edge[:2])]) + 1
        facts, _ = trace.trace(graph_of([asset] * nodes, [(*edge[:2], True, False) for edge in edges], set()))
        graph: nx.DiGraph[int] = nx.DiGraph([edge[:2] for edge in edges])
        for node in graph:
            assert facts.upstream_count[node] == min(4, len(nx.ancestors(graph, node))), seed
            assert facts.downstream_count[node] == min(4, len(nx.descendants(graph, node))), seed


def of_chain(last: int, assets: list[Carried], change: Callable[[int], Edge]) -> tuple[Facts, Facts]:
    return trace.trace(graph_of(assets, [change(number) for number in range(last)], set()))


KNOWN = Carried("dataset", "internal", 1, "prod", ("DE",), False, None, False, None, False, True)
SECRET = Carried("dataset", "personal", 4, "prod", ("FR",), True, ("FR",), True, None, False, True)


def test_an_approved_masking_stops_classes_and_limits_while_places_go_on() -> None:
    proven, possible = of_chain(2, [SECRET, KNOWN, KNOWN], lambda number: (number, number + 1, True, number == 0))
    facts = proven.of(2, 2)
    assert facts["upstream_classes"] == ["internal"]
    assert facts["upstream_max_class_rank"] == 1
    assert facts["upstream_residency_limited"] is False
    assert facts["upstream_countries"] == ["DE", "FR"]
    assert facts["upstream_environments"] == ["prod"]
    assert facts["upstream_count"] == 2
    assert possible is proven


def test_what_only_may_flow_is_on_the_possible_side_alone() -> None:
    proven, possible = of_chain(1, [SECRET, KNOWN], lambda number: (number, number + 1, False, False))
    assert proven.of(1, 1)["upstream_classes"] == []
    assert possible.of(1, 1)["upstream_classes"] == ["personal"]
    assert possible.of(0, 0)["flows_to_countries"] == ["DE"]
    assert proven.of(0, 0)["flows_to_countries"] == []


def test_a_chain_of_thousands_of_steps_and_a_cycle_as_long_are_traced() -> None:
    steps = 3000
    chain, _ = of_chain(steps, [SECRET, *[KNOWN] * steps], lambda number: (number, number + 1, True, False))
    assert chain.of(steps, steps)["upstream_classes"] == ["internal", "personal"]
    assert chain.of(steps, steps)["upstream_count"] == MOST
    circle, _ = of_chain(steps, [SECRET, *[KNOWN] * (steps - 1)], lambda n: (n, (n + 1) % steps, True, False))
    assert {circle.up_sets[which]["upstream_max_class_rank"] for which in circle.up} == {4}


def test_nothing_at_all_is_traced_to_nothing() -> None:
    proven, possible = trace.trace(graph_of([], [], set()))
    assert len(proven.up) == len(possible.down) == 0
