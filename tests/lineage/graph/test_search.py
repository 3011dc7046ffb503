"""Datasets and jobs are found by parts of their names, best first, and what may be missed is said."""

from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.graph import search as module
from lineage.inventory.models import Asset
from tests.support.cast import Cast
from tests.support.flow import send_and_project
from tests.support.openlineage import dataset, new_run, run_event

SEARCH = "/api/v1/graph/search"
NAMES = [
    "shop.public.customers",
    "shop.public.customers_daily",
    "CRM/Export/Customers.csv",
    "crm.old_customers",
    "orders",
]


@pytest.fixture
def named(cast: Cast) -> Cast:
    """NAMES in postgres://db:5432 and `raw` in s3://lake-eu, written by the job `shop.load` of airflow."""
    outputs = [*map(dataset, NAMES), dataset("raw", namespace="s3://lake-eu")]
    event = run_event(job="shop.load", run=new_run(), inputs=[dataset("orders")], outputs=outputs)
    send_and_project(cast.workspace.pk, [event])
    return cast


def ask(cast: Cast, text: str, role: str = "auditor", **query: Any) -> Any:
    return cast.api[role].get(SEARCH, {"q": text} | query)


def found(answer: Any) -> dict[str, str]:
    return {row["name"]: row["found_by"] for row in answer.json()["results"]}


def test_a_part_of_a_name_finds_it_best_first(named: Cast) -> None:
    answer = ask(named, "customers")
    assert list(found(answer).items()) == [
        ("shop.public.customers", "exact"),
        ("CRM/Export/Customers.csv", "last_part"),
        ("shop.public.customers_daily", "last_part"),
        ("crm.old_customers", "inside"),
    ]
    assert (answer.json()["complete"], answer.json()["reasons"]) == (True, [])


def test_the_whole_name_and_the_namespace_are_searched_too(named: Cast) -> None:
    assert found(ask(named, "shop.pub")) == {NAMES[0]: "name", NAMES[1]: "name"}
    assert found(ask(named, "shop.", kind="job")) == {"shop.load": "name"}
    assert found(ask(named, "s3://lake")) == {"raw": "namespace"}
    assert found(ask(named, "lake-eu")) == {"raw": "inside"}
    assert found(ask(named, "airflow")) == {"shop.load": "namespace"}
    row = ask(named, "raw").json()["results"][0]
    assert (row["namespace"], row["uid"], row["kind"]) == ("s3://lake-eu", "s3%3A%2F%2Flake-eu/raw", "dataset")


def test_what_stands_for_anything_elsewhere_stands_for_itself_here(named: Cast) -> None:
    for text in ("%", "_%", "*", "\\", "cust%", "'; --"):
        assert found(ask(named, text)) == {}
    assert "shop.public.customers_daily" in found(ask(named, "s_d"))


def test_pages_of_a_search_hold_each_row_once(named: Cast) -> None:
    rows: list[str] = []
    after: str | None = ""
    while after is not None:
        answer = ask(named, "customers", limit=1, after=after).json()
        rows += [row["name"] for row in answer["results"]]
        after = answer["next"]
    assert rows == list(found(ask(named, "customers")))


def test_what_was_not_looked_at_is_said(named: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKED_INSIDE", 2)
    answer = ask(named, "daily").json()
    assert answer["complete"] is False
    assert "searched inside for 2 datasets and jobs" in answer["reasons"][0]
    assert len(found(ask(named, "customers"))) >= 3, "how names begin is found among all"
    monkeypatch.setattr(module, "MOST", 1)
    assert "more than 1 names fit" in ask(named, "customers").json()["reasons"][0]


def test_what_is_retired_is_not_found(named: Cast) -> None:
    with in_workspace(named.workspace.pk):
        Asset.objects.filter(name="orders").update(state="retired")
    assert found(ask(named, "orders")) == {}


def test_the_last_part_follows_the_name(cast: Cast) -> None:
    wanted = {"a.b.C": "c", "x/y.z": "y.z", "dir/": "dir/", "a/dir/": "dir/", "dot.": "dot.", "Plain": "plain", "": ""}
    with in_workspace(cast.workspace.pk):
        for number, name in enumerate(wanted):
            Asset.objects.create(
                workspace=cast.workspace, kind="dataset", uid=str(number), name=name, state="reported",
                first_seen_at="2026-11-01T00:00:00Z", last_seen_at="2026-11-01T00:00:00Z", rev_changed=1,
            )  # fmt: skip
        assert dict(Asset.objects.values_list("name", "last_part")) == wanted
        long = Asset.objects.create(
            workspace=cast.workspace, kind="dataset", uid="long", name="Ⱥ" * 800, state="reported",
            first_seen_at="2026-11-01T00:00:00Z", last_seen_at="2026-11-01T00:00:00Z", rev_changed=1,
        )  # fmt: skip
        assert Asset.objects.get(pk=long.pk).last_part == "ⱥ" * 200


@pytest.mark.parametrize(
    "query", [{"q": ""}, {"q": "  "}, {"q": "x" * 201}, {"q": "x", "kind": "run"}, {"q": "x", "after": "x"}]
)
def test_a_parameter_that_cannot_be_read_is_refused(named: Cast, query: dict[str, Any]) -> None:
    response = named.api["auditor"].get(SEARCH, query)
    assert response.status_code == 400
    assert any(words in response.json()["error"]["message"] for words in ("expected", "send the `next`"))


def test_names_are_searched_by_members_alone(named: Cast) -> None:
    for role in ("officer", "auditor", "engineer", "admin"):
        assert ask(named, "orders", role).status_code == 200
    assert ask(named, "orders", "pipeline").status_code == 403
    assert ask(named, "orders", "nobody").status_code == 401


def test_outsider_cannot_see_that_the_name_exists(named: Cast) -> None:
    assert found(ask(named, "orders", "outsider")) == {}
