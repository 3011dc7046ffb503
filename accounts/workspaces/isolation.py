"""Bind database access to one workspace: the only way to a workspace's rows.

`in_workspace` sets `auditline.workspace` for the transaction; the policies of row_security.py compare each row with
it. Outside, PostgreSQL shows no row; the guard below turns that silence into an error, because an empty answer that
should have been full is the worse bug.

    with in_workspace(workspace.id):          # right
        Finding.objects.count()
    Finding.objects.count()                   # wrong: raises OutsideWorkspace
"""

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.workspaces.binding import bound_cursor
from accounts.workspaces.models import WorkspaceModel

_current: ContextVar[uuid.UUID | None] = ContextVar("workspace", default=None)
_memo: ContextVar[dict[str, Any] | None] = ContextVar("workspace_memo", default=None)
_QUOTED = re.compile(r'"([a-z_]+)"')


class OutsideWorkspace(RuntimeError):
    """A workspace's table was touched outside `in_workspace`: a bug in the caller, never a user's error."""


def current_workspace() -> uuid.UUID:
    """Return the id of the workspace that is entered; raise OutsideWorkspace where none is."""
    if (workspace_id := _current.get()) is None:
        raise OutsideWorkspace("no workspace is entered; wrap the call in `with in_workspace(workspace_id):`")
    return workspace_id


def workspace_memo() -> dict[str, Any] | None:
    """Return what may be kept for as long as the workspace stays entered, None where none is.

    For what would be looked up again and again in one transaction and changes seldom. Who changes it empties it.
    """
    return _memo.get()


@contextmanager
def in_workspace(workspace_id: uuid.UUID) -> Iterator[None]:
    """Open a transaction (or savepoint) that sees the rows of this workspace alone; restore the former one on exit."""
    previous = _current.get()
    with transaction.atomic():
        _enter(workspace_id)
        token = _current.set(workspace_id)
        kept = _memo.get() if previous == workspace_id else None
        memo = _memo.set(kept if kept is not None else {})
        try:
            yield
        except BaseException:
            (_memo.get() or {}).clear()  # what was looked up may be rolled back
            raise
        finally:
            _current.reset(token)
            _memo.reset(memo)
        # A rollback restores the setting by itself; after success it has to be put back by hand.
        if not transaction.get_rollback():
            _enter(previous)


_SET = "SELECT set_config('auditline.workspace', %s, true)"


def _enter(workspace_id: uuid.UUID | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SET, [str(workspace_id) if workspace_id else ""])


def run_in_workspace(workspace_id: uuid.UUID, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run one statement in a transaction of its own that sees this workspace alone; return its rows once committed.

    One round trip where `in_workspace` takes five, and as bound: what is sent together is one transaction (PostgreSQL,
    "Message Flow", "Pipelining"), at whose end the setting ends. Raises RuntimeError inside a transaction.
    """
    if connection.in_atomic_block:
        raise RuntimeError("a transaction is open: run the statement in it, by a cursor inside of in_workspace")
    connection.ensure_connection()
    token = _current.set(workspace_id)
    try:
        with (
            connection.wrap_database_errors,
            connection.connection.pipeline(),
            bound_cursor() as entering,
            bound_cursor() as cursor,
        ):
            entering.execute(_SET, [str(workspace_id)])
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())
    finally:
        _current.reset(token)


@cache
def workspace_tables() -> frozenset[str]:
    """Return the tables of all models that belong to a workspace."""
    return frozenset(model._meta.db_table for model in apps.get_models() if issubclass(model, WorkspaceModel))


def guard_connection(sender: object, connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    """Install the guard where the app's role connects (migrations and backups use other aliases).

    Once: a process connects anew again and again (a worker after each task), and its wrappers stay.
    """
    if connection.alias == "default" and _refuse_outside not in connection.execute_wrappers:
        connection.execute_wrappers.append(_refuse_outside)


def _refuse_outside(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if _current.get() is None:
        touched = workspace_tables().intersection(_QUOTED.findall(str(sql)))
        if touched:
            raise OutsideWorkspace(
                f"{', '.join(sorted(touched))} touched outside a workspace; wrap the call in `with in_workspace(id):`"
            )
    return execute(sql, params, many, context)
