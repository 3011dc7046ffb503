"""Read the flows that a picture looks at: the kept ones, else those around what is in view, step by step.

A picture shows little of an estate, so it does not wait until all flows of it are read: the first answer of a process,
one of the past and one of a span of time come as quickly as any other.
"""

import uuid
from collections.abc import Iterable

from lineage.graph.layers import Snapshot, snapshot_of
from lineage.graph.recent import RECENT
from lineage.graph.snapshot import Seen, as_uuid, load_flows, load_touching

MOST = 100_000
"""Flows that are read around what is in view; where it touches more, all are read."""


class Flows:
    """Flows at a revision: all of what touches `read`, or all there are where that is None. Grows while one looks."""

    def __init__(self, asset: uuid.UUID, also: Iterable[uuid.UUID], revision: int, seen: Seen) -> None:
        self.asset, self.revision, self.seen = asset, revision, seen
        self.read: set[uuid.UUID] | None = {asset, *also}
        self.snapshot = self._kept() or self._around()

    def cover(self, numbers: Iterable[int]) -> bool:
        """Tell whether all flows of these datasets are here; where not, read them, which gives all new numbers."""
        if self.read is None:
            return True
        known = len(self.read)
        self.read.update([as_uuid(self.snapshot.ids[each]) for each in numbers])
        if len(self.read) == known:
            return True
        self.snapshot = self._around()
        return False

    def _kept(self) -> Snapshot | None:
        kept = None if self.seen else RECENT.at(self.revision, load=False)
        if kept is not None:
            self.read = None
        return kept

    def _around(self) -> Snapshot:
        assert self.read is not None
        flows = load_touching(self.read, self.asset, self.revision, self.seen, MOST)
        if flows is None:
            self.read, flows = None, load_flows(self.revision, self.seen)
        return snapshot_of(flows)
