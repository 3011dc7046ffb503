"""How much flows, and who reads from abroad: summed up over 30 days from what each run says last, or missing."""

import datetime
import itertools
import uuid
from decimal import Decimal
from typing import Any

import pytest

from accounts.members.manage import create_workspace
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import in_workspace
from lineage.graph.flow_volumes import two_figures
from lineage.graph.models import JobVersionVolume
from lineage.inventory.models import Asset
from tests.support.cast import Cast
from tests.support.estate import send_inventory
from tests.support.flow import asset, drain, send_and_project, whole_state
from tests.support.openlineage import dataset, facet, new_run, run_event

GB = 10**9
DE, FR = "postgres://de", "postgres://fr"


@pytest.fixture
def workspace(cast: Cast) -> uuid.UUID:
    return cast.workspace.pk


def read(name: str, size: Any = None, namespace: str = DE) -> dict[str, Any]:
    """Return an input of which so many bytes were read; None = nothing is said."""
    said = {} if size is None else {"inputStatistics": facet(size=size, rowCount=1)}
    return dataset(name, namespace) | {"inputFacets": said}


def written(name: str, size: Any = None, namespace: str = DE) -> dict[str, Any]:
    said = {} if size is None else {"outputStatistics": facet(size=size, rowCount=1)}
    return dataset(name, namespace) | {"outputFacets": said}


def run(
    inputs: list[dict[str, Any]],
    outputs: list[dict[str, Any]],
    kind: str = "COMPLETE",
    day: int = 1,
    of: str = "",
    **rest: Any,
) -> dict[str, Any]:
    at = f"2026-10-{day:02}T08:00:00Z"
    return run_event(kind, at, run=of or new_run(), inputs=inputs, outputs=outputs, **rest)


def volume(workspace: uuid.UUID, source: str = "a", target: str = "b") -> float | None:
    with in_workspace(workspace):
        row = Asset.objects.filter(kind="data_flow", name=f"{source} → {target}").first()
        return row.document.get("volume_gb_30d") if row is not None else None


def share(workspace: uuid.UUID, name: str = "a") -> float | None:
    found: float | None = asset(workspace, "dataset", name).document.get("cross_border_read_share_30d")
    return found


# ---- volumes of flows


def test_what_was_written_moved_where_all_of_it_comes_from_one_source(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run([read("a", 7 * GB)], [written("b", 2 * GB)]) for _ in range(3)])
    assert volume(workspace) == 6.0
    provenance = asset(workspace, "data_flow", "a → b").provenance["volume_gb_30d"]
    assert (provenance["grade"], provenance["at"]) == ("A", "2026-10-01T00:00:00Z")


def test_of_several_sources_each_moved_what_was_read_of_it(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run([read("a", GB), read("c", 3 * GB)], [written("b", 2 * GB)])])
    assert (volume(workspace), volume(workspace, "c")) == (1.0, 3.0)


def test_where_nothing_was_said_of_reading_no_more_moved_than_was_written(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run([read("a"), read("c", 3 * GB)], [written("b", 2 * GB)])])
    assert (volume(workspace), volume(workspace, "c")) == (2.0, 3.0)


@pytest.mark.parametrize("size", [None, -1, "7", 1.5, True, 2**63, {}])
def test_one_good_run_that_does_not_say_how_much_leaves_it_missing(workspace: uuid.UUID, size: Any) -> None:
    send_and_project(workspace, [run([read("a")], [written("b", GB)])])
    assert volume(workspace) == 1.0
    send_and_project(workspace, [run([read("a")], [written("b", size)])])
    assert volume(workspace) is None


@pytest.mark.parametrize("kind", ["START", "RUNNING", "FAIL", "ABORT"])
def test_a_run_that_did_not_end_well_need_not_say_how_much(workspace: uuid.UUID, kind: str) -> None:
    send_and_project(workspace, [run([read("a")], [written("b", GB)]), run([read("a")], [written("b")], kind)])
    assert volume(workspace) == 1.0
    send_and_project(workspace, [run([read("a")], [written("b", GB)], kind)])
    assert volume(workspace) == 2.0, "but what it says counts"


def test_a_statistic_sent_again_replaces_the_former_and_a_deleted_one_is_gone(workspace: uuid.UUID) -> None:
    of = new_run()
    send_and_project(workspace, [run([read("a")], [written("b", 2 * GB)], day=2, of=of)])
    send_and_project(workspace, [run([read("a")], [written("b", 9 * GB)], "RUNNING", day=1, of=of)])
    assert volume(workspace) == 2.0, "the later event time counts"
    send_and_project(workspace, [run([read("a")], [written("b", 3 * GB)], "OTHER", day=3, of=of)])
    assert volume(workspace) == 3.0
    gone = dataset("b", DE) | {"outputFacets": {"outputStatistics": {"_deleted": True}}}
    send_and_project(workspace, [run([read("a")], [gone], "OTHER", day=4, of=of)])
    assert volume(workspace) is None


