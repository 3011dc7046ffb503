"""Send events and work off the stages in this process, as workers would, so that a test sees the end of the flow."""

import json
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from accounts.members.models import Role
from accounts.members.rights import Principal
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Work
from accounts.workspaces.queue import Stage
from audit.pipeline import run_due
from lineage.events.receive import receive_event
from lineage.events.record import store_events
from lineage.graph.labels.models import LabelSet, Traced
from lineage.graph.models import (
    DatasetAlias,
    DatasetChange,
    Facet,
    Flow,
    FlowColumns,
    JobGap,
    JobVersion,
    JobVersionDataset,
    JobVersionDay,
    JobVersionFlow,
    JobVersionVolume,
    Run,
    RunParent,
)
from lineage.graph.project import project
from lineage.inventory.models import Asset, DerivedFact, FactSet, Related, Source

ARRIVAL = {"first_seen_at", "last_seen_at"}
"""Attributes that say when we heard of something: the only ones that may depend on the order of arrival."""


def send(workspace_id: uuid.UUID, events: Iterable[dict[str, Any]]) -> None:
    """Record events as the door does, without HTTP."""
    principal = Principal(workspace_id, Role.PIPELINE, "command", "test")
    with in_workspace(workspace_id):
        store_events([receive_event(json.dumps(event).encode(), principal) for event in events])


def send_and_project(workspace_id: uuid.UUID, events: Iterable[dict[str, Any]]) -> int:
    """Record events and project them; return how many were."""
    send(workspace_id, events)
    return project(workspace_id)


def drain(workspace_id: uuid.UUID) -> int:
    """Work off all stages until nothing is due; return how many rows were."""
    return run_due(workspace_id)


def queued(workspace_id: uuid.UUID, stage: Stage) -> set[uuid.UUID]:
    """Return the subjects that wait for a stage, due or not."""
    with in_workspace(workspace_id):
        return set(Work.objects.filter(workspace_id=workspace_id, stage=stage).values_list("subject", flat=True))


def asset(workspace_id: uuid.UUID, kind: str, name: str) -> Asset:
    """Return the only asset of that kind and name."""
    with in_workspace(workspace_id):
        return Asset.objects.get(kind=kind, name=name)


def flows(workspace_id: uuid.UUID) -> dict[tuple[str, str], tuple[str, bool]]:
    """Return the current flows by names: (from, to) -> (basis, proven)."""
    with in_workspace(workspace_id):
        rows = Flow.objects.filter(rev_to__isnull=True).values_list(
            "from_dataset__name", "to_dataset__name", "basis", "proven"
        )
        return {(source, target): (basis, proven) for source, target, basis, proven in rows}


def relations(workspace_id: uuid.UUID, kind: str, name: str) -> dict[str, list[str]]:
    """Return the current relations of an asset: relation -> names of its targets."""
    found: dict[str, list[str]] = {}
    with in_workspace(workspace_id):
        rows = Related.objects.filter(from_asset__kind=kind, from_asset__name=name, rev_to__isnull=True)
        for relation, target in (
            rows.values_list("name", "to_asset__name").distinct().order_by("name", "to_asset__name")
        ):
            found.setdefault(relation, []).append(target)
    return found


def whole_state(workspace_id: uuid.UUID) -> dict[str, list[Any]]:
    """Return all that is current about the graph, without ids, revisions and times of arrival, in one order.

    A retired row of a flow that was believed for a while is history: whether it exists depends on what was known when.
    """
    with in_workspace(workspace_id):
        uid = {row.pk: f"{row.kind}:{row.uid}" for row in Asset.objects.all()}
        version = _versions(uid)
        run = {row.pk: (uid[row.job_id], row.run_id) for row in Run.objects.all()}
        current = {"rev_to__isnull": True}
        return {
            "assets": _sorted(
                (uid[row.pk], row.name, row.state, _steady(row.document), _provenance(row), row.known_relations,
                 row.conflicts, row.organisation_id and uid[row.organisation_id])
                for row in Asset.objects.exclude(state=Asset.State.RETIRED)
            ),
            "runs": _sorted(_run(row, run[row.pk], uid) for row in Run.objects.all()),
            "job versions": _sorted(
                (version[row.pk], row.facets and _by_uid(row.facets, uid), row.runs, row.designs, row.first_at,
                 row.seen_at)
                for row in JobVersion.objects.all() if row.pk in version
            ),
            "runs' versions": _sorted((run[row.pk], version[row.version_id]) for row in Run.objects.all()),
            "days": _sorted(
                (version[row.version_id], row.day, row.runs, row.completed)
                for row in JobVersionDay.objects.filter(runs__gt=0)
            ),
            "volumes": _volumes(version, uid),
            "joined": _sorted(
                (version[row.version_id], uid[row.from_dataset_id], uid[row.to_dataset_id], *_columns(row, "job"))
                for row in JobVersionFlow.objects.all() if row.version_id in version
            ),
            "columns": _sorted(
                (uid[row.flow.from_dataset_id], uid[row.flow.to_dataset_id], uid[row.flow.job_id], row.columns)
                for row in FlowColumns.objects.filter(flow__rev_to__isnull=True).select_related("flow")
            ),
            **_from_facets(uid),
            "flows": _sorted(
                (uid[row.from_dataset_id], uid[row.to_dataset_id], uid[row.job_id], *_columns(row, "job"))
                for row in Flow.objects.filter(**current)
            ),
            "gaps": _sorted(uid[row.job_id] for row in JobGap.objects.filter(**current)),
            "relations": _sorted(
                (uid[row.from_asset_id], row.name, uid[row.to_asset_id], row.reported_from)
                for row in Related.objects.filter(**current)
            ),
            "derived": _sorted(
                (uid[row.asset_id], row.name, row.value, row.inputs, row.grade, row.observed_at)
                for row in DerivedFact.objects.filter(**current)
            ),
            "lineage": _sorted((uid[asset], *said) for asset, said in lineage_facts().items()),
            **_from_sources(uid),
        }  # fmt: skip


