"""Say whose population is not whole: the sources that are silent, and those of whose inventory not all arrived.

What such a source holds back is of any kind that it has reported so far, so an answer about one of these says so.
"""

import datetime
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.utils import timezone

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import fetch
from lineage.inventory.models import Source
from lineage.inventory.queries import SourceLine, list_sources

NAMED = 5
"""Sources that a note names; it counts the others."""
OF_LINEAGE = frozenset({"dataset", "job", "run", "data_flow"})
"""Kinds of which producers of lineage tell."""


@dataclass(frozen=True)
class Gap:
    """A source that holds something back: how much of an incomplete one arrived, since when a silent one is."""

    source: SourceLine
    note: str


def population_gaps(now: datetime.datetime, kind: str = "") -> list[Gap]:
    """Return the incomplete and silent sources, incomplete ones first; of those alone that report `kind`, if given."""
    lines = [line for line in list_sources(now) if line.complete is False or line.silent]
    kinds = kinds_reported([line.id for line in lines]) if kind and lines else {}
    told = [line for line in lines if not kind or _may_hold_back(line, kind, kinds)]
    return [Gap(line, _note(line)) for line in sorted(told, key=lambda line: (line.complete is not False, line.name))]


def gap_notes(now: datetime.datetime, kind: str = "") -> list[str]:
    """Return one sentence on incomplete sources and one on silent ones; none where all is there."""
    gaps = population_gaps(now, kind)
    said = []
    for word, found in (
        ("Incomplete", [gap for gap in gaps if gap.source.complete is False]),
        ("Silent", [gap for gap in gaps if gap.source.silent and gap.source.complete is not False]),
    ):
        if found:
            named = "; ".join(f"{gap.source.name} ({gap.note})" for gap in found[:NAMED])
            more = f"; and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
            said.append(f"{word}: {named}{more}. What is held back is not counted here.")
    return said


def gaps_now() -> list[str]:
    """Return the notes on all sources as of now."""
    return gap_notes(timezone.now())


def kinds_reported(sources: Collection[uuid.UUID]) -> Mapping[uuid.UUID, set[str]]:
    """Return the kinds that these sources have sent so far by inventory."""
    return {row[0]: set(row[1]) for row in fetch(_KINDS, [current_workspace(), list(sources)])}


def _may_hold_back(line: SourceLine, kind: str, kinds: Mapping[uuid.UUID, set[str]]) -> bool:
    if line.door == Source.Door.LINEAGE:
        return kind in OF_LINEAGE
    return kind in kinds.get(line.id, {kind})


def _note(line: SourceLine) -> str:
    parts = []
    if line.complete is False:
        parts.append(f"announced {line.declared:,}, {line.received:,} arrived")
    if line.silent:
        parts.append(f"silent since {line.last_seen_at:%Y-%m-%d %H:%M} UTC")
    return ", ".join(parts)


_KINDS = """
SELECT r.source_id, array_agg(DISTINCT k.kind)
FROM "lineage_importresult" r, unnest(r.kinds) AS k (kind)
WHERE r.workspace_id = %s AND r.source_id = ANY(%s)
GROUP BY r.source_id
"""
