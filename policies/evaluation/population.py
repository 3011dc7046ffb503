"""The digest of the whole verdict population, kept incrementally.

Every asset falls into one of 4,096 buckets by the low bits of its id. A bucket's digest is SHA-256 over its vectors in
the order of (asset, checklist): id, checklist, codes, grades. An evaluation refreshes the buckets of the assets that it
changed and states the Merkle root over all of them (RFC 6962), so that a verdict that silently disappeared, or changed
without a transition, is noticed by recomputing it.
"""

import hashlib
import uuid
from collections.abc import Sequence

from django.db import connection

from accounts.journal.canonical.merkle import leaf_hash, root
from accounts.workspaces.isolation import current_workspace
from policies.evaluation.models import PopulationBucket

BUCKETS = 4096

_REFRESH = """
INSERT INTO policies_populationbucket (id, workspace_id, bucket, digest)
SELECT gen_random_uuid(), %(workspace)s, wanted.bucket, sha256(coalesce(string_agg(
         uuid_send(v.asset_id) || convert_to(v.checklist, 'UTF8') || '\\x00'::bytea || v.codes || v.grades,
         ''::bytea ORDER BY v.asset_id, v.checklist), ''::bytea))
FROM unnest(%(buckets)s::int[]) AS wanted(bucket)
LEFT JOIN policies_verdictvector v
  ON v.workspace_id = %(workspace)s AND v.bucket = wanted.bucket
GROUP BY wanted.bucket
ON CONFLICT (workspace_id, bucket) DO UPDATE SET digest = excluded.digest
"""


def bucket_of(asset: uuid.UUID) -> int:
    """Return the bucket of an asset: the low 12 bits of its id, which are random in a UUIDv7."""
    return asset.int % BUCKETS


def refresh_population(assets: Sequence[uuid.UUID]) -> dict[str, object]:
    """Recompute the buckets of these assets; return {"root": hex, "buckets": 4096} over the whole population."""
    with connection.cursor() as cursor:
        cursor.execute(
            _REFRESH, {"workspace": current_workspace(), "buckets": sorted({bucket_of(asset) for asset in assets})}
        )
    empty = leaf_hash(hashlib.sha256(b"").digest())
    hashes = [empty] * BUCKETS
    for bucket, digest in PopulationBucket.objects.values_list("bucket", "digest"):
        hashes[bucket] = leaf_hash(bytes(digest))
    return {"root": root(hashes).hex(), "buckets": BUCKETS}
