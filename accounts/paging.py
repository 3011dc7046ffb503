"""Page long lists by key, as JSON or as CSV: one way for every list of the API.

A page is found by the key of the last row seen, never by an offset: its cost does not grow with its depth, and rows
that appear meanwhile shift nothing. The cursor is opaque to callers and names its list and order, so that a cursor of
another list is refused and not misread.
"""

import base64
import binascii
import csv
import datetime
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from django.core.exceptions import ValidationError
from django.db.models import CharField, Field, Lookup, Model, Q, QuerySet, TextField
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.plumbing import resolve_type_hint
from drf_spectacular.utils import OpenApiParameter
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.cells import csv_text
from accounts.errors import AuditlineError
from accounts.members.rights import Principal
from accounts.members.scope import WorkspaceView
from accounts.members.strict import BadParameter, not_known
from accounts.workspaces.isolation import in_workspace

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
COVERAGE = "Auditline-Coverage"
CSV_PAGE = 1000
"""Rows fetched at a time while a whole list is written as CSV; bounds its memory."""


@CharField.register_lookup
@TextField.register_lookup
class Prefix(Lookup):
    """`name__prefix="abc"`: begins with this text, by an operator that is leakproof and so keeps its index."""

    lookup_name = "prefix"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return `lhs ^@ rhs`."""
        left, left_parameters = self.process_lhs(compiler, connection)
        right, right_parameters = self.process_rhs(compiler, connection)
        return f"{left} ^@ {right}", (*left_parameters, *right_parameters)


Row = TypeVar("Row")
Other = TypeVar("Other")
Found = TypeVar("Found", bound=Model)
Fetch = Callable[[str | None, int], "Page[Any]"]


class BadCursor(AuditlineError):
    """`after` is no cursor of this list."""

    code = "bad_cursor"


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows in order, and the cursor of the next page; `next` is None on the last one."""

    rows: tuple[Row, ...]
    next: str | None

    def map(self, change: Callable[[Row], Other]) -> "Page[Other]":
        """Return the same page with each row changed."""
        return Page(tuple(change(row) for row in self.rows), self.next)


def page_of(
    queryset: QuerySet[Found], order: Sequence[str], after: str | None, limit: int, *, scope: str
) -> Page[Found]:
    """Return one page of `queryset` in `order` (names; `-x` descends; no nulls; the last one unique).

    Takes one query. Raises BadCursor where `after` belongs to another list or order.
    """
    names = [name.removeprefix("-") for name in order]
    fields = [_field(queryset, name) for name in names]
    mark = f"{scope}:{','.join(order)}"
    if after:
        queryset = queryset.filter(_beyond(order, _decode(after, mark, fields)))
    rows = list(queryset.order_by(*order)[: limit + 1])
    if len(rows) <= limit:
        return Page(tuple(rows), None)
    last = rows[limit - 1]
    return Page(tuple(rows[:limit]), _encode(mark, [_plain(getattr(last, name)) for name in names]))


def page_within(
    queryset: QuerySet[Found],
    matching: Callable[[QuerySet[Found]], QuerySet[Found]],
    order: Sequence[str],
    after: str | None,
    limit: int,
    *,
    scope: str,
    look: int,
) -> Page[Found]:
    """Return one page of those rows of `queryset` that are `matching`, looking at no more than `look` rows for it.

    For conditions that no index serves: where they are rare a page holds fewer rows, perhaps none, and `next` goes on
    from the last row that was looked at. Takes two queries. Raises BadCursor.
    """
    names = [name.removeprefix("-") for name in order]
    mark, start = f"{scope}:{','.join(order)}", queryset
    if after:
        start = queryset.filter(_beyond(order, _decode(after, mark, [_field(queryset, name) for name in names])))
    end = start.order_by(*order).values_list(*names)[look - 1 : look].first()
    window = start if end is None else start.exclude(_beyond(order, end))
    page = page_of(matching(window), order, None, limit, scope=scope)
    if page.next is not None or end is None:
        return page
    return Page(page.rows, _encode(mark, [_plain(value) for value in end]))


def _field(queryset: QuerySet[Any], name: str) -> "Field[Any, Any]":
    annotation = queryset.query.annotations.get(name)
    return annotation.output_field if annotation is not None else queryset.model._meta.get_field(name)


def _beyond(order: Sequence[str], key: Sequence[object]) -> Q:
    """Return "after this key": a bound on the first column that an index serves, then the exact comparison."""
    exact, equal = Q(), Q()
    for name, value in zip(order, key, strict=True):
        column, compare = name.removeprefix("-"), "lt" if name.startswith("-") else "gt"
        exact |= equal & Q(**{f"{column}__{compare}": value})
        equal &= Q(**{column: value})
    first, bound = order[0].removeprefix("-"), "lte" if order[0].startswith("-") else "gte"
    return Q(**{f"{first}__{bound}": key[0]}) & exact


