"""The picture around a dataset or job: what is near, cut with a clear "more", collapsed, bounded."""

import random
import uuid
from typing import Any

import networkx as nx  # type: ignore[import-untyped]
import numpy as np
import pytest

from lineage.graph.layers import Follow, snapshot_of
from lineage.graph.picture.cut import SIGNS, More, Wish, cut_out, hidden, linked
from lineage.graph.queries import allowed
from lineage.graph.snapshot import BASES, FlowArrays
from tests.support.cast import Cast
from tests.support.flow import asset, send_and_project
from tests.support.openlineage import dataset, new_run, run_event

PICTURE = "/api/v1/graph/neighbourhood"
NAMESPACE = "postgres://db:5432"


def step(source: str, target: str, namespace: str = NAMESPACE, **rest: Any) -> dict[str, Any]:
    return run_event(
        job=f"{source}-{target}",
        run=new_run(),
        inputs=[dataset(source, namespace)],
        outputs=[dataset(target, namespace)],
        **rest,
    )


@pytest.fixture
def chain(cast: Cast) -> Cast:
    """a -> b -> c -> d, b -> x."""
    send_and_project(cast.workspace.pk, [step(*pair) for pair in ("ab", "bc", "cd", "bx")])
    return cast


def key(cast: Cast, name: str, kind: str = "dataset") -> str:
    return str(asset(cast.workspace.pk, kind, name).pk)


def ask(cast: Cast, name: str, role: str = "auditor", kind: str = "dataset", **query: Any) -> Any:
    return cast.api[role].get(PICTURE, {"asset": key(cast, name, kind), **query})


def levels(answer: Any) -> dict[str, int]:
    return {node["name"]: node["level"] for node in answer.json()["nodes"]}


def edges(answer: Any) -> set[tuple[str, str]]:
    said = answer.json()
    names = {node["id"]: node["name"] for node in said["nodes"]}
    return {(names[edge["from"]], names[edge["to"]]) for edge in said["edges"]}


def test_what_is_near_is_in_view_on_both_sides_with_the_flows_between(chain: Cast) -> None:
    answer = ask(chain, "b", up=1, down=1)
    assert levels(answer) == {"a": -1, "b": 0, "c": 1, "x": 1}
    assert edges(answer) == {("a", "b"), ("b", "c"), ("b", "x")}
    said = answer.json()
    assert [node["more"] for node in said["nodes"] if node["name"] == "c"] == [
        [{"direction": "downstream", "hidden": 1, "expand": f"{key(chain, 'c')}:down:20"}]
    ]
    assert said["complete"] is False
    assert "1 dataset next to those shown is not in view" in said["reasons"]


def test_more_of_a_dataset_is_shown_as_the_answer_says(chain: Cast) -> None:
    [more] = [
        more for node in ask(chain, "b", up=0, down=1).json()["nodes"] for more in node["more"] if node["name"] == "c"
    ]
    assert levels(ask(chain, "b", up=0, down=1, expand=more["expand"])) == {"b": 0, "c": 1, "x": 1, "d": 2}


def test_a_hub_shows_its_first_neighbours_and_how_many_more_there_are(cast: Cast) -> None:
    send_and_project(cast.workspace.pk, [step("hub", f"leaf{at:02}") for at in range(30)])
    said = ask(cast, "hub").json()
    assert len(said["nodes"]) == 21
    [more] = said["nodes"][0]["more"]
    assert more == {"direction": "downstream", "hidden": 10, "expand": f"{key(cast, 'hub')}:down:40"}
    assert len(ask(cast, "hub", expand=more["expand"]).json()["nodes"]) == 31
    few = ask(cast, "hub", nodes=5).json()
    assert len(few["nodes"]) == 5
    assert "the view is full: more lies within these steps" in few["reasons"]


