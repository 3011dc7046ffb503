"""Ranks of classes and active owners follow the facts that they are computed from."""

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.derivations import (
    CLASS_RANK,
    DATASET_COUNTRY,
    OWNER_ACTIVE,
    RECEIPTS,
    STORAGE_COUNTRIES,
    all_derivations,
    declare,
    registered_derivations,
)
from lineage.inventory.kinds.load import load_kinds
from tests.lineage.inventory.support import find, report
from tests.support.cast import Cast

ORDERS, OWNER = ("dataset", "s3%3A%2F%2Flake/orders"), ("person", "p1")


@pytest.mark.parametrize(("label", "rank"), [("public", 0), ("personal_special", 5)])
def test_a_class_has_its_rank(cast: Cast, label: str, rank: int) -> None:
    with in_workspace(cast.workspace.pk):
        assert report(ORDERS, {"classification": label}).document["effective_class_rank"] == rank


def test_a_class_without_rank_has_none_and_a_former_rank_goes(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {"classification": "public"})
        assert "effective_class_rank" not in report(ORDERS, {"classification": "purple"}, hours=1).document


def test_an_owner_who_leaves_leaves_what_she_owned(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {"owner": "p1"})
        assert "owner_active" not in find(*ORDERS).document
        report(OWNER, {"active": True})
        assert find(*ORDERS).document["owner_active"] is True
        report(OWNER, {"active": False}, hours=1)
        assert find(*ORDERS).document["owner_active"] is False
        assert find(*ORDERS).provenance["owner_active"]["source"] == "owner_active@1"


def test_every_derivation_fills_attributes_of_the_vocabulary() -> None:
    kinds = load_kinds()
    assert ("dataset", "storage_countries") in registered_derivations()
    ours = (STORAGE_COUNTRIES, DATASET_COUNTRY, CLASS_RANK, OWNER_ACTIVE, RECEIPTS)
    assert all(kinds[kind].attribute(name) for one in ours for kind, name in one.computes)
    assert len({one.label for one in all_derivations()}) == len(all_derivations())


def test_two_derivations_cannot_fill_the_same_attribute() -> None:
    with pytest.raises(ValueError, match=r"dataset\.storage_countries"):
        declare("another", 1, [("dataset", "storage_countries")], "nothing")
