"""Receive an inventory file of any size: a small one as one event, a large one in parts of bounded size.

A large file is read twice. First its parts are cleaned and judged one by one, which needs no transaction, and an
Import tells how far that is. Then all of them are recorded in one: the file is in whole, or not at all. What is
replaced, and what a full one retires, is decided by the whole (imports/progress.py).
"""

import datetime
import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.db import IntegrityError
from django.db.models.functions import Now
from django.utils import timezone

from accounts.errors import AuditlineError
from accounts.workspaces.isolation import current_workspace, in_workspace
from lineage.events.errors import BodyTooLarge
from lineage.events.models import Event
from lineage.events.record import NewEvent, Receipt, store_events
from lineage.inventory.declared.queries import vocabulary_of
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.known import format_named
from lineage.inventory.formats.per_line import is_array
from lineage.inventory.formats.sample import HEAD, Sample
from lineage.inventory.imports.judge import Judged, Kept, judge
from lineage.inventory.imports.models import Import
from lineage.inventory.imports.queries import ENDED, SILENT
from lineage.inventory.imports.spool import Spooled, scratch
from lineage.inventory.kinds.load import speaking
from lineage.inventory.kinds.values import parse_timestamp
from lineage.inventory.receive import (
    Prepared,
    content_of,
    latest_of,
    no_row,
    parameters_of,
    prepare,
    prepare_sums,
    recorded_as,
)

WHOLE = 8 * 1024 * 1024
"""Bytes up to which a file is one event."""
AT_ONCE = 4
"""Parts per statement."""
Tell = Callable[[Import], None]
"""Called after each part that was judged, and when the parts are recorded."""


@dataclass(frozen=True)
class Sending:
    """Who sends a file into which workspace, and what was said of it; '' = not said."""

    workspace_id: uuid.UUID
    sender: str
    source: str
    format_name: str = ""
    mode: str = ""
    kind: str = ""
    filename: str = ""


@dataclass(frozen=True)
class Imported:
    """A large file that is recorded. `judged` is None where the same content was imported before."""

    row: Import
    receipt: Receipt
    judged: Judged | None


def receive_file(sending: Sending, spooled: Spooled, tell: Tell = lambda row: None) -> Prepared | Imported:
    """Return a small file judged and not yet recorded (receive.record does that), a large one recorded.

    Opens transactions of its own. Raises InventoryRefused where nothing of the file can be used, and BodyTooLarge
    where its format is read whole and it is larger than AUDITLINE_MAX_INVENTORY_BODY.
    """
    with speaking(vocabulary_of(sending.workspace_id)):
        return _received(sending, spooled, tell)


def _received(sending: Sending, spooled: Spooled, tell: Tell) -> Prepared | Imported:
    if spooled.size > min(WHOLE, settings.AUDITLINE_MAX_INVENTORY_BODY):
        sample = Sample(spooled.file.read(HEAD), sending.filename)
        spooled.file.seek(0)
        parameters = parameters_of(
            sample,
            source=sending.source,
            format_name=sending.format_name,
            mode=sending.mode,
            kind=sending.kind,
        )
        if format_named(parameters["format"]).split is not None and not is_array(sample.head):
            return _import(sending, spooled, parameters, tell)
        if (sums := format_named(parameters["format"]).sums) is not None:
            return prepare_sums(spooled.file, spooled.digest, source=sending.source, parameters=parameters, sums=sums)
        _refuse_too_large(spooled, parameters)
    return prepare(
        spooled.file.read(),
        source=sending.source,
        format_name=sending.format_name,
        mode=sending.mode,
        kind=sending.kind,
        filename=sending.filename,
        workspace=sending.workspace_id,
    )


def _import(sending: Sending, spooled: Spooled, parameters: Mapping[str, str], tell: Tell) -> Imported:
    """Import a large file.

    1. What was imported already is not read again.
    2. Judge all of it; who asks sees how far that is.
    3. Record all of it.
    4. What goes wrong is said where people look for what became of the file.
    """
    content = content_of(sending.source, parameters, spooled.digest)
    with in_workspace(sending.workspace_id):
        _end_silent()
        if (known := _known(sending.source, content)) is not None:  # 1
            return Imported(known, _receipt(known), None)
        row = Import.objects.create(
            workspace_id=sending.workspace_id,
            source=sending.source,
            format=parameters["format"],
            mode=parameters["mode"],
            filename=sending.filename[-200:],
            sender=sending.sender,
            digest=spooled.digest,
            content=content,
            size=spooled.size,
        )
    try:
        with scratch() as bodies:
            judged = _judge(row, spooled.file, bodies, parameters, tell)  # 2
            with in_workspace(sending.workspace_id):  # 3
                receipt = _record(row, judged, bodies, parameters)
    except BaseException as error:  # 4
        with in_workspace(sending.workspace_id):
            _fail(row, error)
        raise
    tell(row)
    return Imported(row, receipt, judged)