def test_only_the_thirty_days_up_to_the_newest_good_run_count(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run([read("a")], [written("b", day * GB)], day=day) for day in (1, 2, 30)])
    assert volume(workspace) == 33.0
    send_and_project(workspace, [run([read("a")], [written("b", 4 * GB)], day=31)])
    assert volume(workspace) == 36.0, "that of the first of October is out, that of the second is not"


def test_of_a_job_that_streams_each_run_has_to_say_how_much(workspace: uuid.UUID) -> None:
    stream = {"jobType": facet(processingType="STREAMING", integration="FLINK")}
    said = run([read("a")], [written("b", GB)], "RUNNING", job_facets=stream)
    send_and_project(workspace, [said])
    assert volume(workspace) == 1.0
    send_and_project(workspace, [run([read("a")], [written("b")], "RUNNING")])
    assert volume(workspace) is None


def test_that_a_job_streams_counts_also_where_it_is_said_later(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run([read("a")], [written("b")], "RUNNING"), run([read("a")], [written("b", GB)])])
    assert volume(workspace) == 1.0
    stream = {"jobType": facet(processingType="STREAMING", integration="FLINK")}
    send_and_project(workspace, [run([], [], "RUNNING", job_facets=stream)])
    assert volume(workspace) is None


def test_a_flow_that_nothing_joins_any_more_has_no_volume(workspace: uuid.UUID) -> None:
    of = new_run()
    send_and_project(workspace, [run([read("a"), read("c", GB)], [written("b", GB)], of=of)])
    assert volume(workspace, "c") == 1.0
    picked = facet(entries=[{"namespace": DE, "name": "b", "type": "DATASET",
                             "inputs": [{"namespace": DE, "name": "a", "type": "DATASET"}]}])  # fmt: skip
    send_and_project(workspace, [run([], [], day=2, of=of, job_facets={"lineage": picked})])
    assert (volume(workspace), volume(workspace, "c")) == (1.0, None)
    with in_workspace(workspace):
        assert Asset.objects.filter(kind="data_flow", document__has_key="volume_gb_30d").count() == 1


def test_sums_beyond_64_bits_are_kept(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run([read("a")], [written("b", 2**63 - 1)]) for _ in range(3)])
    assert volume(workspace) == 28_000_000_000.0


@pytest.mark.parametrize(
    ("number", "up"), [("0", 0), ("1", 1), ("0.0123", 0.013), ("99", 99), ("101", 110), ("0.000000001", 1e-9)]
)
def test_numbers_are_rounded_up_to_two_figures(number: str, up: float) -> None:
    assert two_figures(Decimal(number)) == up


# ---- reads from abroad


def stores(cast: Cast, *lines: dict[str, Any]) -> None:
    places = [("de", DE, "DE"), ("fr", FR, "FR")]
    send_inventory(
        cast.api["pipeline"],
        *(
            {"kind": "storage", "uid": uid, "origin": "measured",
             "attributes": {"country": country, "replica_countries": [], "lineage_namespaces": [namespace]}}
            for uid, namespace, country in places
        ),
        *lines,
    )  # fmt: skip
    drain(cast.workspace.pk)


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat()


def cluster(country: str) -> list[dict[str, Any]]:
    return [
        {"kind": "cluster", "uid": "k8s", "origin": "measured", "attributes": {"country": country}},
        {"kind": "job", "uid": "airflow/daily", "relations": {"runs_on": [{"kind": "cluster", "uid": "k8s"}]}},
    ]


def test_the_share_read_from_abroad_is_that_of_all_bytes_read(cast: Cast) -> None:
    stores(cast)
    home = run([read("a", 3 * GB)], [written("b")], job="home")
    abroad = run([read("a", GB)], [written("c", namespace=FR)], job="abroad")
    send_and_project(cast.workspace.pk, [home, abroad])
    assert share(cast.workspace.pk) == 0.25
    assert asset(cast.workspace.pk, "dataset", "a").provenance["cross_border_read_share_30d"]["grade"] == "B"