def test_an_edge_says_basis_masking_job_and_times(chain: Cast) -> None:
    [edge] = ask(chain, "c", up=1, down=0).json()["edges"]
    assert edge == {
        "from": key(chain, "b"),
        "to": key(chain, "c"),
        "basis": "cartesian",
        "proven": True,
        "masked": False,
        "declared_by": [],
        "approved": False,
        "approved_until": None,
        "flows": 1,
        "runs": 1,
        "first_seen_at": "2026-11-01T08:00:00+00:00",
        "last_seen_at": "2026-11-01T08:00:00+00:00",
        "jobs": [{"id": key(chain, "b-c", "job"), "name": "b-c"}],
        "jobs_total": 1,
    }


def test_a_job_stands_amid_what_it_reads_and_writes(chain: Cast) -> None:
    assert levels(ask(chain, "b-c", kind="job", up=1, down=0)) == {"b": -1, "c": 0}
    assert levels(ask(chain, "b-c", kind="job", up=0, down=0)) == {"b": 0, "c": 0}


def test_namespaces_collapse_into_groups_that_open(cast: Cast) -> None:
    events = [step("a", f"t{at}", "s3://far") for at in range(3)]
    near = run_event(job="load", run=new_run(), inputs=[dataset("t0", "s3://far")], outputs=[dataset("here")])
    send_and_project(cast.workspace.pk, [*events, near])
    answer = ask(cast, "here", collapse="namespace")
    [group] = [node for node in answer.json()["nodes"] if node["kind"] == "namespace"]
    assert (group["id"], group["name"], group["datasets"]) == ("namespace:s3%3A%2F%2Ffar", "s3://far", 2)
    assert group["countries"] == {"": 2}
    assert edges(answer) == {("s3://far", "here")}
    assert group["more"] == [{"direction": "downstream", "hidden": 2, "expand": ""}]
    opened = ask(cast, "here", collapse="namespace", open=group["id"])
    assert levels(opened) == {"a": -2, "t0": -1, "here": 0}


def test_what_one_job_writes_collapses_into_it(cast: Cast) -> None:
    fan = run_event(job="fan", run=new_run(), inputs=[dataset("a")], outputs=[dataset(f"t{at}") for at in range(3)])
    send_and_project(cast.workspace.pk, [fan, step("t0", "end")])
    answer = ask(cast, "a", collapse="job")
    assert {node["name"]: (node["kind"], node["datasets"]) for node in answer.json()["nodes"]} == {
        "a": ("dataset", 1),
        "fan": ("job", 3),
        "end": ("dataset", 1),
    }
    assert edges(answer) == {("a", "fan"), ("fan", "end")}
    assert [edge["flows"] for edge in answer.json()["edges"]] == [3, 1]


def test_as_of_shows_it_as_it_was_known(chain: Cast) -> None:
    then = ask(chain, "d").json()["revision"]
    send_and_project(chain.workspace.pk, [step("d", "e")])
    assert "e" in levels(ask(chain, "d"))
    assert "e" not in levels(ask(chain, "d", as_of=f"rev:{then}"))
    assert levels(ask(chain, "d", as_of="2020-01-01T00:00:00Z")) == {"d": 0}


def test_only_flows_of_the_basis_and_time_that_are_asked_for_are_drawn(cast: Cast) -> None:
    several = run_event(inputs=[dataset("a"), dataset("x")], outputs=[dataset("b"), dataset("y")])
    send_and_project(cast.workspace.pk, [several, step("b", "c", at="2026-11-09T08:00:00Z")])
    assert edges(ask(cast, "b", basis="proven")) == {("b", "c")}
    assert edges(ask(cast, "b", seen_since="2026-11-05T00:00:00Z")) == {("b", "c")}


def test_what_is_asked_to_be_shown_is_in_view_wherever_it_lies(chain: Cast) -> None:
    assert "d" in levels(ask(chain, "a", up=0, down=1, nodes=3, show=key(chain, "d")))


