"""Walk along flows, breadth first: what is reached, at which distance, by which jobs. Arrays alone, no database."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lineage.graph.layers import Follow, Snapshot
from lineage.graph.snapshot import Flags, Numbers


@dataclass(frozen=True)
class Walk:
    """What was reached from a start. Arrays over all nodes of the snapshot; steps are -1 where not reached."""

    step: NDArray[np.int16]  # of a dataset; 0 = the start
    proven: Flags  # also reached by proven flows alone
    job_step: NDArray[np.int16]  # the first step that this job took part in
    job_proven: Flags  # also on a way of proven flows alone
    ends: Numbers  # datasets beyond which there is no flow
    stopped: int | None  # the step at which there were too many
    more: bool  # there are datasets beyond the depth


def walk(snapshot: Snapshot, start: int, follow: Follow, depth: int, most: int) -> Walk:
    """Walk from `start` for at most `depth` steps, and not beyond the step that reaches more than `most` datasets.

    A dataset is walked on from when it is reached, and once more when a way of proven flows alone reaches it later.
    """
    size = len(snapshot.ids)
    step, job_step = np.full(size, -1, dtype=np.int16), np.full(size, -1, dtype=np.int16)
    proven, job_proven, leads_on = (np.zeros(size, dtype=np.bool_) for _ in range(3))
    frontier = np.array([start], dtype=np.int32)
    step[start], proven[start], count = 0, True, 1
    ends: list[Numbers] = []
    stopped: int | None = None
    more = False
    for taken in range(1, depth + 2):
        hops = snapshot.hops(follow, frontier)
        leads_on[hops.here] = True
        ends.append(frontier[~leads_on[frontier]])
        fresh = np.unique(hops.there[step[hops.there] < 0])
        if taken > depth:
            more = bool(len(fresh))
            break
        sure = hops.proven & proven[hops.here]
        surer = hops.there[sure & ~proven[hops.there]]
        job_step[hops.job[job_step[hops.job] < 0]] = taken
        job_proven[hops.job[sure]] = True
        step[fresh], proven[surer] = taken, True
        count += len(fresh)
        if count > most:
            stopped = taken
            break
        frontier = np.union1d(fresh, surer)
        if not len(frontier):
            break
    return Walk(step, proven, job_step, job_proven, np.unique(np.concatenate(ends)), stopped, more)


def pairs_from(snapshot: Snapshot, frontier: Numbers, follow: Follow) -> NDArray[np.int32]:
    """Return (here, there) of every step that leads on from these (ascending), each once, in order: shape (n, 2)."""
    hops = snapshot.hops(follow, frontier)
    wide = hops.here.astype(np.int64) << 32 | hops.there.astype(np.int64)
    unique = np.unique(wide)
    return np.stack([unique >> 32, unique & 0xFFFFFFFF], axis=1).astype(np.int32)