def test_a_job_reads_where_its_cluster_is_whatever_it_writes(cast: Cast) -> None:
    stores(cast)
    send_and_project(cast.workspace.pk, [run([read("a", GB)], [written("b")])])
    assert share(cast.workspace.pk) == 0.0
    stores(cast, *cluster("FR"))
    assert share(cast.workspace.pk) == 1.0
    stores(cast, cluster("DE")[0] | {"observed_at": now()})
    assert share(cast.workspace.pk) == 0.0, "the cluster has moved"


def test_a_job_reads_where_the_site_of_its_cluster_is(cast: Cast) -> None:
    site = {"kind": "site", "uid": "s1", "origin": "measured", "attributes": {"country": "DE"}}
    at_site = {"kind": "cluster", "uid": "k8s", "relations": {"at": [{"kind": "site", "uid": "s1"}]}}
    stores(cast, site, at_site, cluster("DE")[1])
    send_and_project(cast.workspace.pk, [run([read("a", GB)], [written("b")])])
    assert share(cast.workspace.pk) == 0.0
    stores(cast, site | {"attributes": {"country": "FR"}, "observed_at": now()})
    assert share(cast.workspace.pk) == 1.0, "the site was another one"


def test_nobody_knows_the_share_while_it_is_not_known_where_a_reader_or_the_dataset_is(cast: Cast) -> None:
    workspace = cast.workspace.pk
    send_and_project(workspace, [run([read("a", GB)], [written("b", namespace="postgres://nowhere")])])
    assert share(workspace) is None, "the dataset lies nobody knows where"
    stores(cast)
    assert share(workspace) is None, "what is written lies nobody knows where"
    place = {"country": "FR", "replica_countries": [], "lineage_namespaces": ["postgres://nowhere"]}
    stores(cast, {"kind": "storage", "uid": "no", "origin": "measured", "attributes": place})
    assert share(workspace) == 1.0


def test_a_reader_that_writes_nothing_and_runs_nobody_knows_where_leaves_it_missing(cast: Cast) -> None:
    stores(cast)
    send_and_project(cast.workspace.pk, [run([read("a", GB)], [])])
    assert share(cast.workspace.pk) is None
    stores(cast, *cluster("FR"))
    assert share(cast.workspace.pk) == 1.0


def test_a_reader_that_does_not_say_how_much_leaves_it_missing(cast: Cast) -> None:
    stores(cast)
    send_and_project(cast.workspace.pk, [run([read("a", GB)], [written("b")])])
    assert share(cast.workspace.pk) == 0.0
    send_and_project(cast.workspace.pk, [run([read("a")], [written("c", namespace=FR)], job="silent")])
    assert share(cast.workspace.pk) is None


def test_a_copy_where_the_reader_is_makes_the_read_a_local_one(cast: Cast) -> None:
    stores(cast)
    send_and_project(cast.workspace.pk, [run([read("a", GB)], [written("c", namespace=FR)])])
    assert share(cast.workspace.pk) == 1.0
    copied = {"country": "DE", "replica_countries": ["FR"], "lineage_namespaces": [DE]}
    line = {"kind": "storage", "uid": "de", "origin": "measured", "attributes": copied}
    send_inventory(cast.api["pipeline"], line | {"observed_at": now()})
    drain(cast.workspace.pk)
    assert share(cast.workspace.pk) == 0.0


# ---- order


ONE, TWO = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
STORY = [
    run([read("a", GB)], [], "START", day=1, of=ONE),
    run([read("a", 2 * GB)], [written("b", GB), written("c")], day=3, of=ONE),
    run([read("a")], [written("b", 5 * GB)], "RUNNING", day=2, of=ONE),
    run([read("a", GB)], [written("b", GB)], day=2, of=TWO),
    run([], [], "OTHER", day=4, of=TWO, job_facets={"jobType": facet(processingType="STREAMING")}),
]


@pytest.mark.django_db
def test_volumes_do_not_depend_on_order_repetition_or_batches() -> None:
    def state(*batches: list[dict[str, Any]]) -> dict[str, list[Any]]:
        workspace = create_workspace(f"w-{new_id()}", "", actor="command")
        for batch in batches:
            send_and_project(workspace.pk, batch)
        return whole_state(workspace.pk)

    expected = state(STORY)
    assert len(expected["volumes"]) == 4
    for order in itertools.islice(itertools.permutations(STORY), 0, 120, 7):
        got = state(*([event] for event in order), [order[0], order[2]])
        for part, rows in expected.items():
            assert got[part] == rows, part


def test_a_workspace_without_statistics_keeps_none(workspace: uuid.UUID) -> None:
    send_and_project(workspace, [run([read("a")], [written("b")])])
    with in_workspace(workspace):
        assert not JobVersionVolume.objects.exists()
