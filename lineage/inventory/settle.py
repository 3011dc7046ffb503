"""Bring documents and derived facts in line with what was reported, in one order for every door."""

import uuid
from collections.abc import Iterable

from lineage.inventory.documents import rebuild_documents
from lineage.inventory.labels import derive_class_ranks, derive_owner_active
from lineage.inventory.places.accepted import derive_accepted
from lineage.inventory.places.country import derive_region_countries
from lineage.inventory.places.join import join_storages
from lineage.inventory.places.protection import derive_stored_protection
from lineage.inventory.places.storage import derive_storage_countries


def settle(asset_ids: Iterable[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Project and derive for these assets and all that they reach; return every asset that really changed.

    1. Rebuild the documents of what was touched, with the joins that people accepted; only what changed goes on.
    2. Derive what reads a single asset or its owner; what has a country by its region is read by the next step.
    3. Join datasets to storages, then derive where they lie and how they are protected there.
    4. Rebuild the documents of what a derivation or a join changed.
    """
    touched = set(asset_ids)
    changed = rebuild_documents(touched, rev)  # 1
    changed |= rebuild_documents(derive_accepted(touched, rev), rev)
    derived = derive_class_ranks(changed, rev) | derive_owner_active(changed, rev)  # 2
    derived |= rebuild_documents(derive_region_countries(changed, rev), rev)
    joined = join_storages(changed, rev)
    derived |= joined | derive_storage_countries(changed | joined, rev)  # 3
    derived |= derive_stored_protection(changed | joined, rev)
    return changed | rebuild_documents(derived, rev)  # 4
