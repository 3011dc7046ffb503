"""Load assets as the rules see them, with the related assets that the checks of their kind ask for."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lineage.graph.labels.queries import Lineage, lineage_of
from lineage.inventory.models import Asset, Related
from policies.checklists.checks import Check
from policies.checklists.queries import Ready
from policies.rules.checks import CompiledCheck
from policies.rules.facts import Member, Subject
from policies.rules.schema import LINEAGE

ORGANISATION = "organisation"
"""The kind that carries the verdicts on how many subjects a check has (minimum.py)."""

Provenance = Mapping[str | None, Mapping[str, Mapping[str, Any]]]
"""By asset id (None = the subject): attribute -> {"origin", "source", "at", "event", "grade"}."""


@dataclass(frozen=True)
class Loaded:
    """One subject with what a leaf says about the facts behind its verdicts."""

    asset: Asset
    subject: Subject
    provenance: Provenance


@dataclass(frozen=True)
class Judged:
    """The checks of one kind in one checklist that can be judged today, with their slots.

    Organisations have one, perhaps without checks, wherever the number of subjects is judged.
    """

    family: str
    slots: Mapping[str, int]
    checks: tuple[CompiledCheck, ...]
    width: int  # slots of the checklist: length of a vector


def checks_by_kind(ready: Mapping[str, Ready]) -> Mapping[str, tuple[Judged, ...]]:
    """Return, per kind of subject, the checks to judge by checklist; those that wait for facts are left out."""
    found: dict[str, list[Judged]] = defaultdict(list)
    for family, each in ready.items():
        slots = {check.id: check.slot for check in each.checklist.checks}
        width = max(slots.values()) + 1
        by_kind: dict[str, list[CompiledCheck]] = defaultdict(list)
        for name, compiled in each.compiled.items():
            if not each.waiting[name]:
                by_kind[compiled.check.kind].append(compiled)
        if needs_subjects(each):
            by_kind.setdefault(ORGANISATION, [])
        for kind, checks in by_kind.items():
            found[kind].append(Judged(family, slots, tuple(checks), width))
    return {kind: tuple(judged) for kind, judged in found.items()}


def needs_subjects(ready: Ready) -> list[Check]:
    """Return the checks of a checklist that need a number of subjects; those that wait for facts are left out."""
    return [check for check in ready.checklist.checks if check.min_population and not ready.waiting[check.id]]


def load_subjects(assets: Iterable[Asset], judged: Mapping[str, tuple[Judged, ...]]) -> list[Loaded]:
    """Load all subjects in five queries at most, however many they are."""
    kept = [asset for asset in assets if asset.kind in judged and asset.state == Asset.State.REPORTED]
    members = _related(kept, judged)
    lineage = _lineage(kept, members, judged)
    return [_loaded(asset, members.get(asset.pk, {}), lineage) for asset in kept]


def _lineage(
    assets: Collection[Asset],
    members: Mapping[uuid.UUID, Mapping[str, list[Asset]]],
    judged: Mapping[str, tuple[Judged, ...]],
) -> dict[uuid.UUID, Lineage]:
    """Return the lineage facts of subjects whose checks read them, and of members whose lineage is read."""
    wanted: set[uuid.UUID] = set()
    for asset in assets:
        uses = [compiled.uses for each in judged[asset.kind] for compiled in each.checks]
        if any(use.reads_lineage for use in uses):
            wanted.add(asset.pk)
        if any(LINEAGE in fields for use in uses for fields in use.members.values()):
            wanted |= {member.pk for each in members.get(asset.pk, {}).values() for member in each}
    return lineage_of(wanted)


def _related(
    assets: Collection[Asset], judged: Mapping[str, tuple[Judged, ...]]
) -> dict[uuid.UUID, dict[str, list[Asset]]]:
    wanted: dict[str, set[uuid.UUID]] = defaultdict(set)
    for asset in assets:
        for each in judged[asset.kind]:
            for compiled in each.checks:
                for relation in compiled.uses.relations:
                    wanted[relation].add(asset.pk)
    found: dict[uuid.UUID, dict[str, list[Asset]]] = defaultdict(lambda: defaultdict(list))
    if not wanted:
        return found
    edges = Related.objects.filter(
        name__in=list(wanted), from_asset__in=set().union(*wanted.values()), rev_to__isnull=True
    ).values_list("from_asset_id", "name", "to_asset_id")
    pairs = sorted(set(edges), key=str)  # two sources may report the same edge
    targets = Asset.objects.in_bulk({to_asset for _, _, to_asset in pairs})
    for from_asset, name, to_asset in pairs:
        if (target := targets.get(to_asset)) is not None:
            found[from_asset][name].append(target)
    return found


def _loaded(
    asset: Asset, related: Mapping[str, list[Asset]], lineage: Mapping[uuid.UUID, Lineage]
) -> Loaded:  # fmt: skip
    own = lineage.get(asset.pk)
    provenance: dict[str | None, Mapping[str, Mapping[str, Any]]] = {None: _told(asset, own)}
    provenance |= {str(m.pk): _told(m, lineage.get(m.pk)) for members in related.values() for m in members}
    subject = Subject(
        document=asset.document,
        known_relations=frozenset(asset.known_relations),
        related={name: [_member(m, lineage.get(m.pk)) for m in members] for name, members in related.items()},
        lineage=own.proven if own is not None else None,
        possible=own.possible if own is not None else None,
        basis=_basis(asset),
    )
    return Loaded(asset, subject, provenance)


def _member(asset: Asset, lineage: Lineage | None) -> Member:
    return Member(str(asset.pk), asset.document, lineage.proven if lineage is not None else None)


def _told(asset: Asset, lineage: Lineage | None) -> Mapping[str, Mapping[str, Any]]:
    """Return where the asset's facts come from, its lineage facts included."""
    return asset.provenance if lineage is None else {**asset.provenance, **lineage.provenance()}


def _basis(asset: Asset) -> Literal["proven", "possible"]:
    """Return the basis of a flow's row: what only may have flowed cannot fail (vocabulary, data_flow_rows)."""
    return "possible" if asset.kind == "data_flow" and asset.document.get("basis") == "possible" else "proven"
