"""Write one workspace's evidence as a bundle that strangers verify offline.

Rows are copied as they are: nothing is checked, corrected or left out here, so that a row which was tampered with is
exported and then named by verification. The ledger part is bounded by one checkpoint, all of it by one snapshot.
"""

import datetime
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils import timezone

from accounts.errors import AuditlineError
from accounts.journal.canonical.encode import instant, plain
from accounts.journal.models import Statement
from accounts.paging import csv_lines
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import Workspace
from accounts.workspaces.queue import Stage, waiting
from accounts.workspaces.revisions import current_revision
from audit.evidence.ledger import bundle as form
from audit.evidence.ledger.note import Verifier, origin
from audit.evidence.ledger.writer import BundleWriter, Written
from audit.evidence.models import Checkpoint, LedgerEntry
from audit.evidence.private import private_folder
from audit.evidence.queries import newest_checkpoint
from audit.evidence.seal import seal_statements, signing_key
from audit.evidence.statements import as_sealed
from audit.exports.tables import TABLES, population
from policies.evaluation.models import JudgedLeaf

CHUNK = 500
TOLD_EVERY = 1000
TRIES, PAUSE_SECONDS = 50, 0.2  # sealing takes well below a second, and promises 2
Tell = Callable[[int, int], None]
"""Takes per cent and rows so far."""
Line = TypeVar("Line")


class SealsWait(AuditlineError):
    """Statements wait to be sealed for longer than an export does; another attempt follows."""

    code = "seals_wait"
    retryable = True
    status = 503


class Progress:
    """How far a bundle is. `rows` counts the rows of the tables and the records of the ledger."""

    def __init__(self, tell: Tell) -> None:
        self._tell, self._percent, self.rows = tell, 0, 0

    def reach(self, percent: int) -> None:
        """Note that a part is done."""
        self._percent = percent
        self._tell(percent, self.rows)

    def count(self, rows: Iterable[Line]) -> Iterator[Line]:
        """Pass rows on, and tell of them every now and then."""
        for row in rows:
            self.rows += 1
            if self.rows % TOLD_EVERY == 0:
                self._tell(self._percent, self.rows)
            yield row


@dataclass(frozen=True)
class Scope:
    """What a bundle states about itself, read in one snapshot."""

    info: form.BundleInfo
    checkpoint: Checkpoint
    now: datetime.datetime  # of all that depends on the time


@dataclass(frozen=True)
class Made:
    """A finished bundle and what it states."""

    written: Written
    revision: int
    ledger_size: int


def write_bundle(workspace: Workspace, target: Path, tell: Tell, period: tuple[str, str] | None = None) -> Made:
    """Write the bundle of a workspace to `target`; `tell` hears how far. The file appears whole or not at all.

    All of it is read in one repeatable-read transaction, so that tables, ledger and stated revision belong together:
    1. seal what waits, and begin again where a statement came in between: a table must not be ahead of the ledger;
    2. the scope: revision, newest checkpoint, populations;
    3. the tables;
    4. the ledger up to that checkpoint, keys and heads;
    5. manifest, signature and zip.

    Raises SealsWait where sealing does not keep up, or fails.
    """
    private_folder(target.parent)
    progress = Progress(tell)
    for _ in range(TRIES):
        seal_statements(workspace.pk)  # 1
        with _snapshot(workspace.pk):
            if waiting(Stage.SEAL) == 0:
                scope = _scope(workspace, period)  # 2
                with BundleWriter(target, scope.info) as writer:
                    _add_tables(writer, progress, scope.now)  # 3
                    progress.reach(30)
                    _add_ledger(writer, scope, progress)  # 4
                    written = writer.finish(signing_key())  # 5
                return Made(written, scope.info.as_of_revision, scope.checkpoint.size)
        time.sleep(PAUSE_SECONDS)
    raise SealsWait(f"Statements were still waiting to be sealed after {TRIES} tries. See /api/v1/dead-letters.")


@contextmanager
def _snapshot(workspace_id: uuid.UUID) -> Iterator[None]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with in_workspace(workspace_id):
            yield


