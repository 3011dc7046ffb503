"""What a dataset reaches, depth 20, in estates of several sizes, against a bare recursive query of the database."""

import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from accounts.workspaces.isolation import current_workspace, in_workspace
from accounts.workspaces.revisions import current_revision, next_revision
from benchmarks.estates import BEGAN, Estate
from benchmarks.harness import Report, Target, percentile, slope, timed
from lineage.graph.paths import find_paths
from lineage.graph.picture.ask import DEFAULT_NODES, DEFAULT_STEPS
from lineage.graph.picture.draw import Frame, draw
from lineage.graph.queries import ALL_FLOWS, Reach, reach
from lineage.graph.recent import RECENT
from lineage.graph.search import KINDS, START, search
from lineage.graph.snapshot import Direction
from lineage.inventory.bulk import execute, fetch
from lineage.inventory.models import Asset

DEPTH, PAGE = 20, 50
LARGEST = 20_000
"""Datasets of the largest answer that the target is about."""
LARGE = 5_000
COMPARABLE = range(500, 1_500)
"""Answers that estates of all sizes have: their cost must not grow with the estate."""
WAYS: tuple[Direction, ...] = ("upstream", "downstream")
CHANGES = 20
PICTURES = 40
FRAME = Frame(up=DEFAULT_STEPS, down=DEFAULT_STEPS, limit=DEFAULT_NODES)


@dataclass(frozen=True)
class Asked:
    """One question: how many datasets its answer has, and how long it took in milliseconds."""

    start: uuid.UUID
    way: Direction
    size: int
    took: float


def measure(report: Report, workspaces: dict[int, uuid.UUID], estates: dict[int, Estate], starts: int) -> None:
    """Measure each estate (by its number of flows, in its workspace) and how cost grows over them."""
    loads, comparable = [], []
    for size, workspace in workspaces.items():
        largest = size == max(workspaces)
        _pictures(report, size, workspace, estates[size])
        with in_workspace(workspace):
            loads.append(timed(RECENT.at, current_revision())[0])
        report.put(f"load_{size}_s", loads[-1])
        asked = _ask(workspace, estates[size], starts)
        _put(report, f"reach_{size}", asked, Target("<=", 100) if largest else None)
        large = [one for one in asked if one.size >= LARGE]
        report.put(f"reach_{size}_of_{LARGE}_to_{LARGEST}_asked", len(large))  # 0: of these nothing was measured
        if large:
            _put(report, f"reach_{size}_of_{LARGE}_to_{LARGEST}", large, Target("<=", 100) if largest else None)
        _bare(report, size, workspace, asked)
        _after_changes(report, size, workspace, estates[size], asked)
        _others(report, size, workspace, asked)
        middle = [one.took for one in asked if one.size in COMPARABLE] or [one.took for one in asked]
        comparable.append(median(middle))
    report.put("load_slope", slope(list(workspaces), loads), Target("<=", 1.2))
    report.put("reach_same_answer_slope", slope(list(workspaces), comparable), Target("<=", 0.3))


def _pictures(report: Report, size: int, workspace: uuid.UUID, estate: Estate) -> None:
    """Draw around some datasets as the first answers of a process do: while no flows are kept."""
    took = []
    for index in np.random.default_rng(5).permutation(len(estate.dataset_ids))[:PICTURES].tolist():
        with in_workspace(workspace):
            asked = (estate.dataset_ids[index], "dataset", FRAME)
            took.append(timed(draw, *asked, revision=current_revision(), flows=ALL_FLOWS)[0] * 1000)
    report.put(f"picture_{size}_of_flows_not_kept_p95_ms", percentile(took, 0.95))


def _put(report: Report, name: str, asked: Sequence[Asked], target: Target | None) -> None:
    took = [one.took for one in asked]
    report.put(f"{name}_datasets_median", median(one.size for one in asked))
    report.put(f"{name}_p50_ms", percentile(took, 0.5))
    report.put(f"{name}_p95_ms", percentile(took, 0.95), target)


def _answer(workspace: uuid.UUID, start: uuid.UUID, way: Direction) -> Reach:
    """Answer as the API does: what is reached, whether it is complete, and the assets of the first page."""
    with in_workspace(workspace):
        found = reach(start, way, depth=DEPTH, revision=current_revision())
        Asset.objects.in_bulk([node.asset_id for node in found.nodes[:PAGE]])
        return found


