"""Walk along flows, breadth first: what is reached, at which distance, by which jobs. Arrays alone, no database."""

from dataclasses import dataclass, replace

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
    """Walk from `start` for at most `depth` steps, and not beyond the step that reaches more than `most` datasets."""
    step, job_step, ends, stopped, more = _reached(snapshot, start, follow, depth, most)
    sure, job_sure, *_ = _reached(snapshot, start, replace(follow, proven_only=True), depth, most)
    return Walk(step, (sure >= 0) & (step >= 0), job_step, job_sure >= 0, ends, stopped, more)


def _reached(
    snapshot: Snapshot, start: int, follow: Follow, depth: int, most: int
) -> tuple[NDArray[np.int16], NDArray[np.int16], Numbers, int | None, bool]:
    size = len(snapshot.ids)
    step, job_step = np.full(size, -1, dtype=np.int16), np.full(size, -1, dtype=np.int16)
    leads_on = np.zeros(size, dtype=np.bool_)
    frontier = np.array([start], dtype=np.int32)
    step[start], count, ends = 0, 1, []
    for taken in range(1, depth + 2):
        hops = snapshot.hops(follow, frontier)
        leads_on[hops.here] = True
        ends.append(frontier[~leads_on[frontier]])
        fresh = np.unique(hops.there[step[hops.there] < 0])
        if taken > depth:
            return step, job_step, np.concatenate(ends), None, bool(len(fresh))
        job_step[hops.job[job_step[hops.job] < 0]] = taken
        step[fresh] = taken
        count += len(fresh)
        if count > most:
            return step, job_step, np.concatenate(ends), taken, False
        if not len(fresh):
            break
        frontier = fresh
    return step, job_step, np.concatenate(ends), None, False
