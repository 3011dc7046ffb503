"""Read what is traced into arrays: the whole workspace, or a region of it.

Ids travel packed, 16 bytes each, because a million Python objects cost more than all the rest.
"""

import datetime
import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accounts.workspaces.isolation import current_workspace
from lineage.graph.gaps import jobs_with_gaps, silent_producers
from lineage.graph.labels.approved import masking_jobs
from lineage.graph.labels.carried import Carried, carried_by
from lineage.graph.labels.graph import FED_BY, FEEDING, KNOWS, Graph
from lineage.graph.labels.order import Bools, Ints
from lineage.graph.snapshot import Ids
from lineage.inventory.bulk import fetch

ID = np.dtype([("high", ">u8"), ("low", ">u8")])
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Loaded:
    """A graph with the assets that it is of. A job of number i is also node `outward[i]`, which feeds what it writes.

    `traced` (assets): which have lineage facts, because an event named them or somebody reported what feeds them.
    """

    graph: Graph
    ids: Ids
    outward: Ints
    traced: Bools


class Numbered:
    """Ids, and a number for each."""

    def __init__(self, packed: bytes) -> None:
        pairs = np.frombuffer(packed, ID)
        mixed = mix(pairs)
        order = np.argsort(mixed)
        self._keys, self._order = mixed[order], order
        self.packed = packed
        if (self._keys[1:] == self._keys[:-1]).any():
            raise RuntimeError("two assets with one mixture of 64 bits of their ids; change the factor of mix()")

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, packed: bytes | npt.NDArray[np.void]) -> tuple[Ints, Bools]:
        """Return the number of each id, and whether it has one."""
        wanted = mix(np.frombuffer(packed, ID) if isinstance(packed, bytes) else packed)
        if not len(self):
            return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), bool)
        place = np.minimum(np.searchsorted(self._keys, wanted), len(self) - 1)
        return self._order[place], self._keys[place] == wanted

    @property
    def ids(self) -> Ids:
        """Return the ids by number."""
        return np.frombuffer(self.packed, "V16")


def mix(pairs: npt.NDArray[np.void]) -> Keys:
    """Return 64 bits per id: sorting these is ten times quicker than sorting ids."""
    keys: Keys = pairs["high"].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ pairs["low"].astype(np.uint64)
    return keys


def load(now: datetime.datetime, region: Collection[uuid.UUID] | None = None) -> Loaded:
    """Read the current graph of the entered workspace; of a region only what lies between its members.

    1. What each asset carries, grouped, since an estate has few different ones.
    2. What leads from one to another: flows, relations, and what jobs read and write.
    3. Gaps, by job, and which assets are traced.
    """
    among = None if region is None else sorted(region)
    carried, sort, numbered = _carried(now, among)  # 1
    count = len(numbered)
    is_job = np.array([one.part == "job" for one in carried], bool)[sort]
    jobs = np.flatnonzero(is_job)
    outward = np.arange(count)
    outward[jobs] = count + np.arange(len(jobs))
    sort = np.concatenate([sort, sort[jobs]])
    source, target, proven, stops = _edges(numbered, outward, among)  # 2
    gap = np.zeros(len(sort), bool)  # 3
    with_gap = _gaps(numbered, among)
    gap[with_gap] = gap[outward[with_gap]] = True
    traced = _named(numbered, carried, sort, among)
    for ends in (source, target):
        traced[ends[ends < count]] = True
    traced &= np.array([one.part != "service" for one in carried], bool)[sort[:count]]
    return Loaded(Graph(carried, sort, gap, source, target, proven, stops), numbered.ids, outward, traced)


