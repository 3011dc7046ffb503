"""Ed25519 keys of a ledger: the private one in a file that only its owner can read, the public one for verifiers.

Only the sequencer opens a private key. `Signer` is the whole of what signing code needs, so that a key can later live
in another process or a key service.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.evidence.ledger.errors import KeyRefused

PUBLIC_SIZE = 32
SIGNATURE_SIZE = 64


class PublicKey:
    """An Ed25519 public key: `raw` is its 32 bytes (RFC 8032)."""

    __slots__ = ("_key", "fingerprint", "raw")

    def __init__(self, raw: bytes) -> None:
        if len(raw) != PUBLIC_SIZE:
            raise KeyRefused("key_malformed", f"Got a public key of {len(raw)} bytes, expected {PUBLIC_SIZE}.")
        self.raw = raw
        self._key = Ed25519PublicKey.from_public_bytes(raw)
        der = self._key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        # Of the SubjectPublicKeyInfo, 64 hex digits: `openssl pkey -pubin -outform DER | sha256sum` gives the same.
        self.fingerprint = hashlib.sha256(der).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and other.raw == self.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"PublicKey({self.fingerprint})"

    def pem(self) -> bytes:
        """Return the SubjectPublicKeyInfo as PEM, for `openssl pkeyutl -verify -rawin -pubin`."""
        return self._key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Return whether `signature` over `data` is by this key; never raises."""
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


class Signer(Protocol):
    """Whoever can sign: a key in this process, or a door to the one that holds it."""

    @property
    def public(self) -> PublicKey:
        """The key that verifiers use."""

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature over `data`."""


class SigningKey:
    """An Ed25519 private key in memory. Its repr shows the public half only."""

    __slots__ = ("_key", "public")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(
            key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        )

    def __repr__(self) -> str:
        return f"SigningKey({self.public.fingerprint})"

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """Return the key of a 32-byte seed (RFC 8032 section 5.1.5); for tests and key services."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def create(cls, path: Path) -> "SigningKey":
        """Make a key and write it to a new file of mode 0600 as PKCS #8 PEM; durable when this returns.

        Never replaces a file: a ledger whose key changed silently could not be told from a forged one. Raises
        KeyRefused (key_exists).
        """
        key = cls(Ed25519PrivateKey.generate())
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise KeyRefused(
                "key_exists", f"Got {path}, which exists already, expected a new path. Load it, or move it away first."
            ) from None
        with os.fdopen(handle, "wb") as file:
            file.write(
                key._key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
            file.flush()
            os.fsync(file.fileno())
        return key

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        """Read a key file; raises KeyRefused when it is missing, readable by others, or not an Ed25519 key."""
        try:
            with path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                pem = file.read()
        except FileNotFoundError:
            raise KeyRefused(
                "key_missing", f"Got no file at {path}, expected the ledger's private key. Restore it from its backup."
            ) from None
        if mode & 0o077:
            raise KeyRefused(
                "key_exposed", f"Got mode {mode:04o} on {path}, expected 0600: others can read the key. chmod 600 it."
            )
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyRefused(
                "key_malformed", f"Got {path}, expected an unencrypted Ed25519 private key in PKCS #8 PEM."
            )
        return cls(key)

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature over `data`; the same data always gives the same bytes."""
        return self._key.sign(data)
