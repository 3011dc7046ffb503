"""Reading assets and sources: who may, filtered and paged, with where each fact comes from."""

import csv
import datetime
import io
from typing import Any

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.models import Source
from lineage.inventory.queries import AssetFilters, asset_detail, list_assets, list_sources, silent_sources
from tests.lineage.inventory.support import NOON, at, find, report, source
from tests.support.cast import Cast

ORDERS, LAKE, SITE = ("dataset", "s3%3A%2F%2Flake/orders"), ("storage", "lake"), ("site", "fra1")


def estate(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {"classification": "personal", "environment": "prod", "country": "FR"})
        lake = {"country": "DE", "replica_countries": [], "lineage_namespaces": ["s3://lake"]}
        report(LAKE, lake, relations={"at": [SITE]})
        report(LAKE, {"country": "CH"}, by=source("sheet", "spreadsheet"), hours=1)
        report(("site", "zrh1"), {"country": "CH"})


def get(cast: Cast, who: str, path: str, **parameters: str) -> Any:
    return cast.api[who].get(f"/api/v1/{path}", parameters)


def uids(answer: Any) -> set[str]:
    return {row["uid"] for row in answer.json()["results"]}


def text_of(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


PATHS = ["assets", "inventory-sources"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", ["officer", "auditor", "engineer", "admin"])
def test_members_read_what_exists(cast: Cast, who: str, path: str) -> None:
    estate(cast)
    assert len(get(cast, who, path).json()["results"]) > 0


@pytest.mark.parametrize("path", PATHS)
def test_outsider_sees_nothing_of_it_and_pipeline_reads_nothing(cast: Cast, path: str) -> None:
    estate(cast)
    assert get(cast, "outsider", path).json()["results"] == []
    assert get(cast, "pipeline", path).status_code == 403
    assert get(cast, "nobody", path).status_code == 401


def test_outsider_cannot_tell_that_an_asset_exists(cast: Cast) -> None:
    estate(cast)
    with in_workspace(cast.workspace.pk):
        known = find(*LAKE).pk
    theirs = get(cast, "outsider", f"assets/{known}")
    nobodys = get(cast, "outsider", "assets/00000000-0000-7000-8000-000000000000")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json() == nobodys.json()
    assert get(cast, "pipeline", f"assets/{known}").status_code == 403


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, {ORDERS[1], "lake", "fra1", "zrh1"}),
        ({"kind": "site"}, {"fra1", "zrh1"}),
        ({"country": "DE"}, {"lake", ORDERS[1]}),
        ({"environment": "prod"}, {ORDERS[1]}),
        ({"state": "mentioned"}, {"fra1"}),
        ({"uid": "lake"}, {"lake"}),
        ({"name": "ord"}, {ORDERS[1]}),
        ({"name": "%"}, set()),
        ({"kind": "site", "country": "CH"}, {"zrh1"}),
        ({"state": "retired"}, set()),
    ],
)
def test_assets_are_listed_by_what_is_asked_for(cast: Cast, filters: dict[str, str], found: set[str]) -> None:
    estate(cast)
    assert uids(get(cast, "auditor", "assets", **filters)) == found


@pytest.mark.parametrize(
    ("parameters", "code", "word"),
    [
        ({"kind": "storrage"}, "bad_parameter", "storage"),
        ({"state": "gone"}, "bad_parameter", "retired"),
        ({"limit": "201"}, "bad_parameter", "200"),
        ({"limit": "x"}, "bad_parameter", "200"),
        ({"name": "a\x00"}, "bad_parameter", "NUL"),
        ({"after": "x"}, "bad_cursor", "leave `after` out"),
    ],
)
def test_a_wrong_parameter_is_told_with_what_there_is(
    cast: Cast, parameters: dict[str, str], code: str, word: str
) -> None:
    answer = get(cast, "auditor", "assets", **parameters)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert word in answer.json()["error"]["message"]


def test_pages_of_assets_follow_each_other(cast: Cast) -> None:
    estate(cast)
    first = get(cast, "auditor", "assets", limit="3")
    second = get(cast, "auditor", "assets", limit="3", after=first.json()["next"])
    assert uids(first) | uids(second) == {ORDERS[1], "lake", "fra1", "zrh1"}
    assert second.json()["next"] is None


