"""Append a statement to the journal, in the transaction of its cause.

Every stage calls this once per batch and every person's act once; the sequencer (audit/evidence/seal.py) orders and
signs it afterwards. No statement without its effect, no effect without its statement.

The record, and its law: {"version": 1, "id", "workspace", "action", "actor", "at", "revision", "subjects", "leaves",
"body"}, canonical JSON. Members may be added; one that changes its meaning needs version 2, and version 1 stays
readable, because records are verified for years.
"""

import datetime
from collections.abc import Mapping, Sequence

from accounts.journal.actions import Action
from accounts.journal.canonical.batch import commit
from accounts.journal.canonical.encode import encode, plain
from accounts.journal.models import Statement
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.queue import Stage, push
from accounts.workspaces.revisions import current_revision

RECORD_VERSION = 1


def append(
    action: Action,
    body: Mapping[str, object],
    *,
    actor: str,
    subjects: Sequence[Mapping[str, object]] = (),
    leaves: Sequence[bytes] = (),
    revision: int | None = None,
) -> Statement:
    """Write one statement and queue it for sealing; return it.

    `actor` is "stage:<stage>", "member:<user id>", "token:<token id>" or "command". `body` may hold what
    canonical.encode.plain takes (floats become text); `subjects` are in-toto subjects ({"name", "digest": {"sha256":
    hex}}); `leaves` are the canonical bytes of a batch's per-asset leaves, to which "leaves" then commits. `revision` is
    by default the newest one.
    """
    identifier = new_id()
    record = encode(
        plain(
            {
                "version": RECORD_VERSION,
                "id": identifier,
                "workspace": current_workspace(),
                "action": str(action),
                "actor": actor,
                "at": datetime.datetime.now(datetime.UTC),
                "revision": current_revision() if revision is None else revision,
                "subjects": list(subjects),
                "leaves": commit(leaves),
                "body": dict(body),
            }
        )
    )
    # bulk_create, because a generated column cannot be returned by an insert into a partitioned table in one go
    statement = Statement(id=identifier, workspace_id=current_workspace(), record=record.decode())
    Statement.objects.bulk_create([statement])
    push(Stage.SEAL, [identifier])
    return statement
