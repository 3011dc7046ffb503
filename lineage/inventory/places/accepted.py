"""Joins that people accepted: which further namespaces a storage serves, beside what its sources report.

An accepted join is a fact of the storage with a source of its own, the act: `lineage_namespaces` is then derived from
what is reported and what was accepted. It ends when it is withdrawn, by an act as well.
"""

import json
import uuid
from collections.abc import Iterable

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import fetch
from lineage.inventory.derivations import ACCEPTED_JOINS
from lineage.inventory.derived import Derived, set_derived
from lineage.inventory.effective import Report, effective, observed, weakest
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.models import NamespaceJoin

SERVED = "lineage_namespaces"


def take_joins() -> set[uuid.UUID]:
    """Return the storages whose joins people have changed since this was last asked. Once per change."""
    rows = NamespaceJoin.objects.select_for_update().filter(workspace_id=current_workspace(), is_new=True)
    storages = set(rows.values_list("storage_id", flat=True))
    if storages:
        rows.update(is_new=False)
    return storages


def derive_accepted(asset_ids: Iterable[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Derive what these storages serve where a join was ever accepted; return those for which that changed.

    Where all its joins are withdrawn nothing is derived, and what is reported stands.
    """
    ever = {row[0] for row in fetch(_EVER, [current_workspace()])}
    storages = sorted(ever.intersection(asset_ids)) if ever else []
    if not storages:
        return set()
    reports: dict[uuid.UUID, list[Report]] = {}
    for storage, source, grade_class, entry in fetch(_REPORTED, [current_workspace(), storages]):
        reports.setdefault(storage, []).append(Report(source, grade_class, {SERVED: json.loads(entry)}))
    joins: dict[uuid.UUID, list[NamespaceJoin]] = {}
    accepted = NamespaceJoin.objects.filter(workspace_id=current_workspace(), storage__in=storages)
    for join in accepted.filter(ended_at__isnull=True).order_by("namespace", "id"):
        joins.setdefault(join.storage_id, []).append(join)
    rows = [_served(storage, reports.get(storage, []), several) for storage, several in joins.items()]
    return set_derived(rows, rev, names=[SERVED], asset_ids=storages)


def _served(storage: uuid.UUID, reports: list[Report], joins: list[NamespaceJoin]) -> Derived:
    said = effective(load_kinds()["storage"], reports, [])
    value = sorted({*said.document.get(SERVED, []), *(join.namespace for join in joins)})
    inputs: list[object] = [{"accepted": join.namespace, "act": str(join.act_id)} for join in joins]
    grade, at = "C", min(join.accepted_at for join in joins)
    if where := said.provenance.get(SERVED):
        inputs.append({"reported": said.document[SERVED], "source": where["source"]})
        grade, at = weakest([grade, where["grade"]]), min(at, observed(where))
    return Derived(storage, SERVED, value, ACCEPTED_JOINS.label, inputs, grade, at)


_EVER = 'SELECT DISTINCT storage_id FROM "lineage_namespacejoin" WHERE workspace_id = %s'

_REPORTED = """
SELECT f.asset_id, s.name, s.grade_class, f.facts->'lineage_namespaces'
FROM "lineage_factset" f JOIN "lineage_source" s ON s.id = f.source_id AND s.workspace_id = f.workspace_id
WHERE f.workspace_id = %s AND f.asset_id = ANY(%s) AND f.rev_to IS NULL AND f.facts ? 'lineage_namespaces'
"""