def test_csv_by_accept_holds_the_whole_list_and_errors_stay_json(cast: Cast) -> None:
    estate(cast)
    with in_workspace(cast.workspace.pk):
        report(("site", "evil"), {"name": '=HYPERLINK("x")'})
    answer = cast.api["auditor"].get("/api/v1/assets", HTTP_ACCEPT="text/csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(text_of(answer))))
    assert len(rows) == 5
    assert '\'=HYPERLINK("x")' in {row["name"] for row in rows}
    wrong = cast.api["auditor"].get("/api/v1/assets", {"after": "x"}, HTTP_ACCEPT="text/csv")
    assert (wrong.status_code, wrong["Content-Type"]) == (400, "application/json")
    page = cast.api["auditor"].get("/api/v1/assets", {"limit": "2"}, HTTP_ACCEPT="text/csv")
    assert 'rel="next"' in page["Link"]
    assert len(text_of(page).splitlines()) == 3


def test_an_asset_tells_what_is_known_by_whom_and_what_disagrees(cast: Cast) -> None:
    estate(cast)
    with in_workspace(cast.workspace.pk):
        lake, orders = find(*LAKE).pk, find(*ORDERS).pk
    body = get(cast, "auditor", f"assets/{lake}").json()
    country = next(fact for fact in body["facts"] if fact["name"] == "country")
    assert (country["value"], country["source"], country["origin"], country["grade"]) == ("DE", "cmdb", "measured", "A")
    assert [(said["source"], said["value"]) for said in country["reported"]] == [("cmdb", "DE"), ("sheet", "CH")]
    assert body["conflicts"]["country"][0]["value"] == "CH"
    assert [(one["name"], one["total"]) for one in body["relations"]] == [("at", 1), ("holds", 1)]
    assert body["relations"][0]["ends"][0]["sources"] == ["cmdb"]
    assert body["relations"][1]["ends"][0]["sources"] == []  # derived from the namespace
    derived = get(cast, "auditor", f"assets/{orders}").json()
    places = next(fact for fact in derived["facts"] if fact["name"] == "storage_countries")
    assert (places["value"], places["origin"], places["derivation"]) == (["DE"], "derived", "storage_countries@1")
    assert places["inputs"][0]["storage"] == "lake"


def test_a_fact_that_is_unknown_all_the_same_is_shown_as_such(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {"storage_countries": ["DE"]}, relations={"stored_in": [LAKE]})
        detail = asset_detail(find(*ORDERS).pk)
        assert detail is not None
        fact = next(fact for fact in detail.facts if fact.name == "storage_countries")
        assert fact.value is None
        assert [said.value for said in fact.reported] == [["DE"]]
        assert fact.derivation == "storage_countries@1"


def test_a_source_is_silent_once_it_misses_its_cadence(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        source("daily"), source("unknown")
        Source.objects.filter(name="daily").update(expected_every_hours=24, last_seen_at=NOON)
        assert [line.silent for line in list_sources(at(24))] == [False, None]
        assert [line.name for line in silent_sources(at(25))] == ["daily"]


def test_a_source_tells_what_it_declared_and_what_arrived(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        source("a"), source("b")
        Source.objects.filter(name="a").update(declared_count=5, received_count=4)
    rows = {row["name"]: row for row in get(cast, "auditor", "inventory-sources").json()["results"]}
    assert (rows["a"]["declared"], rows["a"]["received"], rows["a"]["complete"]) == (5, 4, False)
    assert rows["b"]["complete"] is None


@pytest.mark.parametrize("size", [1, 30])
def test_reading_takes_the_same_queries_however_much_there_is(
    cast: Cast, size: int, django_assert_num_queries: Any
) -> None:
    with in_workspace(cast.workspace.pk):
        for number in range(size):
            report(("node", f"n{number}"), {"accelerators": 8}, by=source(f"s{number}"), relations={"at": [SITE]})
        site = find(*SITE).pk
        with django_assert_num_queries(1):
            assert len(list_assets(AssetFilters(kind="node"), None, 200).rows) == size
        with django_assert_num_queries(4):
            asset_detail(site)
        with django_assert_num_queries(1):
            assert len(list_sources(NOON + datetime.timedelta(days=1))) == size
