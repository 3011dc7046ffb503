"""Counts and names over many assets and sources: what pages show beside their rows. One query each."""

import datetime
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence

from django.db import connection
from django.db.models import QuerySet

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.models import Asset, FactSet, ImportResult, RejectedRow, Source


def names_of(assets: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the names of these assets."""
    return dict(Asset.objects.filter(pk__in=assets).values_list("pk", "name")) if assets else {}


def people_named(uids: Collection[str]) -> dict[str, str]:
    """Return the names of those of these owners that are persons we know of."""
    found = Asset.objects.filter(kind="person", uid__in=set(uids))
    return dict(found.values_list("uid", "name"))


def sources_of(assets: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Source]]:
    """Return who says something of each of these assets now, by name."""
    found: dict[uuid.UUID, list[Source]] = defaultdict(list)
    rows = FactSet.objects.filter(asset__in=assets, rev_to__isnull=True).select_related("source")
    for row in rows.only("asset_id", "source__name", "source__last_seen_at", "source__expected_every_hours"):
        found[row.asset_id].append(row.source)
    return {asset: sorted(sources, key=lambda source: source.name) for asset, sources in found.items()}


def is_silent(source: Source, now: datetime.datetime) -> bool:
    """Tell whether a source should have reported by `now` and did not."""
    hours = source.expected_every_hours
    return hours is not None and now - source.last_seen_at > datetime.timedelta(hours=hours)


def silent_at(source: Source) -> datetime.datetime | None:
    """Return the first instant at which a source that says nothing more counts as silent; None without a cadence."""
    hours = source.expected_every_hours
    if hours is None:
        return None
    return source.last_seen_at + datetime.timedelta(hours=hours, microseconds=1)


def kind_counts(most: int) -> dict[str, int] | None:
    """Return the number of known assets of each kind; None where there are more than `most` in all."""
    with connection.cursor() as cursor:
        cursor.execute(_KINDS, [current_workspace(), Asset.State.RETIRED, most + 1])
        counts = dict(cursor.fetchall())
    return counts if sum(counts.values()) <= most else None


_KINDS = """
SELECT kind, count(*) FROM (
  SELECT kind FROM "lineage_asset" WHERE workspace_id = %s AND state <> %s LIMIT %s
) few GROUP BY kind ORDER BY kind
"""


def reported_counts(kind: str, names: Sequence[str], most: int) -> dict[str, int] | None:
    """Return for how many assets of a kind each attribute is known; None where there are more than `most` of them."""
    if not names:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_REPORTED, [list(names), current_workspace(), kind, Asset.State.REPORTED, most + 1])
        rows = cursor.fetchall()
    return None if any(of > most for _, _, of in rows) else {name: count for name, count, _ in rows}


_REPORTED = """
SELECT wanted.name, count(*) FILTER (WHERE few.document ? wanted.name), count(few.document)
FROM unnest(%s::text[]) AS wanted(name)
LEFT JOIN (
  SELECT document FROM "lineage_asset" WHERE workspace_id = %s AND kind = %s AND state = %s LIMIT %s
) few ON true
GROUP BY wanted.name
"""


def rejected_rows(limit: int, *, event: uuid.UUID | None = None) -> list[RejectedRow]:
    """Return rows that could not be used: of one batch in its order, or of all, newest first."""
    if event is not None:
        return list(RejectedRow.objects.filter(event=event).order_by("line", "id")[:limit])
    return list(RejectedRow.objects.order_by("-id")[:limit])


def rejected_of(events: Collection[uuid.UUID]) -> "QuerySet[RejectedRow]":
    """Return all that was refused of some batches, by line."""
    return RejectedRow.objects.filter(event__in=events).order_by("line", "id")


def import_result(event: uuid.UUID) -> ImportResult | None:
    """Return what became of a batch; None while it waits to be projected."""
    return ImportResult.objects.filter(event=event).first()


def last_imports(events: Collection[uuid.UUID]) -> dict[uuid.UUID, ImportResult]:
    """Return the results of these batches, by source."""
    return {row.source_id: row for row in ImportResult.objects.filter(event__in=events)}


def heads_of(assets: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """Return kind and name of each of these assets."""
    if not assets:
        return {}
    return {
        key: (kind, name) for key, kind, name in Asset.objects.filter(pk__in=assets).values_list("pk", "kind", "name")
    }


def organisations(most: int) -> list[tuple[uuid.UUID, str]]:
    """Return id and name of the organisations that are known, by name, at most so many."""
    rows = Asset.objects.filter(kind="organisation").exclude(state=Asset.State.RETIRED)
    return list(rows.order_by("name", "id").values_list("pk", "name")[:most])
