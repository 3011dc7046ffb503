"""Read assets and sources, for pages, API and conversation alike. Each function takes a fixed number of queries."""

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from accounts.paging import Page, page_of, page_within
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import fetch
from lineage.inventory.kinds.where import Where
from lineage.inventory.merge import EXISTS, Entry
from lineage.inventory.models import Asset, DerivedFact, FactSet, Source
from lineage.inventory.summaries import is_silent
from lineage.inventory.where import narrowed

LOOKED_AT = 20_000
"""Assets that one page looks at where attributes are filtered by (where.py)."""
SHOWN_RELATIONS = 200
"""Ends named per relation of one asset; the counts are exact."""


@dataclass(frozen=True)
class AssetFilters:
    """What a list of assets is limited to; '' and None = not by this. Retired ones are listed only when asked for."""

    kind: str = ""
    uid: str = ""
    country: str = ""
    environment: str = ""
    owner: str = ""
    name_prefix: str = ""
    state: str = ""
    organisation: uuid.UUID | None = None
    source: uuid.UUID | None = None  # who says something of it
    where: tuple[Where, ...] = ()  # attributes; needs the kind


@dataclass(frozen=True)
class AssetLine:
    """One asset in a list; '' = not known."""

    id: uuid.UUID
    kind: str
    uid: str
    name: str
    state: str
    country: str
    environment: str
    owner: str
    organisation: uuid.UUID | None
    first_seen_at: datetime.datetime
    last_seen_at: datetime.datetime


@dataclass(frozen=True)
class ReportedFact:
    """What one source says of one attribute. `value` None: it says that it does not know."""

    source: str
    value: Any
    origin: str
    at: str
    event: str


@dataclass(frozen=True)
class Fact:
    """One attribute: what is effectively known, and everything that is said about it.

    `value` None: not known (a derivation found it unknown, or sources took back what they said).
    """

    name: str
    value: Any
    origin: str
    source: str
    at: str
    event: str
    grade: str
    reported: tuple[ReportedFact, ...]
    derivation: str
    inputs: list[Any]


@dataclass(frozen=True)
class RelationEnd:
    """The other end of a relation."""

    id: uuid.UUID
    kind: str
    uid: str
    name: str
    sources: tuple[str, ...]  # empty = derived


@dataclass(frozen=True)
class RelationLine:
    """A relation that is known; no ends = known to have none. `total` may exceed the ends that are shown."""

    name: str
    total: int
    ends: tuple[RelationEnd, ...]


@dataclass(frozen=True)
class AssetDetail:
    """All that is known of one asset."""

    line: AssetLine
    facts: tuple[Fact, ...]
    relations: tuple[RelationLine, ...]
    conflicts: Mapping[str, Sequence[Mapping[str, Any]]]
    sources: tuple[str, ...]
    revision: int


@dataclass(frozen=True)
class SourceLine:
    """A source, and whether what is known of it is current and whole.

    `silent` None: no cadence is known, so silence cannot be told. `complete` None: no manifest stated a count.
    """

    id: uuid.UUID
    door: str
    name: str
    grade_class: str
    default_origin: str
    first_seen_at: datetime.datetime
    last_seen_at: datetime.datetime
    expected_every_hours: int | None
    silent: bool | None
    declared: int | None
    received: int | None
    complete: bool | None
    manifest: Mapping[str, Any] | None
    last_event: uuid.UUID | None
    retire_percent: int
    clock_lead_seconds: int | None  # of the newest day on which a run's event came in (graph/clocks.py)

    @property
    def clock(self) -> str:
        """Tell ahead (of ours, beyond the bound), late (even its most prompt event was) or agrees; empty: unknown."""
        if self.clock_lead_seconds is None:
            return ""
        bound: int = settings.AUDITLINE_CLOCK_BOUND
        return "ahead" if self.clock_lead_seconds > bound else "late" if self.clock_lead_seconds < -bound else "agrees"


def list_assets(
    filters: AssetFilters, after: str | None, limit: int, *, order: Sequence[str] = ("id",)
) -> Page[AssetLine]:
    """Return one page of assets, oldest first unless `order` says otherwise (by "name", "id" for an alphabet).

    Filtered by attributes it may hold fewer rows than there are, and `next` goes on.
    """
    if not filters.where:
        return page_of(filtered(filters), order, after, limit, scope="assets").map(line_of)
    everything = filtered(replace(filters, where=()))
    page = page_within(
        everything, partial(narrowed, conditions=filters.where), order, after, limit, scope="assets", look=LOOKED_AT
    )
    return page.map(line_of)


def first_assets(filters: AssetFilters, most: int) -> list[AssetLine]:
    """Return the first `most` assets, however many have to be looked at for them."""
    page = list_assets(filters, None, most)
    found = list(page.rows)
    while len(found) < most and page.next is not None:
        page = list_assets(filters, page.next, most - len(found))
        found += page.rows
    return found


def count_assets(filters: AssetFilters) -> int:
    """Return how many assets the filters leave."""
    return filtered(filters).count()


