"""Keep the latest version of every facet of jobs and datasets, by source, whether the graph reads it or not.

Which version counts does not depend on the order of arrival: the later event time, then the greater digest. Most facets
come again unchanged with every event, so events are first reduced to one version per facet, and a body is written only
where its digest differs from that of the row.
"""

import datetime
import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from lineage.graph.aliases import LIFECYCLE, SYMLINKS, Change, change_of, note_changes, replace_symlinks
from lineage.graph.shapes import members
from lineage.graph.told import Carrying, Told
from lineage.inventory.assets import Key
from lineage.inventory.bulk import chunks, columns, execute, fetch, records, sorted_json

MAX_BODY = 256 * 1024
"""Bytes of JSON; of a larger facet the digest and the event are kept, and its body is in the event alone."""

MAX_NAME = 200
"""Characters; a facet with a longer name stays in its event alone."""

Place = tuple[str, str, str]
"""(namespace of the source, part, uid of the job or dataset)."""

_KINDS = {"job": "job"}  # part -> kind of asset; all others are parts of datasets


class Version(NamedTuple):
    """A facet as it was sent. `content` None: deleted (`size` 0), or too large."""

    at: datetime.datetime
    digest: bytes
    size: int
    content: bytes | None
    event_id: uuid.UUID


@dataclass
class LatestFacets:
    """The latest version of each facet among some events."""

    found: dict[Place, dict[str, Version]] = field(default_factory=dict)
    # What became of datasets, over all events and not only the latest: a renaming is not undone by what follows it.
    changes: dict[tuple[Place, Change], tuple[datetime.datetime, uuid.UUID]] = field(default_factory=dict)

    def take(self, told: Told, carried: Iterable[Carrying]) -> None:
        """Take in the facets that an event carries."""
        for about, part, facets in carried:
            place = (told.namespace, part, about.uid)
            known = self.found.setdefault(place, {})
            if part == "dataset" and LIFECYCLE in facets:
                self._note(place, members(facets[LIFECYCLE]), told)
            for name, facet in facets.items():
                if isinstance(facet, dict) and len(name) <= MAX_NAME:
                    old = known.get(name)
                    if old is None or told.at >= old.at:
                        new = _version(facet, told)
                        if old is None or new[:2] > old[:2]:
                            known[name] = new

    def _note(self, place: Place, facet: Mapping[str, Any], told: Told) -> None:
        if (change := change_of(facet)) is not None:
            last = self.changes.get((place, change))
            if last is None or told.at > last[0]:
                self.changes[place, change] = (told.at, told.event_id)


class _Row(NamedTuple):
    about: uuid.UUID
    source: uuid.UUID
    part: str
    name: str


class _Known(NamedTuple):
    id: uuid.UUID
    at: datetime.datetime
    digest: bytes
    whole: bool  # not so where retention let go of the body


def keep_facets(latest: LatestFacets, ids: Mapping[Key, uuid.UUID], sources: Mapping[str, uuid.UUID]) -> None:
    """Write what is newer than what is known, for the stage's transaction. Sources are named by their namespace.

    1. Read when and with which digest each of these facets is known.
    2. Note later times of the same content; write the others with their bodies.
    3. Bring the other names of datasets in line, and note what became of them.
    """
    wanted = dict(_rows(latest, ids, sources))
    for part in chunks(sorted(wanted)):
        known = _known(part)  # 1
        confirmed: list[tuple[Any, ...]] = []
        written: list[tuple[_Row, Version]] = []
        for row in part:
            version, old = wanted[row], known.get(row)
            if old is not None and (version.at, version.digest) <= (old.at, old.digest):
                continue
            if old is not None and version.digest == old.digest and (old.whole or version.content is None):
                confirmed.append((old.id, version.at, version.event_id))
            else:
                written.append((row, version))
        _store(confirmed, written)  # 2
    said = {
        ((ids["dataset", uid], sources[namespace]), change): when
        for ((namespace, _, uid), change), when in latest.changes.items()
    }
    note_changes(said)  # 3


def _store(confirmed: list[tuple[Any, ...]], written: list[tuple[_Row, Version]]) -> None:
    if confirmed:
        execute(_CONFIRM, [*columns(confirmed, 3), current_workspace()])
    if written:
        execute(_WRITE, [current_workspace(), records([_record(row, version) for row, version in written])])
        replace_symlinks(
            {
                (row.about, row.source): orjson.loads(version.content or b"{}")
                for row, version in written
                if row.name == SYMLINKS and row.part == "dataset"
            }
        )


def _version(facet: dict[str, Any], told: Told) -> Version:
    if facet.get("_deleted") is True:
        return Version(told.at, b"", 0, None, told.event_id)
    content = sorted_json(facet)
    digest = hashlib.sha256(content).digest()
    size = len(content)
    return Version(told.at, digest, size, content if size <= MAX_BODY else None, told.event_id)


def _rows(
    latest: LatestFacets, ids: Mapping[Key, uuid.UUID], sources: Mapping[str, uuid.UUID]
) -> Iterator[tuple[_Row, Version]]:
    for (namespace, part, uid), facets in latest.found.items():
        about, source = ids[_KINDS.get(part, "dataset"), uid], sources[namespace]
        for name, version in facets.items():
            yield _Row(about, source, part, name), version


def _known(rows: Iterable[_Row]) -> dict[_Row, _Known]:
    pairs = sorted({(row.about, row.source) for row in rows})
    return {
        _Row(about, source, part, name): _Known(identifier, at, bytes(digest), whole)
        for identifier, about, source, part, name, at, digest, whole in fetch(
            _KNOWN, [*columns(pairs, 2), current_workspace()]
        )
    }


def _record(row: _Row, version: Version) -> dict[str, Any]:
    body = None if version.content is None else orjson.Fragment(version.content)
    said = {"at": version.at, "digest": version.digest, "event": version.event_id, "size": version.size, "body": body}
    return {"id": new_id(), **row._asdict(), **said}


_KNOWN = """
SELECT f.id, f.about_id, f.source_id, f.part, f.name, f.at, f.digest, f.size = 0 OR f.body IS NOT NULL
FROM unnest(%s::uuid[], %s::uuid[]) AS w (about, source)
JOIN "lineage_facet" f ON f.about_id = w.about AND f.source_id = w.source
WHERE f.workspace_id = %s
"""

_CONFIRM = """
UPDATE "lineage_facet" f SET at = w.at, event = w.event
FROM unnest(%s::uuid[], %s::timestamptz[], %s::uuid[]) AS w (id, at, event)
WHERE f.workspace_id = %s AND f.id = w.id
"""

_WRITE = """
INSERT INTO "lineage_facet" (id, workspace_id, about_id, source_id, part, name, at, digest, event, size, body)
SELECT w.id, c.workspace, w.about, w.source, w.part, w.name, w.at, w.digest, w.event, w.size, w.body
FROM (SELECT %s::uuid) AS c (workspace),
     jsonb_to_recordset(%s::jsonb) AS w (id uuid, about uuid, source uuid, part text, name text, at timestamptz,
                                         digest bytea, event uuid, size int, body jsonb)
ON CONFLICT (workspace_id, about_id, source_id, part, name) DO UPDATE SET
  at = EXCLUDED.at, digest = EXCLUDED.digest, event = EXCLUDED.event, size = EXCLUDED.size, body = EXCLUDED.body
"""
