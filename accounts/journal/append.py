"""Append a statement to the journal, in the transaction of its cause.

Every stage calls this once per batch and every person's act once; the sequencer (audit/evidence/seal.py) orders and
signs it afterwards. No statement without its effect, no effect without its statement.
"""

import uuid
from collections.abc import Mapping, Sequence

from django.utils import timezone

from accounts.journal.actions import Action
from accounts.journal.canonical.batch import commit
from accounts.journal.canonical.encode import encode, plain
from accounts.journal.models import Statement
from accounts.workspaces.ids import new_id
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.queue import Stage, push
from accounts.workspaces.revisions import current_revision


def append(
    action: Action,
    body: Mapping[str, object],
    *,
    actor: str,
    subjects: Sequence[Mapping[str, object]] = (),
    leaves: Sequence[bytes] = (),
    revision: int | None = None,
    key: uuid.UUID | None = None,
) -> Statement:
    """Write one statement and queue it for sealing; return it.

    `actor` is "stage:<stage>", "member:<user id>", "token:<token id>" or "command". `body` may hold what
    canonical.encode.plain takes (floats become text); `subjects` are in-toto subjects ({"name", "digest": {"sha256":
    hex}}); `leaves` are the canonical bytes of a batch's per-asset leaves, to which the body commits under "leaves".
    `revision` is by default the newest one; `key` is the id that a row of the same transaction has named already.
    Raises ValueError for an action that the vocabulary does not list.
    """
    content = plain(dict(body) | ({"leaves": commit(leaves)} if leaves else {}))
    encode(content)  # refuses here, in the cause's transaction, what could not be sealed later
    statement = Statement.objects.create(
        id=key or new_id(),
        workspace_id=current_workspace(),
        action=Action(action),  # also where a caller's types were not checked
        actor=actor,
        made_at=timezone.now(),
        revision=current_revision() if revision is None else revision,
        subjects=plain(list(subjects)),
        body=content,
    )
    push(Stage.SEAL, [statement.pk])
    return statement
