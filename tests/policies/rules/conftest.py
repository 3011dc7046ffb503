"""A plain connection with temporary tables in place of the real ones."""

from collections.abc import Iterator

import psycopg
import pytest

from config.stack.embedded import Embedded
from tests.policies.rules.sql.estate import Estate


@pytest.fixture
def estate(stack: Embedded) -> Iterator[Estate]:
    with psycopg.connect(stack.owner_url, autocommit=True) as connection:
        yield Estate(connection)
