"""Datasets under other names, what became of them, and the runs that runs belong to."""

import uuid
from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.graph.facet_queries import Relative, relatives_of
from lineage.graph.models import DatasetAlias, DatasetChange
from tests.support.cast import Cast
from tests.support.flow import asset, flows, send_and_project
from tests.support.openlineage import RUN, dataset, dataset_event, facet, new_run, run_event, sample_events

EARLY, LATE, LATER = "2026-11-01T08:00:00Z", "2026-11-02T08:00:00Z", "2026-11-03T08:00:00Z"


@pytest.fixture
def workspace(cast: Cast) -> uuid.UUID:
    return cast.workspace.pk


def table(name: str) -> dict[str, Any]:
    return {"namespace": "hive://metastore:9083", "name": name, "type": "TABLE"}


def linked(*names: str, at: str = EARLY) -> dict[str, Any]:
    return dataset_event(dataset("warehouse/orders", symlinks=facet(identifiers=[table(name) for name in names])), at)


def became(change: str, at: str, previous: str | None = None) -> dict[str, Any]:
    before = {"previousIdentifier": {"namespace": "postgres://db:5432", "name": previous}} if previous else {}
    return dataset_event(dataset("orders", lifecycleStateChange=facet(lifecycleStateChange=change, **before)), at)


def aliases(workspace: uuid.UUID) -> set[tuple[str, str]]:
    with in_workspace(workspace):
        return set(DatasetAlias.objects.values_list("name", "origin"))


def shown(cast: Cast, kind: str, name: str, role: str = "auditor") -> Any:
    identifier = asset(cast.workspace.pk, kind, name).pk
    return cast.api[role].get("/api/v1/graph/facets", {"asset": str(identifier)}).json()


# ---- other names


def test_a_path_is_found_by_the_table_that_it_is(cast: Cast) -> None:
    send_and_project(cast.workspace.pk, [linked("sales.orders_table")])
    [row] = cast.api["auditor"].get("/api/v1/graph/search", {"q": "sales.ord"}).json()["results"]
    assert (row["name"], row["found_by"]) == ("warehouse/orders", "alias")
    assert cast.api["auditor"].get("/api/v1/graph/search", {"q": "sales.ord", "kind": "job"}).json()["results"] == []
    assert [one["uid"] for one in shown(cast, "dataset", "warehouse/orders")["aliases"]] == [
        "hive%3A%2F%2Fmetastore%3A9083/sales.orders_table"
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_latest_symlinks_replace_the_former_ones(workspace: uuid.UUID, order: tuple[int, ...]) -> None:
    events = [linked("old", "both", at=EARLY), linked("both", "new", at=LATE), linked("both", "new", at=LATER)]
    for number in order:
        send_and_project(workspace, [events[number]])
    assert aliases(workspace) == {("both", "symlink"), ("new", "symlink")}
    gone = dataset_event(dataset("warehouse/orders", symlinks={"_deleted": True}), "2026-11-04T00:00:00Z")
    send_and_project(workspace, [gone])
    assert aliases(workspace) == set()


def test_an_alias_moves_no_flow(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [linked("sales.orders")])
    spoken = dataset("sales.orders", namespace="hive://metastore:9083")
    send_and_project(workspace, [run_event(inputs=[spoken], outputs=[dataset("b")])])
    assert flows(workspace) == {("sales.orders", "b"): ("cartesian", True)}


# ---- what became of datasets


def test_a_former_name_finds_the_dataset_also_after_what_follows(cast: Cast) -> None:
    send_and_project(cast.workspace.pk, [became("OVERWRITE", LATE)])
    send_and_project(cast.workspace.pk, [became("RENAME", EARLY, "orders_2025")])
    assert aliases(cast.workspace.pk) == {("orders_2025", "rename")}
    answer = shown(cast, "dataset", "orders")
    assert [(row["change"], row["previous"]) for row in answer["changes"]] == [
        ("OVERWRITE", ""),
        ("RENAME", "postgres%3A%2F%2Fdb%3A5432/orders_2025"),
    ]
    [row] = cast.api["auditor"].get("/api/v1/graph/search", {"q": "orders_2025"}).json()["results"]
    assert row["name"] == "orders"


def test_of_each_kind_of_change_the_latest_time_is_kept(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [became("DROP", LATE), became("CREATE", EARLY), became("DROP", EARLY)])
    send_and_project(workspace, [became("CREATE", LATER), became("MELT", LATER)])
    with in_workspace(workspace):
        rows = DatasetChange.objects.order_by("change").values_list("change", "at__day")
        assert list(rows) == [("CREATE", 3), ("DROP", 2)]


def test_spark_says_that_it_made_and_overwrote(workspace: uuid.UUID) -> None:
    send_and_project(workspace, sample_events())
    with in_workspace(workspace):
        assert set(DatasetChange.objects.values_list("change", flat=True)) == {"CREATE", "OVERWRITE"}


# ---- runs that belong to runs


def parent(run: str, job: str = "dag", **root: Any) -> dict[str, Any]:
    return facet(run={"runId": run}, job={"namespace": "airflow", "name": job}, **root)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_child_knows_its_parent_and_root_whichever_came_first(workspace: uuid.UUID, backwards: bool) -> None:
    top, child = new_run(), new_run()
    root = {"run": {"runId": top.upper()}, "job": {"namespace": "cron", "name": "night"}}
    events = [
        run_event("START", run=RUN, job="dag"),
        run_event("START", run=child, job="dag.task", namespace="dbt", run_facets={"parent": parent(RUN, root=root)}),
    ]
    for event in reversed(events) if backwards else events:
        send_and_project(workspace, [event])
    with in_workspace(workspace):
        known = relatives_of(child)
        assert known.parent == Relative(RUN, "airflow/dag")
        assert known.root == Relative(top, "cron/night")
        assert relatives_of(RUN.upper()).children == (Relative(child, "dbt/dag.task"),)
        assert relatives_of(top).parent is None


def test_the_former_name_of_the_facet_is_read_too(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run_event(run_facets={"parentRun": parent("not-a-uuid")})])
    with in_workspace(workspace):
        assert relatives_of(RUN).parent == Relative("not-a-uuid", "airflow/dag")
        assert relatives_of(RUN).root is None


def test_dbts_runs_belong_to_the_run_of_dbt(cast: Cast) -> None:
    send_and_project(cast.workspace.pk, sample_events())
    child = next(e for e in sample_events() if "parent" in e.get("run", {}).get("facets", {}))
    answer = shown(cast, "run", child["run"]["runId"])
    said = child["run"]["facets"]["parent"]
    assert answer["family"]["parent"]["run_id"] == said["run"]["runId"]
    assert answer["family"]["more"] is False


@pytest.mark.parametrize("said", [None, 3, {}, {"run": 1}, {"run": {"runId": 3}, "job": {}}, {"run": {"runId": ""}}])
def test_a_parent_of_any_shape_does_no_harm(workspace: uuid.UUID, said: Any) -> None:
    assert send_and_project(workspace, [run_event(run_facets={"parent": said})]) == 1
    with in_workspace(workspace):
        assert relatives_of(RUN).parent is None


def test_outsider_sees_no_names_and_no_family(cast: Cast) -> None:
    send_and_project(cast.workspace.pk, [linked("x"), run_event(run_facets={"parent": parent(new_run())})])
    with in_workspace(cast.elsewhere.pk):
        assert relatives_of(RUN).parent is None
        assert not DatasetAlias.objects.exists()
