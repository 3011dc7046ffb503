"""Both embedded servers, up together and down in reverse."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from config.stack.embedded import Embedded
from config.stack.postgres import EmbeddedPostgres
from config.stack.valkey import EmbeddedValkey


@contextlib.contextmanager
def servers(home: Path, durable: bool = True) -> Iterator[Embedded]:
    """Run PostgreSQL and Valkey of `home` inside the block; yield their addresses."""
    with contextlib.ExitStack() as started:
        for server in (EmbeddedPostgres(home, durable=durable), EmbeddedValkey(home)):
            started.callback(server.stop)
            server.start()
        yield server.description