def _judge(row: Import, file: IO[bytes], bodies: IO[bytes], parameters: Mapping[str, str], tell: Tell) -> Judged:
    judged = Judged(parameters["mode"])
    for judged, read in judge(file, bodies, parameters):
        row.read, row.parts = read, len(judged.parts)
        row.rows, row.accepted, row.rejected = judged.lines, judged.accepted, judged.problems
        row.touched_at = timezone.now()
        with in_workspace(row.workspace_id):
            row.save(update_fields=["read", "parts", "rows", "accepted", "rejected", "touched_at"])
        tell(row)
    if not judged.accepted and not judged.states_none:
        raise no_row(judged.lines, judged.problems, judged.rejected)
    return judged


def _record(row: Import, judged: Judged, bodies: IO[bytes], parameters: Mapping[str, str]) -> Receipt:
    """Record all parts in the transaction that is open."""
    recorded = recorded_as(bytes(row.content), latest_of(row.source), dates_itself=judged.dates_itself)
    of_all = {
        "import": str(row.pk),
        "of": str(len(judged.parts)),
        "complete": "yes" if judged.is_complete else "no",
        "content": bytes(row.content).hex(),
        "recorded_as": recorded.hex(),
    }
    row.recorded_as, row.dates_itself = recorded, judged.dates_itself
    row.state, row.complete = Import.State.PROJECTING, judged.is_complete
    row.declared = judged.manifest.count if judged.manifest is not None else None
    try:
        row.save()
    except IntegrityError:
        raise InventoryRefused(
            f"Got a file of {row.source} that another sender is just importing, expected it once. Look at that import "
            "for what becomes of it (GET /api/v1/imports).",
            code="import_running",
        ) from None
    as_of = judged.manifest.generated_at if judged.manifest is not None else None
    receipts: list[Receipt] = []
    for begin in range(0, len(judged.parts), AT_ONCE):
        events = [
            _event(row, part, bodies, of_all, as_of or parse_timestamp(parameters["received_at"]))
            for part in judged.parts[begin : begin + AT_ONCE]
        ]
        receipts += store_events(events)
    return receipts[0]


def _event(
    row: Import, part: Kept, bodies: IO[bytes], of_all: Mapping[str, str], as_of: datetime.datetime | None
) -> NewEvent:
    bodies.seek(part.begin)
    body = bodies.read(part.size)
    assert row.recorded_as is not None
    return NewEvent(
        Event.Kind.INVENTORY,
        body,
        format_named(row.format).media_type,
        received_digest=bytes(row.digest),
        content_digest=hashlib.sha256(bytes(row.recorded_as) + part.parameters["part"].encode()).digest(),
        sender=row.sender,
        source=row.source,
        parameters={**part.parameters, **of_all},
        event_time=as_of,
        redactions=part.redactions,
    )


def _known(source: str, content: bytes) -> Import | None:
    """Return the import of the same content, where it says nothing new by coming again."""
    done = Import.objects.filter(workspace_id=current_workspace(), content=content, recorded_as__isnull=False)
    latest = latest_of(source)
    if latest is not None and latest.says(content):
        return done.order_by("-id").first()
    return done.filter(dates_itself=True).order_by("-id").first()


def _receipt(row: Import) -> Receipt:
    """Return the receipt of the first part of an import that was recorded before."""
    event = Event.objects.filter(
        workspace_id=row.workspace_id, source=row.source, parameters__contains={"import": str(row.pk), "part": "1"}
    ).first()
    if event is None:  # deleted by retention: what is left of it is the import
        return Receipt(row.pk, bytes(row.content), bytes(row.digest), row.started_at, True)
    digest = hashlib.sha256(bytes(row.recorded_as or b"") + b"1").digest()
    return Receipt(event.pk, digest, bytes(event.kept_digest), event.received_at, True)


def _end_silent() -> None:
    """Say of imports that nobody reads any more that they failed: their process ended."""
    Import.objects.filter(
        workspace_id=current_workspace(), state=Import.State.JUDGING, touched_at__lt=timezone.now() - SILENT
    ).update(state=Import.State.FAILED, finished_at=Now(), error=ENDED)


def _fail(row: Import, error: BaseException) -> None:
    said = error.message if isinstance(error, AuditlineError) else "It broke off. Nothing was kept; send it again."
    Import.objects.filter(pk=row.pk).update(
        state=Import.State.FAILED, recorded_as=None, finished_at=Now(), error=said, touched_at=Now()
    )


def _refuse_too_large(spooled: Spooled, parameters: Mapping[str, str]) -> None:
    limit: int = settings.AUDITLINE_MAX_INVENTORY_BODY
    if spooled.size > limit:
        title = format_named(parameters["format"]).title
        raise BodyTooLarge(
            f"The file has {spooled.size} bytes, expected at most {limit} of {title}, which is read whole. Send native "
            "lines or CSV, which may be larger, or have an operator raise MAX_INVENTORY_MIB. Nothing of it was kept.",
            details={"limit": limit},
        )