def filtered(filters: AssetFilters) -> QuerySet[Asset]:
    """Return the assets that the filters leave, without their documents."""
    rows = Asset.objects.filter(workspace_id=current_workspace())
    exact = {
        "kind": filters.kind,
        "uid": filters.uid,
        "country": filters.country,
        "environment": filters.environment,
        "owner": filters.owner,
        "state": filters.state,
        "organisation_id": filters.organisation,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if not filters.state:
        rows = rows.exclude(state=Asset.State.RETIRED)
    if filters.name_prefix:
        rows = rows.filter(name__prefix=filters.name_prefix)
    if filters.source:
        said = FactSet.objects.filter(asset=OuterRef("pk"), source=filters.source, rev_to__isnull=True)
        rows = rows.filter(Exists(said))
    return narrowed(rows, filters.where).defer("document", "provenance", "known_relations", "conflicts")


def line_of(asset: Asset) -> AssetLine:
    """Return an asset as lists show it."""
    return AssetLine(
        asset.pk,
        asset.kind,
        asset.uid,
        asset.name,
        asset.state,
        asset.country,
        asset.environment,
        asset.owner,
        asset.organisation_id,
        asset.first_seen_at,
        asset.last_seen_at,
    )


def asset_detail(asset_id: uuid.UUID) -> AssetDetail | None:
    """Return all that is known of an asset; None where the workspace has none of this id. Takes four queries."""
    asset = Asset.objects.filter(workspace_id=current_workspace(), pk=asset_id).first()
    if asset is None:
        return None
    sets = list(FactSet.objects.filter(asset=asset, rev_to=None).select_related("source").order_by("source__name"))
    derived = {fact.name: fact for fact in DerivedFact.objects.filter(asset=asset, rev_to=None)}
    return AssetDetail(
        line=line_of(asset),
        facts=tuple(facts_of(asset, {one.source.name: one.facts for one in sets}, derived)),
        relations=tuple(_relations(asset)),
        conflicts=asset.conflicts,
        sources=tuple(one.source.name for one in sets),
        revision=asset.rev_changed,
    )


def facts_of(asset: Asset, told: Mapping[str, Mapping[str, Entry]], derived: Mapping[str, DerivedFact]) -> list[Fact]:
    """Return the facts by name: effective, or said by somebody and not known all the same. `told` is by source."""
    reported: dict[str, list[ReportedFact]] = {}
    for source, facts_said in told.items():
        for name, entry in facts_said.items():
            if name != EXISTS:
                said = ReportedFact(source, entry.get("v"), entry.get("o", ""), entry.get("t", ""), entry.get("e", ""))
                reported.setdefault(name, []).append(said)
    facts = []
    for name in sorted({*asset.document, *reported, *derived}):
        where, computed = asset.provenance.get(name, {}), derived.get(name)
        facts.append(
            Fact(
                name,
                asset.document.get(name),
                where.get("origin", ""),
                where.get("source", ""),
                where.get("at", ""),
                where.get("event", ""),
                where.get("grade", ""),
                tuple(reported.get(name, ())),
                computed.derivation if computed else "",
                computed.inputs if computed else [],
            )
        )
    return facts


def _relations(asset: Asset) -> list[RelationLine]:
    ends: dict[str, list[RelationEnd]] = {name: [] for name in asset.known_relations}
    totals: dict[str, int] = {}
    for name, total, end_id, kind, uid, title, sources in fetch(
        _ENDS, [current_workspace(), asset.pk, SHOWN_RELATIONS]
    ):
        ends.setdefault(name, []).append(RelationEnd(end_id, kind, uid, title, tuple(sources)))
        totals[name] = total
    return [RelationLine(name, totals.get(name, 0), tuple(ends[name])) for name in sorted(ends)]


def list_sources(now: datetime.datetime, *, door: str = "") -> list[SourceLine]:
    """Return all sources by name, each with whether it is silent at `now` and whether its population is whole."""
    rows = Source.objects.filter(workspace_id=current_workspace())
    if door:
        rows = rows.filter(door=door)
    return [_source_line(source, now) for source in rows.order_by("door", "name")]


def silent_sources(now: datetime.datetime) -> list[SourceLine]:
    """Return the sources that should have reported by `now` and did not."""
    return [line for line in list_sources(now) if line.silent]


def silent_count(now: datetime.datetime) -> int:
    """Return how many sources are silent."""
    return len(silent_sources(now))


def _source_line(source: Source, now: datetime.datetime) -> SourceLine:
    hours = source.expected_every_hours
    silent = None if hours is None else is_silent(source, now)
    counted = source.declared_count is not None and source.received_count is not None
    return SourceLine(
        source.pk,
        source.door,
        source.name,
        source.grade_class,
        source.default_origin,
        source.first_seen_at,
        source.last_seen_at,
        hours,
        silent,
        source.declared_count,
        source.received_count,
        source.declared_count == source.received_count if counted else None,
        source.manifest,
        source.last_event,
        source.retire_percent,
        source.clock_lead_seconds,
    )


_ENDS = """
SELECT name, total, id, kind, uid, title, sources FROM (
  SELECT e.name, count(*) OVER (PARTITION BY e.name) AS total, a.id, a.kind, a.uid, a.name AS title, e.sources,
         row_number() OVER (PARTITION BY e.name ORDER BY a.name, a.id) AS position
  FROM (
    SELECT r.name, r.to_asset_id, coalesce(array_agg(DISTINCT s.name) FILTER (WHERE s.id IS NOT NULL), '{}') AS sources
    FROM "lineage_related" r LEFT JOIN "lineage_source" s ON s.id = r.source_id
    WHERE r.workspace_id = %s AND r.from_asset_id = %s AND r.rev_to IS NULL
    GROUP BY r.name, r.to_asset_id
  ) e JOIN "lineage_asset" a ON a.id = e.to_asset_id
) numbered WHERE position <= %s ORDER BY name, position
"""


def jobs_named(text: str, most: int = 2) -> list[Asset]:
    """Return the jobs with exactly this uid, else those of this name, at most `most`: two are as good as many."""
    jobs = Asset.objects.filter(workspace_id=current_workspace(), kind="job").exclude(state=Asset.State.RETIRED)
    return list(jobs.filter(uid=text)[:most]) or list(jobs.filter(name=text)[:most])
