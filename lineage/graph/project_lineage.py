"""Project OpenLineage events: assets, runs, flows, relations and facts, set by set for a whole batch."""

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from accounts.workspaces.isolation import current_workspace
from lineage.graph.clocks import note_clocks
from lineage.graph.derive_runs import derive_run_states, derive_writes
from lineage.graph.flows import settle_flows
from lineage.graph.input_versions import derive_input_versions
from lineage.graph.job_versions import assign_versions, settle_lost
from lineage.graph.latest_facets import LatestFacets, keep_facets
from lineage.graph.parents import keep_parents
from lineage.graph.relations import relate_flows, relate_jobs
from lineage.graph.run_assets import find_runs, jobs_with_cluster, make_run_assets
from lineage.graph.runs import RunRow, merge_runs, write_runs
from lineage.graph.sources import estimate_cadence, note_sources
from lineage.graph.told import Told
from lineage.graph.volumes import count_volumes
from lineage.inventory.assets import Key, ensure_assets
from lineage.inventory.bulk import fetch
from lineage.inventory.effective import LONG_AGO
from lineage.inventory.facts import report_facts
from lineage.inventory.merge import ReportedRow
from lineage.inventory.models import Asset, Source


@dataclass(frozen=True)
class LineageTouched:
    """What a batch touched.

    `assets` have to be settled, `pairs` derived again (a flow between these has another basis, proof or masking, came
    to be or went), and of those in `counted` how often they were used. `jobs` spoke. `runs` are done: they are new, or
    join something else than before; of these, `placed` may have a place of their own. `read`: datasets that a run of
    the batch read. `tagged`: datasets whose tags an event told.
    """

    assets: set[uuid.UUID] = field(default_factory=set)
    pairs: set[tuple[uuid.UUID, uuid.UUID]] = field(default_factory=set)
    counted: set[tuple[uuid.UUID, uuid.UUID]] = field(default_factory=set)
    jobs: set[uuid.UUID] = field(default_factory=set)
    runs: set[uuid.UUID] = field(default_factory=set)
    placed: set[uuid.UUID] = field(default_factory=set)
    read: set[uuid.UUID] = field(default_factory=set)
    tagged: set[uuid.UUID] = field(default_factory=set)


def project_lineage(told: Sequence[Told], facets: LatestFacets, rev: int) -> LineageTouched:
    """Project what events tell, at `rev`, in the transaction of the stage. The same events again change nothing.

    1. Note the sources and make the assets that events describe or only mention.
    2. Merge events into runs, and give each run the version of its job that joins what it joins.
    3. Bring the flows in line.
    4. Relations, and the facts of runs and of what they wrote.
    5. What facets say, by source, and the facets themselves.
    """
    if not told:
        return LineageTouched()
    sources = note_sources(told)  # 1
    note_clocks(told)
    seen_at = max(each.received_at for each in told)
    ids, made_known = _assets(told, seen_at, rev)
    known_runs, fresh = find_runs([each.run for each in told if each.run], seen_at, rev)
    ids |= {("run", uid): identifier for uid, identifier in (known_runs | fresh).items()}
    runs = merge_runs(told, ids, {namespace: source.pk for namespace, source in sources.items()}, fresh)  # 2
    versions = assign_versions(runs, _uids(runs, ids))
    write_runs(runs)
    settle_lost(versions)
    count_volumes(runs)
    estimate_cadence(sources)
    changes = settle_flows(versions, rev)  # 3
    jobs = {ids[each.speaker.key]: each.speaker.uid for each in told if each.speaker.kind == "job"}
    touched = made_known | relate_jobs(versions, jobs, rev) | relate_flows(changes, rev)  # 4
    touched |= make_run_assets(fresh, runs, jobs, seen_at, rev)
    made = set(fresh.values()) - touched
    touched |= derive_run_states([run for run in runs if run.asset_id not in made], rev)
    touched |= derive_writes(runs, {target for _, target in changes.pairs | changes.counted}, rev)
    touched |= derive_input_versions(runs, known_runs.values(), rev)
    by_source: dict[str, list[Told]] = {}
    for each in told:
        by_source.setdefault(each.namespace, []).append(each)
    for namespace, source in sources.items():  # 5
        touched |= report_facts(source, _reports(source, by_source[namespace], ids), rev)
    keep_parents(told, ids)
    keep_facets(facets, ids, {namespace: source.pk for namespace, source in sources.items()})
    touched |= _with_first_runs(runs)
    moved = {run.asset_id: run.job_id for run in runs if run.moved and run.asset_id is not None}
    on_cluster = jobs_with_cluster(set(moved.values()))
    placed = {run for run, job in moved.items() if job in on_cluster or run not in made}
    touched |= moved.keys() - made
    read = {dataset for run in runs for dataset in run.inputs}
    tagged = {ids[facts.about.key] for each in told for facts in each.facts if "personal_columns" in facts.values}
    return LineageTouched(touched, changes.pairs, changes.counted, set(jobs), set(moved), placed, read, tagged)


