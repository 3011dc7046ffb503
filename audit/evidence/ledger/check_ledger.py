"""Second half of a verification: one pass over entries, statements and leaves side by side, in ledger order.

Each entry is held against its statement, each batch statement against its leaves, and the Merkle roots are taken at
the sizes that checkpoints speak of. Memory does not grow with the ledger.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from accounts.journal.canonical.merkle import CompactRange
from audit.evidence.ledger.bundle import ENTRIES, LEAVES, STATEMENTS
from audit.evidence.ledger.check_leaves import check_leaves
from audit.evidence.ledger.check_statement import check_statement
from audit.evidence.ledger.envelope import Statement
from audit.evidence.ledger.keys import PublicKey
from audit.evidence.ledger.record import entry_hash
from audit.evidence.ledger.report import Code, Log
from audit.evidence.ledger.rows import (
    Entry,
    Leaf,
    StatementRow,
    Stream,
    read_entry,
    read_leaf,
    read_rows,
    read_statement,
)
from audit.evidence.ledger.sealed import Sealed
from audit.evidence.ledger.source import Source


@dataclass
class Walked:
    """What the pass learnt. `gap` is the first index where entries are missing: no root is known beyond it."""

    size: int = 0
    gap: int | None = None
    roots: dict[int, bytes] = field(default_factory=dict)  # by tree size, for those asked for and the whole
    leaf_hashes: dict[int, bytes] = field(default_factory=dict)  # by index, for those asked for


class Walk:
    """One pass. `sizes` and `indexes` say which roots and leaf hashes are needed afterwards.

    `sealed` hears every signed statement and its leaves.
    """

    def __init__(
        self,
        source: Source,
        key: PublicKey,
        workspace: str,
        log: Log,
        *,
        sizes: Iterable[int] = (),
        indexes: Iterable[int] = (),
        sealed: Sealed | None = None,
    ) -> None:
        self._key, self._workspace, self._log = key, workspace, log
        self._sizes, self._indexes = frozenset(sizes), frozenset(indexes)
        self._sealed = sealed
        self._entries = read_rows(source, ENTRIES, read_entry, log)
        self._statements = Stream(read_rows(source, STATEMENTS, read_statement, log), lambda row: row.index)
        self._leaves: Stream[Leaf] = Stream(read_rows(source, LEAVES, read_leaf, log), lambda leaf: leaf.sequence)
        self._walked = Walked()

    def run(self) -> Walked:
        """Check every entry, statement and leaf, reporting to the log."""
        for what in ("ledger entries", "statements", "leaves"):
            self._log.count(what, 0)
        walked, tree = self._walked, CompactRange()
        walked.roots[0] = tree.root()
        for entry in self._dense_entries():
            self._check_entry(entry)
            self._check_statement(entry)
            if walked.gap is None:
                tree.append(entry.leaf_hash)
                if tree.size in self._sizes:
                    walked.roots[tree.size] = tree.root()
            if entry.index in self._indexes:
                walked.leaf_hashes[entry.index] = entry.leaf_hash
        if walked.gap is None:
            walked.roots[tree.size] = tree.root()
        for row in self._statements.rest():
            self._unknown_statement(row)
        for leaf in self._leaves.rest():
            self._unknown_leaf(leaf)
        return walked

    def _dense_entries(self) -> Iterator[Entry]:
        """Yield entries in order, reporting those that are missing, doubled or out of order."""
        walked = self._walked
        for entry in self._entries:
            if entry.index < walked.size:
                self._log.problem(
                    Code.ENTRY_ORDER,
                    entry.name,
                    f"Got it after entry {walked.size - 1}, expected each index once, in order.",
                )
                continue
            if entry.index > walked.size:
                report_missing(walked.size, entry.index, self._log)
                walked.gap = walked.size if walked.gap is None else walked.gap
            walked.size = entry.index + 1
            yield entry

    def _check_entry(self, entry: Entry) -> None:
        self._log.count("ledger entries")
        if entry_hash(entry.statement, entry.digest) != entry.leaf_hash:
            self._log.problem(
                Code.ENTRY_CHANGED,
                entry.name,
                "Got a leaf hash of other content: its digest, its statement id or the hash was changed.",
            )

    def _check_statement(self, entry: Entry) -> None:
        """Check the statement and the leaves that stand at an entry's index."""
        for stray in self._statements.before(entry.index):
            self._unknown_statement(stray)
        for leaf in self._leaves.before(entry.index):
            self._unknown_leaf(leaf)
        signed = None
        row = next(self._statements.at(entry.index), None)
        if row is None:
            self._log.problem(
                Code.STATEMENT_MISSING,
                f"statement {entry.statement} (index {entry.index})",
                "Got no such statement, expected the one that the ledger covers: it was removed.",
            )
        else:
            self._log.count("statements")
            signed = check_statement(row, entry, self._key, self._workspace, self._log)
        for double in self._statements.at(entry.index):
            self._unknown_statement(double)
        if signed is not None:
            check_leaves(signed, self._heard(signed, self._leaves.at(entry.index)), self._log)
        else:  # what it committed to is not known; the cause is named already
            self._log.count("leaves", sum(1 for _ in self._leaves.at(entry.index)))

    def _heard(self, statement: Statement, leaves: Iterator[Leaf]) -> Iterator[Leaf]:
        """Pass the leaves of a signed statement on, and tell of both."""
        if self._sealed is not None:
            self._sealed.see_statement(statement)
        for leaf in leaves:
            if self._sealed is not None:
                self._sealed.see_leaf(statement, leaf)
            yield leaf

    def _unknown_statement(self, row: StatementRow) -> None:
        self._log.problem(
            Code.STATEMENT_UNKNOWN,
            row.name,
            "Got it without a ledger entry of its own: it was added, moved or doubled.",
        )

    def _unknown_leaf(self, leaf: Leaf) -> None:
        self._log.problem(
            Code.LEAF_UNKNOWN, leaf.name, "Got it without a statement at its place: it was added or moved."
        )


def report_missing(first: int, end: int, log: Log) -> None:
    """Report that the entries [first, end) are not there."""
    record = f"ledger entry {first}" if end == first + 1 else f"ledger entries {first}..{end - 1}"
    log.problem(Code.ENTRY_MISSING, record, "Got no such entry, expected every index: it was removed or moved.")
