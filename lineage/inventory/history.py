"""Read one asset as it was known at a revision, and what changed of it from one revision to the next.

All from the rows that were valid then, by the rules that make its document today (documents.py, effective.py), so that
an answer as of a revision stays what it was. What is not kept by revision is left out or said by the key: other assets
are named by their uid, and of what lineage only confirms within an hour neither event nor minute is told. The relations
of runs follow from their runs as they are today.
"""

import datetime
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db.models import Q

from accounts.paging import Page
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.models import Revision
from lineage.inventory.assets import default_name
from lineage.inventory.bulk import fetch
from lineage.inventory.documents import Known, projection, report_of
from lineage.inventory.effective import Computed
from lineage.inventory.kinds.values import format_timestamp, parse_timestamp
from lineage.inventory.merge import Entry
from lineage.inventory.models import Asset, DerivedFact, FactSet, Source
from lineage.inventory.queries import (
    SHOWN_RELATIONS,
    AssetDetail,
    RelationEnd,
    RelationLine,
    facts_of,
    line_of,
)


@dataclass(frozen=True)
class Change:
    """One thing that changed of an asset: `what` is an attribute, `rel:<name>`, `conflict:<attribute>` or `state`.

    `before` and `after` None: not known. `source` and `origin` are those of what is known after it, else of what was.
    """

    what: str
    before: Any
    after: Any
    source: str
    origin: str


@dataclass(frozen=True)
class Step:
    """What changed of an asset at one revision: when that was known, and by what."""

    revision: int
    at: datetime.datetime
    cause: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class _Rows:
    """Rows of an asset, over a span of revisions or valid at one of them."""

    sets: Sequence[FactSet]
    derived: Sequence[DerivedFact]

    def at(self, rev: int) -> "_Rows":
        """Return those that were valid at a revision."""
        return _Rows([row for row in self.sets if _valid(row, rev)], [row for row in self.derived if _valid(row, rev)])


def asset_at(asset_id: uuid.UUID, rev: int) -> AssetDetail | None:
    """Return all that was known of an asset at a revision; None where nothing was. Takes five queries."""
    asset = Asset.objects.filter(workspace_id=current_workspace(), pk=asset_id).first()
    if asset is None or not _revisions(asset_id, rev + 1, 1):
        return None
    ends = fetch(_ENDS, [current_workspace(), asset_id, rev, rev, SHOWN_RELATIONS])
    return _detail(asset, _rows(asset_id, rev, rev), rev, _relations(ends))


def asset_history(asset_id: uuid.UUID, before: int | None, limit: int) -> Page[Step]:
    """Return what changed of an asset, the newest revision first; `before`: only what was known before that one.

    `next` is the revision before which the next page begins. Takes six queries, whatever there is.
    """
    asset = Asset.objects.filter(workspace_id=current_workspace(), pk=asset_id).first()
    revisions = _revisions(asset_id, before or LAST, limit + 1) if asset is not None else []
    if asset is None or not revisions:
        return Page((), None)
    page = revisions[:limit]
    ends = [*page, revisions[limit] if len(revisions) > limit else 0]
    rows = _rows(asset_id, ends[-1], page[0])
    told = {rev: _told(_detail(asset, rows, rev)) if rev else {} for rev in ends}
    scope, moved = [current_workspace(), asset_id], dict[int, list[Change]]()
    for rev, name, opened, kind, uid, source in fetch(_MOVED, [page, *scope, *scope, page, page]):
        end = f"{kind}:{uid}"
        change = (
            Change(f"rel:{name}", None, end, source, "") if opened else Change(f"rel:{name}", end, None, source, "")
        )
        moved.setdefault(rev, []).append(change)
    known = {each.number: each for each in Revision.objects.filter(workspace_id=current_workspace(), number__in=page)}
    steps = [
        Step(after, known[after].at, known[after].cause,
             (*_changes(told[earlier], told[after]), *moved.get(after, ())))
        for after, earlier in pairwise(ends)
    ]  # fmt: skip
    return Page(tuple(step for step in steps if step.changes), str(page[-1]) if len(revisions) > limit else None)


def _revisions(asset_id: uuid.UUID, before: int, limit: int) -> list[int]:
    """Return the newest revisions before one at which a row of the asset began or ended."""
    return [rev for (rev,) in fetch(_REVISIONS, [current_workspace(), asset_id, before, limit])]


