"""Read flows into arrays: what walks over the graph work on.

Ids become dense numbers, in the order of the ids, so that arrays are small and steps are vectorised: a million flows
are read in 1.5 s and take 50 MB.
"""

import datetime
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import fetch

Direction = Literal["upstream", "downstream"]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]
Ids = NDArray[np.void]
"""Ids as 16 bytes each (dtype V16), ascending."""
BASES = ("explicit", "column", "cartesian")
"""What a flow rests on, strongest first; arrays hold the index."""
_ID = np.dtype([("high", ">u8"), ("low", ">u8")])
_ROW = np.dtype([("source", _ID), ("target", _ID), ("job", _ID), ("proven", "u1"), ("masked", "u1"), ("basis", "u1")])


@dataclass(frozen=True)
class FlowArrays:
    """Flows at one revision as parallel arrays of one length; ends and jobs are indices into `ids`.

    A node may be at once a dataset and the job of a flow: a DatasetEvent's flow has its target as job.
    """

    revision: int
    ids: Ids
    source: Numbers  # from this dataset
    target: Numbers  # to this dataset
    job: Numbers
    proven: Flags
    masked: Flags
    basis: NDArray[np.uint8]  # index into BASES


@dataclass(frozen=True)
class Seen:
    """Flows that were seen in a span of time: last seen not before `since`, first seen not after `until`."""

    since: datetime.datetime | None = None
    until: datetime.datetime | None = None

    def __bool__(self) -> bool:
        """Tell whether it leaves anything out."""
        return self.since is not None or self.until is not None


ALWAYS = Seen()
KNOWN = """
rev_from <= %s AND (rev_to IS NULL OR rev_to > %s)
AND (%s::timestamptz IS NULL OR last_seen_at >= %s) AND (%s::timestamptz IS NULL OR first_seen_at <= %s)
"""
"""Condition on flows: known at a revision, and seen in a span of time."""


def load_flows(revision: int, seen: Seen = ALWAYS) -> FlowArrays:
    """Read the flows of the entered workspace as known at `revision`, in one query."""
    parts = fetch(_PACKED, [current_workspace(), *known(revision, seen)])
    return _arrays(revision, b"".join(part for (part,) in parts))


def load_reached(start: uuid.UUID, direction: Direction, revision: int, seen: Seen, most: int) -> FlowArrays | None:
    """Read the flows that are reached from a dataset, in one query; None where there are more than `most`."""
    bounded = [current_workspace(), *known(revision, seen), most + 1]
    [(packed, count)] = fetch(_REACHED[direction], [start, *bounded, *bounded])
    return _arrays(revision, packed or b"") if count <= most else None


def load_touching(
    datasets: Collection[uuid.UUID], job: uuid.UUID, revision: int, seen: Seen, most: int
) -> FlowArrays | None:
    """Read the flows into and out of these datasets and those of a job, in one query; None where these are > `most`."""
    among = sorted(datasets)
    given = [current_workspace(), among, among, job, *known(revision, seen), most + 1]
    [(packed, count)] = fetch(_TOUCHING, given)
    return _arrays(revision, packed or b"") if count <= most else None


def known(revision: int, seen: Seen) -> list[Any]:
    """Return the parameters of KNOWN."""
    return [revision, revision, seen.since, seen.since, seen.until, seen.until]


def _arrays(revision: int, packed: bytes) -> FlowArrays:
    rows = np.frombuffer(packed, dtype=_ROW)
    ids, numbers = _dense(np.concatenate([rows["source"], rows["target"], rows["job"]]))
    source, target, job = numbers.reshape(3, len(rows))
    return FlowArrays(
        revision, ids, source, target, job, rows["proven"] != 0, rows["masked"] != 0, rows["basis"].copy()
    )


def _dense(keys: NDArray[np.void]) -> tuple[Ids, Numbers]:
    """Return the distinct ids in order, and for each key its index among them.

    Sorting 16 bytes is ten times slower than sorting 64 bits, so it is done by a mixture of both halves; ids of which
    two share one, which nobody will see, are sorted in full.
    """
    high, low = keys["high"].astype(np.uint64), keys["low"].astype(np.uint64)
    mixed, first, inverse = np.unique(
        high * np.uint64(0x9E3779B97F4A7C15) ^ low, return_index=True, return_inverse=True
    )
    if (high[first][inverse] != high).any() or (low[first][inverse] != low).any():
        ids, inverse = np.unique(keys, return_inverse=True)
        return ids.astype(_ID).view("V16"), inverse.astype(np.int32)
    order = np.lexsort((low[first], high[first]))
    rank = np.empty(len(mixed), dtype=np.int32)
    rank[order] = np.arange(len(mixed), dtype=np.int32)
    return keys[first][order].astype(_ID).view("V16"), rank[inverse]  # joining arrays made the bytes this machine's


def id_list(ids: Ids) -> str:
    """Return ids as one text for `%s::uuid[]`: twenty thousand cost milliseconds so."""
    text = ids.tobytes().hex()
    return "{" + ",".join(text[at : at + 32] for at in range(0, len(text), 32)) + "}"


def as_uuid(identifier: np.void) -> uuid.UUID:
    """Return one of the ids as a UUID."""
    return uuid.UUID(bytes=identifier.tobytes())


_PACK = """
string_agg(uuid_send(from_dataset_id) || uuid_send(to_dataset_id) || uuid_send(job_id)
           || CASE WHEN proven THEN '\\x01'::bytea ELSE '\\x00' END
           || CASE WHEN masked THEN '\\x01'::bytea ELSE '\\x00' END
           || CASE basis WHEN 'explicit' THEN '\\x00'::bytea WHEN 'column' THEN '\\x01' ELSE '\\x02' END, '')
"""
# One value per last byte of the flow's id, which is random: each stays far below the gigabyte that a value may have.
_PACKED = f"""
SELECT {_PACK} FROM "lineage_flow" WHERE workspace_id = %s AND {KNOWN} GROUP BY get_byte(uuid_send(id), 15)
"""  # noqa: S608 - our own names
_TOUCHING = f"""
SELECT {_PACK}, count(*) FROM (
  SELECT from_dataset_id, to_dataset_id, job_id, proven, masked, basis FROM "lineage_flow"
  WHERE workspace_id = %s AND (from_dataset_id = ANY(%s) OR to_dataset_id = ANY(%s) OR job_id = %s) AND {KNOWN}
  LIMIT %s
) AS few
"""  # noqa: S608 - our own names
# UNION drops nodes that are there already, so that a cycle ends; the limit stops the recursion in a graph too large.
_REACHED_BY = f"""
WITH RECURSIVE reached (id) AS (
  SELECT %s::uuid
  UNION
  SELECT {{there}} FROM reached JOIN "lineage_flow" ON {{here}} = reached.id WHERE workspace_id = %s AND {KNOWN}
), flows AS (
  SELECT from_dataset_id, to_dataset_id, job_id, proven, masked, basis
  FROM (SELECT reached.id FROM reached LIMIT %s) few JOIN "lineage_flow" ON {{here}} = few.id
  WHERE workspace_id = %s AND {KNOWN} LIMIT %s
)
SELECT {_PACK}, count(*) FROM flows
"""  # noqa: S608 - our own names
ENDS = {"upstream": ("to_dataset_id", "from_dataset_id"), "downstream": ("from_dataset_id", "to_dataset_id")}
_REACHED = {direction: _REACHED_BY.format(here=here, there=there) for direction, (here, there) in ENDS.items()}
