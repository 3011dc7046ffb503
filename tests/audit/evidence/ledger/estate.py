"""A ledger as rows, the way the database holds it, and its export: what the tests attack.

Everything is deterministic (fixed key, ids, salts, instants), so that the committed golden bundle can be made again.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from accounts.journal.canonical.batch import commit, make_leaf
from accounts.journal.canonical.encode import encode
from accounts.journal.canonical.merkle import CompactRange, Tree, inclusion_proof
from audit.evidence.ledger.bundle import (
    CHECKPOINT,
    CHECKPOINTS,
    CONSISTENCY,
    ENTRIES,
    LEAVES,
    PEM,
    STATEMENTS,
    TABLES_CONTENT,
    TABLES_V2,
    VKEY,
    BundleInfo,
    checkpoint_line,
    entry_line,
    leaf_line,
    statement_line,
)
from audit.evidence.ledger.envelope import Statement
from audit.evidence.ledger.keys import SigningKey
from audit.evidence.ledger.note import Checkpoint, Verifier, origin, sign_checkpoint
from audit.evidence.ledger.proof import write_proof
from audit.evidence.ledger.record import Sealed, seal
from audit.evidence.ledger.verify import verify_bundle
from audit.evidence.ledger.writer import BundleWriter

WORKSPACE = "01980000-0000-7000-8000-0000000000aa"
KEY = SigningKey.from_seed(bytes(range(32)))
OTHER_KEY = SigningKey.from_seed(bytes(32))
ORIGIN = origin(WORKSPACE)
VERIFIER = Verifier(ORIGIN, KEY.public)
CHECKS = ("SOV-04", "SOV-07", "SEC-01")


def statement_id(number: int) -> str:
    return f"01980000-0000-7000-8000-{number:012d}"


def _salt(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()


@dataclass
class LeafRow:
    statement: str
    index: int
    leaf: bytes


@dataclass
class Head:
    size: int
    root: bytes
    frontier: list[bytes]
    note: str


@dataclass
class Estate:
    """The rows: `statements` is the journal, `entries` and `heads` the ledger, `leaves` the judged leaves."""

    statements: dict[str, Statement] = field(default_factory=dict)
    entries: list[Sealed] = field(default_factory=list)
    sealed_at: dict[str, str] = field(default_factory=dict)
    leaves: list[LeafRow] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    key: SigningKey = KEY
    range: CompactRange = field(default_factory=CompactRange)

    def record(self, number: int, action: str, body: dict[str, object], leaves: list[bytes] | None = None) -> None:
        """Append to the journal and seal at once, as the sequencer does."""
        identifier = statement_id(number)
        index = len(self.entries)
        if leaves is not None:
            body = {**body, "leaves": commit(leaves)}
            self.leaves += [LeafRow(identifier, at, leaf) for at, leaf in enumerate(leaves)]
        statement = Statement(
            id=identifier,
            workspace=WORKSPACE,
            action=action,
            actor="stage:evaluate" if leaves else "member:officer",
            made_at=f"2026-11-01T00:{number // 60 % 60:02d}:{number % 60:02d}Z",
            revision=number,
            subjects=[],
            body=body,
            sequence=index,
            sealed_at=f"2026-11-01T01:{number // 60 % 60:02d}:{number % 60:02d}Z",
        )
        self.statements[identifier] = statement
        sealed = seal(statement, self.key, _salt("statement", number))
        self.entries.append(sealed)
        self.range.append(sealed.leaf_hash)

    def publish(self) -> None:
        """Sign the head."""
        head = Checkpoint(ORIGIN, self.range.size, self.range.root())
        note = sign_checkpoint(head, self.key).decode()
        self.heads.append(Head(head.size, head.root, self.range.hashes, note))

    def checkpoint(self, directory: Path, at: int = -1) -> Path:
        """Write the head as somebody outside keeps it."""
        path = directory / f"kept-{self.heads[at].size}"
        path.write_text(self.heads[at].note)
        return path

    def reseal(self, key: SigningKey | None = None) -> None:
        """What an operator with the key can do: sign and order all that is in the journal again, one new head."""
        if key is not None:
            self.key = key
        kept, salts = list(self.statements.values()), {row.statement: row.salt for row in self.entries}
        self.entries, self.heads, self.range = [], [], CompactRange()
        for index, statement in enumerate(kept):
            statement = replace(statement, sequence=index)
            self.statements[statement.id] = statement
            sealed = seal(statement, self.key, salts[statement.id])
            self.entries.append(sealed)
            self.range.append(sealed.leaf_hash)
        self.publish()

    def export(
        self,
        target: Path,
        *,
        history: bool = True,
        proofs: bool = True,
        compact: bool = False,
        tables: Mapping[str, Iterable[bytes]] | None = None,
    ) -> Path:
        """Copy the rows as they are into a bundle; `compact` leaves out what only makes it larger.

        `tables` are files by name, of a bundle whose tables must follow from its ledger.
        """
        head = self.heads[-1]
        info = BundleInfo(
            workspace=WORKSPACE,
            workspace_name="Demo bank",
            as_of_revision=len(self.statements),
            as_of="2026-11-01T02:00:00Z",
            generated_at="2026-11-01T02:00:01Z",
            origin=ORIGIN,
            size=head.size,
            root=head.root,
            key_id=self.key.public.fingerprint,
            period=("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),
            scope={"families": ["SOV", "SEC"], "silent_sources": []}
            | ({TABLES_CONTENT: TABLES_V2} if tables is not None else {}),
        )
        with BundleWriter(target, info) as writer:
            writer.add_file(STATEMENTS, self._statement_lines())
            writer.add_file(LEAVES, self._leaf_lines())
            writer.add_file(ENTRIES, self._entry_lines())
            writer.add_file(CHECKPOINT, [head.note.encode()])
            writer.add_file(VKEY, [f"{Verifier(ORIGIN, self.key.public).vkey}\n".encode()])
            if history:
                writer.add_file(CHECKPOINTS, map(_head_line, self.heads[:-1]))
            if proofs and len(self.entries) == head.size > 2:
                self._add_proofs(writer, head)
            for name, lines in (tables or {}).items():
                writer.add_file(f"tables/{name}", lines)
            if not compact:
                writer.add_file(PEM, [self.key.public.pem()])
                writer.add_file("tables/findings.csv", _findings())
                writer.add_file("tables/summary.json", [b'{"fail": 3, "pass": 9, "unknown": 2}\n'])
            writer.finish(self.key)
        return target

    def _entry_lines(self) -> list[bytes]:
        return [
            entry_line(index=row.index, statement=row.statement, digest=row.digest, leaf_hash=row.leaf_hash)
            for row in sorted(self.entries, key=lambda row: row.index)
        ]

    def _statement_lines(self) -> list[bytes]:
        """One line per entry whose statement is still there, its payload built from the rows."""
        lines = []
        for row in sorted(self.entries, key=lambda row: row.index):
            statement = self.statements.get(row.statement)
            if statement is not None:
                payload = replace(statement, sequence=row.index).stored_payload()
                lines.append(
                    statement_line(
                        index=row.index,
                        statement=row.statement,
                        salt=row.salt,
                        payload=payload,
                        signature=row.signature,
                        key_id=row.key_id,
                    )
                )
        return lines

    def _leaf_lines(self) -> list[bytes]:
        places = {row.statement: row.index for row in self.entries}
        known = sorted(
            (row for row in self.leaves if row.statement in places), key=lambda row: (places[row.statement], row.index)
        )
        return [
            leaf_line(sequence=places[row.statement], statement=row.statement, index=row.index, leaf=row.leaf)
            for row in known
        ]

    def _add_proofs(self, writer: BundleWriter, head: Head) -> None:
        hashes = [row.leaf_hash for row in self.entries]
        proof = write_proof(2, inclusion_proof(hashes, 2), head.note.encode())
        writer.add_file(f"proofs/{self.entries[2].statement}.tlog-proof", [proof])
        tree, first = Tree(hashes), 2
        writer.add_file(
            CONSISTENCY,
            [
                encode(
                    {
                        "first": {"root": Tree(hashes[:first]).root().hex(), "size": first},
                        "proof": [each.hex() for each in tree.consistency_proof(first)],
                        "second": {"root": head.root.hex(), "size": head.size},
                    }
                )
            ],
        )


def _head_line(head: Head) -> bytes:
    return checkpoint_line(size=head.size, root=head.root, frontier=head.frontier, note=head.note)


def _findings() -> list[bytes]:
    rows = [f"finding-{number},SOV-0{number},open,officer\r\n".encode() for number in range(1, 6)]
    return [b"id,check,state,owner\r\n", *rows]


def judged_leaf(number: int, at: int) -> bytes:
    """Return the leaf of one asset with one changed verdict."""
    return make_leaf(
        {
            "asset": {"kind": "dataset", "uid": f"warehouse/table_{number}_{at}"},
            "changes": [
                {
                    "check": CHECKS[at % len(CHECKS)],
                    "facts": [{"origin": "measured", "path": "storage_countries", "value": ["DE"]}],
                    "from": "pass",
                    "grade": "A",
                    "to": "fail",
                }
            ],
        },
        salt=_salt("leaf", number, at)[:16],
    )


def make_estate(records: int = 9, leaves: int = 4, every: int = 3, heads: int = 3) -> Estate:
    """Return an estate of `records` statements; every `every`-th is a batch of `leaves`; a head each `heads`."""
    estate = Estate()
    for number in range(records):
        if number % every == 0:
            batch = [judged_leaf(number, at) for at in range(leaves)]
            estate.record(number, "policies:checklist:evaluated", {"cause": "change"}, batch)
        else:
            estate.record(number, "policies:waiver:granted", {"reason": f"reason {number}", "until": "2026-12-01"})
        if (number + 1) % heads == 0:
            estate.publish()
    if not estate.heads or estate.heads[-1].size != records:
        estate.publish()
    return estate


def codes(path: Path, checkpoint: Path | None = None, key: str | None = None) -> set[str]:
    """Return the codes of what verification finds."""
    return {str(problem.code) for problem in verify_bundle(path, checkpoint, key).problems}


def records(path: Path, checkpoint: Path | None = None) -> str:
    """Return all records that verification names, joined: for `in`."""
    return "\n".join(problem.record for problem in verify_bundle(path, checkpoint).problems)
