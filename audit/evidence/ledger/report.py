"""What a verification found: problems that each name a record, what was checked, and what it does not prove."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from audit.evidence.ledger.bundle import SELF_SIGNED

MAX_PROBLEMS = 100  # kept; further ones are counted


class Code(StrEnum):
    """Why a bundle fails. Stable: auditors' scripts read them; docs/evidence.md lists all."""

    UNREADABLE = "unreadable"  # the zip, or a member of it, is damaged or unsafe to unpack
    FILE_MISSING = "file_missing"  # the manifest lists it, or the format demands it
    FILE_UNLISTED = "file_unlisted"  # the manifest does not know it
    FILE_CHANGED = "file_changed"  # its hash is not the manifest's; the line is named where it can be
    MANIFEST_MALFORMED = "manifest_malformed"
    MANIFEST_SIGNATURE = "manifest_signature"  # the manifest, or its signature, was changed
    KEY_MALFORMED = "key_malformed"  # keys/ledger.vkey cannot be read, or does not fit the manifest
    KEY_UNEXPECTED = "key_unexpected"  # another key than the one that the verifier was told to expect
    LINE_MALFORMED = "line_malformed"  # an ndjson line is not of this format
    CHECKPOINT_SIGNATURE = "checkpoint_signature"  # a checkpoint was changed, or signed by another key
    CHECKPOINT_MISMATCH = "checkpoint_mismatch"  # signed, but not what the manifest or its own row says
    ENTRY_CHANGED = "entry_changed"  # a ledger entry's hash is not that of its content
    ENTRY_MISSING = "entry_missing"
    ENTRY_ORDER = "entry_order"  # an entry stands twice, or after a later one
    ENTRY_UNCOVERED = "entry_uncovered"  # beyond the signed head
    ROOT_MISMATCH = "root_mismatch"  # the entries do not add up to the signed head
    STATEMENT_SIGNATURE = "statement_signature"  # a statement's row, index or signature was changed
    STATEMENT_MISPLACED = "statement_misplaced"  # signed, but for another place, id or workspace
    STATEMENT_MISMATCH = "statement_mismatch"  # signed, but the ledger committed to other bytes (or salt)
    STATEMENT_MISSING = "statement_missing"
    STATEMENT_UNKNOWN = "statement_unknown"  # no ledger entry for it, or it stands twice
    LEAF_CHANGED = "leaf_changed"
    LEAF_MISSING = "leaf_missing"
    LEAF_UNKNOWN = "leaf_unknown"  # more leaves than its statement committed to, or of no statement
    LEAVES_MISMATCH = "leaves_mismatch"  # a batch's leaves do not add up to its statement's root
    TAIL_TRUNCATED = "tail_truncated"  # an earlier checkpoint covers more records than there are
    HISTORY_REWRITTEN = "history_rewritten"  # an earlier checkpoint saw other records
    TABLE_ROW_CHANGED = "table_row_changed"  # a row says other than the sealed records, or its twin in JSON does
    TABLE_ROW_MISSING = "table_row_missing"  # sealed records say that there must be such a row
    TABLE_ROW_UNKNOWN = "table_row_unknown"  # no sealed record says that there is such a row, or it stands twice
    PROOF_FAILED = "proof_failed"  # a file under proofs/ proves nothing of this ledger


@dataclass(frozen=True)
class Problem:
    """One reason not to trust the bundle; `record` names what was changed as closely as it can be told."""

    code: Code
    record: str
    message: str


@dataclass(frozen=True)
class Report:
    """The result. `ok` only when everything was checked and nothing was wrong."""

    subject: str  # what was verified, for the reader
    problems: tuple[Problem, ...]
    more: int  # problems beyond MAX_PROBLEMS
    checked: Mapping[str, int]
    notes: tuple[str, ...]
    key: str | None  # fingerprint of the key that signed, None where no key could be read
    # True unless a witness or a timestamp authority vouches for the head, which format v1 cannot carry.
    self_signed: bool = True

    @property
    def ok(self) -> bool:
        """Return whether nothing was wrong."""
        return not self.problems

    def as_json(self) -> dict[str, object]:
        """Return the report in canonical types."""
        return {
            "assurance": SELF_SIGNED if self.self_signed else None,
            "checked": dict(self.checked),
            "key": self.key,
            "more_problems": self.more,
            "notes": list(self.notes),
            "ok": self.ok,
            "problems": [
                {"code": str(each.code), "message": each.message, "record": each.record} for each in self.problems
            ],
            "self_signed": self.self_signed,
            "subject": self.subject,
        }

    def as_text(self) -> str:
        """Return the report for a person."""
        lines = [self.subject, f"Key: {self.key or 'none could be read'}"]
        lines.append("Checked: " + ", ".join(f"{count} {what}" for what, count in self.checked.items()) + ".")
        if self.problems:
            lines.append(f"NOT VERIFIED: {len(self.problems) + self.more} problem(s).")
            lines += [f"  {each.code}  {each.record}: {each.message}" for each in self.problems]
            lines += [f"  and {self.more} more"] if self.more else []
        else:
            lines.append("VERIFIED: every file, entry, statement and leaf is as it was signed.")
        lines += [f"Note: {note}" for note in self.notes]
        lines += [SELF_SIGNED] if self.self_signed else []
        return "\n".join(lines) + "\n"


class Log:
    """Collects what the checks find; bounded, so that a bundle with a million wrong lines cannot fill memory."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.more = 0
        self.checked: Counter[str] = Counter()
        self.notes: list[str] = []

    def problem(self, code: Code, record: str, message: str) -> None:
        """Keep one problem."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(code, record, message))
        else:
            self.more += 1

    def count(self, what: str, number: int = 1) -> None:
        """Add to what was checked; counting zero makes the absence visible."""
        self.checked[what] += number