def _rows(asset_id: uuid.UUID, first: int, last: int) -> _Rows:
    """Return the rows that were valid at any revision from the first to the last."""
    valid = Q(rev_from__lte=last) & (Q(rev_to__isnull=True) | Q(rev_to__gt=first))
    of_asset = Q(workspace_id=current_workspace(), asset_id=asset_id)
    sets = FactSet.objects.filter(valid, of_asset).select_related("source").order_by("source__name")
    return _Rows(list(sets), list(DerivedFact.objects.filter(valid, of_asset)))


def _valid(row: FactSet | DerivedFact, rev: int) -> bool:
    return row.rev_from <= rev and (row.rev_to is None or row.rev_to > rev)


def _detail(asset: Asset, all_rows: _Rows, rev: int, relations: Sequence[RelationLine] | None = None) -> AssetDetail:
    """Return what the rows valid at a revision make of an asset: a copy that is never saved, read as it is today.

    Without `relations` only its facts and conflicts are told.
    """
    rows, whole, relations = all_rows.at(rev), relations is not None, relations or ()
    said = [(row, report_of(row.source.name, row.source.grade_class, _facts(row))) for row in rows.sets]
    named = {name for row in rows.sets for name, entry in row.relations.items() if "v" in entry}
    organisations = [end for line in relations if line.name == "organisation" for end in line.ends]
    new = projection(
        Known(
            asset.pk,
            asset.kind,
            asset.uid,
            default_name(asset.kind, asset.uid),  # of a data flow: its name comes from those of its ends today
            asset.first_seen_at,
            [report for _, report in said],
            [Computed(f.name, f.value, f.derivation, f.grade, format_timestamp(f.observed_at)) for f in rows.derived],
            named | {line.name for line in relations},
            organisations[0].id if organisations else None,  # of several the first by uid, as documents have it
        )
    )
    past = Asset(
        workspace_id=asset.workspace_id,
        id=asset.pk,
        kind=asset.kind,
        uid=asset.uid,
        state=_state(asset, rows, relations, rev) if whole else "",
        first_seen_at=asset.first_seen_at,
        last_seen_at=asset.first_seen_at,
        rev_changed=rev,
    )
    if new is not None:
        past.name, past.document, past.provenance = new["name"], new["document"], new["provenance"]
        past.known_relations, past.conflicts = new["known"], new["conflicts"]
        past.environment, past.country, past.owner = new["environment"], new["country"], new["owner"]
        past.organisation_id = new["organisation"]
        past.last_seen_at = parse_timestamp(str(new["document"].get("last_seen_at", ""))) or asset.first_seen_at
    told = {row.source.name: report.facts for row, report in said}
    none = [RelationLine(name, 0, ()) for name in past.known_relations if name not in {line.name for line in relations}]
    return AssetDetail(
        line=line_of(past),
        facts=tuple(facts_of(past, told, {fact.name: fact for fact in rows.derived})),
        relations=tuple(sorted([*relations, *none], key=lambda line: line.name)),
        conflicts=past.conflicts,
        sources=tuple(told),
        revision=rev,
    )


def _facts(row: FactSet) -> Mapping[str, Entry]:
    """Return what a source said; of lineage without the events, since a row notes the newest that confirmed it."""
    facts: Mapping[str, Entry] = row.facts
    if row.source.door != Source.Door.LINEAGE:
        return facts
    return {name: {**entry, "e": ""} for name, entry in facts.items()}


def _state(asset: Asset, rows: _Rows, relations: Sequence[RelationLine], rev: int) -> str:
    """Return whether it was reported, withdrawn by all who had reported it, or only named by others."""
    of_lineage = rows.derived if asset.kind == "run" else [line for line in relations if line.name == "from"]
    if rows.sets or (asset.kind in ("run", "data_flow") and of_lineage):
        return Asset.State.REPORTED
    ended = FactSet.objects.filter(workspace_id=current_workspace(), asset=asset, rev_to__lte=rev)
    return Asset.State.RETIRED if asset.kind == "data_flow" or ended.exists() else Asset.State.MENTIONED


def _relations(rows: Sequence[tuple[Any, ...]]) -> list[RelationLine]:
    found: dict[str, tuple[int, list[RelationEnd]]] = {}
    for name, total, end_id, kind, uid, sources in rows:
        _, ends = found.setdefault(name, (total, []))
        ends.append(RelationEnd(end_id, kind, uid, default_name(kind, uid), tuple(sources)))
    return [RelationLine(name, total, tuple(ends)) for name, (total, ends) in found.items()]


def _changes(old: Mapping[str, "_Said"], new: Mapping[str, "_Said"]) -> Iterator[Change]:
    """Yield what differs between two states of an asset, by name."""
    for what in sorted({*old, *new}):
        was, now = old.get(what, _NOTHING), new.get(what, _NOTHING)
        if was[0] != now[0]:
            known = now if now[0] is not None else was
            yield Change(what, was[0], now[0], known[1], known[2])


