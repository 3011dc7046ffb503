"""Offline proof that one record is in a log, as a file: c2sp.org/tlog-proof@v1.

    c2sp.org/tlog-proof@v1
    index <n>
    <base64 hash, leaf's sibling first>...
    <blank line>
    <checkpoint, verbatim>

Law: the format is C2SP's. Lines of its optional `extra` data are not written and not accepted here.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from accounts.journal.canonical.merkle import HASH_SIZE, verify_inclusion
from audit.evidence.ledger.errors import NoteRefused
from audit.evidence.ledger.note import Verifier, decode_base64, open_checkpoint

_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class TlogProof:
    """A proof as read; `checkpoint` is the signed note, not yet opened."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes


def write_proof(index: int, hashes: Sequence[bytes], checkpoint: bytes) -> bytes:
    """Return the file that proves entry `index` under a signed checkpoint; `hashes` from merkle.inclusion_proof."""
    lines = [_HEADER, f"index {index}", *(base64.b64encode(each).decode() for each in hashes)]
    return "".join(f"{line}\n" for line in lines).encode() + b"\n" + checkpoint


def read_proof(raw: bytes) -> TlogProof:
    """Return the parts of a proof file; raises NoteRefused (note_malformed)."""
    head, blank, checkpoint = raw.partition(b"\n\n")
    lines = head.decode(errors="replace").split("\n")
    index = _INDEX.fullmatch(lines[1]) if len(lines) > 1 else None
    hashes = [decode_base64(line) for line in lines[2:]]
    known = [each for each in hashes if each is not None and len(each) == HASH_SIZE]
    if not blank or lines[0] != _HEADER or index is None or len(known) != len(hashes):
        raise NoteRefused("note_malformed", f"Got no proof file, expected {_HEADER}, index, hashes and a checkpoint.")
    return TlogProof(int(index[1]), tuple(known), checkpoint)


def verify_proof(raw: bytes, leaf_hash: bytes, verifier: Verifier) -> bool:
    """Return whether a proof file shows the entry in a log that `verifier` signed; never raises."""
    try:
        proof = read_proof(raw)
        head = open_checkpoint(proof.checkpoint, verifier)
    except NoteRefused:
        return False
    return verify_inclusion(leaf_hash, proof.index, head.size, proof.hashes, head.root)
