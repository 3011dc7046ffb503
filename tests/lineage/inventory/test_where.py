"""Assets are filtered by any attribute of their kind, shipped or declared, and no page looks at more than its bound."""

from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from audit.pipeline import run_due
from lineage.inventory import queries
from lineage.inventory.kinds.load import shipped_vocabulary
from lineage.inventory.kinds.where import where
from lineage.inventory.queries import AssetFilters, count_assets, list_assets
from tests.support.cast import Cast
from tests.support.declared import PUMP, declare
from tests.support.estate import send_inventory

PUMPS: list[dict[str, Any]] = [
    {"flow_litres": 5, "serviced_at": "2026-10-01T00:00:00Z", "redundant": True, "tags": ["north", "old"]},
    {"flow_litres": 12.5, "serviced_at": "2026-10-01T00:00:00.5Z", "redundant": False, "labels": {"team": "risk"}},
    {"flow_litres": 20, "serviced_at": "2026-11-01T00:00:00Z", "description": "spare"},
    {"redundant": True},
]


@pytest.fixture
def plant(cast: Cast) -> Cast:
    declare(cast, PUMP)
    send_inventory(
        cast.api["pipeline"],
        *({"kind": "pump", "uid": f"p{number}", "attributes": each} for number, each in enumerate(PUMPS)),
        {"kind": "storage", "uid": "lake", "attributes": {"description": "spare", "public_access": False}},
    )
    run_due(cast.workspace.pk)
    return cast


def found(cast: Cast, **asked: str) -> list[str]:
    answer = cast.api["auditor"].get("/api/v1/assets", asked)
    assert answer.status_code == 200, answer.content
    return sorted(row["uid"] for row in answer.json()["results"])


def refused(cast: Cast, **asked: str) -> str:
    answer = cast.api["auditor"].get("/api/v1/assets", asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_parameter"), answer.content
    return str(answer.json()["error"]["message"])


def test_assets_are_filtered_by_declared_and_shipped_attributes_of_each_type(plant: Cast) -> None:
    for asked, uids in [
        ({"attr.flow_litres": "12.5"}, ["p1"]),
        ({"attr.flow_litres": "5"}, ["p0"]),
        ({"attr.flow_litres__gte": "12.5"}, ["p1", "p2"]),
        ({"attr.flow_litres__gte": "6", "attr.flow_litres__lte": "19"}, ["p1"]),
        ({"attr.redundant": "true"}, ["p0", "p3"]),
        ({"attr.serviced_at": "2026-10-01T02:00:00+02:00"}, ["p0"]),
        ({"attr.serviced_at__gte": "2026-10-01T00:00:00.25Z"}, ["p1", "p2"]),
        ({"attr.serviced_at__lte": "2026-10-01T00:00:00Z"}, ["p0"]),
        ({"attr.tags": "old"}, ["p0"]),
        ({"attr.labels": "team=risk"}, ["p1"]),
        ({"attr.description": "spare"}, ["p2"]),
        ({"attr.flow_litres": ""}, ["p0", "p1", "p2", "p3"]),
    ]:
        assert found(plant, kind="pump", **asked) == uids, asked
    assert found(plant, kind="storage", **{"attr.description": "spare"}) == ["lake"]
    assert found(plant, kind="storage", **{"attr.public_access": "false"}) == ["lake"]


def test_a_filter_that_cannot_be_used_is_refused_by_name(plant: Cast) -> None:
    for asked, said in [
        ({"attr.flow_litre": "5"}, "flow_litres"),
        ({"attr.flow_litres": "many"}, "expected number in l/min"),
        ({"attr.redundant__gte": "true"}, "it is bool, which has none"),
        ({"attr.inventory_age_days__gte": "30"}, "filter by inventory_at"),
        ({"attr.tags": ";"}, "cannot be used"),
    ]:
        message = refused(plant, kind="pump", **asked)
        assert message.startswith(next(iter(asked)))
        assert said in message
    assert "Add &kind=" in refused(plant, **{"attr.flow_litres": "5"})
    answer = plant.api["auditor"].get("/api/v1/assets?kind=pump&flow_litres=5")
    assert answer.json()["error"]["code"] == "unknown_parameter"


def test_outsider_cannot_ask_by_what_was_declared_here(plant: Cast) -> None:
    answer = plant.api["outsider"].get("/api/v1/assets?kind=storage&attr.flow_litres=5")
    assert answer.status_code == 400
    assert plant.api["pipeline"].get("/api/v1/assets?kind=pump&attr.flow_litres=5").status_code == 403


def test_a_page_looks_at_a_bounded_number_of_assets_and_the_next_goes_on(
    plant: Cast, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(queries, "LOOKED_AT", 2)
    rare = where(shipped_vocabulary().kinds["storage"], "description", "", "spare")
    filters = AssetFilters(kind="pump", where=(rare,))
    with in_workspace(plant.workspace.pk):
        with django_assert_num_queries(2):
            first = list_assets(filters, None, 10)
        assert (first.rows, first.next is not None) == ((), True)
        second = list_assets(filters, first.next, 10)
        assert [row.uid for row in second.rows] == ["p2"]
        assert count_assets(filters) == 1
        every = AssetFilters(kind="pump")
        whole = [row.uid for row in list_assets(every, None, 10).rows]
        seen, after = [], None
        by_name = ["name", "id"]
        while True:
            page = list_assets(AssetFilters(kind="pump", where=()), after, 1, order=by_name)
            seen += [row.uid for row in page.rows]
            after = page.next
            if after is None:
                break
        assert sorted(seen) == sorted(whole)


def test_the_whole_list_as_csv_goes_on_over_pages_without_rows(plant: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "LOOKED_AT", 1)
    answer = plant.api["auditor"].get("/api/v1/assets?kind=pump&attr.redundant=true", headers={"Accept": "text/csv"})
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert [line.split(",")[2] for line in lines[1:]] == ["p0", "p3"]
