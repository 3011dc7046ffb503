"""Sign and check webhook messages by Standard Webhooks (version 1 signatures, HMAC-SHA-256).

The signature covers "<webhook-id>.<webhook-timestamp>.<content>". Secrets are needed in clear to check it, so they are
kept encrypted (Fernet) under a key derived from SECRET_KEY: a copy of the database alone opens no door.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from lineage.events.errors import SignatureRefused

PREFIX = "whsec_"
TOLERANCE = 5 * 60
"""Seconds, either way, between the message's clock and ours."""

MAX_MESSAGE_ID = 120
_PURPOSE = b"auditline/hook-secret/v1"


def new_secret() -> str:
    """Return a new secret in the form that senders' libraries take."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def encrypt(secret: str) -> bytes:
    """Return the secret as it is stored."""
    return _fernet().encrypt(secret.encode())


def decrypt(stored: bytes) -> str:
    """Return the secret; raises cryptography's InvalidToken once SECRET_KEY has changed."""
    return _fernet().decrypt(stored).decode()


def _fernet() -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(key))


def sign(secret: str, message_id: str, timestamp: str, content: bytes) -> str:
    """Return the signature header of a message: "v1,<base64>"."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + content
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def check(secret: str, headers: Mapping[str, str], content: bytes, now: float) -> str:
    """Return the message's id. Raises SignatureRefused when it is not signed by `secret`, or not within TOLERANCE.

    1. All three headers must be there, the id short enough to keep, the time whole seconds.
    2. The time must be ours within five minutes: an older message may be a recording.
    3. One of the signatures of version 1 must match, compared in constant time.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    named = 0 < len(message_id) <= MAX_MESSAGE_ID and message_id.isprintable()
    if not (named and timestamp.isascii() and timestamp.isdigit()):  # 1
        raise SignatureRefused(
            "Expected the headers webhook-id (1 to 120 printable characters), webhook-timestamp (Unix seconds) and "
            "webhook-signature. Sign the message as Standard Webhooks says."
        )
    if len(timestamp) > 15 or abs(int(timestamp) - now) > TOLERANCE:  # 2
        raise SignatureRefused(
            f"webhook-timestamp is more than {TOLERANCE} seconds from our clock. Set the sender's clock and sign the "
            "message again with the present time; keep its webhook-id."
        )
    expected = sign(secret, message_id, timestamp, content).encode()
    given = headers.get("webhook-signature", "").encode(errors="replace").split()
    if not any(hmac.compare_digest(expected, one) for one in given):  # 3
        raise SignatureRefused(
            "webhook-signature does not match the content. Sign the content (before compression) with the hook's "
            "secret, or make a new hook with `manage.py create_hook`."
        )
    return message_id
