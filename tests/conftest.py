"""Real servers and the permanent cast.

The database is created and migrated as the owner and used as the app's role, so every test runs under row security;
what a transactional test leaves behind is flushed as the owner, because the app's role may not truncate.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.test import TransactionTestCase, override_settings
from pytest_django.plugin import DjangoDbBlocker

from config.stack.embedded import Embedded
from config.stack.servers import servers
from tests.support.cast import Cast, make_cast


@pytest.fixture(scope="session")
def stack() -> Iterator[Embedded]:
    """Real PostgreSQL and Valkey of this test run."""
    with servers(Path(settings.AUDITLINE_HOME), durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def django_db_setup(stack: Embedded, django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)
    TransactionTestCase._fixture_teardown = lambda test: flush(stack)  # type: ignore[attr-defined]


def flush(stack: Embedded) -> None:
    """Empty all tables as the owner, and nothing else: migrations and content types stay."""
    kept = {"django_content_type", "auth_permission"}
    tables = [model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    names = ", ".join(f'"{table}"' for table in sorted(set(tables) - kept))
    with psycopg.connect(stack.owner_url, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {names} CASCADE")


@pytest.fixture
def superuser(stack: Embedded, django_db_setup: None) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose rows go with the test: other tests count workspaces."""
    with psycopg.connect(stack.superuser_url) as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.fixture
def cast(db: None) -> Cast:
    """The four fixed roles (officer, auditor, outsider, pipeline) and the two workspaces that they live in."""
    return make_cast()


@pytest.fixture(autouse=True, scope="session")
def quick_passwords() -> Iterator[None]:
    """Hash passwords quickly: their strength is Django's promise, not ours."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield
