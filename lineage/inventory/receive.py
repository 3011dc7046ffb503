"""Receive an inventory batch: clean and judge it outside of the transaction, then record it as one event.

The sender sees every row that cannot be used before the batch is projected; the good rest is kept. The same content
again gets the same receipt. What does not say when it holds (no generated_at, rows without observed_at) may say
something new by being sent again after other content of the same source: then it is a new event.
"""

import datetime
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from django.utils import timezone

from accounts.workspaces.isolation import current_workspace
from lineage.events.models import Event
from lineage.events.record import Receipt, store_event
from lineage.inventory.errors import InventoryRefused
from lineage.inventory.formats.csv_per_kind import CSV_PER_KIND
from lineage.inventory.formats.known import format_named, format_of
from lineage.inventory.formats.parsed import WORKSPACE, Clean, Fills, Rejected
from lineage.inventory.formats.sample import Sample
from lineage.inventory.kinds.load import load_kinds, load_vocabulary
from lineage.inventory.kinds.values import format_timestamp
from lineage.inventory.nearest import closing
from lineage.inventory.reading import DELTA, FULL, Reading

SHOWN = 100
"""Rejections named in an answer; all of them are kept when the batch is projected."""
SHOWN_TYPES = 12
"""Types named in the message of a file of which nothing is read; its details hold the first SHOWN."""
SOURCE_LIMIT = 120
SAID = ("format", "mode", "kind", "vocabulary")
"""Parameters that are part of the content: what the sender chose, and the edition of the kinds by which it is judged,
for the same file may say more once an attribute is declared."""


@dataclass(frozen=True)
class Prepared:
    """A judged batch, ready to be recorded. `rejected` are the first SHOWN of `rejected_total`."""

    source: str
    body: bytes
    parameters: dict[str, str]
    received_digest: bytes
    redactions: list[dict[str, Any]]
    reading: Reading
    rejected: tuple[Rejected, ...]
    workspace: uuid.UUID | None = None  # by whose key persons were named


@dataclass(frozen=True)
class Outcome:
    """What became of a batch at the door."""

    receipt: Receipt
    prepared: Prepared


def prepare(
    body: bytes,
    *,
    source: str,
    format_name: str = "",
    mode: str = "",
    kind: str = "",
    filename: str = "",
    workspace: uuid.UUID | None = None,
) -> Prepared:
    """Clean and judge a batch by the vocabulary in force where it is called.

    Raises InventoryRefused where nothing of it can be used.

    1. The parameters must be known, so that a typing error is no silent default. A format that is not given is told
       from the content.
    2. Secrets go before anything is kept, and what is judged is what is kept.
    3. Judge every row; keep the first problems for the answer.
    4. Without one usable row there is nothing to record, unless an empty population is what it states.

    `workspace` keys the pseudonyms of persons; what was prepared without it is to be looked at, not recorded.
    """
    parameters = parameters_of(
        Sample(body, filename), source=source, format_name=format_name, mode=mode, kind=kind
    )  # 1
    cleaning = {**parameters, WORKSPACE: str(workspace or "")}
    kept, redactions = format_named(parameters["format"]).clean(body, cleaning)  # 2
    return _judged(source, kept, parameters, hashlib.sha256(body).digest(), redactions, workspace)


def prepare_sums(
    file: IO[bytes], digest: bytes, *, source: str, parameters: dict[str, str], sums: Clean[IO[bytes]]
) -> Prepared:
    """Judge what a file of any size adds up to; `digest` is that of the file. Raises as prepare does."""
    kept, redactions = sums(file, parameters)
    return _judged(source, kept, parameters, digest, redactions, None)


def _judged(
    source: str,
    kept: bytes,
    parameters: dict[str, str],
    received_digest: bytes,
    redactions: list[dict[str, Any]],
    workspace: uuid.UUID | None,
) -> Prepared:
    """Judge the rows of a body as it is kept: steps 3 and 4 of prepare."""
    reading = Reading(kept, parameters, "declared")
    rejected: list[Rejected] = []
    for _ in reading.rows():  # 3
        rejected += reading.take_problems()[: SHOWN - len(rejected)]
    rejected += reading.take_problems()[: SHOWN - len(rejected)]
    states_none = reading.is_full and reading.manifest is not None and reading.manifest.count == 0 and not reading.lines
    if not reading.accepted and not states_none:  # 4
        raise _nothing_usable(reading, rejected)
    parameters["complete"] = "yes" if reading.is_complete else "no"
    return Prepared(source, kept, parameters, received_digest, redactions, reading, tuple(rejected), workspace)


def record(prepared: Prepared, sender: str) -> Outcome:
    """Record the batch in the entered workspace, once per content (see the top of this file)."""
    if format_named(prepared.parameters["format"]).names_persons:
        assert prepared.workspace == current_workspace(), "persons would be named by another key"
    content = content_of(prepared.source, prepared.parameters, prepared.received_digest)
    latest = latest_of(prepared.source)
    digest = recorded_as(content, latest, dates_itself=prepared.reading.dates_itself)
    receipt = store_event(
        Event.Kind.INVENTORY,
        prepared.body,
        format_named(prepared.parameters["format"]).media_type,
        prepared.received_digest,
        digest,
        sender,
        source=prepared.source,
        parameters={**prepared.parameters, "content": content.hex(), "recorded_as": digest.hex()},
        event_time=prepared.reading.as_of,
        redactions=prepared.redactions,
    )
    return Outcome(receipt, prepared)


