"""How data gets from one dataset to another: the paths that networkx finds, bounded, with what each hop rests on."""

import random
import uuid
from typing import Any

import networkx as nx  # type: ignore[import-untyped]
import numpy as np
import pytest

from lineage.graph import paths as module
from lineage.graph.layers import Follow, snapshot_of
from lineage.graph.paths import _onwards, _search
from lineage.graph.queries import allowed
from lineage.graph.snapshot import BASES, FlowArrays
from lineage.graph.walk import walk
from lineage.inventory.models import Asset
from tests.support.cast import Cast
from tests.support.flow import asset, send_and_project
from tests.support.openlineage import dataset, new_run, run_event

PATHS = "/api/v1/graph/paths"


def searched(
    edges: list[tuple[int, int]], first: int, last: int, length: int | None
) -> tuple[list[tuple[int, ...]], list[str]]:
    """Search a graph whose nodes are numbers below 20; return paths and what was cut."""
    source, target = (np.array([edge[at] for edge in edges], dtype=np.int32) for at in range(2))
    ids = np.frombuffer(b"".join(uuid.UUID(int=each).bytes for each in range(20)), dtype="V16")
    sure, basis = np.ones(len(edges), dtype=np.bool_), np.zeros(len(edges), dtype=np.uint8)
    snapshot = snapshot_of(FlowArrays(1, ids, source, target, target, sure, ~sure, basis))
    follow, most = Follow("upstream", 1, allowed(BASES)), length or 50
    left = walk(snapshot, last, follow, most, 1000).step
    if left[first] < 0:
        return [], []
    cut: list[str] = []
    return _search(_onwards(snapshot, first, left, follow, most), left, first, last, length, None, cut), cut


def test_a_thousand_random_graphs_have_the_paths_that_networkx_finds() -> None:
    compared = 0
    for seed in range(1000):
        dice = random.Random(seed)
        count = dice.randint(2, 9)
        pairs = [(dice.randrange(count), dice.randrange(count)) for _ in range(dice.randint(count, 4 * count))]
        edges = sorted({pair for pair in pairs if pair[0] != pair[1]})
        if not edges:
            continue
        graph = nx.DiGraph(edges)
        first, last = dice.sample(sorted(graph), 2)
        length = dice.randint(1, 8)
        every, cut = searched(edges, first, last, length)
        assert sorted(every) == sorted(map(tuple, nx.all_simple_paths(graph, first, last, cutoff=length))), seed
        assert every == sorted(every, key=lambda path: (len(path), path)), "by length, then id"
        shortest, _ = searched(edges, first, last, None)
        known = nx.has_path(graph, first, last)
        assert shortest == (sorted(map(tuple, nx.all_shortest_paths(graph, first, last))) if known else [])
        assert cut == []
        compared += len(every)
    assert compared > 1000


def test_from_a_dataset_to_itself_the_paths_are_cycles() -> None:
    edges = [(0, 1), (1, 0), (1, 2), (2, 0), (2, 3)]
    assert searched(edges, 0, 0, 5)[0] == [(0, 1, 0), (0, 1, 2, 0)]
    assert searched(edges, 0, 0, None)[0] == [(0, 1, 0)]
    assert searched(edges, 3, 3, 5)[0] == []


def test_too_many_paths_and_too_long_a_search_are_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [(at, there) for at in range(0, 16, 3) for there in (at + 1, at + 2)]
    edges = layers + [(there, at + 3) for at, there in layers]
    monkeypatch.setattr(module, "MAX_PATHS", 5)
    found, cut = searched(edges, 0, 18, 12)
    assert len(found) == 5
    assert cut == ["there are more than 5 paths; the shortest are listed, up to 12 steps"]
    monkeypatch.setattr(module, "MAX_TRIED", 20)
    assert searched(edges, 0, 18, 12)[1] == ["the search stopped after 20 tries, among paths of 12 steps"]


# ---- the address


def step(source: str, target: str, job: str = "", at: str = "2026-11-01T08:00:00Z") -> dict[str, Any]:
    named = job or f"{source}-{target}"
    return run_event(job=named, run=new_run(), inputs=[dataset(source)], outputs=[dataset(target)], at=at)


@pytest.fixture
def diamond(cast: Cast) -> Cast:
    """a -> b -> d, a -> c -> d, d -> a, and a -> x -> y -> d, where c lies in another namespace."""
    events = [step(*pair) for pair in ("ab", "bd", "da", "ax", "xy", "yd")]
    other = dataset("c", namespace="s3://elsewhere")
    events.append(run_event(job="a-c", run=new_run(), inputs=[dataset("a")], outputs=[other]))
    events.append(run_event(job="c-d", run=new_run(), inputs=[other], outputs=[dataset("d")]))
    send_and_project(cast.workspace.pk, events)
    return cast


def ask(cast: Cast, start: str, goal: str, role: str = "auditor", **query: Any) -> Any:
    ends = {name: str(asset(cast.workspace.pk, "dataset", each).pk) for name, each in (("from", start), ("to", goal))}
    return cast.api[role].get(PATHS, ends | query)


def names(answer: Any) -> list[str]:
    return ["".join(each["name"] for each in row["datasets"]) for row in answer.json()["results"]]


