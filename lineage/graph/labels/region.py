"""Find what a change can reach: whose lineage facts it can move, and what these are computed from.

Jobs are walked through here, which reaches more than flows say and never less.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from accounts.workspaces.isolation import current_workspace
from lineage.graph.labels.graph import FEEDING
from lineage.inventory.bulk import fetch

MAX_REGION = 50_000
"""Assets of a region beyond which all of them are traced: reading everything in order is then quicker."""


@dataclass(frozen=True)
class Region:
    """`below`: assets whose upstream facts may have moved; `above`: those whose downstream facts may have.

    `whole`: both, with all that feeds the first and all that the second feed.
    """

    below: frozenset[uuid.UUID]
    above: frozenset[uuid.UUID]
    whole: frozenset[uuid.UUID]


def reached_from(changed: Collection[uuid.UUID], limit: int = MAX_REGION) -> Region | None:
    """Return the region of these assets; None where it is larger than `limit`."""
    below, above = _walk(changed, _FORWARDS, limit), _walk(changed, _BACKWARDS, limit)
    if below is None or above is None:
        return None
    feeding, fed = _walk(below, _BACKWARDS, limit), _walk(above, _FORWARDS, limit)
    if feeding is None or fed is None:
        return None
    return Region(frozenset(below), frozenset(above), frozenset(feeding | fed))


def _walk(start: Collection[uuid.UUID], step: str, limit: int) -> set[uuid.UUID] | None:
    found, frontier = set(start), set(start)
    while frontier:
        if len(found) > limit:
            return None
        among = sorted(frontier)
        frontier = {row[0] for row in fetch(step, [current_workspace(), among] * 3)} - found
        found |= frontier
    return found


_STEP = f"""
SELECT {{there}}_dataset_id FROM "lineage_flow"
WHERE workspace_id = %s AND {{here}}_dataset_id = ANY(%s) AND rev_to IS NULL
UNION
SELECT {{here}}_asset_id FROM "lineage_relation"
WHERE workspace_id = %s AND {{there}}_asset_id = ANY(%s) AND rev_to IS NULL AND name IN {FEEDING}
UNION
SELECT {{there}}_asset_id FROM "lineage_relation"
WHERE workspace_id = %s AND {{here}}_asset_id = ANY(%s) AND rev_to IS NULL AND name = 'writes'
"""  # noqa: S608 - our own names
_FORWARDS, _BACKWARDS = _STEP.format(here="from", there="to"), _STEP.format(here="to", there="from")
