"""What is reached is one answer, whichever way it is found: kept flows, flows that are followed, or all of a time."""

import datetime
import itertools
import uuid
from typing import Any

import pytest
from django.db import transaction

from accounts.workspaces.isolation import current_workspace, in_workspace
from accounts.workspaces.revisions import current_revision, next_revision
from lineage.graph import queries, recent
from lineage.graph.models import Flow
from lineage.graph.queries import FlowFilter, Reach, reach
from lineage.graph.recent import Recent
from lineage.graph.snapshot import BASES, Seen
from lineage.inventory.models import Asset
from tests.support.cast import Cast
from tests.support.flow import asset, send_and_project
from tests.support.histories import History, expected, histories
from tests.support.openlineage import dataset, facet, new_run, run_event

NOW = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
GRAPHS = 150


def write(made: list[History], revision: int) -> None:
    """Write what becomes known at a revision, as the projection does."""
    rows = [(one, row) for one in made for row in one.rows]
    for one, row in rows:
        if row.until == revision:
            ends = one.datasets[row.edge[0]], one.datasets[row.edge[1]], one.jobs[row.edge[2]]
            Flow.objects.filter(from_dataset=ends[0], to_dataset=ends[1], job=ends[2], rev_to__isnull=True).update(
                rev_to=revision
            )
    Flow.objects.bulk_create(
        Flow(
            workspace_id=current_workspace(), from_dataset_id=one.datasets[row.edge[0]],
            to_dataset_id=one.datasets[row.edge[1]], job_id=one.jobs[row.edge[2]], basis=BASES[row.basis],
            proven=row.proven, first_seen_at=NOW, last_seen_at=NOW, runs=1, rev_from=revision,
        )
        for one, row in rows if row.since == revision
    )  # fmt: skip


def make_assets(made: list[History]) -> None:
    for kind in ("dataset", "job"):
        ids = [each for one in made for each in (one.datasets if kind == "dataset" else one.jobs)]
        Asset.objects.bulk_create(
            Asset(
                pk=each, workspace_id=current_workspace(), kind=kind, uid=str(each), name=str(each), state="reported",
                first_seen_at=NOW, last_seen_at=NOW, rev_changed=1,
            )
            for each in ids
        )  # fmt: skip