def _scope(workspace: Workspace, period: tuple[str, str] | None) -> Scope:
    checkpoint = newest_checkpoint()
    assert checkpoint is not None, "seal first: a bundle needs a checkpoint"
    now = timezone.now()
    stated = plain(
        {
            "populations": population(now),
            "tables": [table.name for table in TABLES],
            form.TABLES_CONTENT: form.TABLES_V2,
        }
    )
    assert isinstance(stated, dict)
    info = form.BundleInfo(
        workspace=str(workspace.pk),
        workspace_name=workspace.name,
        as_of_revision=current_revision(),
        as_of=instant(now),
        generated_at=instant(now),
        origin=origin(str(workspace.pk)),
        size=checkpoint.size,
        root=bytes(checkpoint.root),
        key_id=signing_key().public.fingerprint,
        period=period,
        scope=stated,
    )
    return Scope(info, checkpoint, now)


def _add_tables(writer: BundleWriter, progress: Progress, now: datetime.datetime) -> None:
    for done, table in enumerate(TABLES):
        progress.reach(30 * done // len(TABLES))
        writer.add_file(f"tables/{table.name}.csv", _encoded(csv_lines(table.columns, progress.count(table.rows(now)))))
        writer.add_file(f"tables/{table.name}.json", _json_rows(table.rows(now)))


def _add_ledger(writer: BundleWriter, scope: Scope, progress: Progress) -> None:
    size = scope.checkpoint.size
    writer.add_file(form.ENTRIES, progress.count(_entry_lines(size)))
    progress.reach(40)
    writer.add_file(form.STATEMENTS, progress.count(_statement_lines(size)))
    progress.reach(70)
    writer.add_file(form.LEAVES, progress.count(_leaf_lines(size)))
    progress.reach(90)
    public = signing_key().public
    writer.add_file(form.CHECKPOINT, [scope.checkpoint.note.encode()])
    writer.add_file(form.CHECKPOINTS, _checkpoint_lines(size))
    writer.add_file(form.VKEY, [f"{Verifier(scope.info.origin, public).vkey}\n".encode()])
    writer.add_file(form.PEM, [public.pem()])


def _entries(size: int) -> Iterator[list[LedgerEntry]]:
    """Yield the entries below `size` in chunks, by index; a gap is left as it is."""
    for start in range(0, size, CHUNK):
        yield list(LedgerEntry.objects.filter(index__gte=start, index__lt=min(start + CHUNK, size)).order_by("index"))


def _entry_lines(size: int) -> Iterator[bytes]:
    for chunk in _entries(size):
        for entry in chunk:
            yield form.entry_line(
                index=entry.index,
                statement=str(entry.statement),
                digest=bytes(entry.digest),
                leaf_hash=bytes(entry.leaf_hash),
            )


def _statement_lines(size: int) -> Iterator[bytes]:
    for chunk in _entries(size):
        rows = Statement.objects.in_bulk([entry.statement for entry in chunk])
        for entry in chunk:
            row = rows.get(entry.statement)
            if row is None:
                continue  # verification misses it by its index
            yield form.statement_line(
                index=entry.index,
                statement=str(row.pk),
                salt=bytes(entry.salt),
                payload=as_sealed(row, entry.index, entry.sealed_at).stored_payload(),
                signature=bytes(entry.signature),
                key_id=entry.key_id,
            )


def _leaf_lines(size: int) -> Iterator[bytes]:
    for chunk in _entries(size):
        places = {entry.statement: entry.index for entry in chunk}
        leaves = JudgedLeaf.objects.filter(statement__in=list(places))
        for leaf in sorted(leaves.iterator(CHUNK), key=lambda each: (places[each.statement], each.leaf_index)):
            yield form.leaf_line(
                sequence=places[leaf.statement],
                statement=str(leaf.statement),
                index=leaf.leaf_index,
                leaf=bytes(leaf.leaf),
            )


def _checkpoint_lines(size: int) -> Iterator[bytes]:
    for row in Checkpoint.objects.filter(size__lte=size).order_by("size").iterator(CHUNK):
        yield form.checkpoint_line(
            size=row.size,
            root=bytes(row.root),
            frontier=row.frontier,
            note=row.note,
        )


def _encoded(lines: Iterable[str]) -> Iterator[bytes]:
    for line in lines:
        yield line.encode()


def _json_rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Yield a JSON array, one row per line."""
    before = "[\n"
    for row in rows:
        yield f"{before}{json.dumps(row, cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False)}".encode()
        before = ",\n"
    yield b"[]\n" if before == "[\n" else b"\n]\n"