def parameters_of(sample: Sample, *, source: str, format_name: str, mode: str, kind: str) -> dict[str, str]:
    """Return the parameters of a batch, what was not said told from its beginning. Raises InventoryRefused."""
    format_name = format_name or _format_of(sample, kind)
    return _parameters(source, format_name, mode, kind or _kind_of(sample, format_name))


def _format_of(sample: Sample, kind: str) -> str:
    """Return the format by content. Who names a kind sends a table of it, whatever its columns are called."""
    return CSV_PER_KIND.name if kind and sample.header else format_of(sample)


def _kind_of(sample: Sample, format_name: str) -> str:
    """Return the kind that the name of a CSV file says, as templates are named: storage.csv; '' where it says none."""
    stem = sample.name.rpartition("/")[2].partition(".")[0]
    return stem if format_name == CSV_PER_KIND.name and stem in load_kinds() else ""


def check_source(source: str) -> None:
    """Raise InventoryRefused for what cannot be the name of a source."""
    if not source.strip() or len(source) > SOURCE_LIMIT or not source.isprintable():
        got = f"source={source[:60]!r}" if source else "no source"
        raise InventoryRefused(
            f"Got {got}, expected the name of the reporting system, 1 to {SOURCE_LIMIT} printable characters, the same "
            "each time: it decides what a full inventory retires. Add &source=<name>.",
            code="source_invalid",
        )


def _parameters(source: str, format_name: str, mode: str, kind: str) -> dict[str, str]:
    check_source(source)
    if mode not in ("", FULL, DELTA):
        raise InventoryRefused(
            f"Got mode={mode[:40]!r}, expected full (this is all that the source knows) or delta (this is what "
            f"changed){closing(mode, (FULL, DELTA))}",
            code="mode_unknown",
        )
    format_named(format_name)
    parameters = {"format": format_name, "mode": mode or DELTA, "received_at": format_timestamp(_now())}
    if edition := load_vocabulary().edition:
        parameters["vocabulary"] = str(edition)
    return parameters | ({"kind": kind} if kind else {})


def _now() -> datetime.datetime:
    return timezone.now()


def content_of(source: str, parameters: Mapping[str, str], received_digest: bytes) -> bytes:
    """Return the digest of what was sent: the bytes as received, source and parameters."""
    said = {name: text for name, text in parameters.items() if name in SAID}
    head = json.dumps([source, said], sort_keys=True).encode()
    return hashlib.sha256(b"auditline:inventory\x00" + head + b"\x00" + received_digest).digest()


@dataclass(frozen=True)
class Latest:
    """The inventory event that a source sent last."""

    event: uuid.UUID
    parameters: Mapping[str, str]

    def says(self, content: bytes) -> bool:
        """Tell whether it came of this content."""
        return self.parameters.get("content") == content.hex()


def latest_of(source: str) -> Latest | None:
    """Return the last inventory event of a source in the entered workspace."""
    events = Event.objects.filter(workspace_id=current_workspace(), kind=Event.Kind.INVENTORY, source=source)
    row = events.order_by("-id").values_list("id", "parameters").first()
    return Latest(*row) if row is not None else None


def recorded_as(content: bytes, latest: Latest | None, *, dates_itself: bool) -> bytes:
    """Return the digest that content is recorded by: its own, or another where it says something new by coming again.

    The same content twice in a row is the same event, whatever it says of its time.
    """
    if latest is not None and latest.says(content):
        return bytes.fromhex(latest.parameters["recorded_as"])
    if latest is not None and not dates_itself:
        return hashlib.sha256(content + latest.event.bytes).digest()
    return content


def _nothing_usable(reading: Reading, rejected: list[Rejected]) -> InventoryRefused:
    if not reading.lines:
        if fills := format_named(reading.parameters["format"]).fills:
            return _nothing_of_it(reading, fills)
        return InventoryRefused(
            "Got no asset, expected at least one row. A population that is empty is stated by mode=full and a "
            'manifest: {"manifest": {"count": 0, "generated_at": "..."}}.',
            code="inventory_empty",
        )
    return no_row(reading.lines, reading.problems, rejected)


def no_row(rows: int, problems: int, rejected: Sequence[Rejected]) -> InventoryRefused:
    """Say that none of so many rows can be used. `rejected` are the first of its problems."""
    return InventoryRefused(
        f"None of {rows} rows can be used, so nothing was kept. {rejected[0].message if rejected else ''} "
        "Correct the rows named in details and send them again.",
        code="inventory_no_row",
        details={
            "rows": rows,
            "rejected": [problem.shown() for problem in rejected],
            "rejected_total": problems,
        },
    )


def _nothing_of_it(reading: Reading, fills: Fills) -> InventoryRefused:
    """Say which format the file has, what it holds, and what would be read: a right file without anything for us."""
    kinds = ", ".join(sorted(fills))
    title = format_named(reading.parameters["format"]).title
    named = [f"{count} x {type_}" for type_, count in reading.left.most_common(SHOWN_TYPES)]
    more = f" and {len(reading.left) - SHOWN_TYPES} other types" if len(reading.left) > SHOWN_TYPES else ""
    holds = ", ".join(named) + more if named else "nothing"
    return InventoryRefused(
        f"The file is read as {title}. Got {holds}, expected something of it that becomes one of {kinds} "
        "(docs/inventories.md), so nothing was kept. Send a file that holds such, or name another format=.",
        code="inventory_nothing_read",
        details={
            "format": reading.parameters["format"],
            "types": dict(reading.left.most_common(SHOWN)),
            "kinds": sorted(fills),
        },
    )