def found(answer: Reach) -> dict[uuid.UUID, tuple[int, bool]]:
    return {node.asset_id: (node.distance, node.proven) for node in answer.nodes}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_random_histories_are_answered_alike_from_the_database_and_from_what_is_kept(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, made = cast.workspace.pk, list(histories(GRAPHS))
    monkeypatch.setattr(queries, "RECENT", kept := Recent())
    with in_workspace(workspace):
        make_assets(made)
    for revision in (1, 2, 3, 4):
        with in_workspace(workspace):
            write(made, next_revision("test"))
        with in_workspace(workspace):
            reach(made[0].datasets[0], "upstream", depth=5, revision=revision)
    assert kept.kept[workspace].first == 1
    assert kept.kept[workspace].revision == 4
    never = Recent(max_bytes=0)
    for one in made:
        revision, depth = 1 + one.seed % 4, (1, 2, 50)[one.seed % 3]
        for direction in ("upstream", "downstream"):
            wanted = expected(one, 0, direction, revision, depth)
            for keeper, followed in ((kept, 10_000), (never, 10_000), (never, 0)):
                monkeypatch.setattr(queries, "RECENT", keeper)
                monkeypatch.setattr(queries, "MAX_FLOWS", followed)
                with in_workspace(workspace):
                    answer = reach(one.datasets[0], direction, depth=depth, revision=revision)
                assert found(answer) == wanted, (one.seed, revision, followed)


EDGES = ["ab", "bc", "ca", "cd", "ae", "ed", "df"]  # a cycle, and two ways to d
COLUMNS = {"ab", "cd", "df"}  # proven by column lineage; the others are only possible


def run_of(edge: str, at: str = "2026-11-01T08:00:00Z") -> dict[str, object]:
    field = {"namespace": "postgres://db:5432", "name": edge[0], "field": "x"}
    facets: dict[str, Any] = {"columnLineage": facet(fields={"y": {"inputFields": [field]}})} if edge in COLUMNS else {}
    other = dataset("z")  # with a second input nothing is proven by there being only one
    outputs = [dataset(edge[1], **facets)]
    return run_event(run=new_run(), job=f"job-{edge}", inputs=[dataset(edge[0]), other], outputs=outputs, at=at)


@pytest.mark.django_db(transaction=True)
def test_real_events_are_answered_alike_with_reasons(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = cast.workspace.pk
    send_and_project(workspace, [run_of(edge) for edge in EDGES])
    starts = [asset(workspace, "dataset", name).pk for name in "adf"]
    cases = list(itertools.product(starts, ("upstream", "downstream"), (1, 2, 3, 50), (True, False)))

    def answers() -> list[tuple[Any, ...]]:
        with in_workspace(workspace):
            now = current_revision()
            all_of = [reach(start, way, depth=deep, proven_only=sure, revision=now)  # type: ignore[arg-type]
                      for start, way, deep, sure in cases]  # fmt: skip
            return [(tuple(each.nodes), each.revision, each.reasons) for each in all_of]

    kept = answers()
    monkeypatch.setattr(queries, "RECENT", Recent(max_bytes=0))
    assert answers() == kept
    monkeypatch.setattr(queries, "MAX_FLOWS", 0)
    assert answers() == kept
    assert {len(each[0]) for each in kept} >= {0, 1, 5}


@pytest.mark.django_db(transaction=True)
def test_a_graph_beyond_the_limit_of_nodes_is_cut_at_a_step(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = cast.workspace.pk
    send_and_project(workspace, [run_of(edge) for edge in ["ab", "bc", "cd", "de"]])
    start = asset(workspace, "dataset", "a").pk
    monkeypatch.setattr(queries, "MAX_NODES", 2)
    with in_workspace(workspace):
        found = reach(start, "downstream", depth=50, revision=current_revision())
    assert [node.distance for node in found.nodes] == [1, 2]
    assert "more than 2 datasets are reached; the answer stops at step 2" in found.reasons


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_not_kept(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = cast.workspace.pk
    send_and_project(workspace, [run_of("ab")])
    monkeypatch.setattr(queries, "RECENT", kept := Recent())
    start = asset(workspace, "dataset", "a").pk
    with in_workspace(workspace):
        Flow.objects.filter(from_dataset=start).update(rev_to=next_revision("test"))
        assert len(reach(start, "downstream", depth=5, revision=current_revision()).nodes) == 0
        transaction.set_rollback(True)
    assert kept.kept == {}
    with in_workspace(workspace):
        assert len(reach(start, "downstream", depth=5, revision=current_revision()).nodes) == 1
    assert list(kept.kept) == [workspace]


@pytest.mark.django_db(transaction=True)
def test_memory_is_bounded_and_the_longest_unasked_goes_first(cast: Cast) -> None:
    for workspace in (cast.workspace.pk, cast.elsewhere.pk):
        send_and_project(workspace, [run_of(edge) for edge in EDGES])
    keeper = Recent()

    def ask(workspace: uuid.UUID) -> int:
        with in_workspace(workspace):
            snapshot = keeper.at(current_revision())
        assert snapshot is not None
        return snapshot.nbytes

    ours, theirs = cast.workspace.pk, cast.elsewhere.pk
    keeper.max_bytes = 2 * ask(ours)
    ask(theirs)
    ask(ours)
    assert list(keeper.kept) == [theirs, ours]
    keeper.kept.pop(ours)
    keeper.max_bytes //= 2
    ask(ours)
    assert list(keeper.kept) == [ours]
    keeper.kept.pop(ours)
    keeper.max_bytes = 1
    ask(ours)
    assert list(keeper.kept) == [], "what alone is too large is not kept"


@pytest.mark.django_db(transaction=True)
def test_many_changes_are_loaded_anew(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "FEW", 3)
    keeper = Recent()
    firsts = []
    for edge in EDGES:
        send_and_project(cast.workspace.pk, [run_of(edge)])
        with in_workspace(cast.workspace.pk):
            snapshot = keeper.at(current_revision())
        assert snapshot is not None
        firsts.append(snapshot.first)
    assert len(set(firsts)) > 2


@pytest.mark.django_db(transaction=True)
def test_a_span_of_time_follows_the_flows_that_were_seen_in_it(cast: Cast) -> None:
    workspace = cast.workspace.pk
    send_and_project(workspace, [run_of("ab", "2026-01-01T00:00:00Z"), run_of("bc", "2026-03-01T00:00:00Z")])
    start = asset(workspace, "dataset", "a").pk
    names = {asset(workspace, "dataset", name).pk: name for name in "bc"}

    def ask(since: str | None, until: str | None) -> str:
        given = [datetime.datetime.fromisoformat(each) if each else None for each in (since, until)]
        with in_workspace(workspace):
            answer = reach(
                start, "downstream", depth=5, revision=current_revision(), flows=FlowFilter(seen=Seen(*given))
            )
        return "".join(names[node.asset_id] for node in answer.nodes)

    assert ask(None, None) == "bc"
    assert ask("2025-01-01T00:00:00+00:00", "2026-12-01T00:00:00+00:00") == "bc"
    assert ask(None, "2026-02-01T00:00:00+00:00") == "b"
    assert ask("2026-02-01T00:00:00+00:00", None) == "", "the first flow was not seen any more"
