"""Hold the entries against every signed head that is known: the bundle's own, its history, and an earlier one.

A log that was cut and signed again is a valid shorter log: only a head that somebody kept can show it. Where a history
does not fit, the heads that still fit tell how far back the first difference lies.
"""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from accounts.journal.canonical.merkle import CompactRange
from audit.evidence.ledger.bundle import CHECKPOINT, CHECKPOINTS, BundleInfo
from audit.evidence.ledger.check_ledger import Walked, report_missing
from audit.evidence.ledger.errors import NoteRefused
from audit.evidence.ledger.note import MAX_NOTE, Checkpoint, Verifier, open_checkpoint
from audit.evidence.ledger.report import Code, Log
from audit.evidence.ledger.rows import canonical_object
from audit.evidence.ledger.source import READ_ERRORS, Source, read_lines, read_small


@dataclass(frozen=True)
class Head:
    """A signed head and where it was found."""

    name: str
    checkpoint: Checkpoint


def load_head(source: Source, info: BundleInfo, verifier: Verifier, log: Log) -> Head | None:
    """Return the bundle's own head; None, with the problem reported, when its signature fails."""
    try:
        checkpoint = open_checkpoint(read_small(source, CHECKPOINT, MAX_NOTE) or b"", verifier)
    except NoteRefused as error:
        log.problem(Code.CHECKPOINT_SIGNATURE, CHECKPOINT, str(error))
        return None
    log.count("checkpoints")
    if (checkpoint.origin, checkpoint.size, checkpoint.root) != (info.origin, info.size, info.root):
        log.problem(
            Code.CHECKPOINT_MISMATCH,
            CHECKPOINT,
            f"Got the head of size {checkpoint.size}, expected {info.size} as in the manifest.",
        )
    return Head(CHECKPOINT, checkpoint)


def load_history(source: Source, verifier: Verifier, log: Log) -> Iterator[Head]:
    """Yield the earlier heads in the bundle whose row and signature agree; report the others."""
    for number, line in read_lines(source, CHECKPOINTS, log):
        name = f"{CHECKPOINTS} line {number}"
        match canonical_object(line):
            case {"frontier": [*frontier], "note": str(note), "root": str(root), "size": int(size), **rest} if not rest:
                name = f"checkpoint of size {size}"
            case _:
                log.problem(Code.LINE_MALFORMED, name, "Got a line of another form than the format has.")
                continue
        try:
            checkpoint = open_checkpoint(note.encode(), verifier)
        except (NoteRefused, UnicodeEncodeError) as error:
            log.problem(Code.CHECKPOINT_SIGNATURE, name, str(error))
            continue
        log.count("checkpoints")
        if (checkpoint.size, checkpoint.root.hex()) != (size, root) or _frontier_root(size, frontier) != root:
            log.problem(Code.CHECKPOINT_MISMATCH, name, "Got a row that says other things than its signed note.")
        yield Head(name, checkpoint)


def _frontier_root(size: int, frontier: Sequence[object]) -> str | None:
    try:
        return CompactRange.restore(size, [bytes.fromhex(str(each)) for each in frontier]).root().hex()
    except ValueError:
        return None


def load_earlier(path: Path, verifier: Verifier, log: Log) -> Head | None:
    """Return the checkpoint that the reader kept: a note, or an earlier bundle that holds one.

    None, with the problem reported, when this ledger's key did not sign it. Raises OSError when it cannot be read.
    """
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive, archive.open(CHECKPOINT) as member:
                note = member.read(MAX_NOTE + 1)
        except (*READ_ERRORS, KeyError):
            note = b""
    else:
        with (path / CHECKPOINT if path.is_dir() else path).open("rb") as file:
            note = file.read(MAX_NOTE + 1)
    try:
        checkpoint = open_checkpoint(note, verifier)
    except NoteRefused as error:
        log.problem(
            Code.CHECKPOINT_SIGNATURE,
            f"earlier checkpoint {path.name}",
            f"{error} It is of another ledger, another key, or was changed: nothing can be compared with it.",
        )
        return None
    log.count("checkpoints")
    return Head(f"earlier checkpoint {path.name}", checkpoint)


def check_heads(walked: Walked, own: Head | None, history: Sequence[Head], earlier: Head | None, log: Log) -> None:
    """Compare the entries' roots with all heads; report what does not fit, as narrowly as the heads allow."""
    others = [*history, *([earlier] if earlier else [])]
    heads = [*([own] if own else []), *others]
    agreed = sorted({head.checkpoint.size for head in heads if _agrees(walked, head)})
    if own is not None:
        _check_own(walked, own, agreed, log)
    for head in others:
        size = head.checkpoint.size
        if size > walked.size:
            log.problem(
                Code.TAIL_TRUNCATED,
                f"ledger entries {walked.size}..{size - 1}",
                f"The {head.name} covers {size} entries, the bundle has {walked.size}: the newest were removed.",
            )
        elif not _agrees(walked, head):
            first = _below(agreed, size)
            log.problem(
                Code.HISTORY_REWRITTEN,
                f"ledger entries {first}..{size - 1}",
                f"The first {size} records here are not those that the {head.name} signed: consistency is broken, one "
                f"was changed, removed or moved. Heads up to size {first} still agree.",
            )
    if earlier is None:
        log.notes.append(
            "no earlier checkpoint was given: a log that was cut and signed again cannot be told from a shorter one. "
            "Keep ledger/checkpoint of this bundle, and pass it as --checkpoint next time."
        )
    elif _agrees(walked, earlier):
        log.notes.append(
            f"the {earlier.name} agrees: its {earlier.checkpoint.size} records are the first of the {walked.size} here."
        )


def _below(sizes: Sequence[int], size: int) -> int:
    """Return the largest of the sorted `sizes` below `size`: from there on something differs; 0 where none is."""
    return max((each for each in sizes if each < size), default=0)


def _agrees(walked: Walked, head: Head) -> bool:
    return walked.roots.get(head.checkpoint.size) == head.checkpoint.root


def _check_own(walked: Walked, own: Head, agreed: Sequence[int], log: Log) -> None:
    size = own.checkpoint.size
    if walked.size < size:
        report_missing(walked.size, size, log)
    elif walked.size > size:
        log.problem(
            Code.ENTRY_UNCOVERED,
            f"ledger entries {size}..{walked.size - 1}",
            f"Got entries beyond the signed head of size {size}: nothing vouches for them.",
        )
    elif walked.gap is None and not _agrees(walked, own):
        first = _below(agreed, size)
        log.problem(
            Code.ROOT_MISMATCH,
            f"ledger entries {first}..{size - 1}",
            f"Got entries that do not add up to the signed head; heads up to size {first} still agree.",
        )
