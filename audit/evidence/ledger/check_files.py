"""First half of a verification: the bundle's files are those that the signed manifest lists, byte for byte."""

import hashlib
import json
from collections.abc import Collection, Iterator
from itertools import islice, zip_longest

from audit.evidence.ledger.bundle import (
    FORMAT,
    MANIFEST,
    PEM,
    REQUIRED,
    SIGNATURE,
    VKEY,
    BundleInfo,
    FileEntry,
    has_lines,
    line_mark,
    line_marks_path,
    manifest_text,
    marked_path,
    read_manifest,
)
from audit.evidence.ledger.errors import KeyRefused, NoteRefused
from audit.evidence.ledger.note import MAX_NOTE, Verifier, open_note
from audit.evidence.ledger.report import Code, Log
from audit.evidence.ledger.source import CHUNK, READ_ERRORS, Source, read_lines, read_small
from audit.evidence.ledger.twins import differences, is_twin

MAX_MANIFEST = 16 << 20  # bytes
NAMED_LINES = 5  # of one changed file


def load_manifest(source: Source, log: Log) -> tuple[BundleInfo, list[FileEntry]] | None:
    """Return the manifest, its signature not yet looked at; None, with the problem reported, when it is unusable."""
    raw = read_small(source, MANIFEST, MAX_MANIFEST)
    if raw is None:
        log.problem(Code.FILE_MISSING, MANIFEST, "Got no readable manifest, expected one: this is no whole bundle.")
        return None
    manifest = read_manifest(raw)
    if manifest is None:
        log.problem(Code.MANIFEST_MALFORMED, MANIFEST, f"Got another form, expected {FORMAT} in canonical JSON.")
    return manifest


def load_key(source: Source, info: BundleInfo, expected: str | None, log: Log) -> Verifier | None:
    """Return the bundle's verifier key, held against the manifest and the key that the reader expects.

    `expected` is a verifier key's text or its fingerprint; None when the reader has none, which is noted.
    """
    try:
        verifier = Verifier.parse((read_small(source, VKEY, MAX_NOTE) or b"").decode())
    except (KeyRefused, UnicodeDecodeError) as error:
        log.problem(Code.KEY_MALFORMED, VKEY, f"The verifier key cannot be read: {error}")
        return None
    if (verifier.name, verifier.key.fingerprint) != (info.origin, info.key_id):
        log.problem(Code.KEY_MALFORMED, VKEY, "Got a key other than the one that the manifest names.")
    if read_small(source, PEM, MAX_NOTE) not in (None, verifier.key.pem()):
        log.problem(Code.KEY_MALFORMED, PEM, f"Got another key than in {VKEY}, expected the same.")
    if expected is None:
        log.notes.append(
            f"the key was read from the bundle itself: compare its fingerprint {verifier.key.fingerprint} "
            "with one that you got elsewhere, or pass it as --key."
        )
    elif expected.strip() != verifier.vkey and expected.strip().removeprefix("sha256:") != verifier.key.fingerprint:
        log.problem(
            Code.KEY_UNEXPECTED,
            VKEY,
            f"Got the key {verifier.vkey}, expected {expected.strip()}: another key signed this.",
        )
    return verifier


def check_manifest(source: Source, info: BundleInfo, verifier: Verifier, log: Log) -> None:
    """Hold manifest.json against its signature."""
    raw = read_small(source, MANIFEST, MAX_MANIFEST) or b""
    try:
        text = open_note(read_small(source, SIGNATURE, MAX_NOTE) or b"", verifier)
    except NoteRefused as error:
        log.problem(Code.MANIFEST_SIGNATURE, SIGNATURE, f"The manifest's signature fails: {error}")
        return
    if text != manifest_text(info.origin, raw):
        log.problem(Code.MANIFEST_SIGNATURE, MANIFEST, "Got other bytes than were signed: the manifest was changed.")


def check_files(source: Source, files: list[FileEntry], log: Log) -> None:
    """Hold every file against its hash, name the lines of a changed one, and report missing and unlisted files."""
    log.count("files", 0)
    changed: list[FileEntry] = []
    listed = {file.path for file in files} | {MANIFEST, SIGNATURE}
    for path in sorted(set(REQUIRED) - listed):
        log.problem(Code.FILE_MISSING, path, "Got a manifest without it, expected it: the format demands it.")
    for path in sorted(source.names - listed):
        log.problem(Code.FILE_UNLISTED, path, "Got a file that the manifest does not list: it was added, or renamed.")
    for file in files:
        if file.path not in source.names:
            log.problem(Code.FILE_MISSING, file.path, "Got no such file, expected it: the manifest lists it.")
            continue
        log.count("files")
        if not _is_intact(source, file):
            changed.append(file)
    for file in changed:
        _name_change(source, file, {each.path for each in changed}, log)


