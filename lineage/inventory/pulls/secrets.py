"""Keep the secrets of pulls encrypted under a key derived from SECRET_KEY: a copy of the database opens no door."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from lineage.inventory.pulls.places.place import PullFailed

_PURPOSE = b"auditline/pull-secret/v1"


def hide(secret: str) -> bytes | None:
    """Return a secret as it is stored; None where there is none."""
    return _fernet().encrypt(secret.encode()) if secret else None


def reveal(stored: bytes | None) -> str:
    """Return the secret. Raises PullFailed once SECRET_KEY has changed."""
    try:
        return _fernet().decrypt(stored).decode() if stored else ""
    except InvalidToken:
        raise PullFailed(
            "Its secret cannot be read, because SECRET_KEY has changed since: set the pull up anew."
        ) from None


def _fernet() -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(key))