def test_the_shortest_paths_and_all_of_them(diamond: Cast) -> None:
    assert sorted(names(ask(diamond, "a", "d"))) == ["abd", "acd"]
    assert sorted(names(ask(diamond, "a", "d", paths="all"))) == ["abd", "acd", "axyd"]
    assert sorted(names(ask(diamond, "a", "d", paths="all", length=2))) == ["abd", "acd"]
    assert names(ask(diamond, "b", "x")) == ["bdax"]
    assert sorted(names(ask(diamond, "a", "a"))) == ["abda", "acda"]


def test_each_hop_says_by_which_job_on_which_basis_and_when(diamond: Cast) -> None:
    send_and_project(diamond.workspace.pk, [step("a", "b", job="again", at="2026-11-02T08:00:00Z")])
    [row] = ask(diamond, "a", "b").json()["results"]
    assert (row["length"], row["basis"]) == (1, "proven")
    [hop] = row["hops"]
    assert [flow["job"]["name"] for flow in hop["flows"]] == ["again", "a-b"]
    flow = hop["flows"][1]
    assert (flow["basis"], flow["proven"], flow["masked"], flow["runs"]) == ("cartesian", True, False, 1)
    assert flow["first_seen_at"] == flow["last_seen_at"] == "2026-11-01T08:00:00+00:00"


def test_pages_of_paths_fit_together(diamond: Cast) -> None:
    first = ask(diamond, "a", "d", paths="all", limit=2)
    send_and_project(diamond.workspace.pk, [step("a", "d")])
    second = ask(diamond, "a", "d", paths="all", limit=2, after=first.json()["next"])
    assert sorted(names(first) + names(second)) == ["abd", "acd", "axyd"]
    assert second.json()["next"] is None
    assert names(ask(diamond, "a", "d")) == ["ad"]


def test_paths_that_lead_through_a_place_are_asked_for_by_its_namespace_or_label(diamond: Cast) -> None:
    assert names(ask(diamond, "a", "d", paths="all", namespace="s3://else")) == ["acd"]
    row = b'{"kind": "dataset", "uid": "s3%3A%2F%2Felsewhere/c", "attributes": {"classification": "personal"}}'
    diamond.api["engineer"].post("/api/v1/inventories?source=s&format=native", row, content_type="application/x-ndjson")
    send_and_project(diamond.workspace.pk, [])
    assert names(ask(diamond, "a", "d", paths="all", label="class:personal")) == ["acd"]
    assert names(ask(diamond, "a", "d", paths="all", label="country:US")) == []


def test_flows_that_are_not_followed_make_no_path(diamond: Cast) -> None:
    assert names(ask(diamond, "a", "d", basis="explicit")) == []
    assert names(ask(diamond, "a", "d", seen_since="2026-11-02T00:00:00Z")) == []
    assert len(names(ask(diamond, "a", "d", seen_until="2026-11-02T00:00:00Z"))) == 2
    assert names(ask(diamond, "a", "d", as_of="2020-01-01T00:00:00Z")) == []


def test_where_no_path_is_known_the_answer_says_what_it_does_not_know(diamond: Cast) -> None:
    send_and_project(diamond.workspace.pk, [step("lonely", "e")])
    answer = ask(diamond, "a", "e").json()
    assert (answer["results"], answer["total"], answer["complete"]) == ([], 0, False)
    assert answer["reasons"] == ["1 dataset has nothing upstream and is not marked is_origin"]
    assert ask(diamond, "a", "d").json()["complete"] is True


@pytest.mark.parametrize(
    "query",
    [{"length": 0}, {"length": 21}, {"length": "many"}, {"paths": "some"}, {"label": "class:secret"}, {"label": "DE"},
     {"label": "country:de"}, {"basis": "maybe"}, {"as_of": "soon"}, {"seen_since": "soon"}, {"after": "x"}],
)  # fmt: skip
def test_a_parameter_that_cannot_be_read_is_refused(diamond: Cast, query: dict[str, Any]) -> None:
    response = ask(diamond, "a", "d", **({"paths": "all"} | query))
    assert response.status_code == 400
    message = response.json()["error"]["message"]
    assert any(words in message for words in ("expected", "send the `next`"))


def test_a_span_that_ends_before_it_begins_is_refused(diamond: Cast) -> None:
    response = ask(diamond, "a", "d", seen_since="2026-02-01T00:00:00Z", seen_until="2026-01-01T00:00:00Z")
    assert response.status_code == 400
    assert "swap them" in response.json()["error"]["message"]


def test_paths_are_read_by_members_alone(diamond: Cast) -> None:
    for role in ("officer", "auditor", "engineer", "admin"):
        assert ask(diamond, "a", "d", role).status_code == 200
    assert ask(diamond, "a", "d", "pipeline").status_code == 403
    assert ask(diamond, "a", "d", "nobody").status_code == 401


def test_outsider_cannot_see_that_either_end_exists(diamond: Cast) -> None:
    assert ask(diamond, "a", "d", "outsider").status_code == 404
    known = str(asset(diamond.workspace.pk, "dataset", "a").pk)
    for start, goal in ((known, str(uuid.uuid4())), (str(uuid.uuid4()), known)):
        assert diamond.api["auditor"].get(PATHS, {"from": start, "to": goal}).status_code == 404
    job = asset(diamond.workspace.pk, "job", "a-b")
    assert isinstance(job, Asset)
    assert diamond.api["auditor"].get(PATHS, {"from": known, "to": str(job.pk)}).status_code == 404
