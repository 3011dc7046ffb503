"""No row of another workspace by any way in: every model and every address of the registries, no list kept by hand.

Rows of both workspaces are put into every table as superuser, so that a table without rows cannot pass for a safe one.
"""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from celery import Celery
from django.apps import apps
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.workspaces.isolation import OutsideWorkspace, in_workspace
from accounts.workspaces.models import WorkspaceModel
from config.stack.embedded import Embedded
from tests.support.cast import Cast
from tests.support.estate import judged_estate
from tests.support.rows import insert

MODELS = [model for model in apps.get_models() if issubclass(model, WorkspaceModel)]


@pytest.fixture
def filled(cast: Cast, stack: Embedded) -> Cast:
    """Both workspaces with a row in every table of a workspace."""
    with psycopg.connect(stack.superuser_url) as superuser:
        for model in MODELS:
            if not model._meta.managed:  # a view: it shows rows of the tables
                continue
            for workspace in (cast.workspace, cast.elsewhere):
                insert(superuser, model, workspace_id=workspace.pk)
    return cast


def seen_by_cursor(table: str) -> set[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT DISTINCT workspace_id FROM "{table}"')  # noqa: S608 - a name of the registry
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_no_model_shows_a_row_of_another_workspace(filled: Cast) -> None:
    assert len(MODELS) > 25
    for ours in (filled.workspace.pk, filled.elsewhere.pk):
        with in_workspace(ours):
            for model in MODELS:
                table = model._meta.db_table
                assert set(model._base_manager.values_list("workspace_id", flat=True)) == {ours}, table
                assert seen_by_cursor(table) == {ours}, table


@pytest.mark.django_db(transaction=True)
def test_no_task_shows_a_row_of_another_workspace(filled: Cast) -> None:
    app = Celery("isolation", set_as_current=False)

    @app.task
    def look(workspace: str) -> list[str]:
        with in_workspace(uuid.UUID(workspace)):
            return [str(seen) for model in MODELS for seen in seen_by_cursor(model._meta.db_table)]

    ours = str(filled.workspace.pk)
    assert set(look.apply(args=[ours]).get()) == {ours}


@pytest.mark.django_db(transaction=True)
def test_without_a_workspace_nothing_is_seen(filled: Cast, stack: Embedded) -> None:
    for model in MODELS:
        with pytest.raises(OutsideWorkspace):
            model._base_manager.exists()
    with psycopg.connect(stack.app_url) as app:
        for model in MODELS:
            rows = app.execute(f'SELECT count(*) FROM "{model._meta.db_table}"').fetchone()  # noqa: S608 - the registry's
            assert rows == (0,), model


@pytest.mark.django_db(transaction=True)
def test_partitions_cannot_be_read_round_their_parent(filled: Cast, stack: Embedded) -> None:
    with psycopg.connect(stack.superuser_url) as superuser:
        parts = [row[0] for row in superuser.execute("SELECT inhrelid::regclass::text FROM pg_inherits").fetchall()]
    tables = [part for part in parts if not part.endswith(("_idx", "_pkey")) and "_by_" not in part]
    assert tables
    with psycopg.connect(stack.superuser_url) as superuser:
        granted = superuser.execute(
            "SELECT table_name FROM information_schema.role_table_grants WHERE grantee = 'auditline_app'"
        ).fetchall()
    assert {name for (name,) in granted} & set(tables) == set()


# ---- every address of the API

NEEDED = {
    "api/v1/stats/<str:counted>": {"period": "DAY"},
    "api/v1/jobs/runs/<str:run_id>/facets": {"type": "run"},
}
"""What an address that names something cannot be asked without."""


def api_patterns() -> Iterator[tuple[str, dict[str, Any]]]:
    def walk(patterns: list[URLPattern | URLResolver], prefix: str, names: dict[str, Any]) -> Any:
        for entry in patterns:
            path = prefix + str(entry.pattern)
            found = names | dict(entry.pattern.converters)
            if isinstance(entry, URLResolver):
                yield from walk(entry.url_patterns, path, found)
            elif path.startswith("api/v1/"):
                yield path, found

    yield from walk(get_resolver().url_patterns, "", {})


@pytest.mark.django_db(transaction=True)
def test_no_address_of_the_api_gives_a_row_of_another_workspace(cast: Cast) -> None:
    judged_estate(cast)
    theirs = ids_of(cast.workspace.pk)
    assert len(theirs) > 10
    outsider = cast.api["outsider"]
    for path, names in api_patterns():
        for value in sorted(theirs) if names else [""]:
            address = "/" + path
            for name in names:
                address = re.sub(rf"<(\w+:)?{name}>", value, address)
            response = outsider.get(address, NEEDED.get(path))
            body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
            assert not any(row in body.decode(errors="replace").replace(value, "") for row in theirs), address
            if names:
                assert response.status_code in (401, 403, 404, 405), address


def ids_of(workspace: uuid.UUID) -> set[str]:
    """Return one id of each model of a workspace that has a row."""
    with in_workspace(workspace):
        found = {model: model._base_manager.values_list("pk", flat=True).first() for model in MODELS}
    return {str(key) for key in found.values() if key is not None}
