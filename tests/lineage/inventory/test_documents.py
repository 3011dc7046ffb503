"""What is effectively known: precedence of sources, conflicts, grades, derived facts."""

import pytest

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.revisions import next_revision
from lineage.inventory.derived import ABSENT, UNRESOLVED, Derived, set_derived
from lineage.inventory.documents import rebuild_documents
from lineage.inventory.models import Asset, DerivedFact
from tests.lineage.inventory.support import NOON, find, report, source
from tests.support.cast import Cast

STORE = ("storage", "s3://lake")


def derive(asset: Asset, name: str, value: object, *, inputs: list[object] | None = None) -> int:
    rev = next_revision("test")
    row = Derived(asset.pk, name, value, "test@1", inputs or [], "B", NOON)
    rebuild_documents(set_derived([row], rev), rev)
    return rev


def test_the_document_holds_values_and_where_they_come_from(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        asset = report(STORE, {"country": "DE", "environment": "prod", "owner": "p1", "name": "Lake EU"})
        assert asset.document == {
            "uid": "s3://lake",
            "name": "Lake EU",
            "country": "DE",
            "environment": "prod",
            "owner": "p1",
            "source": "cmdb",
            "first_seen_at": "2026-11-01T12:00:00Z",
            "last_seen_at": "2026-11-01T12:00:00Z",
        }
        assert (asset.name, asset.country, asset.environment, asset.owner) == ("Lake EU", "DE", "prod", "p1")
        where = asset.provenance["country"]
        assert (where["origin"], where["source"], where["at"]) == ("measured", "cmdb", "2026-11-01T12:00:00Z")


@pytest.mark.parametrize(
    ("origin", "attribute", "value", "grade"),
    [
        ("measured", "country", "DE", "A"),
        ("measured", "environment", "prod", "B"),
        ("declared", "country", "DE", "C"),
        ("attested", "country", "DE", "D"),
    ],
)
def test_a_grade_is_no_better_than_its_origin_nor_than_its_attribute(
    cast: Cast, origin: str, attribute: str, value: str, grade: str
) -> None:
    with in_workspace(cast.workspace.pk):
        assert report(STORE, {attribute: value}, origin=origin).provenance[attribute]["grade"] == grade


def test_the_cloud_interface_decides_over_a_newer_spreadsheet_and_the_loser_is_kept(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(STORE, {"country": "DE"}, by=source("cloud", "cloud_api"))
        asset = report(STORE, {"country": "FR"}, by=source("sheet", "spreadsheet"), hours=5)
        assert asset.document["country"] == "DE"
        assert asset.conflicts == {"country": [{"value": "FR", "source": "sheet", "at": "2026-11-01T17:00:00Z"}]}


def test_among_equals_the_newer_report_decides_and_then_the_name(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(STORE, {"country": "DE", "tier": "hot"}, by=source("b"))
        asset = report(STORE, {"tier": "cold"}, by=source("a"))
        assert asset.document["tier"] == "cold"
        assert report(STORE, {"country": "FR"}, by=source("c"), hours=1).document["country"] == "FR"


def test_sources_that_agree_are_no_conflict(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(STORE, {"country": "DE"}, by=source("a"))
        assert report(STORE, {"country": "DE"}, by=source("b")).conflicts == {}


def test_never_puts_an_older_instant_out_of_force(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(STORE, {"restore_test_at": "2026-10-01T00:00:00Z"})
        asset = report(STORE, {"restore_test_never": True}, hours=1)
        assert "restore_test_at" not in asset.document
        assert asset.document["restore_test_never"] is True


def test_a_derived_fact_decides_over_a_reported_one(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        asset = report(STORE, {"country": "DE"})
        rev = derive(asset, "country", "CH")
        asset.refresh_from_db()
        assert (asset.document["country"], asset.country, asset.rev_changed) == ("CH", "CH", rev)
        assert asset.provenance["country"] == {
            "origin": "derived",
            "source": "test@1",
            "at": "2026-11-01T12:00:00Z",
            "event": "",
            "grade": "B",
        }
        assert asset.conflicts["country"][0]["value"] == "DE"


def test_a_derivation_without_result_makes_the_fact_missing(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        asset = report(STORE, {"country": "DE"})
        derive(asset, "country", UNRESOLVED)
        asset.refresh_from_db()
        assert "country" not in asset.document
        assert asset.country == ""
        derive(asset, "country", ABSENT)
        assert find(*STORE).document["country"] == "DE"
        assert DerivedFact.objects.filter(rev_to=None).count() == 0


def test_a_derivation_is_kept_over_revisions_and_rewritten_only_when_it_differs(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        asset = report(STORE, {})
        first = derive(asset, "country", "CH", inputs=["a"])
        derive(asset, "country", "CH", inputs=["a"])
        assert DerivedFact.objects.get().rev_from == first
        third = derive(asset, "country", "CH", inputs=["b"])
        assert DerivedFact.objects.get(rev_from=first).rev_to == third


def test_what_is_no_longer_derived_is_closed(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        asset = report(STORE, {})
        derive(asset, "country", "CH")
        assert set_derived([], next_revision("test"), names=["country"], asset_ids=[asset.pk]) == {asset.pk}
        assert set_derived([], next_revision("test"), names=["country"], asset_ids=[asset.pk]) == set()


def test_only_what_changed_is_told_and_written(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        asset = report(STORE, {"country": "DE"})
        rev = next_revision("test")
        assert rebuild_documents([asset.pk], rev) == set()
        assert find(*STORE).rev_changed == asset.rev_changed


def test_the_entity_of_an_asset_is_a_column(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        asset = report(STORE, {}, relations={"organisation": [("organisation", "bank-se")]})
        assert asset.organisation_id == find("organisation", "bank-se").pk
        assert report(STORE, {}, relations={"organisation": []}, hours=1).organisation_id is None


def test_a_fact_that_is_confirmed_later_counts_as_a_change(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(STORE, {"country": "DE"})
        assert report(STORE, {"country": "DE"}, hours=1).provenance["country"]["at"] == "2026-11-01T13:00:00Z"
