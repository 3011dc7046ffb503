"""Where data lies follows from its storages: moved with them, missing as a whole where one place is not known."""

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.models import Asset, DerivedFact, Source
from tests.lineage.inventory.support import find, report, source
from tests.support.cast import Cast

ORDERS = ("dataset", "s3%3A%2F%2Flake/orders")
LAKE, BACKUP, SITE = ("storage", "lake"), ("storage", "backup"), ("site", "fra1")
SERVES = {"lineage_namespaces": ["s3://lake"]}


def orders() -> Asset:
    return find(*ORDERS)


def test_moving_a_storage_moves_all_that_lies_in_it(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {})
        report(LAKE, {"country": "DE", "replica_countries": ["IE"], **SERVES})
        assert orders().document["storage_countries"] == ["DE", "IE"]
        assert (orders().document["country"], orders().country) == ("DE", "DE")
        before = orders().rev_changed
        report(LAKE, {"country": "US"}, hours=1)
        assert orders().document["storage_countries"] == ["IE", "US"]
        assert orders().country == "US"
        assert orders().rev_changed > before
        assert DerivedFact.objects.filter(name="storage_countries", rev_to=None).count() == 1


def test_a_storage_without_country_takes_that_of_its_site_and_follows_it(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {})
        report(LAKE, {"replica_countries": [], **SERVES}, relations={"at": [SITE]})
        assert "storage_countries" not in orders().document
        report(SITE, {"country": "DE"})
        assert orders().document["storage_countries"] == ["DE"]
        report(SITE, {"country": "CH"}, hours=1)
        assert orders().document["storage_countries"] == ["CH"]


def test_one_storage_with_unknown_country_makes_the_list_missing_as_a_whole(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(LAKE, {"country": "DE", "replica_countries": [], **SERVES})
        report(ORDERS, {"storage_countries": ["DE"]}, relations={"stored_in": [BACKUP]})
        assert "storage_countries" not in orders().document
        assert orders().conflicts["storage_countries"][0]["value"] == ["DE"]
        assert orders().document["country"] == "DE"  # the primary one is where its namespace leads
        report(BACKUP, {"country": "FR", "replica_countries": []})
        assert orders().document["storage_countries"] == ["DE", "FR"]


def test_a_replica_list_that_was_sent_unresolved_is_unknown(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {})
        report(LAKE, {"country": "DE", "replica_countries": None, **SERVES})
        assert "storage_countries" not in orders().document
        assert orders().document["country"] == "DE"


def test_a_replica_list_that_nobody_sent_is_unknown_and_no_none(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {})
        report(LAKE, {"country": "DE", **SERVES})
        assert "storage_countries" not in orders().document
        assert orders().document["country"] == "DE"
        assert orders().provenance["country"]["grade"] == "B"
        report(LAKE, {"replica_countries": []}, hours=1)
        assert orders().document["storage_countries"] == ["DE"]
        assert orders().provenance["storage_countries"]["grade"] == "B"


def test_a_declared_country_makes_no_better_than_a_declared_place(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {})
        report(LAKE, {"country": "DE", "replica_countries": [], **SERVES}, origin="declared")
        assert orders().provenance["storage_countries"]["grade"] == "C"


def test_a_measured_relation_to_a_measured_storage_is_grade_a(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(LAKE, {"country": "DE", "replica_countries": []})
        report(ORDERS, {}, relations={"stored_in": [LAKE]})
        assert orders().provenance["storage_countries"]["grade"] == "A"


def test_without_storage_the_reported_country_stands_and_there_is_no_list(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {"country": "DE"})
        assert orders().document["country"] == "DE"
        assert orders().document["location_source"] == "inventory"
        assert "storage_countries" not in orders().document


def test_the_storages_country_decides_over_the_reported_one(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {"country": "FR"})
        report(LAKE, {"country": "DE", **SERVES})
        assert orders().document["country"] == "DE"
        assert orders().conflicts["country"][0]["value"] == "FR"
        report(LAKE, {"lineage_namespaces": []}, hours=1)
        assert orders().document["country"] == "FR"


def test_nothing_known_is_nothing_said(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {"environment": "prod"})
        assert not {"country", "location_source", "storage_countries"} & set(orders().document)


@pytest.mark.parametrize(
    ("grade_class", "door", "known_by"),
    [
        ("cloud_api", Source.Door.INVENTORY, "cloud_api"),
        ("asset_database", Source.Door.INVENTORY, "inventory"),
        ("cloud_api", Source.Door.LINEAGE, "facet"),
    ],
)
def test_the_source_of_the_country_says_how_the_location_is_known(
    cast: Cast, grade_class: str, door: str, known_by: str
) -> None:
    with in_workspace(cast.workspace.pk):
        by = source("s", grade_class)
        Source.objects.update(door=door)
        report(ORDERS, {})
        report(LAKE, {"country": "DE", **SERVES}, by=by)
        assert orders().document["location_source"] == known_by


def test_two_storages_that_disagree_leave_the_country_open(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(LAKE, {"country": "DE", "replica_countries": []})
        report(BACKUP, {"country": "FR", "replica_countries": []})
        report(ORDERS, {}, relations={"stored_in": [LAKE, BACKUP]})
        assert orders().document["storage_countries"] == ["DE", "FR"]
        assert "country" not in orders().document
