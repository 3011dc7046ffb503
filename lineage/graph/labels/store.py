"""Keep lineage facts over revisions: write what differs from what is current, and nothing else."""

import hashlib
import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.graph.labels.graph import MISSING, Facts
from lineage.graph.labels.load import Loaded
from lineage.graph.labels.models import Traced
from lineage.graph.labels.order import Ints
from lineage.inventory.bulk import chunks, columns, execute, fetch

PROVEN, POSSIBLE = Traced.Basis.PROVEN.value, Traced.Basis.POSSIBLE.value
CHUNK = 20_000


class Row(NamedTuple):
    """The lineage facts of one asset on one basis, as stored. The first three say what feeds it, the others what it
    feeds.
    """

    up: uuid.UUID
    upstream_count: int
    untraced_inputs: int
    down: uuid.UUID
    downstream_count: int
    downstream_over_retention: int | None


Sides = tuple[Row, Row | None]
"""(proven, possible); possible None = the same."""


def rows_of(loaded: Loaded, facts: tuple[Facts, Facts], sets: "Sets") -> dict[uuid.UUID, Sides]:
    """Return the rows of every traced asset; `sets` takes the contents that they point to."""
    proven, possible = (_columns(one, loaded.outward, sets) for one in facts)
    found: dict[uuid.UUID, Sides] = {}
    for number, traced in enumerate(loaded.traced.tolist()):
        if traced:
            sure, wide = Row(*(column[number] for column in proven)), Row(*(column[number] for column in possible))
            found[loaded.ids[number]] = (sure, None if sure == wide else wide)
    return found


def _columns(facts: Facts, outward: Ints, sets: "Sets") -> tuple[list[Any], ...]:
    """Return the columns of Row per asset; what lies below a job is told by its other node."""
    up, down = sets.take(facts.up_sets), sets.take(facts.down_sets)
    return (
        [up[one] for one in facts.up[: len(outward)].tolist()],
        facts.upstream_count[: len(outward)].tolist(),
        facts.untraced_inputs[: len(outward)].tolist(),
        [down[one] for one in facts.down[outward].tolist()],
        facts.downstream_count[outward].tolist(),
        [None if one == MISSING else one for one in facts.downstream_over_retention[outward].tolist()],
    )


class Sets:
    """Contents of label sets by id; the id is made from the workspace and the content."""

    def __init__(self) -> None:
        self.found: dict[uuid.UUID, str] = {}

    def take(self, contents: Sequence[Mapping[str, Any]]) -> list[uuid.UUID]:
        """Remember these contents; return their ids."""
        ids = []
        for content in contents:
            text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            digest = hashlib.sha256(current_workspace().bytes + text.encode()).digest()
            ids.append(uuid.UUID(bytes=digest[:16]))
            self.found[ids[-1]] = text
        return ids

    def write(self, used: Collection[uuid.UUID]) -> None:
        """Store those of the contents that rows point to."""
        rows = [(one, self.found[one]) for one in sorted(used) if one in self.found]
        for part in chunks(rows):
            execute(_SETS, [current_workspace(), *columns(part, 2)])


def current_rows(assets: Collection[uuid.UUID] | None) -> dict[uuid.UUID, Sides]:
    """Return the current rows of these assets, None: of all."""
    among = None if assets is None else sorted(assets)
    found: dict[uuid.UUID, dict[str, Row]] = {}
    for asset, basis, *values in fetch(_CURRENT, [current_workspace(), among, among]):
        found.setdefault(asset, {})[basis] = Row(*values)
    return {asset: (sides[PROVEN], sides.get(POSSIBLE)) for asset, sides in found.items()}


