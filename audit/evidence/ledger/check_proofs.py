"""Check the proof files that a bundle carries: they must prove what they say, of this ledger."""

import json
from collections.abc import Mapping

from accounts.journal.canonical.merkle import verify_consistency
from audit.evidence.ledger.bundle import CONSISTENCY, PROOF_SUFFIX, PROOFS
from audit.evidence.ledger.check_ledger import Walked
from audit.evidence.ledger.errors import NoteRefused
from audit.evidence.ledger.note import MAX_NOTE, Checkpoint, Verifier
from audit.evidence.ledger.proof import read_proof, verify_proof
from audit.evidence.ledger.report import Code, Log
from audit.evidence.ledger.source import Source, read_small


def proved_indexes(source: Source, log: Log) -> dict[str, int]:
    """Return the ledger index that each proof file speaks of, by path; report unreadable ones."""
    found = {}
    for path in sorted(source.names):
        if path.startswith(PROOFS) and path.endswith(PROOF_SUFFIX):
            try:
                found[path] = read_proof(read_small(source, path, MAX_NOTE) or b"").index
            except NoteRefused as error:
                log.problem(Code.PROOF_FAILED, path, str(error))
    return found


def check_proofs(source: Source, indexes: Mapping[str, int], walked: Walked, verifier: Verifier, log: Log) -> None:
    """Hold each inclusion proof against the entry at its index."""
    for path, index in indexes.items():
        leaf_hash = walked.leaf_hashes.get(index, b"")
        if verify_proof(read_small(source, path, MAX_NOTE) or b"", leaf_hash, verifier):
            log.count("proofs")
        else:
            log.problem(Code.PROOF_FAILED, path, f"Got a proof that does not show ledger entry {index}.")


def consistency_size(source: Source) -> int | None:
    """Return the earlier size that the bundle's consistency proof starts from; None without a readable one."""
    parts = _read(source)
    return None if parts is None else parts[0]


def check_consistency(source: Source, walked: Walked, head: Checkpoint, log: Log) -> None:
    """Hold proofs/consistency.json against the head and against the entries themselves."""
    if CONSISTENCY not in source.names:
        return
    parts = _read(source)
    if parts is None:
        log.problem(Code.PROOF_FAILED, CONSISTENCY, "Got another form, expected first, proof and second.")
        return
    first, first_root, second, second_root, proof = parts
    if (
        (second, second_root) == (head.size, head.root)
        and walked.roots.get(first) == first_root
        and verify_consistency(first, second, first_root, second_root, proof)
    ):
        log.count("proofs")
    else:
        log.problem(
            Code.PROOF_FAILED,
            CONSISTENCY,
            f"Got a proof that does not lead from size {first} to this head of {head.size}.",
        )


def _read(source: Source) -> tuple[int, bytes, int, bytes, list[bytes]] | None:
    """Return (first size, first root, second size, second root, proof)."""
    try:
        value = json.loads(read_small(source, CONSISTENCY, MAX_NOTE) or b"")
        match value:
            case {
                "first": {"root": str(first_root), "size": int(first)},
                "proof": [*proof],
                "second": {"root": str(second_root), "size": int(second)},
            }:
                hashes = [bytes.fromhex(str(each)) for each in proof]
                return first, bytes.fromhex(first_root), second, bytes.fromhex(second_root), hashes
    except (ValueError, RecursionError):
        pass
    return None