_Said = tuple[Any, str, str]
"""A value with its source and origin."""
_NOTHING: _Said = (None, "", "")
_ALWAYS = frozenset({"uid", "source", "first_seen_at", "last_seen_at"})
"""What is true of every report, and no news; who reports is told by `sources`."""


def _told(detail: AssetDetail) -> Mapping[str, _Said]:
    """Return each thing that is told of an asset, but for its relations."""
    told: dict[str, _Said] = {
        fact.name: (fact.value, fact.source, fact.origin)
        for fact in detail.facts
        if fact.name not in _ALWAYS and fact.value is not None
    }
    for name, losers in detail.conflicts.items():
        sources = ", ".join(sorted({str(loser["source"]) for loser in losers}))
        told[f"conflict:{name}"] = ([loser["value"] for loser in losers], sources, "")
    if detail.sources:
        told["sources"] = (list(detail.sources), "", "")
    return told


LAST = 2**63 - 1
_REVISIONS = """
SELECT DISTINCT rev FROM (SELECT %s::uuid, %s::uuid) AS c (workspace, asset), LATERAL (
  SELECT unnest(ARRAY[rev_from, rev_to]) AS rev FROM "lineage_factset"
  WHERE workspace_id = c.workspace AND asset_id = c.asset
  UNION ALL SELECT rev_from FROM "lineage_derivedfact"
  WHERE workspace_id = c.workspace AND asset_id = c.asset AND rev_to IS NULL
  UNION ALL SELECT unnest(ARRAY[rev_from, rev_to]) FROM "lineage_derivedfact"
  WHERE workspace_id = c.workspace AND asset_id = c.asset AND rev_to IS NOT NULL
  UNION ALL SELECT rev_from FROM "lineage_relation"
  WHERE workspace_id = c.workspace AND from_asset_id = c.asset AND rev_to IS NULL
  UNION ALL SELECT unnest(ARRAY[rev_from, rev_to]) FROM "lineage_relation"
  WHERE workspace_id = c.workspace AND from_asset_id = c.asset AND rev_to IS NOT NULL
) bounds WHERE rev < %s ORDER BY rev DESC LIMIT %s
"""

_ENDS = """
SELECT name, total, id, kind, uid, sources FROM (
  SELECT e.name, count(*) OVER (PARTITION BY e.name) AS total, a.id, a.kind, a.uid, e.sources,
         row_number() OVER (PARTITION BY e.name ORDER BY a.uid, a.id) AS position
  FROM (
    SELECT r.name, r.to_asset_id,
           coalesce(array_agg(DISTINCT s.name) FILTER (WHERE s.id IS NOT NULL), '{}') AS sources
    FROM "lineage_relation" r LEFT JOIN "lineage_source" s ON s.id = r.source_id
    WHERE r.workspace_id = %s AND r.from_asset_id = %s AND r.rev_from <= %s AND (r.rev_to IS NULL OR r.rev_to > %s)
    GROUP BY r.name, r.to_asset_id
  ) e JOIN "lineage_asset" a ON a.id = e.to_asset_id
) numbered WHERE position <= %s ORDER BY name, position
"""

# An end that another report still names was not lost with the one that went, nor won by one that came beside it.
_MOVED = """
SELECT m.rev, m.name, m.now, a.kind, a.uid, m.source FROM (
  SELECT w.rev, r.name, r.to_asset_id,
         coalesce(min(s.name) FILTER (WHERE w.rev IN (r.rev_from, r.rev_to)), 'derived') AS source,
         bool_or(r.rev_from <= w.rev AND coalesce(r.rev_to > w.rev, true)) AS now,
         bool_or(r.rev_from < w.rev AND coalesce(r.rev_to >= w.rev, true)) AS before
  FROM unnest(%s::bigint[]) AS w (rev), "lineage_relation" r LEFT JOIN "lineage_source" s ON s.id = r.source_id
  WHERE r.workspace_id = %s AND r.from_asset_id = %s AND (r.name, r.to_asset_id) IN (
    SELECT t.name, t.to_asset_id FROM "lineage_relation" t
    WHERE t.workspace_id = %s AND t.from_asset_id = %s AND (t.rev_from = ANY(%s) OR t.rev_to = ANY(%s)))
  GROUP BY w.rev, r.name, r.to_asset_id
) m JOIN "lineage_asset" a ON a.id = m.to_asset_id
WHERE m.now <> m.before ORDER BY m.rev, m.name, a.kind, a.uid
"""
