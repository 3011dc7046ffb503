"""Let PostgreSQL work on one statement while the next one is prepared: both cores at once, in one transaction."""

import contextvars
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection

from accounts.workspaces.arrays import array_literals

Send = Callable[[str, Sequence[Any]], None]


@contextmanager
def sending() -> Iterator[Send]:
    """Yield a function that runs a statement in a thread of its own, on the connection of this one.

    Statements run in their order, one at a time: sending waits for the one before, which bounds what is in memory. At
    the end of the block all have run, and the first error of any is raised. Nothing else may use the connection inside
    of it: it would run before what was sent.
    """
    running: Future[None] | None = None
    with connection.cursor() as cursor, ThreadPoolExecutor(1) as thread:

        def send(sql: str, parameters: Sequence[Any]) -> None:
            nonlocal running
            given = array_literals(parameters)
            before, running = running, None
            if before is not None:
                before.result()
            # The thread sees the workspace that is entered here.
            running = thread.submit(contextvars.copy_context().run, cursor.execute, sql, given)

        yield send
        if running is not None:
            running.result()
