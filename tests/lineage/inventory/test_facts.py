"""Facts and relations over revisions: merged per attribute, closed and never overwritten, both directions."""

import pytest

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.revisions import next_revision
from lineage.inventory.assets import ensure_assets
from lineage.inventory.facts import report_facts, unnamed_by_batch, withdraw_unnamed
from lineage.inventory.merge import ReportedRow
from lineage.inventory.models import Asset, FactSet, Relation
from tests.lineage.inventory.support import EVENT, NOON, at, edges, find, report, source
from tests.support.cast import Cast

STORE, SITE, NODE, RACK = ("storage", "s3://lake"), ("site", "fra1"), ("node", "n1"), ("rack", "r1")


def test_a_new_report_closes_the_old_row_at_its_revision(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(STORE, {"country": "DE"})
        report(STORE, {"country": "US"}, hours=1)
        old, new = FactSet.objects.order_by("rev_from")
        assert (old.facts["country"]["v"], old.rev_to) == ("DE", new.rev_from)
        assert (new.facts["country"]["v"], new.rev_to) == ("US", None)


def test_the_same_report_again_writes_nothing(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        first = report(STORE, {"country": "DE"}, relations={"at": [SITE]})
        again = report(STORE, {"country": "DE"}, relations={"at": [SITE]})
        assert first.rev_changed == again.rev_changed
        assert FactSet.objects.count() == 1
        assert Relation.objects.count() == 1


def test_two_reports_in_one_revision_leave_one_row(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        rev = next_revision("test")
        ref = ensure_assets([(*STORE, "")], rev, NOON, Asset.State.REPORTED)[STORE]
        for hours, country in ((0, "DE"), (1, "US")):
            report_facts(source(), [ReportedRow(ref.id, {"country": country}, {}, "measured", at(hours), EVENT)], rev)
        assert FactSet.objects.get().facts["country"]["v"] == "US"


def test_a_relation_is_seen_from_both_ends(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(NODE, {}, relations={"in_rack": [RACK], "at": [SITE]})
        assert edges(*RACK) == {("nodes", "n1")}
        assert edges(*SITE) == {("nodes", "n1")}
        assert find(*RACK).known_relations == ["nodes"]
        assert find(*RACK).state == Asset.State.MENTIONED
        assert edges(*NODE) == {("in_rack", "r1"), ("at", "fra1")}


def test_an_edge_that_both_ends_report_outlives_one_of_them_taking_it_back(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(NODE, {}, relations={"in_rack": [RACK]})
        report(RACK, {}, relations={"nodes": [NODE]})
        report(NODE, {}, relations={"in_rack": []}, hours=1)
        assert edges(*RACK) == {("nodes", "n1")}
        report(RACK, {}, relations={"nodes": []}, hours=1)
        assert edges(*RACK) == set()
        assert find(*RACK).known_relations == ["nodes"]  # known to have none


def test_a_relation_keeps_its_revisions(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(STORE, {}, relations={"at": [SITE]})
        report(STORE, {}, relations={"at": [("site", "zrh1")]}, hours=1)
        rows = {row.to_asset.uid: row for row in Relation.objects.select_related("to_asset")}
        assert rows["fra1"].rev_to == rows["zrh1"].rev_from
        assert rows["zrh1"].rev_to is None


def test_a_full_inventory_closes_what_it_does_not_name(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        kept, gone = report(STORE, {"country": "DE"}), report(NODE, {"accelerators": 8}, relations={"at": [SITE]})
        withdrawn, touched = withdraw_unnamed(
            source(), unnamed_by_batch(source(), [kept.pk]), at(1), next_revision("test"), stated=True
        )
        assert withdrawn == {gone.pk}
        assert touched == {gone.pk, find(*SITE).pk}
        assert FactSet.objects.get(rev_to=None).asset_id == kept.pk
        assert edges(*SITE) == set()


@pytest.mark.parametrize("size", [1, 3000])
def test_the_number_of_statements_does_not_grow_with_the_rows(
    cast: Cast, size: int, django_assert_max_num_queries: object
) -> None:
    with in_workspace(cast.workspace.pk):
        rev, by = next_revision("test"), source()
        keys = [("node", f"n{i}") for i in range(size)]
        refs = ensure_assets([(*key, "") for key in keys], rev, NOON, Asset.State.REPORTED)
        rows = [ReportedRow(refs[key].id, {"accelerators": 8}, {"at": [SITE]}, "measured", NOON, EVENT) for key in keys]
        with django_assert_max_num_queries(13):  # type: ignore[operator]
            touched = report_facts(by, rows, rev)
        assert len(touched) == size + 1
