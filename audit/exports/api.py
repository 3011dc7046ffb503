"""GET and POST /api/v1/exports, GET /exports/<id>/file; GET and POST /schedules, PATCH and DELETE /schedules/<id>."""

import datetime
import uuid
from typing import TypedDict

from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import AuditlineError
from accounts.members.models import User
from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.members.strict import StrictBody
from accounts.paging import PAGE_PARAMETERS, ListView, list_response, object_schema, page_schema
from audit.exports import queries
from audit.exports.make_export import export_path, request_export
from audit.exports.models import Export, ExportSchedule
from audit.exports.schedules import add_schedule, pause_schedule, remove_schedule, resume_schedule


class NotReady(AuditlineError):
    """The file of an export is not there yet."""

    code = "export_not_ready"
    status = 409
    retryable = True


class ExportRow(TypedDict):
    """One export; `progress` is in per cent, `rows` how many were written so far (null unless it is being made)."""

    id: uuid.UUID
    state: str
    schedule: uuid.UUID | None
    slot: datetime.datetime | None
    requested_by: str
    requested_at: datetime.datetime
    finished_at: datetime.datetime | None
    progress: int
    rows: int | None
    revision: int | None
    ledger_size: int | None
    file_name: str
    sha256: str
    size: int | None
    error: str


class ScheduleRow(TypedDict):
    """One schedule; `paused_at` null: it runs, next at `next_at`. A paused one makes nothing."""

    id: uuid.UUID
    name: str
    cron: str
    timezone: str
    paused_at: datetime.datetime | None
    next_at: datetime.datetime
    created_at: datetime.datetime


class ScheduleList(TypedDict):
    """All schedules, paused ones included; removed ones are not."""

    results: list[ScheduleRow]


class NewSchedule(StrictBody):
    """A schedule: cron fields in a time zone."""

    name = serializers.CharField(max_length=120)
    cron = serializers.CharField(max_length=80)
    timezone = serializers.CharField(max_length=60, default="UTC")


class ChangedSchedule(StrictBody):
    """What may be changed of a schedule: whether it is paused."""

    paused = serializers.BooleanField()


class Exports(ListView):
    """Exports, newest first."""

    rights = {"GET": Right.READ, "POST": Right.EXPORT}

    @extend_schema(operation_id="list_exports", parameters=PAGE_PARAMETERS, responses={200: page_schema(ExportRow)})
    def get(self, request: Request) -> HttpResponseBase:
        """List exports."""
        return list_response(request, queries.export_page, list(ExportRow.__annotations__), name="exports")

    @extend_schema(request=None, responses={202: object_schema(ExportRow)})
    def post(self, request: Request) -> Response:
        """Ask for an export; it is made by a worker."""
        export = request_export(actor=self.principal.actor)
        export.refresh_from_db()
        return Response(queries.export_row(export), status=202)


class OneExport(WorkspaceView):
    """One export."""

    rights = {"GET": Right.READ}

    @extend_schema(responses={200: object_schema(ExportRow)})
    def get(self, request: Request, export: uuid.UUID) -> Response:
        """Return an export and how far it is."""
        return Response(queries.export_row(get_object_or_404(Export, pk=export)))


class ExportFile(WorkspaceView):
    """The file of an export."""

    rights = {"GET": Right.READ}

    @extend_schema(responses={200: OpenApiResponse(OpenApiTypes.BINARY, description="The bundle, a zip file.")})
    def get(self, request: Request, export: uuid.UUID) -> HttpResponseBase:
        """Download the bundle."""
        row = get_object_or_404(Export, pk=export)
        path = export_path(row.workspace_id, row.pk)
        if row.state != Export.State.READY or not path.is_file():
            raise NotReady(f"This export is {row.state}. Ask GET /api/v1/exports/{row.pk} until its state is ready.")
        return FileResponse(path.open("rb"), as_attachment=True, filename=row.file_name)


class Schedules(WorkspaceView):
    """Schedules of exports."""

    rights = {"GET": Right.READ, "POST": Right.SCHEDULE}

    @extend_schema(responses={200: object_schema(ScheduleList)})
    def get(self, request: Request) -> Response:
        """List the schedules that are on."""
        return Response({"results": [queries.schedule_row(row) for row in queries.schedules()]})

    @extend_schema(request=NewSchedule, responses={201: object_schema(ScheduleRow)})
    def post(self, request: Request) -> Response:
        """Add a schedule."""
        wanted = NewSchedule.read(request.data)
        user = request.user if isinstance(request.user, User) else None
        schedule = add_schedule(
            wanted["name"], wanted["cron"], wanted["timezone"], actor=self.principal.actor, user=user
        )
        return Response(queries.schedule_row(schedule), status=201)


class OneSchedule(WorkspaceView):
    """One schedule."""

    rights = {"PATCH": Right.SCHEDULE, "DELETE": Right.SCHEDULE}

    @extend_schema(request=ChangedSchedule, responses={200: object_schema(ScheduleRow)})
    def patch(self, request: Request, schedule: uuid.UUID) -> Response:
        """Pause a schedule, or let it run again from its next slot on. The same again changes nothing."""
        row = get_object_or_404(ExportSchedule, pk=schedule, enabled=True)
        change = pause_schedule if ChangedSchedule.read(request.data)["paused"] else resume_schedule
        change(row, actor=self.principal.actor)
        row.refresh_from_db()
        return Response(queries.schedule_row(row))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, schedule: uuid.UUID) -> Response:
        """Switch a schedule off; its exports stay."""
        remove_schedule(get_object_or_404(ExportSchedule, pk=schedule, enabled=True), actor=self.principal.actor)
        return Response(status=204)
