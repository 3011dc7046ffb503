"""Let the server bind the parameters of a statement: what is large is neither quoted here nor parsed there."""

from typing import Any

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper
from psycopg.types.datetime import TimestamptzLoader


def read_times_quickly(cursor: Any) -> None:
    """Let a cursor of the driver read times by its own loader: Django's, in Python, takes fourteen times as long."""
    cursor.adapters.register_loader("timestamptz", TimestamptzLoader)


def bound_cursor() -> CursorWrapper:
    """Return a cursor of the connection in use that sends parameters beside the statement; use it in a `with` block.

    Django's own writes them into the statement, which for a thousand events takes longer than reading them. Each
    parameter needs a cast where the statement alone does not say its type.
    """
    connection.ensure_connection()
    cursor: Any = ServerBindingCursor(connection.connection)  # type: ignore[call-arg]  # the stubs know no argument
    read_times_quickly(cursor)
    return connection.make_debug_cursor(cursor) if connection.queries_logged else connection.make_cursor(cursor)
