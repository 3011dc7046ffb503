"""Trace: from flows and what each asset carries to the lineage facts of each asset, proven and possible. Plain numpy.

Vocabulary, lineage_facts and the conventions lineage_completeness, sets_and_unresolved_members. What they leave open is
decided so that nothing that is not known can make a check pass:

- An environment that is not known leaves `upstream_environments` missing as a whole, as a country does: it might be
  the one that is asked for.
- `upstream_residency_limited` is true where a limit is known, false where all are known to be free, else missing.
- `upstream_allowed_countries` uses the limits that are known, and `complete` is false where another may come to them.
- `downstream_over_retention` counts what is known to hold expired records; where that is none, and of some that may
  hold personal data it is not known, it is missing.
- `complete` is told over all flows, possible ones too, and is the same on both sides.
- What lies in a cycle feeds itself: its own labels come back to it. Counts count the others.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lineage.graph.labels import bits
from lineage.graph.labels.bits import Alphabet, Words
from lineage.graph.labels.graph import MISSING, Facts, Graph, Side
from lineage.graph.labels.order import Bools, Ints, starts_of_runs
from lineage.graph.labels.spread import count, spread
from lineage.inventory.kinds.types import COUNTED_TO

MOST = COUNTED_TO
"""Where counts stop, so that a million flows stay within seconds."""


def trace(graph: Graph) -> tuple[Facts, Facts]:
    """Return the facts on proven flows alone, and on all flows.

    1. Nothing feeds the roots: one that is not an origin is a gap.
    2. Let everything travel over all flows: that tells what is complete.
    3. Read the sets and count; where every flow is proven, both sides are the same.
    """
    fed = np.zeros(len(graph.sort), bool)
    fed[graph.target] = True
    roots = ~fed & ~graph.each([one.origin for one in graph.carried])  # 1
    up, down = _Upwards(graph, graph.gap | roots), _Downwards(graph)
    whole = Side(graph, np.ones(len(graph.source), bool))
    words = up.travel(whole)  # 2
    complete = up.complete(words)
    possible = _facts(whole, (up, down), words, complete, roots & graph.is_dataset)  # 3
    if graph.proven.all():
        return possible, possible
    proven = Side(graph, graph.proven)
    return _facts(proven, (up, down), up.travel(proven), complete, roots & graph.is_dataset), possible


def _facts(
    side: Side, both: "tuple[_Upwards, _Downwards]", words: Words, complete: Bools, untraced: Bools
) -> Facts:  # fmt: skip
    up, down = both
    codes = np.stack([complete.astype(np.int64), reads_personal(side) + 1], axis=1).astype(np.uint64)
    up_rows, up_of = _distinct_rows(np.concatenate([words, codes], axis=1))
    below = spread(side.order, down.own, "downstream")
    down_rows, down_of = _distinct_rows(below)
    over = count(side.order, down.over, "downstream", MOST)
    unsure = (over == 0) & (below & down.alphabet.only(["retention unknown"])).any(axis=1)
    return Facts(
        [up.read(row) for row in up_rows.tolist()],
        [down.read(row) for row in down_rows.tolist()],
        up_of,
        down_of,
        count(side.order, side.graph.is_dataset, "upstream", MOST),
        count(side.order, untraced, "upstream", MOST),
        count(side.order, ~side.graph.is_job, "downstream", MOST),
        np.where(unsure, MISSING, over),
    )


class _Upwards:
    """What comes to each node from all that feeds it."""

    def __init__(self, graph: Graph, gap: Bools) -> None:
        self.countries = bits.limits(graph.carried)
        sets = [bits.upwards(one, self.countries) for one in graph.carried]
        forbidden = (("forbidden", country) for country in self.countries)
        self.alphabet = Alphabet([("gap", ""), *forbidden, *(bit for each in sets for bit in each)])
        self.own = self.alphabet.write(sets)[graph.sort]
        self.own[gap] |= self.alphabet.only(["gap"])

    def travel(self, side: Side) -> Words:
        """Return what reaches each node; classes and limits do not pass an approved masking."""
        if not side.stops.any():
            return spread(side.order, self.own, "upstream")
        stopped = self.alphabet.only(bits.STOPPED)
        free = spread(side.unmasked, self.own & stopped, "upstream")
        return spread(side.order, self.own & ~stopped, "upstream") | free

    def complete(self, words: Words) -> Bools:
        """Tell where nothing is missing between a node and its first sources (vocabulary, lineage_completeness)."""
        only = self.alphabet.only
        said = words | (self.own & only(["gap"]))
        missing, limited, unlimited = (
            np.asarray((said & only(families)).any(axis=1))
            for families in (["gap", "class unknown", "country unknown"], ["limited"], ["limit unknown"])
        )
        return ~(missing | (limited & unlimited))

    def read(self, row: Sequence[int]) -> dict[str, Any]:
        """Return the facts of one row: words, whether it is complete, what is known of personal data in inputs."""
        found = self.alphabet.read(row)
        facts: dict[str, Any] = {
            "upstream_classes": found.get("class", []),
            "upstream_max_class_rank": max(found.get("rank", [0])),
            "complete": bool(row[-2]),
        }
        if "environment unknown" not in found:
            facts["upstream_environments"] = found.get("environment", [])
        if "country unknown" not in found:
            facts["upstream_countries"] = found.get("country", [])
        if "limited" in found or "limit unknown" not in found:
            facts["upstream_residency_limited"] = "limited" in found
        if "limited" in found:
            facts["upstream_allowed_countries"] = sorted({*self.countries}.difference(found.get("forbidden", [])))
        elif "limit unknown" not in found:
            facts["upstream_allowed_countries"] = []
        if row[-1]:
            facts["reads_personal_data"] = row[-1] == 2
        return facts


class _Downwards:
    """What each node reaches."""

    def __init__(self, graph: Graph) -> None:
        sets = [bits.downwards(one) for one in graph.carried]
        self.alphabet = Alphabet(bit for each in sets for bit in each)
        self.own = self.alphabet.write(sets)[graph.sort]
        self.over = graph.each([one.over_retention is True for one in graph.carried])

    def read(self, row: Sequence[int]) -> Mapping[str, Any]:
        """Return the facts of one row of words."""
        found = self.alphabet.read(row)
        facts = {"downstream_classes": found.get("class", []), "downstream_risk_tiers": found.get("tier", [])}
        return facts if "country unknown" in found else {**facts, "flows_to_countries": found.get("country", [])}


def reads_personal(side: Side) -> Ints:
    """Return per node 1 where an input is known to hold personal data, 0 where all are known not to, else MISSING.

    A job of which no input is known is MISSING: what it reads was not seen, which is not nothing.
    """
    graph = side.graph
    of_sort = np.array([MISSING if one.personal is None else int(one.personal) for one in graph.carried], np.int64)
    datasets = graph.is_dataset[side.source]
    said, target = of_sort[graph.sort[side.source[datasets]]], side.target[datasets]
    fed = np.zeros(len(graph.sort), bool)
    fed[target] = True
    result = np.where(graph.is_job & ~fed, MISSING, 0)
    result[target[said == MISSING]] = MISSING
    result[target[said == 1]] = 1
    return result


def _distinct_rows(rows: Words) -> tuple[Words, Ints]:
    """Return the distinct rows, and for each row which one it is.

    They are told apart by a mixture of their words, which is far quicker to sort; two that share one are looked at in
    full, which nobody will see.
    """
    mixed = np.zeros(len(rows), np.uint64)
    for column in rows.T:
        mixed = (mixed ^ column) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    by_mixture = np.argsort(mixed, kind="stable")
    heads = starts_of_runs(mixed[by_mixture])
    which = np.empty(len(rows), np.int64)
    which[by_mixture] = np.repeat(np.arange(len(heads)), np.diff(np.r_[heads, len(rows)]))
    found = rows[by_mixture[heads]]
    if (found[which] != rows).any():
        found, which = np.unique(rows, axis=0, return_inverse=True)
    return found, which
