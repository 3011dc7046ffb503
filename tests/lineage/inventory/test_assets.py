"""Assets come to be once, whoever names them and in whatever order."""

import datetime

import pytest

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.revisions import next_revision
from lineage.inventory.assets import default_name, ensure_assets
from lineage.inventory.models import Asset
from tests.support.cast import Cast

NOON = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)
LATER = NOON + datetime.timedelta(hours=1)
REPORTED, MENTIONED, RETIRED = Asset.State.REPORTED, Asset.State.MENTIONED, Asset.State.RETIRED


def test_naming_an_asset_twice_makes_it_once(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        first = ensure_assets([("site", "fra1", "Frankfurt"), ("site", "fra1", "")], 1, NOON, REPORTED)
        again = ensure_assets([("site", "fra1", "Another name")], 2, NOON, REPORTED)
        assert first["site", "fra1"].created
        assert not again["site", "fra1"].created
        assert first["site", "fra1"].id == again["site", "fra1"].id
        assert Asset.objects.get().name == "Frankfurt"


@pytest.mark.parametrize("order", [(REPORTED, MENTIONED), (MENTIONED, REPORTED)])
def test_reported_wins_over_mentioned_in_either_order(cast: Cast, order: tuple[Asset.State, Asset.State]) -> None:
    with in_workspace(cast.workspace.pk):
        for state in order:
            ensure_assets([("site", "fra1", "")], next_revision("test"), NOON, state)
        assert Asset.objects.get().state == REPORTED


def test_a_retired_asset_comes_back_when_reported_and_not_when_mentioned(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        ensure_assets([("site", "fra1", "")], 1, NOON, REPORTED)
        Asset.objects.update(state=RETIRED)
        ensure_assets([("site", "fra1", "")], 2, NOON, MENTIONED)
        assert Asset.objects.get().state == RETIRED
        ensure_assets([("site", "fra1", "")], 3, NOON, REPORTED)
        assert Asset.objects.get().state == REPORTED
        assert Asset.objects.get().rev_changed == 3


def test_first_and_last_seen_do_not_depend_on_the_order(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        ensure_assets([("site", "fra1", "")], 1, LATER, REPORTED)
        ensure_assets([("site", "fra1", "")], 2, NOON, MENTIONED)
        asset = Asset.objects.get()
        assert (asset.first_seen_at, asset.last_seen_at) == (NOON, LATER)


def test_a_data_set_is_named_after_its_part_behind_the_namespace() -> None:
    assert default_name("dataset", "s3%3A%2F%2Flake/raw%2Forders") == "raw/orders"
    assert default_name("site", "fra1") == "fra1"


def test_many_assets_take_a_handful_of_statements(cast: Cast, django_assert_num_queries: object) -> None:
    with in_workspace(cast.workspace.pk):
        with django_assert_num_queries(8):  # type: ignore[operator]
            made = ensure_assets([("node", f"n{i}", "") for i in range(6000)], 1, NOON, REPORTED)
        assert len(made) == 6000
