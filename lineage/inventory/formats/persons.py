"""Name persons by pseudonyms: the same person by the same one in a workspace, and nobody by name.

The key follows from SECRET_KEY and the workspace, so that pseudonyms of two workspaces say nothing of each other. Once
SECRET_KEY is changed, the same persons get other pseudonyms.
"""

import hashlib
import hmac
import unicodedata

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PURPOSE = b"auditline/person/v1/"
RULE = ("pseudonymous_persons", 1)
"""It changes where another pseudonym follows from the same name."""


class Pseudonyms:
    """The pseudonyms of one workspace."""

    def __init__(self, workspace: str) -> None:
        info = _PURPOSE + workspace.encode()
        self._key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(settings.SECRET_KEY.encode())
        self._known: dict[str, str] = {}

    def of(self, name: str) -> str:
        """Return the pseudonym for a name or address, whatever its letters and spaces: 80 bits of a keyed digest."""
        plain = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
        if plain not in self._known:
            self._known[plain] = f"person-{hmac.digest(self._key, plain.encode(), hashlib.sha256).hex()[:20]}"
        return self._known[plain]
