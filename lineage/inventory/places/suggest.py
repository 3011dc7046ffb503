"""Suggest which storage serves a namespace that nothing serves, ranked by likeness. Nothing is joined by that.

Likeness, from 0 to 100, of a namespace and a storage:
1. A namespace is `scheme://host:port/path`; what counts is the host (or bucket, or account), in small letters. A
   storage is known by its name, by its key, and by the hosts of what it serves already; of a key that is an address
   or an Amazon resource name the host or the last part.
2. Two such names are alike by the share of their pairs of neighbouring letters that they have in common (the
   coefficient of Dice), 0 to 90; equal names 90.
3. 10 more where the storage serves the same scheme already, or its key begins with it.
What is below LEAST is left out; of equal ones the first by key comes first.
"""

import re
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from accounts.paging import Page
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import fetch, from_json

LEAST = 45
CANDIDATES = 5
"""Storages that are suggested for one namespace at most."""


@dataclass(frozen=True)
class Candidate:
    """A storage that may serve a namespace, with how alike they are (0 to 100) and by which of its names."""

    storage: uuid.UUID
    uid: str
    name: str
    likeness: int
    because: str


@dataclass(frozen=True)
class Suggestion:
    """A namespace in which datasets lie and that no storage serves, with the storages that may, the likeliest first."""

    namespace: str
    datasets: int
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Store:
    """A storage as it is compared: its names, and the schemes that it is known by."""

    id: uuid.UUID
    uid: str
    name: str
    names: tuple[str, ...]
    schemes: frozenset[str]


def suggestions(after: str, limit: int) -> list[Suggestion]:
    """Return the namespaces after `after` (as quoted in uids) that nothing serves, in the order of that form."""
    rows = fetch(UNSERVED, [current_workspace(), after, limit])
    if not rows:
        return []
    stores = Stores(_stores())
    return [Suggestion(unquote(quoted), count, stores.like(unquote(quoted))) for quoted, count in rows]


def unserved_page(after: str | None, limit: int) -> Page[Suggestion]:
    """Return one page of suggestions; the cursor is the namespace of its last row."""
    found = suggestions(quote(after or "", safe=""), limit + 1)
    rows = tuple(found[:limit])
    return Page(rows, rows[-1].namespace if len(found) > limit else None)


def host_of(text: str) -> str:
    """Return the part of an address, or of a name, that tells one store from another: in small letters."""
    rest = text.partition("://")[2] or text
    if rest.startswith("arn:"):
        rest = rest.rpartition(":")[2]
    host = rest.rpartition("@")[2].split("/")[0] or rest.rpartition("/")[2]
    return re.sub(r":\d+$", "", host).lower()


def scheme_of(text: str) -> str:
    """Return the scheme of an address, '' for what is none."""
    scheme, found, _ = text.partition("://")
    return scheme.lower() if found else ""


class Stores:
    """Storages, found by pairs of letters, so that few are compared with a namespace."""

    def __init__(self, stores: Iterable[Store]) -> None:
        self._named: list[tuple[Store, str, Counter[str]]] = []
        self._with: dict[str, list[int]] = {}
        for store in stores:
            for name in store.names:
                pairs = _pairs(name)
                for pair in pairs:
                    self._with.setdefault(pair, []).append(len(self._named))
                self._named.append((store, name, pairs))

    def like(self, namespace: str) -> tuple[Candidate, ...]:
        """Return the storages that are most alike, the likeliest first."""
        host, scheme = host_of(namespace), scheme_of(namespace)
        wanted = _pairs(host)
        best: dict[uuid.UUID, Candidate] = {}
        for place in sorted({place for pair in wanted for place in self._with.get(pair, ())}):
            store, name, pairs = self._named[place]
            likeness = _dice(wanted, pairs) + (10 if scheme and scheme in store.schemes else 0)
            known = best.get(store.id)
            if likeness >= LEAST and (known is None or likeness > known.likeness):
                best[store.id] = Candidate(store.id, store.uid, store.name, likeness, name)
        ranked = sorted(best.values(), key=lambda each: (-each.likeness, each.uid))
        return tuple(ranked[:CANDIDATES])


def _dice(one: Counter[str], other: Counter[str]) -> int:
    """Return 0 to 90: twice what both have over all that they have."""
    return 180 * (one & other).total() // max(one.total() + other.total(), 1)


def _pairs(text: str) -> Counter[str]:
    framed = f"^{text}$" if text else ""
    return Counter(framed[place : place + 2] for place in range(len(framed) - 1))


def _stores() -> list[Store]:
    return [
        store_of(identifier, uid, name, from_json(served) if served else [])
        for identifier, uid, name, served in fetch(_STORES, [current_workspace()])
    ]


def store_of(identifier: uuid.UUID, uid: str, name: str, served: Sequence[str]) -> Store:
    """Return a storage as it is compared."""
    names: Mapping[str, None] = dict.fromkeys(
        each for each in (host_of(uid), name.lower(), *(host_of(entry) for entry in served)) if each
    )
    schemes = frozenset(scheme for entry in (uid, *served) if (scheme := scheme_of(entry)))
    return Store(identifier, uid, name, tuple(names), schemes)


# A namespace is claimed as a whole (join.py), or an inventory says where a dataset is stored: one that has such a
# dataset counts as known. Parameters: workspace, quoted namespace after which, how many.
UNSERVED = """
SELECT quoted, datasets FROM (
  SELECT split_part(a.uid, '/', 1) AS quoted, count(*) AS datasets,
         bool_or(EXISTS (SELECT 1 FROM "lineage_relation" r
                         WHERE r.workspace_id = a.workspace_id AND r.from_asset_id = a.id AND r.name = 'stored_in'
                           AND r.rev_to IS NULL)) AS known
  FROM "lineage_asset" a
  WHERE a.workspace_id = %s AND a.kind = 'dataset' AND a.state <> 'retired'
  GROUP BY split_part(a.uid, '/', 1)
) AS spaces
WHERE NOT known AND quoted > %s COLLATE "C" ORDER BY quoted COLLATE "C" LIMIT %s
"""

_STORES = """
SELECT id, uid, name, document->'lineage_namespaces' FROM "lineage_asset"
WHERE workspace_id = %s AND kind = 'storage' AND state <> 'retired' ORDER BY uid, id
"""
