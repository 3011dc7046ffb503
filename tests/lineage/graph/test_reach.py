"""What is reached is the same whether all flows are read at once or, in a graph beyond the limits, step by step."""

import itertools
from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.revisions import current_revision
from lineage.graph import queries
from tests.support.cast import Cast
from tests.support.flow import asset, send_and_project
from tests.support.openlineage import dataset, facet, new_run, run_event

EDGES = ["ab", "bc", "ca", "cd", "ae", "ed", "df"]  # a cycle, and two ways to d
COLUMNS = {"ab", "cd", "df"}  # proven by column lineage; the others are only possible


def run_of(edge: str) -> dict[str, object]:
    field = {"namespace": "postgres://db:5432", "name": edge[0], "field": "x"}
    facets: dict[str, Any] = {"columnLineage": facet(fields={"y": {"inputFields": [field]}})} if edge in COLUMNS else {}
    other = dataset("z")  # with a second input nothing is proven by there being only one
    return run_event(
        run=new_run(), job=f"job-{edge}", inputs=[dataset(edge[0]), other], outputs=[dataset(edge[1], **facets)]
    )


@pytest.mark.django_db(transaction=True)
def test_the_graph_read_at_once_and_step_by_step_gives_one_answer(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = cast.workspace.pk
    send_and_project(workspace, [run_of(edge) for edge in EDGES])
    starts = [asset(workspace, "dataset", name).pk for name in "adf"]
    cases = list(itertools.product(starts, ("upstream", "downstream"), (1, 2, 3, 50), (True, False)))

    def answers() -> list[queries.Reach]:
        with in_workspace(workspace):
            now = current_revision()
            return [queries.reach(start, way, depth=deep, proven_only=sure, revision=now)  # type: ignore[arg-type]
                    for start, way, deep, sure in cases]  # fmt: skip

    at_once = answers()
    monkeypatch.setattr(queries, "MAX_FLOWS", 0)
    assert answers() == at_once
    assert {len(each.nodes) for each in at_once} >= {0, 1, 5}


@pytest.mark.django_db(transaction=True)
def test_a_graph_beyond_the_limit_of_nodes_is_cut_at_a_step(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = cast.workspace.pk
    send_and_project(workspace, [run_of(edge) for edge in ["ab", "bc", "cd", "de"]])
    start = asset(workspace, "dataset", "a").pk
    monkeypatch.setattr(queries, "MAX_NODES", 2)
    with in_workspace(workspace):
        found = queries.reach(start, "downstream", depth=50, proven_only=False, revision=current_revision())
    assert [node.distance for node in found.nodes] == [1, 2]
    assert "more than 2 datasets are reached; the answer stops at step 2" in found.reasons
