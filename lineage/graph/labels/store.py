"""Keep lineage facts over revisions: write what differs from what is current, and nothing else.

An estate has hundreds of thousands of rows, so they are columns of arrays until they are text for the database: as
many Python objects took longer than all the tracing.
"""

import hashlib
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accounts.workspaces.ids import new_ids
from accounts.workspaces.isolation import current_workspace
from lineage.graph.labels.graph import MISSING, Facts
from lineage.graph.labels.load import ID, Loaded, Numbered, mix
from lineage.graph.labels.models import Traced
from lineage.graph.labels.order import Bools, Ints
from lineage.graph.snapshot import Ids, id_list
from lineage.inventory.bulk import chunks, columns, execute, fetch

PROVEN, POSSIBLE = Traced.Basis.PROVEN.value, Traced.Basis.POSSIBLE.value
CHUNK = 20_000
UP, DOWN = ("up", "upstream_count", "untraced_inputs"), ("down", "downstream_count", "downstream_over_retention")
"""Columns of what feeds an asset, and of what it feeds. `up` and `down` are ids of label sets, the others counts."""
ROW = np.dtype([("up", "V16"), ("down", "V16"), *((name, "i4") for name in (*UP[1:], *DOWN[1:]))])
_STORED = np.dtype(
    [
        ("asset", "V16"), ("possible", "u1"), ("up", "V16"), ("down", "V16"),
        *((name, ">i4") for name in (*UP[1:], *DOWN[1:])),
    ]
)  # fmt: skip
Table = npt.NDArray[np.void]


@dataclass(frozen=True)
class Rows:
    """Lineage facts per asset, as parallel arrays: ids, and a ROW on each basis. `downstream_over_retention` MISSING:
    not known. Stored is a possible row only where it differs from the proven one.
    """

    ids: Ids
    proven: Table
    possible: Table

    def take(self, which: Ints | Bools) -> "Rows":
        """Return those rows."""
        return Rows(self.ids[which], self.proven[which], self.possible[which])

    @property
    def wide(self) -> Bools:
        """Which have a possible row of their own."""
        return _differ(self.proven, self.possible)


def rows_of(loaded: Loaded, facts: tuple[Facts, Facts], sets: "Sets") -> Rows:
    """Return the rows of every traced asset; `sets` takes the contents that they point to."""
    traced = np.flatnonzero(loaded.traced)
    proven, possible = (_table(one, traced, loaded.outward[traced], sets) for one in facts)
    return Rows(loaded.ids[traced], proven, possible)


def _table(facts: Facts, traced: Ints, outward: Ints, sets: "Sets") -> Table:
    """Return the rows of these assets; what lies below a job is told by its other node."""
    table = np.empty(len(traced), ROW)
    table["up"] = sets.take(facts.up_sets)[facts.up[traced]]
    table["down"] = sets.take(facts.down_sets)[facts.down[outward]]
    for name, which in ((UP[1], traced), (UP[2], traced), (DOWN[1], outward), (DOWN[2], outward)):
        table[name] = getattr(facts, name)[which]
    return table


class Sets:
    """Contents of label sets by the bytes of their id; the id is made from the workspace and the content."""

    def __init__(self) -> None:
        self.found: dict[bytes, str] = {}

    def take(self, contents: Sequence[Mapping[str, Any]]) -> Ids:
        """Remember these contents; return their ids."""
        ids = []
        for content in contents:
            text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            ids.append(hashlib.sha256(current_workspace().bytes + text.encode()).digest()[:16])
            self.found[ids[-1]] = text
        return np.frombuffer(b"".join(ids), "V16")

    def write(self, used: Collection[bytes]) -> None:
        """Store those of the contents that rows point to."""
        rows = [(uuid.UUID(bytes=one), self.found[one]) for one in sorted(used) if one in self.found]
        for part in chunks(rows):
            execute(_SETS, [current_workspace(), *columns(part, 2)])


def current_rows(assets: Collection[uuid.UUID] | None) -> Rows:
    """Return the current rows of these assets, None: of all."""
    among = None if assets is None else sorted(assets)
    packed = b"".join(bytes(row[0]) for row in fetch(_CURRENT, [current_workspace(), among, among]))
    stored = np.frombuffer(packed, _STORED)
    rows = np.empty(len(stored), ROW)
    for name in ROW.names or ():
        rows[name] = stored[name]
    wide = stored["possible"] != 0
    ids, proven = stored["asset"][~wide], rows[~wide]
    possible = proven.copy()
    at, known = Numbered(ids.tobytes()).find(stored["asset"][wide].tobytes())
    possible[at[known]] = rows[wide][known]
    return Rows(ids, proven, possible)


def write_rows(wanted: Rows, current: Rows, sets: Sets, rev: int) -> set[uuid.UUID]:
    """Make `wanted` the current rows in place of `current`; return the assets of which something differs.

    1. Which assets are new, which are gone, and which are in both.
    2. Of the latter, what differs on each basis.
    3. Close what differs or is gone, then open what differs or is new.
    """
    at, known = Numbered(wanted.ids.tobytes()).find(current.ids.tobytes())  # 1
    fresh = np.ones(len(wanted.ids), bool)
    fresh[at[known]] = False
    new, gone = wanted.take(fresh), current.take(~known)
    after, before = wanted.take(at[known]), current.take(known)
    proven = _differ(after.proven, before.proven)  # 2
    possible = (after.wide != before.wide) | (after.wide & _differ(after.possible, before.possible))
    closed = {
        PROVEN: [gone.ids, before.ids[proven]],
        POSSIBLE: [gone.ids[gone.wide], before.ids[possible & before.wide]],
    }
    opened = {
        PROVEN: [(new.ids, new.proven), (after.ids[proven], after.proven[proven])],
        POSSIBLE: [(one.ids[which], one.possible[which])
                   for one, which in ((new, new.wide), (after, possible & after.wide))],
    }  # fmt: skip
    for basis, ids in closed.items():  # 3
        _close(np.concatenate(ids), basis, rev)
    tables = {basis: [np.concatenate(column) for column in zip(*parts, strict=True)] for basis, parts in opened.items()}
    sets.write({one for _, rows in tables.values() for name in ("up", "down") for one in _distinct(rows[name])})
    for basis, (ids_of, rows) in tables.items():
        _open(ids_of, rows, basis, rev)
    return {
        uuid.UUID(bytes=each.tobytes()) for one in (new.ids, gone.ids, after.ids[proven | possible]) for each in one
    }