def _carried(now: datetime.datetime, among: list[uuid.UUID] | None) -> tuple[list[Carried], Ints, Numbered]:
    """Return the distinct things carried, which of them each asset carries, and the assets."""
    sorts: dict[Carried, int] = {}
    which: list[Ints] = []
    parts: list[bytes] = []
    for packed, kind, document, over, knows in fetch(_CARRIED, [now, current_workspace(), among, among]):
        one = carried_by(kind, json.loads(document), over, knows)
        which.append(np.full(len(packed) // 16, sorts.setdefault(one, len(sorts))))
        parts.append(bytes(packed))
    sort = np.concatenate(which) if which else np.empty(0, np.int64)
    return list(sorts), sort, Numbered(b"".join(parts))


def _edges(numbered: Numbered, outward: Ints, among: list[uuid.UUID] | None) -> tuple[Ints, Ints, Bools, Bools]:
    """Return source, target, proven and stops of each edge whose ends are both here."""
    width = np.dtype([("source", ID), ("target", ID), ("job", ID), ("proven", "u1"), ("masked", "u1")])
    rows = np.frombuffer(_packed(_FLOWS, [current_workspace(), among, among]), width)
    source, known = numbered.find(rows["source"])
    target, also = numbered.find(rows["target"])
    kept = known & also
    approved = np.frombuffer(b"".join(job.bytes for job in masking_jobs()), ID)
    stops = (rows["masked"] != 0) & np.isin(mix(rows["job"]), mix(approved))
    found = [(source[kept], target[kept], rows["proven"][kept] != 0, stops[kept])]
    plain = np.dtype([("source", ID), ("target", ID)])
    for sql in (_RELATIONS, _WRITES):
        rows = np.frombuffer(_packed(sql, [current_workspace(), among, among]), plain)
        source, known = numbered.find(rows["source"])
        target, also = numbered.find(rows["target"])
        kept = known & also
        source, target = source[kept], target[kept]
        found.append((outward[source], target, np.ones(len(source), bool), np.zeros(len(source), bool)))
    source, target, proven, stops = (np.concatenate(column) for column in zip(*found, strict=True))
    return source, target, proven, stops


def _packed(sql: str, parameters: list[object]) -> bytes:
    return b"".join(bytes(row[0]) for row in fetch(sql, parameters))


def _gaps(numbered: Numbered, among: list[uuid.UUID] | None) -> Ints:
    """Return the numbers of the jobs that admit a gap, or whose source is silent."""
    jobs = jobs_with_gaps(among)
    if silent := silent_producers():
        jobs |= {row[0] for row in fetch(_BY_PRODUCER, [silent, current_workspace(), among, among])}
    numbers, known = numbered.find(b"".join(job.bytes for job in jobs))
    return numbers[known]


def _named(numbered: Numbered, carried: list[Carried], sort: Ints, among: list[uuid.UUID] | None) -> Bools:
    """Return which assets an event named; of the others, those of which somebody reported what feeds them."""
    named = np.zeros(len(numbered), bool)
    numbers, known = numbered.find(_packed(_NAMED, [current_workspace(), current_workspace(), among, among]))
    named[numbers[known]] = True
    told = np.array([one.part in FED_BY and one.origin for one in carried], bool)[sort[: len(numbered)]]
    result: Bools = named | told
    return result


# What nobody traces anew has no part in it: an asset that was retired still fed what it fed.
_CARRIED = f"""
SELECT string_agg(uuid_send(id), ''), kind, document, over, knows
FROM (
  SELECT a.id, a.kind,
    CASE WHEN a.document ?| c.names THEN
      (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(a.document) AS e WHERE e.key = ANY(c.names))
    ELSE '{{}}' END AS document,
    CASE
      WHEN a.kind <> 'dataset' OR jsonb_typeof(a.document->'retention_days') IS DISTINCT FROM 'number'
        OR (a.document->>'retention_days')::numeric <= 0 THEN NULL
      WHEN jsonb_typeof(a.document->'oldest_record_at') = 'string' THEN
        c.now - (a.document->>'oldest_record_at')::timestamptz
          >= least((a.document->>'retention_days')::numeric + 1, 10000000)::int * interval '24 hours'
      WHEN a.document @> '{{"oldest_record_never": true}}' THEN (a.document->>'retention_days')::numeric < 99999
      WHEN a.document @> '{{"oldest_record_none": true}}' THEN false
    END AS over,
    ({KNOWS}) AS knows
  FROM (SELECT %s::timestamptz, ARRAY[
    'classification', 'effective_class_rank', 'environment', 'storage_countries', 'residency_limited',
    'allowed_countries', 'contains_personal_data', 'is_origin', 'serving_countries', 'risk_tier'
  ]) AS c (now, names), "lineage_asset" a
  WHERE a.workspace_id = %s AND a.kind IN ('dataset', 'job', 'model', 'ai_system', 'service')
    AND (%s::uuid[] IS NULL OR a.id = ANY(%s::uuid[]))
) AS each
GROUP BY kind, document, over, knows, get_byte(uuid_send(id), 15)
"""  # noqa: S608 - our own names

# One value per last byte of an id, which is random: each stays far below the gigabyte that a value may have.
_FLOWS = """
SELECT string_agg(uuid_send(from_dataset_id) || uuid_send(to_dataset_id) || uuid_send(job_id)
                  || set_byte('\\x00'::bytea, 0, proven::int) || set_byte('\\x00'::bytea, 0, masked::int), '')
FROM "lineage_flow"
WHERE workspace_id = %s AND rev_to IS NULL AND (%s::uuid[] IS NULL OR to_dataset_id = ANY(%s::uuid[]))
GROUP BY get_byte(uuid_send(id), 15)
"""

# Told from the side that is fed. What a job reads leads into it; what it writes is below.
_RELATIONS = f"""
SELECT string_agg(uuid_send(to_asset_id) || uuid_send(from_asset_id), '') FROM "lineage_relation"
WHERE workspace_id = %s AND rev_to IS NULL AND name IN {FEEDING}
  AND (%s::uuid[] IS NULL OR from_asset_id = ANY(%s::uuid[]))
GROUP BY get_byte(uuid_send(id), 15)
"""  # noqa: S608 - our own names

_WRITES = """
SELECT string_agg(uuid_send(from_asset_id) || uuid_send(to_asset_id), '') FROM "lineage_relation"
WHERE workspace_id = %s AND rev_to IS NULL AND name = 'writes'
  AND (%s::uuid[] IS NULL OR from_asset_id = ANY(%s::uuid[]))
GROUP BY get_byte(uuid_send(id), 15)
"""

_BY_PRODUCER = """
SELECT j.id FROM unnest(%s::text[]) AS p (prefix)
JOIN "lineage_asset" j ON j.kind = 'job' AND j.uid ^@ p.prefix
WHERE j.workspace_id = %s AND (%s::uuid[] IS NULL OR j.id = ANY(%s::uuid[]))
"""

_NAMED = """
SELECT string_agg(uuid_send(f.asset_id), '')
FROM "lineage_factset" f JOIN "lineage_source" s ON s.workspace_id = f.workspace_id AND s.id = f.source_id
WHERE f.workspace_id = %s AND s.workspace_id = %s AND s.door = 'lineage' AND f.rev_to IS NULL
  AND (%s::uuid[] IS NULL OR f.asset_id = ANY(%s::uuid[]))
GROUP BY get_byte(uuid_send(f.id), 15)
"""
