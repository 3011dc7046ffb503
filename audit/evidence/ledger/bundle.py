"""Export bundle, format "auditline-bundle/v1": what is in it, line by line. Written by writer.py, checked by verify.py.

A zip, or the directory that it unpacks to:

    manifest.json             canonical JSON of Manifest: what this is, and the SHA-256 of every other file
    manifest.sig              signed note by the ledger's key over manifest_text(): covers manifest.json
    statements.ndjson         {"envelope", "id", "index", "salt"}: a statement as DSSE, with what blinds its entry
    leaves.ndjson             {"index", "leaf", "sequence", "statement"}: leaves of batches, by (sequence, index)
    ledger/entries.ndjson     {"digest", "index", "leaf_hash", "statement"}: every entry of the log, in order
    ledger/checkpoint         signed note: the head that covers exactly these entries
    ledger/checkpoints.ndjson optional: earlier heads {"frontier", "note", "root", "size"}, by size
    keys/ledger.vkey          the verifier key (signed-note); keys/ledger.pem is the same key for openssl
    proofs/consistency.json   optional: {"first": {"root", "size"}, "proof", "second": {"root", "size"}}
    proofs/<id>.tlog-proof    optional: c2sp.org/tlog-proof of one statement
    tables/*                  findings, verdicts and so on, as CSV and JSON: covered by the manifest's hashes
    lines/<path>.hashes       for every .ndjson and .csv: 16 hex digits per line, so that a changed line can be named

Law: a bundle is read by the rules of the format that its manifest names, for ever. Every ndjson line is canonical
JSON (RFC 8785) with exactly the members above; a new member, file rule or meaning is "auditline-bundle/v2", read by a
reader of its own beside this one. New optional files under tables/ need no new version.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from accounts.journal.canonical.encode import NotCanonical, encode
from audit.evidence.ledger.envelope import envelope

FORMAT = "auditline-bundle/v1"
SELF_SIGNED = "self-signed: the operator could have rewritten this"

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
STATEMENTS = "statements.ndjson"
LEAVES = "leaves.ndjson"
ENTRIES = "ledger/entries.ndjson"
CHECKPOINT = "ledger/checkpoint"
CHECKPOINTS = "ledger/checkpoints.ndjson"
VKEY = "keys/ledger.vkey"
PEM = "keys/ledger.pem"
CONSISTENCY = "proofs/consistency.json"
PROOF_SUFFIX = ".tlog-proof"
TABLES = "tables/"
PROOFS = "proofs/"
LINES = "lines/"

# In the manifest's scope. Such a bundle was made when every record behind its tables was sealed, so that the tables
# must follow from its ledger; they have these names and columns. A bundle without it may be ahead of its ledger.
TABLES_CONTENT = "tables_content"
TABLES_V2 = "auditline-tables/v2"

REQUIRED = (STATEMENTS, LEAVES, ENTRIES, CHECKPOINT, VKEY)
MARK_SIZE = 8  # bytes of SHA-256 kept per line

_HASH = re.compile(r"[0-9a-f]{64}")
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


def is_safe_path(path: str) -> bool:
    """Return whether a path may stand in a bundle: relative, plain ASCII, no dot files, no way up, below 200 long."""
    return len(path) < 200 and _PATH.fullmatch(path) is not None


def has_lines(path: str) -> bool:
    """Return whether a file's lines get their own marks."""
    return path.endswith((".ndjson", ".csv"))


def line_marks_path(path: str) -> str:
    """Return where the marks of a file's lines stand."""
    return f"{LINES}{path}.hashes"


def marked_path(path: str) -> str:
    """Return the file whose lines `path` marks; "" where it marks none."""
    return path.removeprefix(LINES).removesuffix(".hashes") if path.startswith(LINES) else ""


def line_mark(line: bytes) -> bytes:
    """Return the mark of a line, newline excluded: 16 hex digits. It locates a change; the file's hash detects it."""
    return hashlib.sha256(line).hexdigest()[: 2 * MARK_SIZE].encode()


def manifest_text(origin: str, manifest: bytes) -> bytes:
    """Return the note text that signs a manifest; its first line keeps it apart from a checkpoint."""
    return f"auditline:manifest/v1\n{origin}\n{hashlib.sha256(manifest).hexdigest()}\n".encode()


@dataclass(frozen=True)
class FileEntry:
    """One file as the manifest knows it."""

    path: str
    sha256: str  # 64 hex digits
    bytes: int


