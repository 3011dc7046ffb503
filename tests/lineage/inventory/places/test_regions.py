"""The region table: reviewed rows that say what they rest on, and the country of what lies in a region."""

import datetime

import pytest
from botocore.session import get_session

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.kinds.countries import COUNTRIES
from lineage.inventory.models import DerivedFact
from lineage.inventory.places.regions import key_of, parse_regions, region_named, shipped_regions
from tests.lineage.inventory.support import find, report, source
from tests.support.cast import Cast

LAKE, ORDERS = ("storage", "s3://lake"), ("dataset", "s3%3A%2F%2Flake/orders")
FRANKFURT = {"provider": "aws", "region": "eu-central-1"}


def test_each_row_has_a_source_a_date_and_a_reviewer_and_only_assigned_countries() -> None:
    for row in shipped_regions().values():
        assert "" not in (row.place, row.source)
        assert row.reviewer == "maintainer"
        assert row.checked <= datetime.date(2026, 12, 1)
        assert set(row.countries) <= COUNTRIES
        assert row.countries or row.note, f"{row.key} leaves its country open and does not say why"


def test_botocore_knows_no_region_that_the_table_lacks() -> None:
    session = get_session()
    regions = {region for partition in session.get_data("partitions")["partitions"] for region in partition["regions"]}
    assert len(regions) > 40
    assert {region for region in regions if region_named("aws", region) is None} == set()


def test_what_is_global_lies_in_no_country_and_a_continent_in_none_that_is_named() -> None:
    for provider, region in [("gcp", "global"), ("aws", "aws-global"), ("azure", "europe"), ("gcp", "eu")]:
        found = region_named(provider, region)
        assert found is not None
        assert found.countries == ()
    assert region_named("gcp", "eu-nowhere-1") is None
    assert region_named(None, "eu-central-1") is None


def test_a_region_is_found_however_a_source_writes_it() -> None:
    assert key_of("Microsoft Azure", "West Europe") == ("azure", "westeurope")
    assert key_of("AWS", "EU-CENTRAL-1") == ("aws", "eu-central-1")


def test_a_row_that_comes_twice_or_could_not_be_found_is_refused() -> None:
    row = dict.fromkeys(("place", "countries", "bloc", "source", "reviewer", "note"), "") | {"checked": "2026-12-01"}
    with pytest.raises(ValueError, match="twice"):
        parse_regions([row | {"provider": "aws", "region": "x"}] * 2)
    with pytest.raises(ValueError, match="expected one row with the key"):
        parse_regions([row | {"provider": "AWS", "region": "x"}])


def test_what_lies_in_a_region_has_its_country_and_loses_it_with_the_region(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(LAKE, FRANKFURT, by=source("cloud", "cloud_api"))
        lake = find(*LAKE)
        assert (lake.document["country"], lake.country, lake.conflicts) == ("DE", "DE", {})
        assert lake.provenance["country"]["source"] == "region_country@1"
        assert lake.provenance["country"]["grade"] == "B"
        report(LAKE, {"region": "eu-west-1"}, by=source("cloud", "cloud_api"), hours=1)
        assert find(*LAKE).country == "IE"
        report(LAKE, {"region": None}, by=source("cloud", "cloud_api"), hours=2)
        assert (find(*LAKE).country, "country" in find(*LAKE).document) == ("", False)
        assert not DerivedFact.objects.filter(name="country", rev_to=None).exists()


def test_a_country_of_as_good_a_source_decides_over_the_table_and_the_table_over_a_worse_one(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(LAKE, FRANKFURT)
        report(LAKE, {"country": "FR"}, by=source("sheet", "spreadsheet"))
        assert find(*LAKE).document["country"] == "DE"
        assert [one["value"] for one in find(*LAKE).conflicts["country"]] == ["FR"]
        report(LAKE, {"country": "AT"}, by=source("other", "asset_database"))
        assert find(*LAKE).document["country"] == "AT"
        said = [(one["value"], one["source"]) for one in find(*LAKE).conflicts["country"]]
        assert said == [("DE", "region_country@1"), ("FR", "sheet")]


def test_a_dataset_in_a_region_lies_where_the_region_does(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {})
        facts = FRANKFURT | {"replica_countries": [], "lineage_namespaces": ["s3://lake"]}
        report(LAKE, facts, by=source("cloud", "cloud_api"))
        orders = find(*ORDERS)
        assert (orders.country, orders.document["storage_countries"]) == ("DE", ["DE"])
        assert orders.document["location_source"] == "cloud_api"


def test_a_region_of_several_countries_gives_a_dataset_all_of_them_and_no_single_one(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {})
        facts = {"provider": "gcp", "region": "EUR4", "replica_countries": [], "lineage_namespaces": ["s3://lake"]}
        report(LAKE, facts)
        orders = find(*ORDERS)
        assert orders.document["storage_countries"] == ["FI", "NL"]
        assert (orders.country, find(*LAKE).country) == ("", "")
        report(LAKE, {"region": "eu"}, hours=1)
        assert "storage_countries" not in find(*ORDERS).document
