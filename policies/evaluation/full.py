"""Evaluate everything: by request, once a day, and after an upgrade.

A full run queues every reported asset; slices then work them off like any other change, on as many workers as there
are, and a killed run goes on where it was.
"""

import uuid

from django.db import connection, transaction

from accounts.workspaces.isolation import current_workspace, in_workspace
from accounts.workspaces.queue import Stage, wake
from policies.evaluation.evaluate import evaluate


def request_full() -> int:
    """Queue all reported assets of the entered workspace and wake the stage after commit; return how many."""
    workspace_id = current_workspace()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_work (workspace_id, stage, subject, due_at, attempts) "
            "SELECT workspace_id, %s, id, now(), 0 FROM lineage_asset WHERE workspace_id = %s AND state = 'reported'",
            [Stage.EVALUATE, workspace_id],
        )
        queued = int(cursor.rowcount)
    transaction.on_commit(lambda: wake(Stage.EVALUATE, workspace_id))
    return queued


def request_full_of(workspace_id: uuid.UUID) -> int:
    """Queue a full evaluation of a workspace; return how many assets."""
    with in_workspace(workspace_id):
        return request_full()


def evaluate_full(workspace_id: uuid.UUID) -> int:
    """Queue and work off a whole workspace; return the number of assets judged."""
    request_full_of(workspace_id)
    return evaluate(workspace_id)
