"""Short ways to say what sources report, for the tests of this room."""

import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.revisions import next_revision
from lineage.inventory.assets import ensure_assets
from lineage.inventory.facts import report_facts
from lineage.inventory.merge import ReportedRow
from lineage.inventory.models import Asset, Relation, Source
from lineage.inventory.settle import settle

NOON = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)
EVENT = uuid.UUID(int=7)


def at(hours: float) -> datetime.datetime:
    """Return an instant some hours after noon."""
    return NOON + datetime.timedelta(hours=hours)


def source(name: str = "cmdb", grade_class: str = "asset_database") -> Source:
    """Return the inventory source of this name."""
    made, _ = Source.objects.get_or_create(
        workspace_id=current_workspace(),
        door=Source.Door.INVENTORY,
        name=name,
        defaults={"grade_class": grade_class, "first_seen_at": NOON, "last_seen_at": NOON},
    )
    return made


def report(
    asset: tuple[str, str],
    facts: Mapping[str, Any],
    *,
    by: Source | None = None,
    relations: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    hours: float = 0,
    full: bool = False,
    origin: str = "measured",
) -> Asset:
    """Let a source report one asset and settle what this touches; return the asset."""
    rev = next_revision("test")
    ref = ensure_assets([(*asset, "")], rev, at(hours), Asset.State.REPORTED)[asset]
    row = ReportedRow(ref.id, facts, relations or {}, origin, at(hours), EVENT, full)
    touched = report_facts(by or source(), [row], rev)
    settle(touched | {ref.id}, rev)
    return Asset.objects.get(pk=ref.id)


def find(kind: str, uid: str) -> Asset:
    """Return an asset by its key."""
    return Asset.objects.get(kind=kind, uid=uid)


def edges(kind: str, uid: str) -> set[tuple[str, str]]:
    """Return the current relations of an asset as (name, uid of the other end)."""
    rows = Relation.objects.filter(from_asset=find(kind, uid), rev_to=None)
    return set(rows.values_list("name", "to_asset__uid"))
