"""Project inventory batches: rows become assets, facts and relations of their source. Part of the `project` stage."""

import datetime
import itertools
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.workspaces.isolation import current_workspace
from lineage.events.models import Event
from lineage.inventory.assets import AssetRef, Key, ensure_assets
from lineage.inventory.bulk import CHUNK, chunks, columns, fetch
from lineage.inventory.declared.queries import vocabulary_at
from lineage.inventory.facts import report_facts, unnamed_by_batch, unnamed_by_parts
from lineage.inventory.formats.known import format_named
from lineage.inventory.formats.parsed import Rejected
from lineage.inventory.imports.models import Import
from lineage.inventory.imports.progress import lock_import, note_counts, note_part
from lineage.inventory.kinds.load import speaking
from lineage.inventory.kinds.types import Vocabulary
from lineage.inventory.kinds.values import format_timestamp
from lineage.inventory.merge import ReportedRow, instant_key
from lineage.inventory.models import Asset, ImportResult, RejectedRow, Source
from lineage.inventory.reading import Reading
from lineage.inventory.retire import (
    Full,
    asked_first,
    known_of,
    retire_unreported,
    settle_question,
    withdraw,
    withdraw_confirmed,
)
from lineage.inventory.rows import AssetRow


@dataclass
class _Counts:
    """What a batch did to assets; each asset counts once."""

    named: set[uuid.UUID] = field(default_factory=set)
    created: set[uuid.UUID] = field(default_factory=set)
    changed: set[uuid.UUID] = field(default_factory=set)
    retired: int = 0
    kinds: set[str] = field(default_factory=set)


def project_inventory(events: Sequence[Event], rev: int) -> set[uuid.UUID]:
    """Project the inventory batches among `events` at `rev`; return the assets that they touch, not yet settled.

    Runs in the transaction of the stage. Of a batch that has its result already nothing is left to do but to withdraw
    what a person has confirmed since.
    """
    batches = sorted((event for event in events if event.kind == Event.Kind.INVENTORY), key=lambda event: event.pk)
    done = set(
        ImportResult.objects.filter(
            workspace_id=current_workspace(), event__in=[event.pk for event in batches]
        ).values_list("event", flat=True)
    )
    touched: set[uuid.UUID] = set()
    for event in batches:
        touched |= withdraw_confirmed(event, rev) if event.pk in done else _project_batch(event, rev)
    return touched


def _project_batch(event: Event, rev: int) -> set[uuid.UUID]:
    """Project one batch.

    1. Find its source, or note it as seen for the first time.
    2. Report the good rows, in parts of bounded size; keep why others are rejected. They are judged by the edition of
       the kinds by which the door judged them: the sender was told what is kept.
    3. A complete full inventory retires what it does not name, or asks first (retire.py); of a large file that is what
       no part names, told with its last part. An incomplete one retires nothing.
    4. Note what the source stated and what arrived, and what became of the batch.
    """
    source = _source(event)  # 1
    reading = Reading(bytes(event.body), event.parameters, source.default_origin)
    touched: set[uuid.UUID] = set()
    counts = _Counts()
    whole = lock_import(event.parameters)
    known = known_of(source) if reading.replaces and (whole is None or not whole.projected) else 0
    if whole is not None and not whole.projected:
        whole.known = known  # kept until its last part
    rows, vocabulary = reading.rows(), vocabulary_at(int(event.parameters.get("vocabulary", 0)))
    while part := _judged(rows, vocabulary):  # 2
        touched |= _report(source, event, reading, part, rev, counts)
        _keep_rejected(event, reading.take_problems())
    _keep_rejected(event, reading.take_problems())
    is_last = whole is None or note_part(whole, event.pk, counts.named | _refused(reading))  # 3
    if reading.replaces and is_last:
        touched |= _retire(source, event, reading, whole.known if whole else known, rev, counts, whole)
    _note_source(source, event, reading, whole, is_last=is_last)  # 4
    result = ImportResult.objects.create(
        workspace_id=current_workspace(),
        event=event.pk,
        source=source,
        rows=reading.lines,
        created=len(counts.created),
        changed=len(counts.changed - counts.created),
        unchanged=len(counts.named - counts.created - counts.changed),
        retired=counts.retired,
        rejected=reading.problems,
        kinds=sorted(counts.kinds),
    )
    if whole is not None:
        note_counts(
            whole,
            created=result.created,
            changed=result.changed,
            unchanged=result.unchanged,
            retired=result.retired,
        )
    return touched


def _judged(rows: Iterator[AssetRow], vocabulary: Vocabulary) -> list[AssetRow]:
    """Return the next rows; they are judged while they are read."""
    with speaking(vocabulary):
        return list(itertools.islice(rows, CHUNK))