def _from_sources(uid: dict[uuid.UUID, str]) -> dict[str, list[Any]]:
    """Return the sources with when they were heard of, and what they say."""
    return {
        "facts": _sorted(
            (uid[row.asset_id], row.source.door, row.source.name, _said(row.facts), _said(row.relations),
             row.full_at)
            for row in FactSet.objects.filter(rev_to__isnull=True).select_related("source")
        ),
        "sources": _sorted(
            # Of an inventory the first time is that of its arrival.
            (row.door, row.name, row.expected_every_hours, row.door == Source.Door.LINEAGE and row.first_seen_at,
             row.last_seen_at)
            for row in Source.objects.all()
        ),
    }  # fmt: skip


def _run(row: Run, key: tuple[str, str], uid: dict[uuid.UUID, str]) -> tuple[Any, ...]:
    kept = (_by_carrier(row.facet_versions, uid), _by_carrier(row.statistics or {}, uid))
    return (key, *kept, *_columns(row, "run_id", "facet_versions", "statistics"))


def _volumes(version: dict[uuid.UUID, tuple[Any, ...]], uid: dict[uuid.UUID, str]) -> list[Any]:
    return _sorted(
        (version[row.version_id], uid[row.dataset_id], *_columns(row))
        for row in JobVersionVolume.objects.filter(runs__gt=0)
    )


def _from_facets(uid: dict[uuid.UUID, str]) -> dict[str, list[Any]]:
    """Return what is kept of facets themselves; which of several events said the same does not count."""
    source = {row.pk: row.name for row in Source.objects.all()}
    return {
        "facets": _sorted(
            (uid[row.about_id], source[row.source_id], *_columns(row, "event", "digest"), bytes(row.digest))
            for row in Facet.objects.all()
        ),
        "aliases": _sorted(
            (uid[row.dataset_id], source[row.source_id], *_columns(row)) for row in DatasetAlias.objects.all()
        ),
        "changes": _sorted(
            (uid[row.dataset_id], source[row.source_id], *_columns(row, "event")) for row in DatasetChange.objects.all()
        ),
        "parents": _sorted(
            (uid[row.job_id], *_columns(row, "digest"), bytes(row.digest)) for row in RunParent.objects.all()
        ),
    }


def _versions(uid: dict[uuid.UUID, str]) -> dict[uuid.UUID, tuple[Any, ...]]:
    """Return what each version that a run has joins: job, datasets, facets; the others say nothing."""
    datasets: dict[uuid.UUID, list[tuple[str, str]]] = {}
    for row in JobVersionDataset.objects.all():
        datasets.setdefault(row.version_id, []).append((row.direction, uid[row.dataset_id]))
    return {
        row.pk: (uid[row.job_id], tuple(sorted(datasets.get(row.pk, []))), repr(_by_uid(row.facets, uid)))
        for row in JobVersion.objects.all()
        if row.runs or row.designs
    }


def _by_uid(facets: list[Any], uid: dict[uuid.UUID, str]) -> list[Any]:
    return _sorted([uid[uuid.UUID(carrier)], *rest] for carrier, *rest in facets)


def _said(entries: dict[str, dict[str, Any]]) -> list[Any]:
    """Return what a source says; which of several events said the same does not count."""
    return _sorted([name, {key: said for key, said in entry.items() if key != "e"}] for name, entry in entries.items())


def _by_carrier(versions: dict[str, Any], uid: dict[uuid.UUID, str]) -> list[Any]:
    """Return the versions of a run's lineage facets by what carried them; deleted ones as well."""
    named = ((key.partition("/"), version) for key, version in versions.items())
    return _sorted([uid[uuid.UUID(carrier)], facet, version] for (carrier, _, facet), version in named)


def lineage_facts() -> dict[uuid.UUID, list[tuple[str, dict[str, Any]]]]:
    """Return, in the entered workspace, the current lineage facts of each traced asset, by basis."""
    contents = {row.pk: row.facts for row in LabelSet.objects.all()}
    found: dict[uuid.UUID, list[tuple[str, dict[str, Any]]]] = {}
    for row in Traced.objects.filter(rev_to__isnull=True).order_by("basis"):
        counts = {
            name: getattr(row, name)
            for name in ("upstream_count", "untraced_inputs", "downstream_count", "downstream_over_retention")
        }
        found.setdefault(row.asset_id, []).append((row.basis, {**contents[row.up], **contents[row.down], **counts}))
    return found


def _columns(row: Any, *without: str) -> Sequence[Any]:
    """Return the plain columns of a row: no ids, no keys, no revisions."""
    return [
        getattr(row, field.attname)
        for field in row._meta.local_concrete_fields
        if field.name not in {"id", "rev_from", "rev_to", *without} and not field.is_relation
    ]


def _steady(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ARRIVAL}


def _provenance(row: Asset) -> dict[str, Any]:
    return {name: {k: v for k, v in said.items() if k != "event"} for name, said in row.provenance.items()}


def _sorted(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=repr)
