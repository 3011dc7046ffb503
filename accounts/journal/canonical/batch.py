"""Leaves of a batch: one signed statement covers any number of per-asset records, each provable on its own.

A batch (an evaluation slice) makes one leaf per asset that changed and puts `commit(leaves)` into its statement. The
two-step proof of a single verdict is then: this leaf is in the batch (`verify_leaf`), the batch's statement is in the
ledger. The leaf's bytes are kept as made; nothing is ever encoded again to check it.

Format "auditline:leaf/v1", and its law:
- A leaf is the canonical JSON (encode.py) of {"type": "auditline:leaf/v1", "salt": 32 hex digits, "asset": {"kind",
  "uid"}, ...}; the other members are the caller's. Members may be added; a changed meaning needs leaf/v2.
- The salt is random, so that a leaf whose bytes were erased cannot be guessed from its hash.
- The commitment is {"count", "root", "marks"}: the RFC 6962 root in hex (null for no leaves), and the first four bytes
  of each leaf hash, joined, in base64. Marks prove nothing; they let a verifier name the leaf that was changed or
  removed. They are left out beyond MARKED leaves.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence

from accounts.journal.canonical import merkle
from accounts.journal.canonical.encode import NotCanonical, encode

LEAF_TYPE = "auditline:leaf/v1"
SALT_SIZE = 16
MARK_SIZE = 4
MARKED = 65_536


def make_leaf(content: Mapping[str, object], salt: bytes | None = None) -> bytes:
    """Return the canonical bytes of one asset's leaf; a fresh salt by default.

    `content` holds "asset": {"kind", "uid"} and what changed, in canonical types (see encode.plain). Raises
    NotCanonical otherwise.
    """
    asset = content.get("asset")
    if not isinstance(asset, dict) or not {"kind", "uid"} <= asset.keys():
        raise NotCanonical(f'Got a leaf with asset {asset!r}, expected "asset": {{"kind", "uid"}}.')
    if {"type", "salt"} & content.keys():
        raise NotCanonical('Got a leaf that brings its own "type" or "salt", expected neither: they are set here.')
    salt = secrets.token_bytes(SALT_SIZE) if salt is None else salt
    return encode({**content, "salt": salt.hex(), "type": LEAF_TYPE})


def commit(leaves: Sequence[bytes]) -> dict[str, object]:
    """Return the commitment over leaves in order, for the statement: {"count", "root"} and, within MARKED, "marks"."""
    if not leaves:
        return {"count": 0, "root": None}
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    commitment: dict[str, object] = {"count": len(hashes), "root": merkle.root(hashes).hex()}
    if len(hashes) <= MARKED:
        commitment["marks"] = base64.b64encode(b"".join(each[:MARK_SIZE] for each in hashes)).decode()
    return commitment


def leaf_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the inclusion proof of leaf `index` in its batch; raises IndexError when there is no such leaf."""
    return merkle.inclusion_proof([merkle.leaf_hash(leaf) for leaf in leaves], index)


def verify_leaf(leaf: bytes, index: int, commitment: Mapping[str, object], proof: Sequence[bytes]) -> bool:
    """Return whether these bytes are leaf `index` of the batch that a statement commits to; never raises."""
    count, root = commitment.get("count"), commitment.get("root")
    if not isinstance(count, int) or not isinstance(root, str):
        return False
    try:
        root_hash = bytes.fromhex(root)
    except ValueError:
        return False
    return merkle.verify_inclusion(merkle.leaf_hash(leaf), index, count, proof, root_hash)
