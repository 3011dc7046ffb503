"""Read Marquez's names: nodeIds and paths, in which ":" and "/" stand between parts and inside of them.

`dataset:postgres://db:5432:shop.a:1` has five readings, and the path of a dataset whose name has a "/" in it reaches
us with its `%2F` decoded. So every reading is tried against the datasets and jobs that exist, in one query; where
several exist, the one with the shortest namespace counts.
"""

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from rest_framework.exceptions import NotFound

from accounts.members.strict import BadParameter
from accounts.workspaces.isolation import current_workspace
from lineage.events.identity import uid_of
from lineage.inventory.bulk import fetch
from lineage.inventory.models import Asset

MAX_COLONS = 64
"""In one nodeId: bounds its readings."""
LONGEST = 8_000
"""Characters of a nodeId."""
NODE_KINDS = {"dataset": "dataset", "datasetField": "dataset", "job": "job"}
_VERSIONED = re.compile(r"(.+)#([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})", re.DOTALL)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Node:
    """One reading of a nodeId, and of what exists its asset."""

    kind: str  # dataset or job
    namespace: str
    name: str
    field: str = ""
    version: uuid.UUID | None = None
    asset_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Place:
    """One reading of a path below /namespaces/."""

    namespace: str
    collection: str = ""  # datasets, jobs; '' = the namespace itself
    name: str = ""  # '' = the list
    tail: str = ""  # versions, runs
    version: uuid.UUID | None = None
    asset_id: uuid.UUID | None = None


def names_of(uid: str) -> tuple[str, str]:
    """Return namespace and name of a dataset or job."""
    namespace, _, name = uid.partition("/")
    return unquote(namespace), unquote(name)


def node_id(kind: str, uid: str, field: str = "") -> str:
    """Return the nodeId of a dataset or job, or of a field of a dataset."""
    namespace, name = names_of(uid)
    return f"datasetField:{namespace}:{name}:{field}" if field else f"{kind}:{namespace}:{name}"


# ---- nodeIds


def find_nodes(text: str, kinds: Sequence[str]) -> list[Node]:
    """Return the readings of a nodeId that exist, the likeliest first; raise BadParameter or NotFound for none."""
    kind, _, rest = text.partition(":")
    if kind not in kinds or not rest or len(text) > LONGEST or rest.count(":") > MAX_COLONS:
        forms = ", ".join(f"{each}:<namespace>:<name>{':<field>' if each == 'datasetField' else ''}" for each in kinds)
        raise BadParameter(
            f"nodeId={text[:80]!r} names no node: expected {forms}.", details={"parameter": "nodeId", "got": text[:80]}
        )
    readings = list(_readings(kind, rest))
    known = _assets((each.kind, each.namespace, each.name) for each in readings)
    found = [
        replace(each, asset_id=known[each.kind, each.namespace, each.name])
        for each in readings
        if (each.kind, each.namespace, each.name) in known
    ]
    if not found:
        raise NotFound(f"No {NODE_KINDS[kind]} is known for nodeId {text[:200]!r}, however it is split.")
    return found


def _readings(kind: str, rest: str) -> Iterator[Node]:
    """Yield the readings, those without a version first: a name may end like one."""
    forms: list[tuple[str, uuid.UUID | None]] = [(rest, None)]
    if versioned := _VERSIONED.fullmatch(rest):
        forms.append((versioned[1], uuid.UUID(versioned[2])))
    for text, version in forms:
        cuts = [at for at, character in enumerate(text) if character == ":"]
        for number, first in enumerate(cuts):
            if kind != "datasetField":
                yield Node(NODE_KINDS[kind], text[:first], text[first + 1 :], version=version)
                continue
            for second in cuts[number + 1 :]:
                yield Node("dataset", text[:first], text[first + 1 : second], text[second + 1 :], version)


# ---- paths


def find_place(text: str) -> Place:
    """Return what a path below /namespaces/ means; raise NotFound where no reading of it exists.

    A list in a namespace and what belongs to a dataset or job come before a thing whose name merely ends so.
    """
    places = sorted(_places(text), key=lambda place: not place.tail)
    known = _assets((place.collection[:-1], place.namespace, place.name) for place in places if place.name)
    for place in places:
        if place.name and (found := known.get((place.collection[:-1], place.namespace, place.name))):
            return replace(place, asset_id=found)
    for place in places:
        if not place.name and _holds_something(place.namespace):
            return place
    raise NotFound(f"No namespace, dataset or job is known by {text[:200]!r}.")


def _places(text: str) -> Iterator[Place]:
    """Yield the readings by rising length of the namespace."""
    for match in re.finditer(r"/(datasets|jobs)(?=/|$)", text):
        namespace, collection, rest = text[: match.start()], match[1], text[match.end() + 1 :]
        if not namespace:
            continue
        yield Place(namespace, collection, rest)
        if not rest:
            continue
        for tail in ("versions", "runs") if collection == "jobs" else ("versions",):
            if rest.endswith(f"/{tail}"):
                yield Place(namespace, collection, rest.removesuffix(f"/{tail}"), tail)
        name, _, last = rest.rpartition("/")
        if name.endswith("/versions") and _UUID.fullmatch(last):
            yield Place(namespace, collection, name.removesuffix("/versions"), "versions", uuid.UUID(last))
    yield Place(text)


def _holds_something(namespace: str) -> bool:
    rows = fetch(_HOLDS, [current_workspace(), quote(namespace, safe="") + "/"])
    return bool(rows)


def _assets(wanted: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], uuid.UUID]:
    """Return the id of each (kind, namespace, name) that exists, in one query."""
    by_uid = {(kind, uid_of(namespace, name)): (kind, namespace, name) for kind, namespace, name in wanted if name}
    if not by_uid:
        return {}
    kinds, uids = zip(*by_uid, strict=True)
    rows = fetch(_FIND, [list(kinds), list(uids), current_workspace(), Asset.State.RETIRED])
    return {by_uid[kind, uid]: identifier for identifier, kind, uid in rows}


_FIND = """
SELECT a.id, a.kind, a.uid FROM unnest(%s::text[], %s::text[]) AS w (kind, uid)
JOIN "lineage_asset" a ON a.kind = w.kind AND a.uid = w.uid
WHERE a.workspace_id = %s AND a.state <> %s
"""
_HOLDS = """
SELECT 1 FROM "lineage_asset"
WHERE workspace_id = %s AND kind IN ('dataset', 'job') AND uid ^@ %s AND state <> 'retired' LIMIT 1
"""
