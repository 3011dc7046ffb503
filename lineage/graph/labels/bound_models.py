"""Derive what a model inherits from what it learned from: whether its data is bound, and to which countries."""

import uuid
from collections.abc import Collection
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.graph.derivations import BOUND_MODEL
from lineage.graph.labels.queries import Lineage, lineage_of
from lineage.inventory.bulk import fetch
from lineage.inventory.derived import UNRESOLVED, Derived, set_derived
from lineage.inventory.effective import LONG_AGO

NAMES = ("trained_on_bound_data", "inherited_allowed_countries")
_LIMITED, _ALLOWED = "upstream_residency_limited", "upstream_allowed_countries"


def derive_bound_models(assets: Collection[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Derive both facts of the models among these assets; return those of which something changed.

    A document knows no two bases and no completeness, so a fact is there only where it is certain: bound by a proven
    limit; free, or bound to these countries, where lineage is complete and possible flows say the same.
    """
    models = [row[0] for row in fetch(_MODELS, [current_workspace(), sorted(assets)])]
    rows: list[Derived] = []
    for model, lineage in lineage_of(models).items():
        values = (_bound(lineage), _allowed(lineage))
        said = {name: lineage.proven.get(name) for name in (_LIMITED, _ALLOWED, "complete")}
        inputs: list[Any] = [said | {"differs": lineage.possible is not None}]
        rows += [
            Derived(model, name, value, BOUND_MODEL.label, inputs, "B", LONG_AGO)
            for name, value in zip(NAMES, values, strict=True)
        ]
    return set_derived(rows, rev, names=NAMES, asset_ids=models)


def _bound(lineage: Lineage) -> bool | None:
    if lineage.proven.get(_LIMITED) is True:
        return True
    return False if _certain(lineage, _LIMITED) and lineage.proven[_LIMITED] is False else UNRESOLVED


def _allowed(lineage: Lineage) -> list[str] | None:
    return list(lineage.proven[_ALLOWED]) if _certain(lineage, _ALLOWED) else UNRESOLVED


def _certain(lineage: Lineage, name: str) -> bool:
    same = lineage.possible is None or lineage.possible.get(name) == lineage.proven.get(name)
    return bool(lineage.proven["complete"]) and name in lineage.proven and same


_MODELS = """SELECT id FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s) AND kind = 'model'"""
