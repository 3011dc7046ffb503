"""The API's documentation as a page: every call of the schema, without a script and without an account."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator

from audit.web.api_calls import Group, groups_of


def api_docs(request: HttpRequest) -> HttpResponse:
    """Show the calls by what they are about; the schema itself is at /api/schema/."""
    return render(request, "web/api_docs.html", {"groups": _groups(), "base": request.build_absolute_uri("/")[:-1]})


@cache
def _groups() -> list[Group]:
    """Return the calls; made once per process, for they change with the code only."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return groups_of(schema)
