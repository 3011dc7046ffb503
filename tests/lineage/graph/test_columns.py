"""Columns are followed as an independent walk follows them, on random graphs with cycles, and by the API."""

import random
import uuid
from typing import Any

import networkx as nx  # type: ignore[import-untyped]
import pytest

from lineage.graph.column_walk import walk_columns
from lineage.graph.columns import FlowColumns
from lineage.graph.told import Column
from tests.support.cast import Cast
from tests.support.flow import asset, send_and_project
from tests.support.openlineage import dataset, facet, new_run, run_event

COLUMNS = "/api/v1/graph/columns"
NAMESPACE = "postgres://db:5432"
FIELDS = ["", "x", "y", "z"]


def some_flows(dice: random.Random) -> tuple[list[FlowColumns], list[uuid.UUID]]:
    datasets = [uuid.UUID(int=at + 1) for at in range(dice.randint(2, 7))]
    flows = []
    for at in range(dice.randint(1, 12)):
        source, target = dice.sample(datasets, 2)
        said = {
            (dice.choice(FIELDS), dice.choice(FIELDS)): (dice.random() < 0.6, dice.random() < 0.3)
            for _ in range(dice.randint(0, 4))
        }
        columns = tuple(Column(*ends, direct, "", masked) for ends, (direct, masked) in sorted(said.items()))
        flows.append(FlowColumns(source, target, uuid.UUID(int=100 + at), columns))
    return flows, datasets


def independent(flows: list[FlowColumns], datasets: list[uuid.UUID], good: Any) -> Any:
    """Return the graph over columns: what leaves the whole leaves each column, and the other way round."""
    graph = nx.DiGraph()
    graph.add_nodes_from((each, field) for each in datasets for field in FIELDS)
    for flow in flows:
        for column in flow.columns:
            if good(column):
                starts = FIELDS if not column.source else [column.source, ""]
                graph.add_edges_from(((flow.source, start), (flow.target, column.target)) for start in starts)
    return graph


def turned(flows: list[FlowColumns]) -> list[FlowColumns]:
    """Return the flows the other way round: upstream is downstream of these."""
    return [
        FlowColumns(
            flow.target,
            flow.source,
            flow.job,
            tuple(Column(column.target, column.source, *column[2:]) for column in flow.columns),
        )
        for flow in flows
    ]


def test_a_thousand_random_graphs_have_the_columns_that_networkx_reaches() -> None:
    compared = 0
    for seed in range(1000):
        dice = random.Random(seed)
        flows, datasets = some_flows(dice)
        start, depth = (dice.choice(datasets), dice.choice(FIELDS)), dice.randint(1, 8)
        for direction, seen in (("downstream", flows), ("upstream", turned(flows))):
            graphs = [
                independent(seen, datasets, good)
                for good in (lambda column: True, lambda column: column.direct, lambda column: not column.masked)
            ]
            every, direct, unmasked = (
                nx.single_source_shortest_path_length(graph, start, cutoff=depth) for graph in graphs
            )
            expected = {(column, far, column in direct, column not in unmasked) for column, far in every.items() if far}
            found = walk_columns(flows, start, direction, depth)  # type: ignore[arg-type]
            assert {((each.dataset, each.field), each.distance, each.direct, each.masked) for each in found} == expected
            assert all(each.steps for each in found), "each was reached by something"
            compared += len(found)
    assert compared > 2000


def test_what_comes_to_the_whole_goes_on_from_every_column() -> None:
    a, b, c, job = (uuid.UUID(int=each) for each in range(1, 5))
    filtered, copied = Column("x", "", False, "FILTER", False), Column("y", "z", True, "IDENTITY", False)
    flows = [FlowColumns(a, b, job, (filtered,)), FlowColumns(b, c, job, (copied,))]
    found = walk_columns(flows, (a, "x"), "downstream", 5)
    assert [(each.dataset, each.field, each.direct) for each in found] == [(b, "", False), (c, "z", False)]
    back = walk_columns(flows, (c, "z"), "upstream", 5)
    assert [(each.dataset, each.field) for each in back] == [(b, "y"), (a, "x")]


# ---- by the API


def field(name: str, column: str, **how: Any) -> dict[str, Any]:
    return {"namespace": NAMESPACE, "name": name, "field": column, "transformations": [{"type": "DIRECT", **how}]}


def step(source: str, target: str, *inputs: dict[str, Any], into: str) -> dict[str, Any]:
    columns = facet(fields={into: {"inputFields": list(inputs)}})
    return run_event(
        job=f"{source}-{target}",
        run=new_run(),
        inputs=[dataset(source)],
        outputs=[dataset(target, columnLineage=columns)],
    )


@pytest.fixture
def chain(cast: Cast) -> Cast:
    """a.id -> b.key -> c.hash (masked) -> d, which says nothing of columns."""
    events = [
        step("a", "b", field("a", "id", subtype="IDENTITY"), into="key"),
        step("b", "c", field("b", "key", subtype="TRANSFORMATION", masking=True), into="hash"),
        run_event(job="plain", run=new_run(), inputs=[dataset("c")], outputs=[dataset("d")]),
    ]
    send_and_project(cast.workspace.pk, events)
    return cast


def ask(cast: Cast, name: str, role: str = "auditor", **query: Any) -> Any:
    return cast.api[role].get(COLUMNS, {"asset": str(asset(cast.workspace.pk, "dataset", name).pk), **query})


def test_a_column_is_followed_over_datasets_with_masking_and_jobs(chain: Cast) -> None:
    answer = ask(chain, "a", field="id", direction="downstream").json()
    rows = [(row["name"], row["field"], row["distance"], row["direct"], row["masked"]) for row in answer["results"]]
    assert rows == [("b", "key", 1, True, False), ("c", "hash", 2, True, True)]
    [via] = answer["results"][1]["steps"]
    assert (via["from"]["name"], via["from"]["field"], via["to"]["field"]) == ("b", "key", "hash")
    assert (via["subtype"], via["masked"], via["job"]["name"]) == ("TRANSFORMATION", True, "b-c")
    assert answer["complete"] is False
    assert (
        "1 flow out of what is reached does not say which columns it takes along; it is not followed"
        in (answer["reasons"])
    )


def test_upstream_names_what_a_column_is_made_of(chain: Cast) -> None:
    answer = ask(chain, "c", field="hash", direction="upstream").json()
    assert [(row["name"], row["field"]) for row in answer["results"]] == [("b", "key"), ("a", "id")]
    assert ask(chain, "c", field="nope", direction="upstream").json()["results"] == []
    assert [row["name"] for row in ask(chain, "c", direction="upstream", depth=1).json()["results"]] == ["b"]


def test_pages_of_columns_fit_together(chain: Cast) -> None:
    first = ask(chain, "a", direction="downstream", limit=1).json()
    second = ask(chain, "a", direction="downstream", limit=1, after=first["next"]).json()
    assert [row["field"] for row in first["results"] + second["results"]] == ["key", "hash"]
    assert (first["total"], second["next"]) == (2, None)


def test_columns_as_of_a_revision_before_are_none(chain: Cast) -> None:
    assert ask(chain, "a", direction="downstream", as_of="rev:0").json()["results"] == []


def test_every_reader_may_follow_columns_and_outsider_cannot_see_that_the_dataset_exists(chain: Cast) -> None:
    for role in ("officer", "auditor", "engineer", "admin"):
        assert ask(chain, "a", role, direction="downstream").status_code == 200
    assert ask(chain, "a", "pipeline", direction="downstream").status_code == 403
    assert ask(chain, "a", "outsider", direction="downstream").status_code == 404
