"""Show why: a shortest path from something that carries a label to an asset, or from an asset to such a thing.

A path of proven flows is preferred; where there is none, one that possible flows complete. Classes and limits do not
pass an approved masking. Which flows there were is told as of the revision; what assets carry is the present.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from accounts.workspaces.isolation import current_workspace
from lineage.graph.labels.approved import masking_jobs
from lineage.graph.labels.graph import FEEDING
from lineage.graph.labels.order import Direction
from lineage.inventory.bulk import fetch

FAMILIES = ("class", "environment", "country", "tier", "limit", "personal")
"""What can be asked for: `class:personal`, `environment:prod`, `country:US`, `tier:high`, `limit`, `personal`."""

MAX_VISITED = 100_000
Basis = Literal["proven", "possible"]


@dataclass(frozen=True)
class Hop:
    """One step, in the direction of the flow. `job` None: a relation that an inventory reports, named by `relation`."""

    source: uuid.UUID
    target: uuid.UUID
    job: uuid.UUID | None
    relation: str
    basis: str
    proven: bool
    masked: bool


@dataclass(frozen=True)
class Witness:
    """`hops` from the first to the last; empty: nothing that carries the label is connected. `proven`: every hop is.

    `cut`: more than MAX_VISITED assets were looked at, and the search stopped. `itself`: there is no path, and the
    asset carries the label itself.
    """

    hops: tuple[Hop, ...]
    proven: bool
    cut: bool
    itself: bool = False


@dataclass(frozen=True)
class Proof:
    """The newest run that shows a hop, and its last event: id and digests (hex) of the bytes as received and as kept.

    `event` None: it is not kept any more.
    """

    run_id: str
    event: uuid.UUID | None
    received_digest: str
    kept_digest: str


class Label(NamedTuple):
    """What is looked for: a family, and the value where the family has values."""

    family: str
    value: str

    def __str__(self) -> str:
        return f"{self.family}:{self.value}" if self.value else self.family


def read_label(text: str) -> Label | None:
    """Return the label that a text names, None where it names none."""
    family, _, value = text.partition(":")
    known = family in FAMILIES and (value == "") == (family in ("limit", "personal")) and "\0" not in value
    return Label(family, value) if known else None


def find_witness(asset: uuid.UUID, label: Label, direction: Direction, basis: Basis, revision: int) -> Witness:
    """Return a shortest path between `asset` and the nearest carrier of `label` at `revision`.

    `basis` proven: over proven flows alone.
    """
    cut = False
    for proven_only in (True, False) if basis == "possible" else (True,):
        search = _Search(*label, direction, proven_only, revision)
        if hops := search.run(asset):
            return Witness(tuple(hops), all(hop.proven for hop in hops), False)
        cut |= search.cut
    return Witness((), False, cut, search.carries(asset))


class _Search:
    """Breadth first from the asset, level by level in the database, until a level holds a carrier."""

    def __init__(self, family: str, value: str, direction: Direction, proven_only: bool, revision: int) -> None:
        self.family, self.value, self.direction = family, value, direction
        self.proven_only, self.revision, self.cut = proven_only, revision, False
        stops = direction == "upstream" and family in ("class", "limit", "personal")
        self.masking = masking_jobs() if stops else set[uuid.UUID]()
        self.came: dict[uuid.UUID, Hop] = {}

    def run(self, asset: uuid.UUID) -> list[Hop]:
        """Return the hops in the direction of the flow, none where no carrier is reached."""
        frontier = {asset}
        while frontier and not self.cut:
            frontier = self._onwards(frontier, asset)
            if found := self._carriers(frontier):
                return self._path(min(found), asset)
            self.cut = len(self.came) > MAX_VISITED
        return []

    def carries(self, asset: uuid.UUID) -> bool:
        """Tell whether the asset carries the label itself."""
        return bool(self._carriers([asset]))

    def _onwards(self, frontier: Collection[uuid.UUID], start: uuid.UUID) -> set[uuid.UUID]:
        known = [current_workspace(), sorted(frontier), self.revision, self.revision]
        reached: set[uuid.UUID] = set()
        for row in fetch(_STEPS[self.direction], known * 2):
            hop = Hop(*row)
            end = hop.source if self.direction == "upstream" else hop.target
            stopped = hop.masked and hop.job in self.masking
            if end == start or end in self.came or stopped or (self.proven_only and not hop.proven):
                continue
            self.came[end] = hop
            reached.add(end)
        return reached

    def _carriers(self, among: Collection[uuid.UUID]) -> list[uuid.UUID]:
        sql = _CARRIERS.format(test=_TESTS[self.family])
        return [row[0] for row in fetch(sql, [current_workspace(), sorted(among), self.value, self.direction])]

    def _path(self, end: uuid.UUID, asset: uuid.UUID) -> list[Hop]:
        hops = []
        while end != asset:
            hop = self.came[end]
            hops.append(hop)
            end = hop.target if self.direction == "upstream" else hop.source
        return hops if self.direction == "upstream" else hops[::-1]


def told(found: Witness, label: Label, direction: Direction, revision: int) -> str:
    """Return in plain words that there is no path, and what that says; "" where there is one."""
    if found.hops:
        return ""
    if found.cut:
        return f"No path was found among the {MAX_VISITED:,} nearest assets, and the search stopped there."
    where = "that feeds it" if direction == "upstream" else "that it feeds"
    itself = f" It carries {label} itself." if found.itself else ""
    return f"Nothing {where}, over all steps known at revision {revision:,}, is known to carry {label}.{itself}"


def proofs_of(hops: Sequence[Hop]) -> Mapping[Hop, Proof]:
    """Return for each hop that a run shows the newest such run, with its last event; one query for all."""
    by_run = [hop for hop in hops if hop.job is not None]
    columns = zip(*((place, hop.source, hop.target, hop.job) for place, hop in enumerate(by_run)), strict=True)
    found = fetch(_PROOFS, [current_workspace(), *map(list, columns)]) if by_run else ()
    return {
        by_run[place]: Proof(run_id, event, bytes(received or b"").hex(), bytes(kept or b"").hex())
        for place, run_id, event, received, kept in found
    }


_KNOWN = "workspace_id = %s AND {here} = ANY(%s) AND rev_from <= %s AND (rev_to IS NULL OR rev_to > %s)"
# Of several flows between two datasets the best known comes first, and is kept.
_STEP = """
SELECT source, target, job, relation, basis, proven, masked FROM (
  SELECT from_dataset_id AS source, to_dataset_id AS target, job_id AS job, '' AS relation, basis, proven, masked
  FROM "lineage_flow" WHERE {flow}
  UNION ALL
  SELECT to_asset_id, from_asset_id, NULL, name, 'explicit', true, false FROM "lineage_relation" r
  WHERE {relation} AND name IN {feeding}
    AND NOT EXISTS (SELECT 1 FROM "lineage_asset" j WHERE j.id = r.from_asset_id AND j.kind = 'job')
) AS hops
ORDER BY NOT proven, masked, array_position(ARRAY['explicit', 'column', 'cartesian'], basis::text), source, target, job
"""
_STEPS = {
    "upstream": _STEP.format(
        flow=_KNOWN.format(here="to_dataset_id"), relation=_KNOWN.format(here="from_asset_id"), feeding=FEEDING
    ),
    "downstream": _STEP.format(
        flow=_KNOWN.format(here="from_dataset_id"), relation=_KNOWN.format(here="to_asset_id"), feeding=FEEDING
    ),
}

# Upstream only datasets carry labels; downstream whatever lies somewhere or has a tier.
_CARRIERS = """
SELECT a.id FROM (SELECT %s::uuid, %s::uuid[], %s::text, %s::text) AS c (workspace, ids, value, direction)
JOIN "lineage_asset" a ON a.workspace_id = c.workspace AND a.id = ANY(c.ids)
WHERE (a.kind = 'dataset' OR c.direction = 'downstream') AND {test}
"""
_TESTS = {
    "class": "a.document->>'classification' = c.value",
    "environment": "a.document->>'environment' = c.value",
    "country": "(a.document->'storage_countries' ? c.value OR a.document->'serving_countries' ? c.value)",
    "tier": "a.document->>'risk_tier' = c.value",
    "limit": "a.document->'residency_limited' = 'true'",
    "personal": "(a.document->'contains_personal_data' = 'true'"
    " OR a.document->>'classification' IN ('personal', 'personal_special'))",
}

_PROOFS = """
SELECT h.place, shown.run_id, e.id, e.received_digest, e.kept_digest
FROM (SELECT %s::uuid AS workspace, %s::integer[] AS places, %s::uuid[] AS sources, %s::uuid[] AS targets,
             %s::uuid[] AS jobs) AS given
CROSS JOIN LATERAL unnest(places, sources, targets, jobs) AS h (place, source, target, job)
JOIN LATERAL (
  SELECT newest.run_id FROM "lineage_jobversionflow" f JOIN LATERAL (
    SELECT r.run_id, r.seen_at FROM "lineage_run" r
    WHERE r.workspace_id = f.workspace_id AND r.version_id = f.version_id AND r.run_id <> ''
    ORDER BY r.seen_at DESC, r.run_id LIMIT 1
  ) newest ON true
  WHERE f.workspace_id = given.workspace AND f.from_dataset_id = h.source AND f.to_dataset_id = h.target
    AND f.job_id = h.job
  ORDER BY newest.seen_at DESC, newest.run_id LIMIT 1
) shown ON true
LEFT JOIN LATERAL (
  SELECT e.id, e.received_digest, e.kept_digest FROM "lineage_event" e
  WHERE e.workspace_id = given.workspace AND e.about = shown.run_id ORDER BY e.event_time DESC, e.id DESC LIMIT 1
) e ON true
"""
