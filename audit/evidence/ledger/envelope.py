"""Statements as in-toto Statement v1, signed as DSSE v1.0.2 with Ed25519.

Payload "auditline:statement/v1", canonical JSON (RFC 8785), and its law:

    {"_type": "https://in-toto.io/Statement/v1",
     "predicate": {"action", "actor", "body", "id", "made_at", "revision", "sealed_at", "sequence", "workspace"},
     "predicateType": "auditline:statement/v1",
     "subject": [{"digest": {"sha256": hex}, "name": text}, ...]}

- Every column of the journal's row and of its ledger entry that has a meaning is in here, `sequence` (the index in the
  ledger) and `sealed_at` (the sequencer's clock) included: a row that was edited, moved or renumbered makes another
  payload, which the signature does not fit.
- A statement about no outside thing has itself as its subject, by the digest of its body.
- A batch commits to its leaves in body["leaves"] (accounts/journal/canonical/batch.py).
- Members of the predicate are never renamed or given another meaning: that needs predicateType ".../v2", and this
  reader then stays for v1. Members of `body` belong to the action.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.journal.canonical.encode import NotCanonical, encode, hexdigest
from audit.evidence.ledger.errors import EnvelopeRefused
from audit.evidence.ledger.keys import PublicKey, Signer
from audit.evidence.ledger.note import decode_base64

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "auditline:statement/v1"


@dataclass(frozen=True)
class Statement:
    """A journal record at its place in the ledger, as stored. Instants are text (canonical.encode.instant)."""

    id: str
    workspace: str
    action: str
    actor: str
    made_at: str
    revision: int
    subjects: Sequence[Mapping[str, object]]
    body: Mapping[str, object]
    sequence: int  # index in the ledger
    sealed_at: str

    def payload(self) -> bytes:
        """Return the canonical payload; raises NotCanonical for values that have no canonical form."""
        return encode(self._members(hexdigest(self.body)))

    def stored_payload(self) -> bytes:
        """Return the payload for an export: total, because a tampered row must still be exported to be named.

        Where the row holds what nobody could have sealed (a float, say), the bytes are plain JSON that no signature
        fits.
        """
        try:
            return self.payload()
        except NotCanonical:
            return json.dumps(self._members(""), default=str, sort_keys=True).encode()

    def _members(self, body_digest: str) -> dict[str, object]:
        itself = {"digest": {"sha256": body_digest}, "name": f"statement:{self.id}"}
        return {
            "_type": STATEMENT_TYPE,
            "predicate": {
                "action": self.action,
                "actor": self.actor,
                "body": self.body,
                "id": self.id,
                "made_at": self.made_at,
                "revision": self.revision,
                "sealed_at": self.sealed_at,
                "sequence": self.sequence,
                "workspace": self.workspace,
            },
            "predicateType": PREDICATE_TYPE,
            "subject": list(self.subjects) if self.subjects else [itself],
        }


def read_payload(payload: bytes) -> Statement:
    """Return what a payload says; raises EnvelopeRefused (envelope_malformed) for any other form.

    Read signed payloads only, or treat the result as a claim.
    """
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        value = None
    match value:
        case {
            "_type": kind,
            "predicateType": predicate_type,
            "subject": [*subjects],
            "predicate": {
                "action": str(action),
                "actor": str(actor),
                "body": dict() as body,
                "id": str(identifier),
                "made_at": str(made_at),
                "revision": int(revision),
                "sealed_at": str(sealed_at),
                "sequence": int(sequence),
                "workspace": str(workspace),
            },
        } if (kind, predicate_type) == (STATEMENT_TYPE, PREDICATE_TYPE):
            return Statement(
                identifier, workspace, action, actor, made_at, revision, subjects, body, sequence, sealed_at
            )
        case _:
            raise EnvelopeRefused("envelope_malformed", f"Got a payload of another form, expected {PREDICATE_TYPE}.")


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


def open_envelope(value: object, key: PublicKey) -> bytes:
    """Return the payload that `key` signed.

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
    if named != key.fingerprint:
        raise EnvelopeRefused("envelope_key", f"Got a signature by key {named[:16]}, expected {key.fingerprint[:16]}.")
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
