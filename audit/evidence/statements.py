"""Turn a journal row and its place in the ledger into the statement that is signed, and signed again by nobody."""

import datetime

from accounts.journal.canonical.encode import instant
from accounts.journal.models import Statement as Row
from audit.evidence.ledger.envelope import Statement


def as_sealed(row: Row, index: int, sealed_at: datetime.datetime) -> Statement:
    """Return what the ledger signs for this row at this place.

    Sealing and exporting both come through here: an edited row then makes another payload than the one that was signed.
    """
    return Statement(
        id=str(row.pk),
        workspace=str(row.workspace_id),
        action=row.action,
        actor=row.actor,
        made_at=instant(row.made_at),
        revision=row.revision,
        subjects=row.subjects,
        body=row.body,
        sequence=index,
        sealed_at=instant(sealed_at),
    )