def _with_first_runs(runs: Sequence[RunRow]) -> set[uuid.UUID]:
    """Return the jobs of these runs that were not known to have any."""
    jobs = {run.job_id for run in runs if run.asset_id is not None}
    return {row[0] for row in fetch(_WITHOUT_RUNS, [current_workspace(), list(jobs)])}


def _assets(told: Sequence[Told], seen_at: datetime.datetime, rev: int) -> tuple[dict[Key, uuid.UUID], set[uuid.UUID]]:
    """Return the ids of all assets but runs, and which of them are new (also one that is only mentioned is settled)."""
    described = {ref for each in told for ref in each.named if ref.kind != "run"}
    known = {ref.key for ref in described}
    mentioned = {ref for each in told for declared in each.declared for ref in declared.names if ref.key not in known}
    found = ensure_assets(sorted(described), rev, seen_at, Asset.State.REPORTED)
    found |= ensure_assets(sorted(mentioned), rev, seen_at, Asset.State.MENTIONED)
    return {key: asset.id for key, asset in found.items()}, {
        asset.id for asset in found.values() if asset.created or asset.revived
    }


def _uids(runs: Iterable[RunRow], ids: Mapping[Key, uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the uid of every dataset that these runs touch or whose facets name, also from earlier batches."""
    uids = {identifier: uid for (kind, uid), identifier in ids.items() if kind == "dataset"}
    named = set(uids.values())
    touched: set[uuid.UUID] = set()
    wanted: set[str] = set()
    for run in runs:
        touched |= run.inputs | run.outputs | {carrier for carrier, _ in run.facets}
        for facet in run.facets.values():
            wanted |= {uid for pair in facet.pairs or () for uid in (pair.target, pair.source) if uid is not None}
    missing, unknown = [one for one in touched if one not in uids], [uid for uid in wanted if uid not in named]
    if missing or unknown:
        uids |= dict(fetch(_UIDS, [current_workspace(), missing, unknown]))
    return uids


def _reports(source: Source, told: Sequence[Told], ids: Mapping[Key, uuid.UUID]) -> list[ReportedRow]:
    """Return what a source's events say as facts.

    A job or dataset without any is reported once, without a time of its own, so that its source is known and an
    inventory that drops it does not retire it.
    """
    newest: dict[tuple[uuid.UUID, int], ReportedRow] = {}  # the same values again are the same object (facets.py)
    for each in told:
        for facts in each.facts:
            key = (ids[facts.about.key], id(facts.values))
            if key not in newest or newest[key].observed_at < each.at:
                newest[key] = ReportedRow(key[0], facts.values, {}, facts.origin, each.at, each.event_id)
    rows = list(newest.values())
    distinct = {(id(each.speaker), id(each.inputs), id(each.outputs)): each for each in told}  # often the same
    about = {ids[ref.key] for each in distinct.values() for ref in (each.speaker, *each.inputs, *each.outputs)}
    bare = about - {row.asset_id for row in rows}
    new = bare - {row[0] for row in fetch(_KNOWN, [current_workspace(), source.pk, sorted(bare)])}
    if not new:
        return rows
    named = {ids[ref.key]: each.event_id for each in told for ref in each.named if ref.kind != "run"}
    return rows + [_presence(asset, named[asset]) for asset in sorted(new)]


def _presence(asset: uuid.UUID, event: uuid.UUID, at: datetime.datetime = LONG_AGO) -> ReportedRow:
    return ReportedRow(asset, {}, {}, "measured", at, event)


_WITHOUT_RUNS = """
SELECT id FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s) AND NOT known_relations ? 'runs'
"""

_UIDS = """
SELECT id, uid FROM "lineage_asset" WHERE workspace_id = %s AND kind = 'dataset' AND (id = ANY(%s) OR uid = ANY(%s))
"""

_KNOWN = """
SELECT asset_id FROM "lineage_factset"
WHERE workspace_id = %s AND source_id = %s AND asset_id = ANY(%s) AND rev_to IS NULL
"""
