"""The API for what became of large files."""

import uuid
from typing import ClassVar, TypedDict

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.journal.canonical.encode import instant
from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.paging import PAGE_PARAMETERS, ListView, Page, list_response, object_schema, page_schema, text_parameter
from lineage.inventory.imports.models import Import
from lineage.inventory.imports.queries import find_import, list_imports, state_at


class ImportRow(TypedDict):
    """A large file on its way in. `parts_projected` of `parts` tell how far it is; counts grow with them.

    While it is being read `read` of its `size` bytes tell that. `error` is '' unless it failed; then nothing was kept.
    `rejected` counts problems; `complete` false: nothing was retired; `declared` null: its manifest counts nothing.
    """

    id: str
    source: str
    format: str
    mode: str
    filename: str
    sender: str
    digest: str
    size: int
    read: int
    state: str
    error: str
    parts: int
    parts_projected: int
    rows: int
    accepted: int
    rejected: int
    declared: int | None
    complete: bool
    created: int
    changed: int
    unchanged: int
    retired: int
    started_at: str
    finished_at: str | None


class ImportsView(ListView):
    """Large files, the newest first."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="list_imports",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("source", str, description="name of the reporting system"),
            OpenApiParameter("state", str, enum=Import.State.values),
        ],
        responses={200: page_schema(ImportRow)},
        tags=["inventory"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List the imports of large files: how far each is, and what it changed."""
        source, state = text_parameter(request, "source"), text_parameter(request, "state")

        def fetch(after: str | None, limit: int) -> Page[ImportRow]:
            return list_imports(after, limit, source=source, state=state).map(import_row)

        return list_response(request, fetch, list(ImportRow.__annotations__), name="imports")


class ImportView(WorkspaceView):
    """One large file."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(operation_id="get_import", responses={200: object_schema(ImportRow)}, tags=["inventory"])
    def get(self, request: Request, import_id: uuid.UUID) -> Response:
        """Return how far an import is, and what it changed."""
        row = find_import(import_id)
        if row is None:
            raise NotFound
        return Response(import_row(row))


def import_row(row: Import) -> ImportRow:
    """Return an import as JSON."""
    state, error = state_at(row, timezone.now())
    return {
        "id": str(row.pk),
        "source": row.source,
        "format": row.format,
        "mode": row.mode,
        "filename": row.filename,
        "sender": row.sender,
        "digest": bytes(row.digest).hex(),
        "size": row.size,
        "read": row.read,
        "state": state,
        "error": error,
        "parts": row.parts,
        "parts_projected": row.projected,
        "rows": row.rows,
        "accepted": row.accepted,
        "rejected": row.rejected,
        "declared": row.declared,
        "complete": row.complete,
        "created": row.created,
        "changed": row.changed,
        "unchanged": row.unchanged,
        "retired": row.retired,
        "started_at": instant(row.started_at),
        "finished_at": instant(row.finished_at) if row.finished_at is not None else None,
    }
