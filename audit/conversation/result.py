"""What a tool returns: rows with their total, scope, revision and evidence. Never prose, never a model's number."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.journal.canonical.encode import encode, plain


@dataclass(frozen=True)
class Evidence:
    """What a row rests on: `kind` is finding, asset, statement, ticket, check or source; `id` opens it."""

    kind: str
    id: str
    label: str


@dataclass(frozen=True)
class Result:
    """Rows in order with the columns to show; `total` counts all that match, `rows` are the first of them."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    total: int
    scope: str  # in words: what was looked at and which filters held
    revision: int
    sentence: str  # rendered from the rows by code
    evidence: Sequence[Evidence] = ()
    notes: Sequence[str] = field(default_factory=tuple)  # what is silent, incomplete, waiting

    @property
    def truncated(self) -> bool:
        """Whether fewer rows are returned than match."""
        return self.total > len(self.rows)

    def digest(self) -> str:
        """Return the SHA-256 of columns, rows and total in canonical form: the same plan as of then gives it again."""
        content = {"columns": list(self.columns), "rows": [dict(row) for row in self.rows], "total": self.total}
        return hashlib.sha256(encode(plain(content))).hexdigest()
