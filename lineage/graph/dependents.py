"""Find the assets whose verdicts a change can move: what changed, and what reads it through a relation.

A rule reads its subject and `related('<name>')`, so the readers of an asset are where its incoming relations start.
All runs of a busy dataset read it; each good write of it would queue them all. Runs are therefore queued only when
something steady about the dataset changed, not its times of writing. The daily full evaluation covers the rest.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import chunks, fetch

PASSING = frozenset(
    {"last_write_at", "last_run_id", "producer_job", "first_seen_at", "last_seen_at", "source", "runs_last_90d"}
)
"""Attributes that lineage changes with every run."""

FROM_RUNS = ("inputs", "outputs", "of_job")
"""Relations that start at runs: as many as there were runs."""

Documents = Mapping[uuid.UUID, dict[str, Any]]


def steady_documents(asset_ids: Iterable[uuid.UUID]) -> Documents:
    """Return the documents of these assets without what passes."""
    rows = fetch(_DOCUMENTS, [current_workspace(), list(asset_ids)])
    return {
        identifier: {name: value for name, value in json.loads(document).items() if name not in PASSING}
        for identifier, document in rows
    }


def really_changed(changed: Collection[uuid.UUID], before: Documents) -> set[uuid.UUID]:
    """Return those of `changed` whose steady document is another than before, or was not looked at."""
    after = steady_documents(changed)
    return {each for each in changed if before.get(each) != after.get(each)}


def dependents_of(changed: Collection[uuid.UUID], steady: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return the assets that read one of `changed` by a relation; runs only where it is one of `steady`."""
    found: set[uuid.UUID] = set()
    for part in chunks(sorted(changed)):
        found |= {row[0] for row in fetch(_READERS, [current_workspace(), list(part), list(FROM_RUNS)])}
    for part in chunks(sorted(steady)):
        found |= {row[0] for row in fetch(_RUNS, [current_workspace(), list(part), list(FROM_RUNS)])}
    return found


_DOCUMENTS = 'SELECT id, document FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)'

_READERS = """
SELECT DISTINCT from_asset_id FROM "lineage_relation"
WHERE workspace_id = %s AND to_asset_id = ANY(%s) AND rev_to IS NULL AND NOT name = ANY(%s)
"""

_RUNS = """
SELECT DISTINCT from_asset_id FROM "lineage_relation"
WHERE workspace_id = %s AND to_asset_id = ANY(%s) AND rev_to IS NULL AND name = ANY(%s)
"""
