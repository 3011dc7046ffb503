"""One OpenAPI schema, valid and without warnings; every API view names the right that each of its methods needs."""

import io

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView


def test_the_schema_is_valid_and_warns_of_nothing(db: None) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=io.StringIO())


def api_views() -> list[tuple[str, type[WorkspaceView]]]:
    found: list[tuple[str, type[WorkspaceView]]] = []

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> None:
        for entry in patterns:
            path = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                walk(entry.url_patterns, path)
            elif path.startswith("api/v1/"):
                found.append((path, entry.callback.view_class))  # type: ignore[attr-defined]

    walk(get_resolver().url_patterns, "")
    return found


@pytest.mark.parametrize(("path", "view"), api_views(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_method_names_its_right(path: str, view: type[WorkspaceView]) -> None:
    methods = {name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}
    assert set(view.rights) == methods
    assert all(isinstance(right, Right) for right in view.rights.values())
