"""Find datasets and jobs by name, for a person who types a part of it.

An index serves how the last part of a name begins (`customers` finds `shop.public.customers_daily`), how the whole name
begins, and how the namespace begins. What stands elsewhere inside a name is looked for among the first datasets and
jobs alone: the embedded server has no trigrams, and row security would not let them be used. Each way is one arm of the
query. A dataset is found by how its other names begin too (aliases.py).
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import fetch
from lineage.inventory.models import Asset

MOST = 1_000
"""Found by one way; a person reads fewer, and adds a letter."""
LOOKED_INSIDE = 50_000
"""Datasets and jobs, datasets and the oldest first, whose names are searched inside: some tens of milliseconds."""
FOUND_BY = ("exact", "last_part", "name", "namespace", "inside", "alias")
"""How a row was found, in the order in which rows stand."""
KINDS = ("dataset", "job")
LONGEST = 200
"""Characters of what is searched for."""


@dataclass(frozen=True, order=True)
class Key:
    """Where a row stands: by how it was found (an index into FOUND_BY), name and id."""

    rank: int
    name: str
    id: uuid.UUID


START = Key(-1, "", uuid.UUID(int=0))


@dataclass(frozen=True)
class Hits:
    """A page of what was found, each with its asset; `reasons` say what may have been missed."""

    rows: tuple[tuple[Key, Asset], ...]
    more: bool
    reasons: tuple[str, ...]


def search(text: str, kinds: Collection[str], after: Key, limit: int) -> Hits:
    """Return datasets and jobs whose name or namespace has `text` in it, best first; two queries."""
    low, these = text.lower(), [current_workspace(), sorted(kinds)]
    inside = [*these, LOOKED_INSIDE + 1, low, quote(low, safe="").lower(), MOST + 1]
    begins = [*these, low, MOST + 1, *these, text, MOST + 1, *these, quote(text, safe=""), MOST + 1]
    other = [current_workspace(), "dataset" in kinds, text, MOST + 1]
    page = [low, low, current_workspace(), after.rank, after.name, after.id, limit + 1]
    rows = fetch(_SEARCH, [*begins, *inside, *other, *page])
    many, looked = rows[0][:2]
    keys = [Key(rank, name, identifier) for *_, rank, name, identifier in rows if identifier is not None]
    assets = Asset.objects.in_bulk([key.id for key in keys[:limit]])
    reasons = [f"more than {MOST} names fit in one way; add a letter"] if many > MOST else []
    if looked > LOOKED_INSIDE:
        reasons.append(
            f"names were searched inside for {LOOKED_INSIDE} datasets and jobs; of the others how they begin"
        )
    return Hits(tuple((key, assets[key.id]) for key in keys[:limit]), len(keys) > limit, tuple(reasons))


# The first condition is that of the index asset_by_last_part, which holds no other kinds.
_THESE = """
FROM "lineage_asset" WHERE kind IN ('dataset', 'job') AND workspace_id = %s AND kind = ANY(%s) AND state <> 'retired'
"""
_SEARCH = f"""
WITH last_part AS MATERIALIZED (SELECT id {_THESE} AND last_part ^@ %s LIMIT %s),
whole AS MATERIALIZED (SELECT id {_THESE} AND name ^@ %s LIMIT %s),
space AS MATERIALIZED (SELECT id {_THESE} AND uid ^@ %s LIMIT %s),
first AS MATERIALIZED (SELECT id, name, uid {_THESE} ORDER BY kind, id LIMIT %s),
inside AS MATERIALIZED (
  SELECT id FROM first WHERE strpos(lower(name), %s) > 0 OR strpos(lower(split_part(uid, '/', 1)), %s) > 0 LIMIT %s
),
other AS MATERIALIZED (
  SELECT dataset_id AS id FROM "lineage_datasetalias" WHERE workspace_id = %s AND %s AND name ^@ %s LIMIT %s
),
ways (id, rank) AS (
  SELECT id, 1 FROM last_part UNION ALL SELECT id, 2 FROM whole UNION ALL SELECT id, 3 FROM space
  UNION ALL SELECT id, 4 FROM inside UNION ALL SELECT id, 5 FROM other
),
best AS (
  SELECT a.id, a.name, CASE WHEN lower(a.name) = %s OR a.last_part = %s THEN 0 ELSE min(ways.rank) END AS rank
  FROM ways JOIN "lineage_asset" a ON a.id = ways.id
  WHERE a.workspace_id = %s AND a.state <> 'retired' GROUP BY a.id
)
SELECT greatest((SELECT count(*) FROM last_part), (SELECT count(*) FROM whole), (SELECT count(*) FROM space),
                (SELECT count(*) FROM inside), (SELECT count(*) FROM other)), (SELECT count(*) FROM first),
       page.rank, page.name, page.id
FROM (SELECT 1) AS once LEFT JOIN LATERAL (
  SELECT rank, name, id FROM best WHERE (rank, name, id) > (%s, %s, %s) ORDER BY rank, name, id LIMIT %s
) AS page ON true
ORDER BY page.rank, page.name, page.id
"""  # noqa: S608 - our own names
