"""Project: the stage that turns recorded events into assets, facts, runs and flows, at one revision per batch."""

import gc
import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.journal.canonical.merkle import leaf_hash, root
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.queue import Stage, push
from accounts.workspaces.revisions import next_revision
from accounts.workspaces.stages import run_stage
from lineage.events.models import Event
from lineage.graph.data_flows import count_pairs, derive_pairs, pairs_reached
from lineage.graph.dependents import confirmed_anew, dependents_of, grounds_of, really_changed, steady_documents
from lineage.graph.derive_volumes import derive_volumes
from lineage.graph.gaps import keep_gaps
from lineage.graph.labels.changes import knowing_what_feeds, to_trace
from lineage.graph.labels.retrace import note_changed, trace_due
from lineage.graph.latest_facets import LatestFacets
from lineage.graph.project_lineage import project_lineage
from lineage.graph.read_event import Kept, Reader
from lineage.graph.run_places import derive_run_countries
from lineage.graph.told import Told
from lineage.graph.traced_columns import derive_traced_columns
from lineage.inventory.bulk import fetch
from lineage.inventory.places.accepted import take_joins
from lineage.inventory.project import project_inventory
from lineage.inventory.settle import settle

BATCH = 40_000
"""Events per transaction at most. A batch is what waits: one event on a quiet day, many where senders are fast, and
then the cost of jobs and datasets that come again and again is shared (measured over a thousand busy jobs: with half
as many at a time an event took a fifth longer, with half as many again no less; the memory grew by 30 MiB)."""

BATCH_BYTES = 64 * 1024 * 1024
"""Bytes of bodies per transaction, unless one is larger: bounds its time, and the memory for what events tell."""

INVENTORY_WEIGHT = 12
"""What a byte of an inventory counts: it says more than one of a run event, and every asset's document is read.
A part of a large file has a transaction of its own."""

BODIES = 16 * 1024 * 1024
"""Bytes of bodies in memory at a time, unless one is larger: each may be as large as the door takes."""


def project(workspace_id: uuid.UUID) -> int:
    """Run the stage and return how many events were projected.

    Its rows are events that were recorded and not yet projected, and the workspace itself where lineage is to be traced
    anew.
    """
    done, failed = 0, False

    def handle(subjects: Sequence[uuid.UUID]) -> set[uuid.UUID]:
        nonlocal done, failed
        if failed:
            gc.collect()  # errors hold on to the batch that they came from, in a cycle
        try:
            left = project_events(subjects)
        except Exception:
            failed = True
            raise
        gc.collect(1)  # what a batch left behind, now that the rest of it is gone
        done += len(subjects) - len(left) - (workspace_id in subjects)
        return left

    with _no_collections():
        run_stage(Stage.PROJECT, workspace_id, handle, limit=BATCH)
    return done


@contextmanager
def _no_collections() -> Iterator[None]:
    """Make no garbage collections of themselves: a batch makes millions of small objects and hardly a cycle.

    The collector looked through all of them again and again, for a third of the processor time.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def project_events(event_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Project these events of the entered workspace in one transaction (the stage's); return those beyond BATCH_BYTES.

    These are left for another transaction.

    1. Read the events, a few bodies at a time; what they tell does not depend on the database.
    2. Take the revision.
    3. Joins that people accepted or withdrew, inventories, then lineage: assets, facts, relations, runs, flows.
    4. Settle documents and what derives from one asset or its storage.
    5. Derive what reads several documents (data flows, places of runs, volumes), and settle that.
    6. Note around what lineage has to be traced anew: a piece of work that follows (labels/retrace.py).
    7. Queue the evaluation of what changed and of what reads it; what is traced anew is evaluated after that.
    8. State the batch in the journal.
    """
    if current_workspace() in event_ids:
        _trace()
    events, left = _waiting(event_ids)  # 1
    joined = take_joins() if events or current_workspace() in event_ids else set()
    if not events and not joined:
        return left
    told, facets = _tell_all(events)
    rev = next_revision("project")  # 2
    reported = joined  # 3
    for event in events:
        if event.kind == Event.Kind.INVENTORY:
            reported |= project_inventory([Event.objects.get(pk=event.pk)], rev)
    lineage = project_lineage(told, facets, rev)
    before, grounds = steady_documents(reported | lineage.assets), grounds_of(lineage.assets)
    knew = knowing_what_feeds(before)
    changed = settle(reported | lineage.assets, rev)  # 4
    # What only another run touched moves nothing beyond that run: its cost must not grow with the runs before it.
    moved = really_changed(changed, before) | (changed & reported) | (changed - lineage.assets)
    grounded = moved | confirmed_anew(changed, grounds)
    pairs = lineage.pairs | pairs_reached(grounded)
    derived = derive_pairs(pairs, rev) | count_pairs(lineage.counted - pairs, rev)  # 5
    derived |= derive_run_countries(lineage.placed | moved, rev)
    derived |= derive_traced_columns({target for _, target in lineage.pairs} | lineage.tagged | moved, rev)
    derived |= derive_volumes(lineage.pairs | lineage.counted, lineage.read, grounded, rev)
    changed |= settle(derived, rev)
    traced = to_trace(changed, before, knew, lineage.assets, lineage.pairs, rev)  # 6
    traced |= keep_gaps(lineage.jobs | moved, rev)
    note_changed(traced)
    push(Stage.EVALUATE, (changed | lineage.runs | dependents_of(changed, moved)) - traced)  # 7
    if events:
        _state(events, changed | lineage.runs, rev)  # 8
    return left


