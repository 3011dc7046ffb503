"""Take the next revision of what a workspace knows.

A revision is taken under the lock of the workspace's row, just before the temporal rows that end a changing
transaction are written: compute first, then take it, so that the lock is short.
"""

import datetime

from django.db import connection

from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.models import Revision


def next_revision(cause: str) -> int:
    """Lock the workspace, count it up and return the new revision; `cause` names the stage or act."""
    workspace_id = current_workspace()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_workspace SET revision = revision + 1 WHERE id = %s RETURNING revision", [workspace_id]
        )
        number = int(cursor.fetchone()[0])
    Revision.objects.create(workspace_id=workspace_id, number=number, cause=cause)
    return number


def current_revision() -> int:
    """Return the newest revision of the entered workspace; 0 while nothing is known."""
    newest = (
        Revision.objects.filter(workspace_id=current_workspace()).order_by("-number").values_list("number", flat=True)
    )
    return newest.first() or 0


def revision_at(instant: datetime.datetime) -> int:
    """Return the last revision known at `instant`; 0 where nothing was known yet."""
    known = Revision.objects.filter(workspace_id=current_workspace(), at__lte=instant)
    return known.order_by("-number").values_list("number", flat=True).first() or 0


def newest_revision() -> Revision | None:
    """Return the newest revision with the instant at which it was known; None while nothing is known."""
    return Revision.objects.filter(workspace_id=current_workspace()).order_by("-number").first()
