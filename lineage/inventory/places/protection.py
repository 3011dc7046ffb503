"""Derive how a dataset is protected at rest from all storages that it is stored in, where no source says it itself.

Encrypted is what every storage says to be; a single one that is not decides that the dataset is not. Who controls the
keys, and in which country they are kept, is known only where all storages say the same. A source that reports one of
these of the dataset itself is nearer to it and decides (effective.py); what differs is shown as a conflict.
"""

import datetime
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import chunks, fetch
from lineage.inventory.derivations import STORED_PROTECTION
from lineage.inventory.derived import Derived, set_derived
from lineage.inventory.effective import observed, weakest
from lineage.inventory.places.storage import reached_datasets
from lineage.inventory.places.stores import stores_of

NAMES = ("encrypted_at_rest", "key_control", "key_country")


@dataclass(frozen=True)
class _Says:
    """What one storage says of one attribute, as far as it holds for the dataset. `value` None: it says nothing."""

    storage: str
    value: Any
    grade: str
    at: datetime.datetime | None


@dataclass(frozen=True)
class _Storage:
    uid: str
    document: Mapping[str, Any]
    provenance: Mapping[str, Mapping[str, str]]

    def says(self, name: str, joined: str) -> _Says:
        """Return what it says; `joined`: how well it is known that the dataset lies here."""
        if name not in self.document:
            return _Says(self.uid, None, joined, None)
        where = self.provenance[name]
        return _Says(self.uid, self.document[name], weakest([joined, where["grade"]]), observed(where))

    @property
    def claim_grade(self) -> str:
        """Of the entry that leads a namespace here: a declared parameter, at best B."""
        return weakest(["B", *(where["grade"] for where in [self.provenance.get("lineage_namespaces")] if where)])


def derive_stored_protection(asset_ids: Iterable[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Derive again for all datasets that these assets (datasets, storages) can reach; return those changed.

    Reads documents and current relations, so rebuild and join first.
    """
    changed: set[uuid.UUID] = set()
    for part in chunks(sorted(reached_datasets(list(asset_ids)))):
        stores = stores_of(part)
        storages = _storages({stored.storage for several in stores.values() for stored in several})
        rows: list[Derived] = []
        for dataset in part:
            joined: dict[uuid.UUID, str] = {}
            for stored in stores.get(dataset, ()):  # known in two ways: the better one counts
                grade = storages[stored.storage].claim_grade if stored.by == "namespace" else stored.grade
                joined[stored.storage] = min(grade, joined.get(stored.storage, grade))
            mine = sorted(((storages[storage], grade) for storage, grade in joined.items()), key=lambda one: one[0].uid)
            rows += [row for name in NAMES if (row := _derive(dataset, name, mine)) is not None]
        changed |= set_derived(rows, rev, names=NAMES, asset_ids=part)
    return changed


def _derive(dataset: uuid.UUID, name: str, mine: Sequence[tuple[_Storage, str]]) -> Derived | None:
    said = [storage.says(name, grade) for storage, grade in mine]
    refused = [one for one in said if one.value is False]
    deciding = refused or said
    values = {one.value for one in deciding}
    times = [one.at for one in deciding if one.at is not None]
    if len(values) != 1 or None in values or not times:
        return None
    inputs = [{"storage": one.storage, name: "not known" if one.value is None else one.value} for one in said]
    grade = weakest(one.grade for one in deciding)
    return Derived(dataset, name, deciding[0].value, STORED_PROTECTION.label, inputs, grade, min(times))


def _storages(storages: Iterable[uuid.UUID]) -> dict[uuid.UUID, _Storage]:
    rows = fetch(_STORAGES, [current_workspace(), list(storages)])
    return {
        identifier: _Storage(uid, json.loads(document), json.loads(provenance))
        for identifier, uid, document, provenance in rows
    }


_STORAGES = 'SELECT id, uid, document, provenance FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)'
