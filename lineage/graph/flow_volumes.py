"""Derive how much moved along a data flow in 30 days.

Known only where every good run of these days said how much it read or wrote (volumes.py). Rounded up to two figures: a
limit is not met by rounding, and what runs every minute is not another fact every minute.
"""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from accounts.workspaces.isolation import current_workspace
from lineage.graph.data_flow_facts import flow_uid
from lineage.graph.derivations import FLOW_VOLUME
from lineage.graph.volumes import midnight, said_of_days
from lineage.inventory.bulk import columns, fetch
from lineage.inventory.derived import Derived, set_derived

Pair = tuple[uuid.UUID, uuid.UUID]
GIGABYTE = Decimal(10**9)


@dataclass(frozen=True)
class _Moved:
    """What the runs of one version wrote to a dataset, and read of one of its sources; `alone`: it has no other."""

    until: datetime.date
    alone: bool
    asked: int
    written: tuple[int, int]  # (runs that say so, bytes)
    read: tuple[int, int]

    def bytes(self) -> int | None:
        """Return how much moved at most; None where some run does not say.

        What was written, where all of it comes from that source; else what was read from it, else what was written.
        """
        either = (self.written, self.read) if self.alone else (self.read, self.written)
        return next((said for told, said in either if told == self.asked), None)


def derive_flow_volumes(pairs: Sequence[Pair], rev: int) -> set[uuid.UUID]:
    """Derive the volume of these pairs; return the data flows that changed. A pair that nothing tells of has none."""
    moved: dict[Pair, list[_Moved]] = {}
    for source, target, until, alone, asked, *said in fetch(_MOVED, [*columns(pairs, 2), *[current_workspace()] * 2]):
        wrote, written, took, taken = (int(number or 0) for number in said)
        each = _Moved(until, alone, int(asked), (wrote, written), (took, taken))
        moved.setdefault((source, target), []).append(each)
    assets = _flows_of(pairs)
    rows = [
        _volume(flow, moved[pair][0].until, sum(known))
        for pair, flow in assets.items()
        if pair in moved and (known := [size for each in moved[pair] if (size := each.bytes()) is not None])
        if len(known) == len(moved[pair])
    ]
    return set_derived(rows, rev, names=["volume_gb_30d"], asset_ids=assets.values())


def _volume(flow: uuid.UUID, until: datetime.date, size: int) -> Derived:
    value = two_figures(Decimal(size) / GIGABYTE)
    inputs = [{"gb": value, "until": until.isoformat()}]
    return Derived(flow, "volume_gb_30d", value, FLOW_VOLUME.label, inputs, "A", midnight(until))


def two_figures(number: Decimal) -> float:
    """Return a number rounded up to two figures."""
    return float(number.quantize(Decimal(1).scaleb(number.adjusted() - 1), ROUND_CEILING)) if number else 0.0


def _flows_of(pairs: Sequence[Pair]) -> dict[Pair, uuid.UUID]:
    """Return the rows of pairs that have one."""
    workspace = current_workspace()
    uids = dict(fetch(_UIDS, [workspace, sorted({end for pair in pairs for end in pair})]))
    by_uid = {flow_uid(uids[source], uids[target]): (source, target) for source, target in pairs}
    return {by_uid[uid]: flow for uid, flow in fetch(_FLOWS, [workspace, list(by_uid)])}


_JOINING = """
SELECT f.workspace_id, f.version_id FROM "lineage_jobversionflow" f
WHERE f.workspace_id = %s AND f.from_dataset_id = w.source AND f.to_dataset_id = w.target OFFSET 0
"""

_MOVED = f"""
SELECT w.source, w.target, newest.until, NOT EXISTS (
    SELECT 1 FROM "lineage_jobversionflow" other
    WHERE other.workspace_id = f.workspace_id AND other.version_id = f.version_id AND other.to_dataset_id = w.target
      AND other.from_dataset_id <> w.source
  ), of_days.asked, wrote.told, wrote.bytes, took.told, took.bytes
FROM unnest(%s::uuid[], %s::uuid[]) AS w (source, target)
{said_of_days(_JOINING, wrote=("w.target", "output"), took=("w.source", "input"))}
"""  # noqa: S608 - our own words

_UIDS = 'SELECT id, uid FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)'

_FLOWS = """SELECT uid, id FROM "lineage_asset" WHERE workspace_id = %s AND kind = 'data_flow' AND uid = ANY(%s)"""
