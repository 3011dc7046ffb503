"""Keep the newest flows of recently asked workspaces in this process, brought up to date by what changed.

Asked step by step, PostgreSQL takes seconds for an answer of 20,000 datasets; a walk over arrays takes milliseconds.
What is kept answers for the revision that was asked for and no other, because flows carry their revisions: another
process, or another worker, gives the same answer. Memory is bounded; what was asked for longest ago goes first.
"""

import threading
import uuid
from collections import OrderedDict

from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.revisions import current_revision
from lineage.graph.layers import Changed, Snapshot, advanced, snapshot_of
from lineage.graph.snapshot import BASES, load_flows
from lineage.inventory.bulk import fetch

MAX_BYTES = 256 * 1024 * 1024
"""Of all snapshots of this process; some seven million flows."""
FEW = 20_000
"""Changes after which a snapshot is loaded anew, or a tenth of its flows where that is more."""


class Recent:
    """Snapshots by workspace, the last asked at the end."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self.kept: OrderedDict[uuid.UUID, Snapshot] = OrderedDict()
        self.lock = threading.Lock()

    def at(self, revision: int, load: bool = True) -> Snapshot | None:
        """Return a snapshot of the entered workspace that answers for `revision`; None where it is too long ago.

        Without `load`, None as well where none is kept: for who needs little of it.
        """
        workspace = current_workspace()
        with self.lock:
            kept = self.kept.get(workspace)
            if kept is not None:
                self.kept.move_to_end(workspace)
        if kept is None:
            if not load or revision < current_revision():
                return None
            found = snapshot_of(load_flows(revision))
        elif revision < kept.first:
            return None
        elif revision <= kept.revision:
            return kept
        else:
            found = _up_to_date(kept, revision)
        self._keep(workspace, found)
        return found

    def _keep(self, workspace: uuid.UUID, snapshot: Snapshot) -> None:
        if _has_written():
            return  # it may hold what is rolled back in the end
        with self.lock:
            known = self.kept.pop(workspace, None)
            self.kept[workspace] = known if known is not None and known.revision > snapshot.revision else snapshot
            while self.kept and sum(each.nbytes for each in self.kept.values()) > self.max_bytes:
                self.kept.popitem(last=False)


RECENT = Recent()


def _up_to_date(snapshot: Snapshot, revision: int) -> Snapshot:
    """Add what changed since; load anew where that is much, or does not fit."""
    most = max(FEW, len(snapshot.layers[0].source) // 10) - snapshot.changes
    known = snapshot.revision
    rows = fetch(_CHANGES, [current_workspace(), known, revision, known, revision, most + 1])
    changed = [
        Changed(a, b, job, proven, masked, BASES.index(basis), since, until if until and until <= revision else None)
        for a, b, job, proven, masked, basis, since, until in rows
    ]
    found = advanced(snapshot, changed, revision) if len(changed) <= most else None
    return found or snapshot_of(load_flows(revision))


def _has_written() -> bool:
    return bool(fetch("SELECT pg_current_xact_id_if_assigned() IS NOT NULL", [])[0][0])


# Opened or closed after one revision, up to another one; a flow may be both.
_CHANGES = """
SELECT from_dataset_id, to_dataset_id, job_id, proven, masked, basis, rev_from, rev_to FROM "lineage_flow"
WHERE workspace_id = %s AND ((rev_from > %s AND rev_from <= %s) OR (rev_to > %s AND rev_to <= %s)) LIMIT %s
"""