def test_what_no_flow_touches_stands_alone_and_says_so(cast: Cast) -> None:
    send_and_project(cast.workspace.pk, [run_event(inputs=[dataset("lonely")])])
    said = ask(cast, "lonely").json()
    assert [node["name"] for node in said["nodes"]] == ["lonely"]
    assert "no flow touches this dataset" in said["reasons"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("up", "11"),
        ("down", "x"),
        ("nodes", "0"),
        ("nodes", "2001"),
        ("collapse", "country"),
        ("open", "b,"),
        ("expand", "x:up:1"),
        ("show", "x"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(chain: Cast, name: str, value: str) -> None:
    answer = ask(chain, "b", **{name: value})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_parameter")
    assert "expected" in answer.json()["error"]["message"]


def test_every_role_that_reads_sees_it_and_the_pipeline_does_not(chain: Cast) -> None:
    for role in ("officer", "auditor", "engineer", "admin"):
        assert ask(chain, "b", role).status_code == 200
    assert ask(chain, "b", "pipeline").status_code == 403
    assert ask(chain, "b", "nobody").status_code == 401


def test_outsider_cannot_see_that_the_dataset_exists(chain: Cast) -> None:
    answer = ask(chain, "b", "outsider")
    assert answer.status_code == 404
    nothing = chain.api["outsider"].get(PICTURE, {"asset": str(uuid.uuid4())})
    assert (nothing.status_code, nothing.json()) == (404, answer.json())


def test_random_pictures_hold_what_networkx_finds_near_and_count_what_they_hide() -> None:
    compared = 0
    for seed in range(300):
        dice = random.Random(seed)
        count = dice.randint(2, 30)
        pairs = sorted({(dice.randrange(count), dice.randrange(count)) for _ in range(dice.randint(count, 3 * count))})
        pairs = [pair for pair in pairs if pair[0] != pair[1]]
        if not pairs:
            continue
        graph = nx.DiGraph(pairs)
        start, up, down = dice.choice(sorted(graph)), dice.randint(0, 3), dice.randint(0, 3)
        source, target = (np.array([pair[at] for pair in pairs], dtype=np.int32) for at in range(2))
        ids = np.frombuffer(b"".join(uuid.UUID(int=each).bytes for each in range(count)), dtype="V16")
        sure = np.ones(len(pairs), dtype=np.bool_)
        basis = np.zeros(len(pairs), dtype=np.uint8)
        snapshot = snapshot_of(FlowArrays(1, ids, source, target, target, sure, ~sure, basis))
        follows = {side: Follow(side, 1, allowed(BASES)) for side in SIGNS}
        wish = Wish({"upstream": up, "downstream": down}, count, count)
        found = cut_out(snapshot, [start], follows, wish).level
        above = nx.single_source_shortest_path_length(graph.reverse(), start, up)
        below = nx.single_source_shortest_path_length(graph, start, down)
        assert set(found) == {*above, *below}, seed
        assert {abs(level) - min(above.get(n, 99), below.get(n, 99)) for n, level in found.items()} == {0}
        node_of = np.full(count, -1, dtype=np.int32)
        seen = sorted(found)
        node_of[seen] = np.arange(len(seen))
        links = linked(snapshot, node_of, follows["downstream"])
        assert set(zip(links.source.tolist(), links.target.tolist(), strict=True)) == set(graph.subgraph(seen).edges)
        for number, beside in zip(seen, hidden(snapshot, node_of, len(seen), follows), strict=True):
            assert beside.upstream == len(set(graph.predecessors(number)) - found.keys())
            assert beside.downstream == len(set(graph.successors(number)) - found.keys())
        compared += len(found)
    assert compared > 1000


def test_one_more_may_show_the_next() -> None:
    ids = np.frombuffer(b"".join(uuid.UUID(int=each).bytes for each in range(4)), dtype="V16")
    source, target = np.array([0, 1, 2], dtype=np.int32), np.array([1, 2, 3], dtype=np.int32)
    sure = np.ones(3, dtype=np.bool_)
    snapshot = snapshot_of(FlowArrays(1, ids, source, target, target, sure, ~sure, np.zeros(3, dtype=np.uint8)))
    follows = {side: Follow(side, 1, allowed(BASES)) for side in SIGNS}
    more = tuple(More(uuid.UUID(int=each), "downstream", 5) for each in (1, 2))
    found = cut_out(snapshot, [0], follows, Wish({"upstream": 0, "downstream": 1}, 5, 9, more))
    assert found.level == {0: 0, 1: 1, 2: 2, 3: 3}