def write_rows(
    wanted: Mapping[uuid.UUID, Sides], current: Mapping[uuid.UUID, Sides], sets: Sets, rev: int
) -> set[uuid.UUID]:
    """Make `wanted` the current rows in place of `current`; return the assets of which something differs."""
    changed = {asset for asset in wanted.keys() | current.keys() if wanted.get(asset) != current.get(asset)}
    opened: list[tuple[Any, ...]] = []
    closed: list[tuple[uuid.UUID, str]] = []
    for asset in sorted(changed):
        new, old = wanted.get(asset, (None, None)), current.get(asset, (None, None))
        for basis, after, before in zip((PROVEN, POSSIBLE), new, old, strict=True):
            if after == before:
                continue
            if before is not None:
                closed.append((asset, basis))
            if after is not None:
                opened.append((new_id(), asset, basis, *after))
    sets.write({one for row in opened for one in (row[3], row[6])})
    for part in chunks(closed, CHUNK):
        execute(_DROP_OF_SAME_REVISION, [*columns(part, 2), current_workspace(), rev])
        execute(_CLOSE, [rev, *columns(part, 2), current_workspace()])
    for opening in chunks(opened, CHUNK):
        execute(_OPEN, [current_workspace(), rev, *columns(opening, 9)])
    return changed


def merged(
    new: Mapping[uuid.UUID, Sides],
    old: Mapping[uuid.UUID, Sides],
    below: Iterable[uuid.UUID],
    above: Iterable[uuid.UUID],
) -> dict[uuid.UUID, Sides]:
    """Return the rows of a region: `below` the change what feeds an asset is new, `above` it what the asset feeds; the
    other half stays as it is.
    """  # fmt: skip
    up, down = frozenset(below), frozenset(above)
    found: dict[uuid.UUID, Sides] = {}
    for asset in up | down:
        if asset not in new:
            continue
        before = old.get(asset)
        if before is None or (asset in up and asset in down):
            found[asset] = new[asset]
            continue
        halves = [
            Row(*(fresh if asset in up else kept)[:3], *(fresh if asset in down else kept)[3:])
            for fresh, kept in zip(_both(new[asset]), _both(before), strict=True)
        ]
        found[asset] = (halves[0], None if halves[0] == halves[1] else halves[1])
    return found


def _both(sides: Sides) -> tuple[Row, Row]:
    return sides[0], sides[0] if sides[1] is None else sides[1]


_CURRENT = """
SELECT asset_id, basis, up, upstream_count, untraced_inputs, down, downstream_count, downstream_over_retention
FROM "lineage_traced"
WHERE workspace_id = %s AND rev_to IS NULL AND (%s::uuid[] IS NULL OR asset_id = ANY(%s::uuid[]))
"""

_SETS = """
INSERT INTO "lineage_labelset" (id, workspace_id, facts)
SELECT w.id, c.workspace, w.facts::jsonb
FROM (SELECT %s::uuid) AS c (workspace), unnest(%s::uuid[], %s::text[]) AS w (id, facts)
ON CONFLICT DO NOTHING
"""

# A row that this very revision opened was never visible: it is replaced, not closed.
_DROP_OF_SAME_REVISION = """
DELETE FROM "lineage_traced" t USING unnest(%s::uuid[], %s::text[]) AS w (asset, basis)
WHERE t.workspace_id = %s AND t.asset_id = w.asset AND t.basis = w.basis AND t.rev_to IS NULL AND t.rev_from = %s
"""

_CLOSE = """
UPDATE "lineage_traced" t SET rev_to = %s FROM unnest(%s::uuid[], %s::text[]) AS w (asset, basis)
WHERE t.workspace_id = %s AND t.asset_id = w.asset AND t.basis = w.basis AND t.rev_to IS NULL
"""

_OPEN = """
INSERT INTO "lineage_traced" (id, workspace_id, rev_from, asset_id, basis, up, upstream_count, untraced_inputs, down,
                              downstream_count, downstream_over_retention)
SELECT w.id, c.workspace, c.rev, w.asset, w.basis, w.up, w.above, w.untraced, w.down, w.below, w.over
FROM (SELECT %s::uuid, %s::bigint) AS c (workspace, rev),
     unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::int[], %s::int[], %s::uuid[], %s::int[], %s::int[])
       AS w (id, asset, basis, up, above, untraced, down, below, over)
"""
