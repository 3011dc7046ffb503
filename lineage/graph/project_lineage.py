"""Project OpenLineage events: assets, runs, flows, relations and facts, set by set for a whole batch."""

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accounts.workspaces.isolation import current_workspace
from lineage.graph.derive_runs import derive_run_states, derive_writes
from lineage.graph.flows import settle_flows
from lineage.graph.job_versions import assign_versions, settle_lost
from lineage.graph.relations import relate_flows, relate_jobs
from lineage.graph.runs import RunRow, merge_runs, write_runs
from lineage.graph.sources import estimate_cadence, note_sources
from lineage.graph.told import Told
from lineage.inventory.assets import Key, ensure_assets
from lineage.inventory.bulk import fetch
from lineage.inventory.effective import LONG_AGO
from lineage.inventory.facts import ReportedRow, report_facts
from lineage.inventory.models import Asset, Source


@dataclass(frozen=True)
class LineageTouched:
    """What a batch touched: assets to settle, pairs whose flows changed, runs that are new or join something else."""

    assets: set[uuid.UUID]
    pairs: set[tuple[uuid.UUID, uuid.UUID]]
    runs: set[uuid.UUID]


def project_lineage(told: Sequence[Told], rev: int) -> LineageTouched:
    """Project what events tell, at `rev`, in the transaction of the stage. The same events again change nothing.

    1. Note the sources and make the assets that events describe or only mention.
    2. Merge events into runs, and give each run the version of its job that joins what it joins.
    3. Bring the flows in line.
    4. Relations, and the facts of runs and of what they wrote.
    5. What facets say, by source.
    """
    if not told:
        return LineageTouched(set(), set(), set())
    sources = note_sources(told)  # 1
    ids = _assets(told, rev)
    runs = merge_runs(told, ids, {namespace: source.pk for namespace, source in sources.items()})  # 2
    versions = assign_versions(runs, _uids(runs, ids))
    write_runs(runs)
    settle_lost(versions)
    estimate_cadence(sources)
    changes = settle_flows(versions, rev)  # 3
    jobs = {ids[each.speaker.key] for each in told if each.speaker.kind == "job"}
    touched = relate_jobs(versions, jobs, rev) | relate_flows(changes, rev)  # 4
    touched |= derive_run_states(runs, rev) | derive_writes(runs, rev)
    for namespace, source in sources.items():  # 5
        touched |= report_facts(source, _reports(source, [t for t in told if t.namespace == namespace], ids), rev)
    described = {ids[ref.key] for each in told for ref in each.named}
    moved = {run.asset_id for run in runs if run.moved and run.asset_id is not None}
    return LineageTouched(touched | described, changes.pairs, moved)


def _assets(told: Sequence[Told], rev: int) -> dict[Key, uuid.UUID]:
    seen_at = max(each.received_at for each in told)
    described = {ref for each in told for ref in each.named}
    known = {ref.key for ref in described}
    mentioned = {ref for each in told for declared in each.declared for ref in declared.names if ref.key not in known}
    found = ensure_assets(sorted(described), rev, seen_at, Asset.State.REPORTED)
    found |= ensure_assets(sorted(mentioned), rev, seen_at, Asset.State.MENTIONED)
    return {key: asset.id for key, asset in found.items()}


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
    rows = [
        ReportedRow(ids[facts.about.key], facts.values, {}, facts.origin, each.at, each.event_id)
        for each in told
        for facts in each.facts
    ]
    named = {ids[ref.key]: each.event_id for each in told for ref in each.named if ref.kind != "run"}
    bare = named.keys() - {row.asset_id for row in rows}
    known = {row[0] for row in fetch(_KNOWN, [current_workspace(), source.pk, sorted(bare)])}
    return rows + [_presence(asset, named[asset]) for asset in sorted(bare - known)]


def _presence(asset: uuid.UUID, event: uuid.UUID, at: datetime.datetime = LONG_AGO) -> ReportedRow:
    return ReportedRow(asset, {}, {}, "measured", at, event)


_UIDS = """
SELECT id, uid FROM "lineage_asset" WHERE workspace_id = %s AND kind = 'dataset' AND (id = ANY(%s) OR uid = ANY(%s))
"""

_KNOWN = """
SELECT asset_id FROM "lineage_factset"
WHERE workspace_id = %s AND source_id = %s AND asset_id = ANY(%s) AND rev_to IS NULL
"""
