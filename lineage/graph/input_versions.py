"""Derive whether it was told of every input of a run which version of it was read.

Only of runs that tell it of some input: of all others it is missing, which no check takes for a yes.
"""

import datetime
import uuid
from collections.abc import Collection, Sequence
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.graph.derivations import INPUT_VERSIONS
from lineage.graph.models import JobVersionDataset
from lineage.graph.runs import RunRow, sizes_of
from lineage.inventory.bulk import fetch
from lineage.inventory.derived import Derived, set_derived

NAME = "input_versions_complete"


def derive_input_versions(runs: Sequence[RunRow], known: Collection[uuid.UUID], rev: int) -> set[uuid.UUID]:
    """Derive it for the assets of these runs, which must be written; return those that changed.

    A run id that several jobs use is one asset: its inputs are those of all its runs together. `known`: assets among
    them that were there before, and may have runs that are not in `runs`.
    """
    telling = {run.asset_id for run in runs if run.asset_id is not None and run.tells_versions}
    if known:
        telling |= {row[0] for row in fetch(_TELLING, [current_workspace(), sorted(known)])}
    assets = sorted(telling)
    if not assets:
        return set()
    inputs: dict[uuid.UUID, dict[str, bool]] = {}
    told_at: dict[uuid.UUID, datetime.datetime] = {}
    for asset, dataset, uid, said in fetch(_INPUTS, [current_workspace(), assets, _INPUT]):
        sizes = sizes_of(said) if said is not None else {}
        size = sizes.get((dataset, "version"))
        of_run = inputs.setdefault(asset, {})
        of_run[uid] = of_run.get(uid, True) and size is not None and size.bytes is not None
        if size is not None:
            told_at[asset] = max(size.version.at, told_at.get(asset, size.version.at))
    rows = []
    for asset, at in told_at.items():
        without = sorted(uid for uid, told in inputs[asset].items() if not told)
        shown: list[Any] = [{"inputs": len(inputs[asset]), "without_version": without}]
        rows.append(Derived(asset, NAME, not without, INPUT_VERSIONS.label, shown, "A", at))
    return set_derived(rows, rev, names=[NAME], asset_ids=assets)


_INPUT = JobVersionDataset.Direction.INPUT.value

_TELLING = """
SELECT asset_id FROM "lineage_run" WHERE workspace_id = %s AND asset_id = ANY(%s) AND statistics IS NOT NULL
"""

_INPUTS = """
SELECT r.asset_id, d.dataset_id, a.uid, r.statistics FROM "lineage_run" r
JOIN "lineage_jobversiondataset" d ON d.workspace_id = r.workspace_id AND d.version_id = r.version_id
JOIN "lineage_asset" a ON a.workspace_id = d.workspace_id AND a.id = d.dataset_id
WHERE r.workspace_id = %s AND r.asset_id = ANY(%s) AND d.direction = %s
ORDER BY r.asset_id, r.job_id, d.dataset_id
"""
