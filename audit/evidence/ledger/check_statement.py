"""Hold one exported statement against the ledger's key and against its ledger entry."""

from dataclasses import replace

from accounts.journal.canonical.encode import NotCanonical
from audit.evidence.ledger.envelope import (
    Statement,
    envelope_payload,
    open_envelope,
    pre_authentication,
    read_payload,
)
from audit.evidence.ledger.errors import EnvelopeRefused, RecordRefused
from audit.evidence.ledger.keys import PublicKey
from audit.evidence.ledger.note import decode_base64
from audit.evidence.ledger.record import salted_digest
from audit.evidence.ledger.report import Code, Log
from audit.evidence.ledger.rows import Entry, StatementRow

NEAR = 8  # how far a renumbered statement is looked for; only after its signature failed


def check_statement(row: StatementRow, entry: Entry, key: PublicKey, workspace: str, log: Log) -> Statement | None:
    """Return the statement when it is signed by `key`, for this place, and as the log committed to it.

    Otherwise report the first thing wrong and return None, or the statement where its own content is still proved.
    """
    # 1. The row stands beside the entry that names it.
    # 2. The ledger's key signed it: no column of it was changed.
    # 3. It was signed for this place, id and workspace.
    # 4. The log committed to these bytes under this salt.

    # (1)
    if row.id != entry.statement:
        log.problem(
            Code.STATEMENT_MISPLACED, row.name, f"Got it at the entry of statement {entry.statement}: one was moved."
        )
        return None

    # (2)
    try:
        payload = open_envelope(row.envelope, key)
        statement = read_payload(payload)
    except EnvelopeRefused as error:
        log.problem(Code.STATEMENT_SIGNATURE, row.name, f"{error.message} {_signed_elsewhere(row, key, log)}".strip())
        return None

    # (3)
    if (statement.id, statement.sequence, statement.workspace) != (row.id, entry.index, workspace):
        log.problem(
            Code.STATEMENT_MISPLACED,
            row.name,
            f"Got a statement signed as {statement.id}, index {statement.sequence} of workspace {statement.workspace}.",
        )
        return None

    # (4)
    try:
        committed = salted_digest(row.salt, payload) == entry.digest
    except RecordRefused:
        committed = False
    if not committed:
        log.problem(
            Code.STATEMENT_MISMATCH,
            row.name,
            "Got a signed statement of another digest than its ledger entry: the salt or the entry was changed.",
        )
    return statement


def _signed_elsewhere(row: StatementRow, key: PublicKey, log: Log) -> str:
    """Return where in the log a renumbered statement was signed, "" when it cannot be told.

    Only a help for the reader: a deletion that closed its gap shows as "signed as index 6, stands at 5".
    """
    if log.more:
        return ""
    try:
        claim = read_payload(envelope_payload(row.envelope))
        signatures = row.envelope["signatures"]
        signature = decode_base64(signatures[0]["sig"])  # type: ignore[index]
        for index in range(max(0, claim.sequence - NEAR), claim.sequence + NEAR + 1):
            payload = replace(claim, sequence=index).payload()
            if signature is not None and key.verify(signature, pre_authentication(payload)):
                return f"It was signed as index {index}: a record before it was removed or moved."
    except (EnvelopeRefused, NotCanonical, LookupError, TypeError):
        pass
    return ""