def _ask(workspace: uuid.UUID, estate: Estate, starts: int) -> list[Asked]:
    """Ask from datasets, both ways by turns; keep what reaches something and no more than the largest answer."""
    asked: list[Asked] = []
    chosen = np.random.default_rng(7).permutation(len(estate.dataset_ids))
    for index, way in zip(chosen.tolist(), itertools.cycle(WAYS), strict=False):
        if len(asked) == starts:
            break
        start = estate.dataset_ids[index]
        took, found = timed(_answer, workspace, start, way)
        if 0 < len(found.nodes) <= LARGEST:
            asked.append(Asked(start, way, len(found.nodes), took * 1000))
    return asked


def _bare(report: Report, size: int, workspace: uuid.UUID, asked: Sequence[Asked]) -> None:
    """Ask the database alone for the same, without reasons and assets: the largest answers and every tenth."""
    some = sorted(asked, key=lambda one: -one.size)[:5] + list(asked[::10])
    took, ours = [], []
    for one in some:
        with in_workspace(workspace):
            lasted, rows = timed(fetch, _BARE[one.way], [one.start, DEPTH, current_workspace()])
            took.append(lasted)
        assert len(rows) - 1 == one.size, "the bare query finds the same datasets"
        ours.append(one.took)
    report.put(f"bare_{size}_p95_ms", percentile(took, 0.95) * 1000)
    report.put(f"bare_{size}_times_ours_ratio", sum(took) * 1000 / sum(ours))


def _after_changes(report: Report, size: int, workspace: uuid.UUID, estate: Estate, asked: Sequence[Asked]) -> None:
    """Answer right after each of some revisions that opened a hundred flows: what keeping up costs."""
    took = []
    random = np.random.default_rng(11)
    for one, number in zip(itertools.cycle(asked[:: max(len(asked) // CHANGES, 1)]), range(CHANGES), strict=False):
        ends = random.permutation(len(estate.dataset_ids))[:200]
        ids = [[estate.dataset_ids[each] for each in part] for part in (ends[:100], ends[100:])]
        jobs = [estate.job_ids[number]] * len(ids[1])
        with in_workspace(workspace):
            execute(
                _OPEN, [current_workspace(), next_revision("benchmark"), BEGAN, ids[0][: len(ids[1])], ids[1], jobs]
            )
        took.append(timed(_answer, workspace, one.start, one.way)[0] * 1000)
    report.put(f"reach_{size}_after_change_p95_ms", percentile(took, 0.95))


def _others(report: Report, size: int, workspace: uuid.UUID, asked: Sequence[Asked]) -> None:
    """Measure paths to a dataset from one that is reached, and the search for a part of a name."""
    paths, searches = [], []
    for one in asked[:20]:
        with in_workspace(workspace):
            revision = current_revision()
            nodes = reach(one.start, one.way, depth=DEPTH, revision=revision).nodes
            far = nodes[len(nodes) - 1].asset_id
            ends = (far, one.start) if one.way == "upstream" else (one.start, far)
            paths.append(timed(find_paths, *ends, revision=revision)[0] * 1000)
            name = Asset.objects.get(pk=far).last_part
            searches.append(timed(search, name[:-1], KINDS, START, PAGE)[0] * 1000)
    report.put(f"paths_{size}_p95_ms", percentile(paths, 0.95))
    report.put(f"search_{size}_p95_ms", percentile(searches, 0.95), Target("<=", 200))


_OPEN = """
INSERT INTO "lineage_flow" (id, workspace_id, rev_from, from_dataset_id, to_dataset_id, job_id, basis, proven, masked,
                            first_seen_at, last_seen_at, runs)
SELECT gen_random_uuid(), c.workspace, c.rev, w.source, w.target, w.job, 'column', true, false, c.at, c.at, 1
FROM (SELECT %s::uuid, %s::bigint, %s::timestamptz) AS c (workspace, rev, at),
     unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS w (source, target, job)
ON CONFLICT DO NOTHING
"""
# As one would write it by hand: steps are counted, and UNION drops what was there at the same step alone.
_BARE_BY = """
WITH RECURSIVE reached (id, step) AS (
  SELECT %s::uuid, 0
  UNION
  SELECT f.{there}, r.step + 1 FROM reached r JOIN "lineage_flow" f ON f.{here} = r.id
  WHERE r.step < %s AND f.workspace_id = %s AND f.rev_to IS NULL
)
SELECT id, min(step) FROM reached GROUP BY id
"""
_BARE = {
    "upstream": _BARE_BY.format(here="to_dataset_id", there="from_dataset_id"),
    "downstream": _BARE_BY.format(here="from_dataset_id", there="to_dataset_id"),
}
