"""Signed notes and checkpoints: c2sp.org/signed-note v1.0.0 and c2sp.org/tlog-checkpoint v1.0.0.

Evolution law: the formats are C2SP's and do not change here. A ledger's origin line, and the name of its key, is
"<prefix>/<workspace id>"; a new signature algorithm is a further signature line, which today's verifiers ignore. Texts
that this key signs as notes are told apart by their first line: an origin (checkpoint) or "auditline:manifest/v1".
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from accounts.journal.canonical.merkle import EMPTY_ROOT, HASH_SIZE
from audit.evidence.ledger.errors import KeyRefused, NoteRefused
from audit.evidence.ledger.keys import PUBLIC_SIZE, SIGNATURE_SIZE, PublicKey, Signer

ORIGIN_PREFIX = "auditline"
ED25519 = b"\x01"  # signature type of the signed-note specification
MAX_NOTE = 64 * 1024  # bytes
MAX_SIGNATURES = 64  # the specification demands at least 16

_SIGNATURE_LINE = re.compile("\u2014 ([^ \n]+) ([A-Za-z0-9+/=]+)")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def origin(workspace: str, prefix: str = ORIGIN_PREFIX) -> str:
    """Return the origin line of a workspace's ledger; a configured prefix makes it unique in the world."""
    name = f"{prefix}/{workspace}"
    _check_name(name)
    return name


def decode_base64(text: str) -> bytes | None:
    """Return the bytes of canonical standard base64; None for anything else, stray bits included."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None


@dataclass(frozen=True)
class Verifier:
    """A named public key: what a reader of notes must have from elsewhere to trust one."""

    name: str
    key: PublicKey

    @property
    def key_id(self) -> bytes:
        """The four bytes that name the key in a signature line; a hint, not a proof."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.key.raw).digest()[:4]

    @property
    def vkey(self) -> str:
        """The text form: name+hex(key id)+base64(type, public key)."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.key.raw).decode()}"

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Read the text form; raises KeyRefused (key_malformed) unless every part is exact."""
        name, _, rest = vkey.strip("\n").partition("+")
        identifier, _, encoded = rest.partition("+")
        material = decode_base64(encoded)
        if material is None or material[:1] != ED25519 or len(material) != 1 + PUBLIC_SIZE:
            raise KeyRefused(
                "key_malformed", "Got a verifier key that is not Ed25519, expected name+id+base64(0x01, key)."
            )
        verifier = cls(name, PublicKey(material[1:]))
        _check_name(name)
        if verifier.key_id.hex() != identifier:
            raise KeyRefused(
                "key_malformed",
                f"Got the key id {identifier[:16]!r} for {name}, expected {verifier.key_id.hex()}: a part was changed.",
            )
        return verifier


def sign_note(text: bytes, name: str, signer: Signer) -> bytes:
    """Return `text` (UTF-8, ending in a newline) with one signature line by `name`."""
    _check_name(name)
    _check_text(text)
    signature = signer.sign(text)
    encoded = base64.b64encode(Verifier(name, signer.public).key_id + signature).decode()
    return text + f"\n\u2014 {name} {encoded}\n".encode()


def open_note(note: bytes, verifier: Verifier) -> bytes:
    """Return the text of a note that `verifier` signed; signatures of others are ignored.

    Raises NoteRefused: note_malformed, note_unsigned, or note_signature when its own signature fails.
    """
    text, signatures = _split(note)
    found = False
    for name, raw in signatures:
        if name != verifier.name or raw[:4] != verifier.key_id:
            continue
        if len(raw) != 4 + SIGNATURE_SIZE or not verifier.key.verify(raw[4:], text):
            raise NoteRefused("note_signature", f"Got a note whose signature by {name} fails: it was changed.")
        found = True
    if not found:
        names = ", ".join(f"{name} {raw[:4].hex()}" for name, raw in signatures)
        raise NoteRefused(
            "note_unsigned", f"Got a note signed by {names}, expected {verifier.name} {verifier.key_id.hex()}."
        )
    return text


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: `root` is the Merkle root over its first `size` entries."""

    origin: str
    size: int
    root: bytes  # 32 bytes

    def text(self) -> bytes:
        """Return the note text: origin, size and root, each on its line."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """Return the signed checkpoint; the key's name is the origin. The caller never signs two roots of one size."""
    _check_head(checkpoint.size, checkpoint.root)
    return sign_note(checkpoint.text(), checkpoint.origin, signer)


def open_checkpoint(note: bytes, verifier: Verifier) -> Checkpoint:
    """Return the checkpoint that `verifier` signed for the log of its own name; raises NoteRefused as open_note does.

    Extension lines, which the specification allows and advises against, are read over.
    """
    lines = open_note(note, verifier).decode().split("\n")[:-1]
    root = decode_base64(lines[2]) if len(lines) >= 3 else None
    if root is None or not _DECIMAL.fullmatch(lines[1]) or "" in lines:
        raise NoteRefused("note_malformed", "Got a note that is no checkpoint, expected the lines origin, size, root.")
    if lines[0] != verifier.name:
        raise NoteRefused("note_unsigned", f"Got a checkpoint of the log {lines[0]}, expected {verifier.name}.")
    size = int(lines[1])
    _check_head(size, root)
    return Checkpoint(lines[0], size, root)


def _check_head(size: int, root: bytes) -> None:
    if len(root) != HASH_SIZE or size < 0 or (size == 0 and root != EMPTY_ROOT):
        raise NoteRefused("note_malformed", f"Got size {size} with a root of {len(root)} bytes, expected a tree head.")


def _check_name(name: str) -> None:
    if not name or "+" in name or any(char.isspace() or ord(char) < 0x20 for char in name):
        raise KeyRefused("key_malformed", f"Got the key name {name!r}, expected one without spaces and plus signs.")


def _check_text(text: bytes) -> None:
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        raise NoteRefused("note_malformed", "Got a note that is not UTF-8, expected text.") from None
    if len(text) > MAX_NOTE or not decoded.endswith("\n") or any(c < " " and c != "\n" for c in decoded):
        raise NoteRefused(
            "note_malformed", f"Got no note text, expected lines without control characters, up to {MAX_NOTE} bytes."
        )


def _split(note: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Return the text and the (name, key id and signature) of each signature line; raises note_malformed."""
    _check_text(note)
    text, blank, tail = note.decode().rpartition("\n\n")
    lines = tail.split("\n")[:-1]
    signatures: list[tuple[str, bytes]] = []
    for line in lines:
        match = _SIGNATURE_LINE.fullmatch(line)
        raw = decode_base64(match[2]) if match else None
        if match is None or raw is None or len(raw) < 5:
            raise NoteRefused("note_malformed", "Got a signature line that cannot be read: it was changed.")
        signatures.append((match[1], raw))
    if not blank or not signatures or len(signatures) > MAX_SIGNATURES:
        raise NoteRefused(
            "note_malformed", "Got a note without signature lines, expected text, a blank line, signatures."
        )
    return (text + "\n").encode(), signatures
