"""From a statement to a ledger entry: the one place that says what a leaf of the log commits to.

    digest    = SHA-256("auditline:statement/v1\\n" || salt || payload)          salt: 32 random bytes
    entry     = canonical {"digest": hex, "id": statement id, "type": "auditline:entry/v1"}     below 64 KiB
    leaf hash = SHA-256(0x00 || entry)                                          RFC 6962

Law: `payload` is what was signed (envelope.py), so the log commits to the signed bytes. The salt blinds them: erase
payload and salt, and nobody can guess the payload from the log, while the entry still proves that it was there. Both
domain strings are part of every root ever signed; a change needs a v2 of both, beside these.
"""

import hashlib
import secrets
from dataclasses import dataclass

from accounts.journal.canonical.merkle import leaf_hash
from audit.evidence.ledger.envelope import Statement, sign_payload
from audit.evidence.ledger.errors import RecordRefused
from audit.evidence.ledger.keys import Signer

SALT_SIZE = 32
ENTRY_TYPE = "auditline:entry/v1"

_DOMAIN = b"auditline:statement/v1\n"


@dataclass(frozen=True)
class Sealed:
    """What the sequencer stores for a statement; the payload is built again from the rows when it is needed."""

    statement: str  # id
    index: int
    salt: bytes  # 32 bytes
    digest: bytes  # 32 bytes, salted
    leaf_hash: bytes  # 32 bytes
    signature: bytes  # 64 bytes
    key_id: str  # fingerprint of the key, 64 hex digits


def salted_digest(salt: bytes, payload: bytes) -> bytes:
    """Return the digest that an entry carries; raises RecordRefused unless the salt has its 32 bytes."""
    if len(salt) != SALT_SIZE:
        raise RecordRefused("record_malformed", f"Got a salt of {len(salt)} bytes, expected {SALT_SIZE}.")
    return hashlib.sha256(_DOMAIN + salt + payload).digest()


def entry(statement: str, digest: bytes) -> bytes:
    """Return the bytes of a log entry: a digest envelope in canonical form."""
    return b'{"digest":"%b","id":"%b","type":"%b"}' % (digest.hex().encode(), statement.encode(), ENTRY_TYPE.encode())


def entry_hash(statement: str, digest: bytes) -> bytes:
    """Return the leaf hash of a statement's entry."""
    return leaf_hash(entry(statement, digest))


def seal(statement: Statement, signer: Signer, salt: bytes | None = None) -> Sealed:
    """Sign a statement for its place `statement.sequence` in the log; a fresh salt by default.

    Pure: nothing is durable until the caller commits what is returned, and the caller alone keeps the sequence dense
    and unique. Raises NotCanonical for a row that cannot be sealed.
    """
    payload = statement.payload()
    salt = secrets.token_bytes(SALT_SIZE) if salt is None else salt
    digest = salted_digest(salt, payload)
    return Sealed(
        statement=statement.id,
        index=statement.sequence,
        salt=salt,
        digest=digest,
        leaf_hash=entry_hash(statement.id, digest),
        signature=sign_payload(payload, signer),
        key_id=signer.public.fingerprint,
    )