def _encode(mark: str, key: Sequence[object]) -> str:
    text = json.dumps([mark, *key], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(text: str, mark: str, fields: "Sequence[Field[Any, Any]]") -> list[object]:
    try:
        padded = text + "=" * (-len(text) % 4)
        said, *key = json.loads(base64.b64decode(padded.encode(), altchars=b"-_", validate=True))
        if said != mark or len(key) != len(fields):
            raise ValueError(said)
        values: list[object] = [field.to_python(value) for field, value in zip(fields, key, strict=True)]
    except (ValueError, TypeError, binascii.Error, ValidationError, RecursionError) as error:
        raise BadCursor(
            f"after={text[:80]!r} is no cursor of this list in this order: got it from another list, or cut off; "
            "send the `next` of the former answer unchanged, or leave `after` out to start again."
        ) from error
    return values


def _plain(value: object) -> object:
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


# ---- the door


class AcceptOnly(DefaultContentNegotiation):
    """Choose the renderer by the Accept header alone: `?format=` belongs to the views (inventories, exports)."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE=None)  # type: ignore[assignment]


class CsvRenderer(BaseRenderer):
    """Name `text/csv` for negotiation; the lines themselves are streamed by list_response."""

    media_type = "text/csv"
    format = "csv"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Refuse: an answer that is no list has no CSV form."""
        raise NotImplementedError("only list_response answers in CSV")


class ListView(WorkspaceView):
    """The base of list views: JSON, or CSV by `Accept: text/csv`; errors are JSON always."""

    renderer_classes = [JSONRenderer, CsvRenderer]
    content_negotiation_class = AcceptOnly

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer an error in the one JSON shape, whatever was asked for."""
        if getattr(response, "exception", False):
            request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return super().finalize_response(request, response, *args, **kwargs)


def list_response(
    request: Request,
    fetch: Fetch,
    columns: Sequence[str],
    *,
    name: str,
    extra: Mapping[str, object] | None = None,
) -> HttpResponseBase:
    """Answer a page as JSON, or the list as CSV: all of it, or one page where `limit` was given."""
    after = request.query_params.get("after") or None
    as_csv = getattr(request.accepted_renderer, "format", "") == "csv"
    if as_csv and "limit" not in request.query_params:
        first = fetch(after, CSV_PAGE)  # inside the request: a bad cursor or filter is still a clear error
        return _csv_response(csv_lines(columns, _all_rows(request, first, fetch)), name)
    page = fetch(after, _limit(request))
    if as_csv:
        response = _csv_response(csv_lines(columns, page.rows), name)
        if page.next is not None:
            again = request.query_params.dict() | {"after": page.next}
            response["Link"] = f'<{request.path}?{urlencode(again)}>; rel="next"'
        return response
    return Response({"results": list(page.rows), "next": page.next, **(extra or {})})


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= MAX_LIMIT):
        raise BadParameter(f"limit={text[:40]!r} is no page size: expected 1 to {MAX_LIMIT}; follow `next` for more.")
    return int(text)


def _all_rows(request: Request, page: Page[Any], fetch: Fetch) -> Iterator[Mapping[str, object]]:
    """Yield the rows of all pages. Runs while the answer is sent, so each page enters the workspace itself."""
    principal = request.auth
    assert isinstance(principal, Principal)
    yield from page.rows
    while page.next is not None:
        with in_workspace(principal.workspace_id):
            page = fetch(page.next, CSV_PAGE)
        yield from page.rows


_GAPS: list[Callable[[], list[str]]] = []


def tell_gaps(read: Callable[[], list[str]]) -> None:
    """Register what tells, in sentences, what the sources of the entered workspace hold back; apps do when ready."""
    if read not in _GAPS:
        _GAPS.append(read)


def _coverage() -> dict[str, str]:
    """Return the header that says which population is not whole, percent-encoded as UTF-8; none where all is there."""
    notes = " ".join(note for read in _GAPS for note in read())
    return {COVERAGE: quote(notes, safe=" ()[]:;,.-_/")} if notes else {}


def _csv_response(lines: Iterable[str], name: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Vary": "Accept", **_coverage()},
    )


def text_parameter(request: Request, name: str, allowed: Iterable[str] | None = None) -> str:
    """Return a query parameter, '' where it is absent; what it may be, its declaration says (members/strict.py).

    `allowed` is for values that are known at run time only. Raises BadParameter for one outside of it.
    """
    text = request.query_params.get(name, "")
    known = list(allowed) if allowed is not None else None
    if text and known is not None and text not in known:
        raise not_known(name, text, known)
    return text


# ---- CSV


class _Echo:
    """A file whose write returns what it was given, so that csv.writer yields lines."""

    def write(self, text: str) -> str:
        """Return the line."""
        return text


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """Yield the header and one line per row; a column that a row lacks is empty."""
    writer = csv.writer(_Echo())
    yield writer.writerow(list(columns))
    for row in rows:
        yield writer.writerow([csv_text(row.get(column)) for column in columns])


# ---- the schema

PAGE_PARAMETERS = [
    OpenApiParameter("after", str, description="`next` of the former page; leave out to start."),
    OpenApiParameter("limit", int, description=f"Rows per page, 1 to {MAX_LIMIT}; {DEFAULT_LIMIT} where not given."),
]


def object_schema(hint: Any) -> dict[str, Any]:
    """Return the OpenAPI schema of a TypedDict, inline."""
    schema: dict[str, Any] = resolve_type_hint(hint)  # type: ignore[no-untyped-call]
    return schema


def page_schema(hint: Any) -> dict[str, Any]:
    """Return the OpenAPI schema of a page of rows of this TypedDict."""
    return {
        "type": "object",
        "required": ["results", "next"],
        "properties": {
            "results": {"type": "array", "items": object_schema(hint)},
            "next": {"type": "string", "nullable": True, "description": "Cursor of the next page; null on the last."},
        },
    }
