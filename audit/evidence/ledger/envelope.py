"""Statements as in-toto Statement v1, signed as DSSE v1.0.2 with Ed25519.

Payload "auditline:statement/v1", canonical JSON (RFC 8785), and its law:

    {"_type": "https://in-toto.io/Statement/v1",
     "predicate": {"record": {...}, "sealed_at": "2026-11-01T00:00:00.000000Z", "sequence": 17},
     "predicateType": "auditline:statement/v1",
     "subject": [{"digest": {"sha256": <SHA-256 of the record>}, "name": <statement id>}]}

- `record` is the journal's canonical record, byte for byte as it was written in the transaction of its cause. Read here
  are its members id, workspace, action, actor, at and leaves {count, root, marks}; others may be added.
- `sequence` is the index in the ledger and `sealed_at` the sequencer's clock: both under the signature, so that a row
  that was moved or renumbered cannot pass.
- Members of the predicate are never renamed or given another meaning; that needs predicateType ".../v2", and this
  reader then stays for v1.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from audit.evidence.ledger.errors import EnvelopeRefused
from audit.evidence.ledger.keys import PublicKey, Signer
from audit.evidence.ledger.note import decode_base64

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "auditline:statement/v1"

_TAIL = re.compile(
    rb',"sealed_at":"([^"\\]+)","sequence":(0|[1-9][0-9]*)\},"predicateType":"' + PREDICATE_TYPE.encode() + rb'",'
    rb'"subject":\[\{"digest":\{"sha256":"([0-9a-f]{64})"\},"name":"([0-9a-f-]{36})"\}\]\}'
)
_HEAD = b'{"_type":"' + STATEMENT_TYPE.encode() + b'","predicate":{"record":'
_MAX_TAIL = 512  # bytes; a tail is about 270


@dataclass(frozen=True)
class Signed:
    """What a payload says: the journal's `record` bytes, and where and when the sequencer placed it."""

    statement: str  # id
    sequence: int
    sealed_at: str
    record: bytes


def statement_payload(record: bytes, *, statement: str, sequence: int, sealed_at: str) -> bytes:
    """Return the payload around a record's bytes, unread: canonical when the record is.

    Total for any bytes, so that an export of a tampered row still is an export; its signature then fails.
    """
    digest = hashlib.sha256(record).hexdigest()
    tail = (
        f',"sealed_at":"{sealed_at}","sequence":{sequence}}},"predicateType":"{PREDICATE_TYPE}",'
        f'"subject":[{{"digest":{{"sha256":"{digest}"}},"name":"{statement}"}}]}}'
    )
    return _HEAD + record + tail.encode()


def read_payload(payload: bytes) -> Signed:
    """Return what a payload says; raises EnvelopeRefused (envelope_malformed) for any other form.

    Call it on signed payloads only, or treat the result as a claim.
    """
    start = payload.rfind(b',"sealed_at":"', max(0, len(payload) - _MAX_TAIL))
    tail = _TAIL.fullmatch(payload, start) if start >= 0 else None
    if tail is None or not payload.startswith(_HEAD):
        raise EnvelopeRefused("envelope_malformed", f"Got a payload that is not {PREDICATE_TYPE}, expected that form.")
    record = payload[len(_HEAD) : start]
    if hashlib.sha256(record).hexdigest() != tail[3].decode():
        raise EnvelopeRefused("envelope_malformed", "Got a subject digest of other bytes, expected that of the record.")
    return Signed(tail[4].decode(), int(tail[2]), tail[1].decode(), record)


def read_record(record: bytes) -> Mapping[str, object]:
    """Return a record's members; raises EnvelopeRefused (envelope_malformed) when it is no JSON object."""
    try:
        members = json.loads(record)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        raise EnvelopeRefused("envelope_malformed", "Got a record that is no JSON object, expected one.")
    return members


def pre_authentication(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return DSSE's PAE: the exact bytes that are signed. Lengths in bytes keep the two parts apart."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign_payload(payload: bytes, signer: Signer) -> bytes:
    """Return the 64-byte signature over the payload's PAE."""
    return signer.sign(pre_authentication(payload))


def envelope(payload: bytes, signature: bytes, key_id: str) -> dict[str, object]:
    """Return the DSSE envelope; `key_id` is the fingerprint of the key."""
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": key_id, "sig": base64.b64encode(signature).decode()}],
    }


def open_envelope(value: object, key: PublicKey, key_id: str) -> bytes:
    """Return the payload that `key` signed; `key_id` is the fingerprint of `key` (passed, as it is slow to compute).

    Raises EnvelopeRefused: envelope_malformed, envelope_key (by another key), envelope_signature.
    """
    payload = envelope_payload(value)
    match value:
        case {"payloadType": str(kind), "signatures": [{"keyid": str(named), "sig": str(text)}]} if (
            kind == PAYLOAD_TYPE
        ):
            signature = decode_base64(text)
        case _:
            raise EnvelopeRefused(
                "envelope_malformed", "Got an envelope of another form, expected DSSE with one signature."
            )
    if named != key_id:
        raise EnvelopeRefused("envelope_key", f"Got a signature by key {named[:16]}, expected {key_id[:16]}.")
    if signature is None or not key.verify(signature, pre_authentication(payload)):
        raise EnvelopeRefused("envelope_signature", "Got a signature that does not fit the payload: one was changed.")
    return payload


def envelope_payload(value: object) -> bytes:
    """Return an envelope's payload without trusting it; raises EnvelopeRefused (envelope_malformed)."""
    text = value.get("payload") if isinstance(value, dict) else None
    payload = decode_base64(text) if isinstance(text, str) else None
    if payload is None:
        raise EnvelopeRefused("envelope_malformed", "Got an envelope without a payload in base64, expected one.")
    return payload