def _close(ids: Ids, basis: str, rev: int) -> None:
    for start in range(0, len(ids), CHUNK):
        part = id_list(ids[start : start + CHUNK])
        execute(_DROP_OF_SAME_REVISION, [part, current_workspace(), basis, rev])
        execute(_CLOSE, [rev, part, current_workspace(), basis])


def _open(ids: Ids, rows: Table, basis: str, rev: int) -> None:
    """Write these rows in the order of the assets: what lies together in the index is written together."""
    halves = ids.view(">u8").astype(np.uint64)
    order = np.lexsort((halves[1::2], halves[::2]))
    for start in range(0, len(order), CHUNK):
        part = order[start : start + CHUNK]
        given = [id_list(each) for each in (np.frombuffer(new_ids(len(part)), "V16"), ids[part])]
        given += [_text(rows[part][name]) for name in (*UP, *DOWN)]
        execute(_OPEN, [current_workspace(), rev, basis, MISSING, *given])


def _text(column: npt.NDArray[Any]) -> str:
    """Return a column as the text of an array."""
    return id_list(column) if column.dtype == "V16" else "{" + ",".join(map(str, column.tolist())) + "}"


def _distinct(ids: Ids) -> list[bytes]:
    _, first = np.unique(mix(np.frombuffer(ids.tobytes(), ID)), return_index=True)
    return [each.tobytes() for each in ids[first]]


def _differ(one: Table, other: Table) -> Bools:
    """Return which rows differ."""
    words = (np.ascontiguousarray(each).view(np.uint64).reshape(-1, ROW.itemsize // 8) for each in (one, other))
    different: Bools = np.asarray(np.not_equal(*words).any(axis=1))
    return different


def merged(new: Rows, old: Rows, below: Collection[uuid.UUID], above: Collection[uuid.UUID]) -> Rows:
    """Return the rows of a region: `below` the change what feeds an asset is new, `above` it what the asset feeds; the
    other half stays as it is.
    """  # fmt: skip
    at, known = Numbered(new.ids.tobytes()).find(_packed({*below, *above}))
    result = new.take(at[known])
    before, had = Numbered(old.ids.tobytes()).find(result.ids.tobytes())
    for moved, names in ((below, UP), (above, DOWN)):
        _, fresh = Numbered(_packed(moved)).find(result.ids.tobytes())
        kept = had & ~fresh
        for rows, stored in ((result.proven, old.proven), (result.possible, old.possible)):
            for name in names:
                rows[name][kept] = stored[name][before[kept]]
    return result


def _packed(assets: Collection[uuid.UUID]) -> bytes:
    return b"".join(each.bytes for each in assets)


# One value per last byte of an id, which is random: each stays far below the gigabyte that a value may have.
_CURRENT = f"""
SELECT string_agg(uuid_send(asset_id) || set_byte('\\x00'::bytea, 0, (basis = '{POSSIBLE}')::int) || uuid_send(up)
                  || uuid_send(down) || int4send(upstream_count) || int4send(untraced_inputs)
                  || int4send(downstream_count) || int4send(coalesce(downstream_over_retention, {MISSING})), '')
FROM "lineage_traced"
WHERE workspace_id = %s AND rev_to IS NULL AND (%s::uuid[] IS NULL OR asset_id = ANY(%s::uuid[]))
GROUP BY get_byte(uuid_send(id), 15)
"""  # noqa: S608 - our own words

_SETS = """
INSERT INTO "lineage_labelset" (id, workspace_id, facts)
SELECT w.id, c.workspace, w.facts::jsonb
FROM (SELECT %s::uuid) AS c (workspace), unnest(%s::uuid[], %s::text[]) AS w (id, facts)
ON CONFLICT DO NOTHING
"""

# A row that this very revision opened was never visible: it is replaced, not closed.
_DROP_OF_SAME_REVISION = """
DELETE FROM "lineage_traced" t USING unnest(%s::uuid[]) AS w (asset)
WHERE t.workspace_id = %s AND t.asset_id = w.asset AND t.basis = %s AND t.rev_to IS NULL AND t.rev_from = %s
"""

_CLOSE = """
UPDATE "lineage_traced" t SET rev_to = %s FROM unnest(%s::uuid[]) AS w (asset)
WHERE t.workspace_id = %s AND t.asset_id = w.asset AND t.basis = %s AND t.rev_to IS NULL
"""

_OPEN = """
INSERT INTO "lineage_traced" (id, workspace_id, rev_from, asset_id, basis, up, upstream_count, untraced_inputs, down,
                              downstream_count, downstream_over_retention)
SELECT w.id, c.workspace, c.rev, w.asset, c.basis, w.up, w.above, w.untraced, w.down, w.below, nullif(w.over, c.missing)
FROM (SELECT %s::uuid, %s::bigint, %s, %s::int) AS c (workspace, rev, basis, missing),
     unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::int[], %s::uuid[], %s::int[], %s::int[])
       AS w (id, asset, up, above, untraced, down, below, over)
"""
