"""A data set is joined to the storage whose namespace matches its own longest, and to no other."""

import uuid

import pytest

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.models import Relation
from lineage.inventory.places.join import serving
from tests.lineage.inventory.support import edges, find, report
from tests.support.cast import Cast

LAKE, EU, ROOT, BANK = (uuid.UUID(int=number) for number in range(4))
CLAIMS = {"s3://lake": [LAKE], "s3://lake-eu": [EU], "postgres://": [ROOT], "s3://bank-": [BANK]}


@pytest.mark.parametrize(
    ("namespace", "storages"),
    [
        ("s3://lake", [LAKE]),
        ("s3://lake/raw", [LAKE]),
        ("s3://lake-eu", [EU]),
        ("s3://lake-us", []),  # another bucket, which nobody claims
        ("s3://lake2", []),
        ("postgres://db1:5432", [ROOT]),
        ("s3://bank-de", [BANK]),
        ("s3://ban", []),
        ("", []),
    ],
)
def test_the_longest_entry_that_ends_at_a_boundary_matches(namespace: str, storages: list[uuid.UUID]) -> None:
    assert list(serving(namespace, CLAIMS)) == storages


def dataset(namespace: str, name: str = "orders") -> tuple[str, str]:
    quoted = namespace.replace(":", "%3A").replace("/", "%2F")
    return "dataset", f"{quoted}/{name}"


def test_a_dataset_finds_its_storage_whichever_comes_first(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(dataset("s3://lake", "early"), {})
        report(("storage", "lake"), {"lineage_namespaces": ["s3://lake"]})
        report(dataset("s3://lake", "late"), {})
        assert edges("storage", "lake") == {("holds", "s3%3A%2F%2Flake/early"), ("holds", "s3%3A%2F%2Flake/late")}
        assert find(*dataset("s3://lake", "late")).known_relations == ["stored_in"]
        assert set(Relation.objects.values_list("source", flat=True)) == {None}


def test_a_longer_entry_takes_over_and_gives_back(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(dataset("s3://lake/raw"), {})
        report(("storage", "lake"), {"lineage_namespaces": ["s3://lake"]})
        report(("storage", "raw"), {"lineage_namespaces": ["s3://lake/raw"]})
        assert edges(*dataset("s3://lake/raw")) == {("stored_in", "raw")}
        report(("storage", "raw"), {"lineage_namespaces": []}, hours=1)
        assert edges(*dataset("s3://lake/raw")) == {("stored_in", "lake")}


def test_many_entries_at_once_are_joined_as_well(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(dataset("s3://b77"), {})
        report(("storage", "all"), {"lineage_namespaces": [f"s3://b{number}" for number in range(80)]})
        assert edges(*dataset("s3://b77")) == {("stored_in", "all")}
