"""From a journal record to a ledger entry: the one place that says what a leaf of the log commits to.

    digest    = SHA-256("auditline:statement/v1\\n" || salt || payload)          salt: 32 random bytes
    entry     = canonical {"digest": hex, "id": statement id, "type": "auditline:entry/v1"}     below 64 KiB
    leaf hash = SHA-256(0x00 || entry)                                          RFC 6962

Law: `payload` is what was signed (envelope.py), so the log commits to the signed bytes. The salt blinds them: erase
payload and salt, and nobody can guess the payload from the log, while the entry still proves that it was there. Both
domain strings are part of every root ever signed; a change needs a v2 of both, beside these.
"""

import hashlib
from dataclasses import dataclass

from accounts.journal.canonical.encode import NotCanonical, encode
from accounts.journal.canonical.merkle import leaf_hash
from audit.evidence.ledger.envelope import read_record, sign_payload, statement_payload
from audit.evidence.ledger.errors import EnvelopeRefused, RecordRefused
from audit.evidence.ledger.keys import Signer

SALT_SIZE = 32
ENTRY_TYPE = "auditline:entry/v1"

_DOMAIN = b"auditline:statement/v1\n"


@dataclass(frozen=True)
class Sealed:
    """A signed record at its place in the log: what the sequencer stores beside the journal's row."""

    statement: str
    index: int
    payload: bytes  # not stored: statement_payload() makes it again
    signature: bytes  # 64 bytes
    leaf_hash: bytes  # 32 bytes


def salted_digest(salt: bytes, payload: bytes) -> bytes:
    """Return the digest that an entry carries; raises RecordRefused unless the salt has its 32 bytes."""
    if len(salt) != SALT_SIZE:
        raise RecordRefused("record_malformed", f"Got a salt of {len(salt)} bytes, expected {SALT_SIZE}.")
    return hashlib.sha256(_DOMAIN + salt + payload).digest()


def entry(statement: str, digest: bytes) -> bytes:
    """Return the bytes of a log entry: a digest envelope."""
    return b'{"digest":"%b","id":"%b","type":"%b"}' % (digest.hex().encode(), statement.encode(), ENTRY_TYPE.encode())


def entry_hash(statement: str, salt: bytes, payload: bytes) -> bytes:
    """Return the leaf hash of a statement's entry."""
    return leaf_hash(entry(statement, salted_digest(salt, payload)))


def seal(
    record: bytes, *, statement: str, workspace: str, salt: bytes, index: int, sealed_at: str, signer: Signer
) -> Sealed:
    """Sign a journal record as entry `index` of its workspace's log; return what to store.

    Pure: durable only when the caller commits entry and checkpoint, and the caller alone keeps `index` unique. The
    signer is the last to look: a record that is not canonical, or not the one its row names, is refused
    (RecordRefused), because a signature would make it true.
    """
    try:
        members = read_record(record)
        canonical = encode(members) == record
    except (EnvelopeRefused, NotCanonical):
        raise RecordRefused(
            "record_malformed", f"Got statement {statement} with a record that is no canonical JSON."
        ) from None
    if not canonical:
        raise RecordRefused(
            "record_malformed", f"Got statement {statement} in another form than RFC 8785, expected that."
        )
    if members.get("id") != statement or members.get("workspace") != workspace:
        raise RecordRefused(
            "record_mismatch",
            f"Got a record of statement {members.get('id')} in workspace {members.get('workspace')}, "
            f"expected {statement} in {workspace}: its row was changed before it was sealed.",
        )
    payload = statement_payload(record, statement=statement, sequence=index, sealed_at=sealed_at)
    return Sealed(statement, index, payload, sign_payload(payload, signer), entry_hash(statement, salt, payload))