def _is_intact(source: Source, file: FileEntry) -> bool:
    hasher, size = hashlib.sha256(), 0
    try:
        with source.open(file.path) as stream:
            while size <= file.bytes and (chunk := stream.read(CHUNK)):
                hasher.update(chunk)
                size += len(chunk)
    except READ_ERRORS:
        return False
    return size == file.bytes and hasher.hexdigest() == file.sha256


def _name_change(source: Source, file: FileEntry, changed: Collection[str], log: Log) -> None:
    """Report a changed file; with its lines or rows where another file, itself unchanged, can tell which."""
    named = list(islice(_places(source, file.path, changed, log), NAMED_LINES))
    for record, message in named or [(file.path, "Got other bytes than the manifest's hash: the file was changed.")]:
        log.problem(Code.FILE_CHANGED, record, message)


def _places(source: Source, path: str, changed: Collection[str], log: Log) -> Iterator[tuple[str, str]]:
    """Yield (record, message) for each place at which a changed file parts from what tells of it."""
    if has_lines(path) and line_marks_path(path) in source.names:
        for number, what, line in _differences(source, path, log):
            yield f"{path} line {number}{_identity(line)}", f"The line was {what} after the bundle was signed."
    elif is_twin(path, source) and f"{path.removesuffix('.json')}.csv" not in changed:
        for record, message in differences(source, path, log):
            yield record, f"The row was changed after the bundle was signed. {message}"
    elif (marked := marked_path(path)) in source.names and marked not in changed:
        yield from _wrong_marks(source, path, marked, log)


def _wrong_marks(source: Source, path: str, marked: str, log: Log) -> Iterator[tuple[str, str]]:
    """Yield the lines of a file of marks that are not those of the file that it marks."""
    marks = (line for _, line in read_lines(source, path, log))
    lines = (line_mark(line.removesuffix(b"\n")) + b"\n" for _, line in read_lines(source, marked, log))
    for number, (mark, expected) in enumerate(zip_longest(marks, lines), 1):
        if mark != expected:
            yield f"{path} line {number}", f"The mark was changed after the bundle was signed: {marked} is as it was."


def _differences(source: Source, path: str, log: Log) -> Iterator[tuple[int, str, bytes]]:
    """Yield (line number, changed|removed|added, the line as found) where marks and lines part.

    One line of look-ahead tells a removed or added line from a changed one, so that one cut does not name every line
    after it.
    """
    marks: Iterator[bytes] = (mark.rstrip(b"\n") for _, mark in read_lines(source, line_marks_path(path), log))
    lines: Iterator[bytes] = (line.removesuffix(b"\n") for _, line in read_lines(source, path, log))
    mark, line = next(marks, None), next(lines, None)
    number = 1
    while mark is not None or line is not None:
        if line is None:
            yield number, "removed", b""
            mark = next(marks, None)
        elif mark is None:
            yield number, "added", line
            line = next(lines, None)
        elif line_mark(line) == mark:
            mark, line = next(marks, None), next(lines, None)
        else:
            next_mark, next_line = next(marks, None), next(lines, None)
            if line_mark(line) == next_mark:
                yield number, "removed", b""
                mark, lines = next_mark, _before(next_line, lines)
            elif next_line is not None and line_mark(next_line) == mark:
                yield number, "added", line
                line, marks = next_line, _before(next_mark, marks)
            else:
                yield number, "changed", line
                mark, line = next_mark, next_line
        number += 1


def _before(first: bytes | None, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first is not None:
        yield first
        yield from rest


def _identity(line: bytes) -> str:
    """Return " (id)" of the record on a line, as far as it can still be read; empty otherwise."""
    text = line[:100_000].decode(errors="replace")
    if not text.startswith("{"):
        return f" ({text.partition(',')[0][:80]})" if text else ""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    names = [str(record[name]) for name in ("id", "statement", "index") if name in record]
    return f" ({' '.join(names)[:120]})" if names else ""