def _source(event: Event) -> Source:
    source, _ = Source.objects.get_or_create(
        workspace_id=current_workspace(),
        door=Source.Door.INVENTORY,
        name=event.source,
        defaults={
            "grade_class": format_named(event.parameters["format"]).grade_class,
            "first_seen_at": event.received_at,
            "last_seen_at": datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC),
        },
    )
    return source


def _report(
    source: Source, event: Event, reading: Reading, part: Sequence[AssetRow], rev: int, counts: _Counts
) -> set[uuid.UUID]:
    wanted = [(row.kind, row.uid, str(row.facts.get("name") or "")) for row in part]
    assets = ensure_assets(wanted, rev, event.received_at, Asset.State.REPORTED)
    reports = list(_reports(event, reading, part, assets))
    changed = report_facts(source, reports, rev)
    # An older row does not bring back what the newest full inventory no longer names (merge.py): nothing is said of it.
    if brought := [ref.id for ref in assets.values() if ref.created or ref.revived]:
        retire_unreported(brought, rev)
    refs = [assets[row.key] for row in part]
    counts.named.update(ref.id for ref in refs)
    counts.created.update(ref.id for ref in refs if ref.created)
    counts.changed.update(ref.id for ref in refs if ref.id in changed)
    counts.kinds.update(row.kind for row in part)
    return changed


def _reports(
    event: Event, reading: Reading, part: Sequence[AssetRow], assets: dict[Key, AssetRef]
) -> Iterator[ReportedRow]:
    for row in part:
        yield ReportedRow(
            assets[row.key].id,
            row.facts,
            row.relations,
            row.origin,
            row.observed_at,
            event.pk,
            full=reading.replaces,
            as_of=reading.as_of if reading.states_time else None,
            stated=reading.names_time,
        )


def _keep_rejected(event: Event, rejected: Sequence[Rejected]) -> None:
    for part in chunks(rejected):
        RejectedRow.objects.bulk_create(
            RejectedRow(
                workspace_id=current_workspace(),
                event=event.pk,
                line=problem.line,
                field=problem.field,
                got=problem.got,
                expected=problem.expected,
                message=problem.message,
            )
            for problem in part
        )


def _refused(reading: Reading) -> set[uuid.UUID]:
    """Return the assets of refused rows: these still name them."""
    keys = sorted(reading.refused_keys)
    return {row[0] for part in chunks(keys) for row in fetch(_IDS, [*columns(part, 2), current_workspace()])}


def _retire(
    source: Source, event: Event, reading: Reading, known: int, rev: int, counts: _Counts, whole: Import | None
) -> set[uuid.UUID]:
    """Withdraw what the source no longer names, unless that is so much that a person is asked first."""
    full = Full(event.pk, reading.as_of, reading.names_time)
    if whole is not None:
        going = unnamed_by_parts(source, whole.pk)
    else:
        going = unnamed_by_batch(source, counts.named | _refused(reading))
    if asked_first(source, full, going, known):
        return set()
    counts.retired, touched = withdraw(source, full, going, rev)
    settle_question(source, full)
    return touched


def _note_source(source: Source, event: Event, reading: Reading, whole: Import | None, *, is_last: bool) -> None:
    """Keep when the source last spoke and, of its newest manifest, what it declared and what arrived.

    World time decides: a batch that arrives late changes nothing that a newer one said. Of a large file the manifest
    counts with its last part.
    """
    spoke_at = min(reading.newest or reading.as_of, event.received_at)
    if reading.states_time:
        spoke_at = min(reading.as_of, event.received_at)
    source.last_seen_at = max(source.last_seen_at, spoke_at)
    source.last_event = event.pk
    manifest, as_of = reading.manifest, format_timestamp(reading.as_of)
    if (
        is_last
        and manifest is not None
        and instant_key(as_of) >= instant_key((source.manifest or {}).get("as_of", "Z"))
    ):
        source.manifest = {**manifest.kept(), "as_of": as_of}
        source.declared_count, source.received_count = manifest.count, whole.accepted if whole else reading.accepted
        if manifest.expected_every_hours not in (None, source.expected_every_hours):
            _change_cadence(source, event, manifest.expected_every_hours)
    source.save()


def _change_cadence(source: Source, event: Event, hours: int | None) -> None:
    """Take over how often the source says that it reports: it decides when silence is told, so it leaves an act."""
    body = {"source": source.name, "expected_every_hours": [source.expected_every_hours, hours], "event": str(event.pk)}
    append(Action.SOURCE_CHANGED, body, actor=event.sender)
    source.expected_every_hours = hours


_IDS = """
SELECT a.id FROM unnest(%s::text[], %s::text[]) AS w (kind, uid)
JOIN "lineage_asset" a ON a.kind = w.kind AND a.uid = w.uid WHERE a.workspace_id = %s
"""