def _trace() -> None:
    """Trace lineage anew where that is due, and queue the evaluation of what it moved."""
    push(Stage.EVALUATE, sorted(trace_due()))


def _waiting(event_ids: Sequence[uuid.UUID]) -> tuple[list[Kept], set[uuid.UUID]]:
    """Return the events without their bodies, in the order of ids, and those that are beyond BATCH_BYTES."""
    events: list[Kept] = []
    left: set[uuid.UUID] = set()
    bytes_taken = 0
    for identifier, kind, digest, event_time, received_at, size in fetch(
        _EVENTS, [current_workspace(), list(event_ids)]
    ):
        bytes_taken += size * (INVENTORY_WEIGHT if kind == Event.Kind.INVENTORY else 1)
        if events and bytes_taken > BATCH_BYTES:
            left.add(identifier)
        else:
            events.append(Kept(identifier, kind, bytes(digest), event_time, received_at, size))
    return events, left


def _tell_all(events: Sequence[Kept]) -> tuple[list[Told], LatestFacets]:
    """Return what the events of lineage tell and carry."""
    told: list[Told] = []
    facets = LatestFacets()
    waiting: list[Kept] = []
    held = 0
    for event in events:
        if event.kind == Event.Kind.INVENTORY:
            continue
        if waiting and held + event.size > BODIES:
            told += _tell(waiting, facets)
            waiting, held = [], 0
        waiting.append(event)
        held += event.size
    return told + _tell(waiting, facets), facets


def _tell(events: Sequence[Kept], facets: LatestFacets) -> list[Told]:
    """Return what events tell; what they carry goes into `facets` and is then let go, which bounds the memory."""
    bodies = dict(fetch(_BODIES, [current_workspace(), [event.pk for event in events]]))
    reader = Reader()
    told = [reader.read(event, bytes(bodies[event.pk])) for event in events]
    for each, carried in reader.carried():
        facets.take(each, carried)
    return told


_EVENTS = """
SELECT id, kind, kept_digest, event_time, received_at, octet_length(body) FROM "lineage_event"
WHERE workspace_id = %s AND id = ANY(%s) ORDER BY id
"""

_BODIES = 'SELECT id, body FROM "lineage_event" WHERE workspace_id = %s AND id = ANY(%s)'


def _state(events: Sequence[Kept], changed: Collection[uuid.UUID], rev: int) -> None:
    """Append the statement of a batch: which events it is about, provably, and what they changed.

    `root` is the RFC 6962 root over one leaf per event in the order of ids: the 16 bytes of the id, then the 32 of the
    digest as kept ("auditline:events/v1"; another content of the leaf gets another version).
    """
    leaves = [leaf_hash(event.pk.bytes + event.kept_digest) for event in events]
    body = {
        "format": "auditline:events/v1",
        "workspace": str(current_workspace()),
        "events": dict(sorted(Counter(event.kind for event in events).items())),
        "first": str(events[0].pk),
        "last": str(events[-1].pk),
        "count": len(events),
        "root": root(leaves).hex(),
        "assets_changed": len(changed),
    }
    append(Action.EVENTS_PROJECTED, body, actor="stage:project", revision=rev)