@dataclass(frozen=True)
class BundleInfo:
    """What a bundle says about itself. Instants are RFC 3339 text; `period` is None when it covers all of time."""

    workspace: str
    workspace_name: str
    as_of_revision: int
    as_of: str
    generated_at: str
    origin: str
    size: int
    root: bytes
    key_id: str  # fingerprint of the ledger's key
    period: tuple[str, str] | None = None
    # What is covered and what is not: filters, populations, silent sources; canonical types (encode.plain).
    scope: Mapping[str, object] = field(default_factory=dict)

    def manifest(self, files: Sequence[FileEntry]) -> bytes:
        """Return manifest.json: canonical JSON and a newline."""
        return (
            encode(
                {
                    "as_of": {"at": self.as_of, "revision": self.as_of_revision},
                    "assurance": SELF_SIGNED,
                    "files": [
                        {"bytes": file.bytes, "path": file.path, "sha256": file.sha256}
                        for file in sorted(files, key=lambda file: file.path)
                    ],
                    "format": FORMAT,
                    "generated_at": self.generated_at,
                    "ledger": {
                        "key": self.key_id,
                        "origin": self.origin,
                        "root": self.root.hex(),
                        "size": self.size,
                    },
                    "period": None if self.period is None else {"from": self.period[0], "to": self.period[1]},
                    "scope": dict(self.scope),
                    "workspace": {"id": self.workspace, "name": self.workspace_name},
                }
            )
            + b"\n"
        )


def read_manifest(raw: bytes) -> tuple[BundleInfo, list[FileEntry]] | None:
    """Return what manifest.json says; None unless it is exactly what BundleInfo.manifest would write."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    match value:
        case {
            "as_of": {"at": str(as_of), "revision": int(revision)},
            "files": [*rows],
            "generated_at": str(generated_at),
            "ledger": {"key": str(key), "origin": str(origin), "root": str(root), "size": int(size)},
            "period": dict() | None as period,
            "scope": dict() as scope,
            "workspace": {"id": str(workspace), "name": str(name)},
        } if _HASH.fullmatch(root):
            pass
        case _:
            return None
    files = [
        FileEntry(str(row.get("path")), str(row.get("sha256")), int(row.get("bytes") or 0))
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("bytes"), int)
    ]
    bounds = None if period is None else (str(period.get("from")), str(period.get("to")))
    info = BundleInfo(
        workspace, name, revision, as_of, generated_at, origin, size, bytes.fromhex(root), key, bounds, scope
    )
    try:
        exact = info.manifest(files) == raw
    except NotCanonical:
        exact = False
    return (info, files) if exact else None


def statement_line(*, index: int, statement: str, salt: bytes, payload: bytes, signature: bytes, key_id: str) -> bytes:
    """Return the line of a statement; `payload` from Statement.stored_payload(), the rest as its entry's row has it."""
    return (
        encode(
            {
                "envelope": envelope(payload, signature, key_id),
                "id": statement,
                "index": index,
                "salt": salt.hex(),
            }
        )
        + b"\n"
    )


def entry_line(*, index: int, statement: str, digest: bytes, leaf_hash: bytes) -> bytes:
    """Return the line of a ledger entry."""
    return b'{"digest":"%b","index":%d,"leaf_hash":"%b","statement":"%b"}\n' % (
        digest.hex().encode(),
        index,
        leaf_hash.hex().encode(),
        statement.encode(),
    )


def leaf_line(*, sequence: int, statement: str, index: int, leaf: bytes) -> bytes:
    """Return the line of a leaf with its bytes as stored.

    Bytes that would break the line (a tampered row) are written in base64 instead; they cannot verify.
    """
    if b"\n" in leaf or not leaf.startswith(b"{"):
        leaf = encode({"not_a_leaf": base64.b64encode(leaf).decode()})
    return b'{"index":%d,"leaf":%b,"sequence":%d,"statement":"%b"}\n' % (index, leaf, sequence, statement.encode())


def checkpoint_line(*, size: int, root: bytes, frontier: Sequence[object], note: str) -> bytes:
    """Return the line of an earlier head; `frontier` in hex as its row has it, or as bytes."""
    nodes = [node.hex() if isinstance(node, bytes) else str(node) for node in frontier]
    return encode({"frontier": nodes, "note": note, "root": root.hex(), "size": size}) + b"\n"
