"""How a dataset is protected at rest follows from all storages that it lies in, unless a source says it itself."""

from typing import Any

from accounts.workspaces.isolation import in_workspace
from lineage.inventory.models import Asset
from tests.lineage.inventory.support import find, report, source
from tests.support.cast import Cast

ORDERS = ("dataset", "s3%3A%2F%2Flake/orders")
LAKE, BACKUP = ("storage", "lake"), ("storage", "backup")
SEALED = {"encrypted_at_rest": True, "key_control": "customer_kms", "key_country": "DE"}


def orders() -> Asset:
    return find(*ORDERS)


def known() -> dict[str, Any]:
    return {name: orders().document[name] for name in SEALED if name in orders().document}


def test_all_storages_must_say_it_and_one_that_is_silent_leaves_it_unknown(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {}, relations={"stored_in": [LAKE, BACKUP]})
        report(LAKE, SEALED)
        assert known() == {}
        report(BACKUP, SEALED)
        assert known() == SEALED
        assert orders().provenance["key_control"]["source"] == "stored_protection@1"


def test_one_storage_that_is_not_encrypted_decides(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {}, relations={"stored_in": [LAKE, BACKUP]})
        report(LAKE, {"encrypted_at_rest": False})
        assert known() == {"encrypted_at_rest": False}
        report(BACKUP, {"encrypted_at_rest": True})
        assert known() == {"encrypted_at_rest": False}


def test_keys_that_are_controlled_differently_are_not_known(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {}, relations={"stored_in": [LAKE, BACKUP]})
        report(LAKE, SEALED)
        report(BACKUP, SEALED | {"key_control": "provider", "key_country": "US"})
        assert known() == {"encrypted_at_rest": True}
        report(BACKUP, SEALED, hours=1)
        assert known() == SEALED


def test_the_grade_is_that_of_the_weakest_that_decided(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(ORDERS, {}, relations={"stored_in": [LAKE, BACKUP]})
        report(LAKE, SEALED)
        report(BACKUP, SEALED, origin="declared")
        assert orders().provenance["encrypted_at_rest"]["grade"] == "C"
        report(BACKUP, SEALED, hours=1)
        assert orders().provenance["encrypted_at_rest"]["grade"] == "A"


def test_what_a_source_says_of_the_dataset_itself_decides_and_the_storages_are_a_conflict(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(LAKE, SEALED | {"lineage_namespaces": ["s3://lake"]})
        report(ORDERS, {"key_control": "hold_your_own_key"}, by=source("sheet", "spreadsheet"))
        assert known() == SEALED | {"key_control": "hold_your_own_key"}
        assert orders().provenance["encrypted_at_rest"]["grade"] == "B"  # the join is a declared parameter
        said = [(one["value"], one["source"]) for one in orders().conflicts["key_control"]]
        assert said == [("customer_kms", "stored_protection@1")]


def test_a_dataset_that_moved_follows_its_new_storage(cast: Cast) -> None:
    with in_workspace(cast.workspace.pk):
        report(LAKE, SEALED)
        report(BACKUP, {"encrypted_at_rest": False})
        report(ORDERS, {}, relations={"stored_in": [LAKE]})
        assert known() == SEALED
        report(ORDERS, {}, relations={"stored_in": [BACKUP]}, hours=1)
        assert known() == {"encrypted_at_rest": False}
