"""Find the assets whose verdicts a change can move: what changed, and what reads it through a relation.

A rule reads its subject and `related('<name>')`, so the readers of an asset are where its incoming relations start.
All runs of a busy dataset read it; each good write of it would queue them all. Runs are therefore queued only when
something steady about the dataset changed, not its times of writing. The daily full evaluation covers the rest.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from accounts.workspaces.isolation import current_workspace
from lineage.inventory.bulk import chunks, fetch, from_json, in_order

PASSING = frozenset(
    {
        "last_write_at", "last_run_id", "producer_job", "first_seen_at", "last_seen_at", "source", "runs_last_90d",
        "volume_gb_30d", "cross_border_read_share_30d",
    }
)  # fmt: skip
"""Attributes that lineage changes with every run."""

Documents = Mapping[uuid.UUID, dict[str, Any]]

Grounds = Mapping[uuid.UUID, tuple[str | None, ...]]
"""Of datasets: when, and how well, was observed what data flows read of their ends."""


def steady_documents(asset_ids: Iterable[uuid.UUID]) -> Documents:
    """Return the documents of these assets without what passes."""
    rows = fetch(_DOCUMENTS, [current_workspace(), list(asset_ids)])
    return {
        identifier: {name: value for name, value in from_json(document).items() if name not in PASSING}
        for identifier, document in rows
    }


def really_changed(changed: Collection[uuid.UUID], before: Documents) -> set[uuid.UUID]:
    """Return those of `changed` whose steady document is another than before, or was not looked at."""
    after = steady_documents(changed)
    return {each for each in changed if before.get(each) != after.get(each)}


def grounds_of(asset_ids: Iterable[uuid.UUID]) -> Grounds:
    """Return the grounds of the datasets among these.

    The facts of a data flow carry the times and grades of what they were computed from: the same value, seen again
    later, makes another fact.
    """
    return {row[0]: row[1:] for row in fetch(_GROUNDS, [current_workspace(), list(asset_ids)])}


def confirmed_anew(changed: Iterable[uuid.UUID], before: Grounds) -> set[uuid.UUID]:
    """Return the datasets among `changed` that have other grounds than before; those not looked at are left out."""
    after = grounds_of(before.keys() & set(changed))
    return {each for each, grounds in after.items() if grounds != before[each]}


def dependents_of(changed: Collection[uuid.UUID], steady: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return the assets that read one of `changed` by a relation; runs only where it is one of `steady`."""
    found: set[uuid.UUID] = set()
    for part in chunks(in_order(changed)):
        found |= {row[0] for row in fetch(_READERS, [current_workspace(), list(part)] * 2)}
    for part in chunks(in_order(steady)):
        found |= {row[0] for row in fetch(_RUNS, [current_workspace(), list(part)] * 2)}
    return found


_DOCUMENTS = 'SELECT id, document FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s)'

_GROUNDS = """
SELECT id, provenance->'country'->>'at', provenance->'country'->>'grade',
       provenance->'classification'->>'at', provenance->'classification'->>'grade',
       provenance->'contains_personal_data'->>'at', provenance->'contains_personal_data'->>'grade',
       provenance->'storage_countries'->>'grade'
FROM "lineage_asset" WHERE workspace_id = %s AND id = ANY(%s) AND kind = 'dataset'
"""

# A job reads its runs by `runs`.
_READERS = """
SELECT DISTINCT from_asset_id FROM "lineage_relation"
WHERE workspace_id = %s AND to_asset_id = ANY(%s) AND rev_to IS NULL
UNION
SELECT job_id FROM "lineage_run" WHERE workspace_id = %s AND asset_id = ANY(%s)
"""

# Runs read their job, and what they read and wrote.
_RUNS = """
SELECT r.asset_id FROM "lineage_jobversiondataset" d
JOIN "lineage_run" r ON r.workspace_id = d.workspace_id AND r.version_id = d.version_id
WHERE d.workspace_id = %s AND d.dataset_id = ANY(%s) AND r.asset_id IS NOT NULL
UNION
SELECT asset_id FROM "lineage_run" WHERE workspace_id = %s AND job_id = ANY(%s) AND asset_id IS NOT NULL
"""
