"""The inventory door and its templates."""

from collections.abc import Iterator
from typing import ClassVar

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiRequest, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.members.rights import Principal, Right
from accounts.members.scope import WorkspaceView
from accounts.members.strict import refuse_names
from accounts.paging import csv_lines, object_schema, text_parameter
from lineage.events.api import AnswerAnyway, ReceiveView
from lineage.events.body import body_chunks
from lineage.events.errors import OutsideSource
from lineage.inventory.answers import InventoryAnswer, import_answer, inventory_answer
from lineage.inventory.formats.csv_per_kind import template
from lineage.inventory.formats.known import FORMATS
from lineage.inventory.formats.xlsx_template import XLSX, workbook_template
from lineage.inventory.imports.receive import Imported, Sending, receive_file
from lineage.inventory.imports.spool import spooled
from lineage.inventory.kinds.load import load_kinds
from lineage.inventory.reading import DELTA, FULL
from lineage.inventory.receive import Prepared, record
from lineage.inventory.rows import is_own_record

_BODY = {"type": "string", "description": "A file of any format of docs/inventories.md"}


class InventoriesView(ReceiveView):
    """Take a batch of assets."""

    rights: ClassVar[dict[str, Right]] = {"POST": Right.SEND_INVENTORY}
    received: Prepared | Imported

    def receive(self, request: Request) -> None:
        """Read and judge the batch before a transaction opens."""
        refuse_names(request, self)  # a misspelt mode=full must not become a delta
        given = request.query_params
        as_csv = (request.content_type or "").startswith("text/csv")
        sending = Sending(
            self.principal.workspace_id,
            self.principal.actor,
            _source(given.get("source", ""), self.principal),
            given.get("format", "") or ("csv" if as_csv and given.get("kind") else ""),
            given.get("mode", ""),
            given.get("kind", ""),
            given.get("filename", ""),
        )
        with spooled(_content(request)) as file:
            self.received = receive_file(sending, file)

    @extend_schema(
        operation_id="send_inventory",
        summary="Send an inventory: the assets that a source knows, or what changed of them",
        parameters=[
            OpenApiParameter(
                "source",
                str,
                description="Name of the reporting system; a token that is bound to one may leave it out",
            ),
            OpenApiParameter("format", str, enum=sorted(FORMATS), description="told from the content where not given"),
            OpenApiParameter("mode", str, enum=[DELTA, FULL], description="delta where not given"),
            OpenApiParameter("kind", str, description="For csv: the kind of all its rows"),
            OpenApiParameter("filename", str, description="How the file is called: storage.csv is CSV of that kind"),
        ],
        request=OpenApiRequest(_BODY),
        responses={201: object_schema(InventoryAnswer)},
        tags=["inventory"],
    )
    def post(self, request: Request) -> Response:
        """Record the batch; name every row that cannot be used. The same content again gets the same receipt."""
        if isinstance(self.received, Imported):
            return Response(import_answer(self.received), 201)
        return Response(inventory_answer(record(self.received, self.principal.actor)), 201)


def _source(named: str, principal: Principal) -> str:
    """Return the source that a batch is of. Raises OutsideSource for another than a token is bound to."""
    if principal.source and named not in ("", principal.source):
        raise OutsideSource(
            f"Got source={named[:60]!r}, but {principal.name} may only send for the source {principal.source!r}. Leave "
            "source out, or use the token of that source. Nothing was kept."
        )
    return named or principal.source


def _content(request: Request) -> Iterator[bytes]:
    yield from body_chunks(request._request, settings.AUDITLINE_MAX_INVENTORY_FILE)


class TemplateView(WorkspaceView):
    """A template: the columns that a source may fill in."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.SEND_INVENTORY}
    content_negotiation_class = AnswerAnyway

    @extend_schema(
        operation_id="get_inventory_template",
        parameters=[
            OpenApiParameter("kind", str, required=True, description="a kind that sources report, such as storage"),
            OpenApiParameter("format", str, enum=["csv", "xlsx"], description="csv where not given"),
        ],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, XLSX): OpenApiTypes.BINARY},
        tags=["inventory"],
    )
    def get(self, request: Request) -> HttpResponse:
        """Return the header for a kind, as CSV or in a workbook that says what each column means."""
        reported = {name: kind for name, kind in load_kinds().items() if not is_own_record(kind)}
        kind = reported[text_parameter(request, "kind", reported)]
        if request.query_params.get("format") == "xlsx":
            return _file(workbook_template(kind), XLSX, f"{kind.name}.xlsx")
        return _file("".join(csv_lines(template(kind), [])), "text/csv; charset=utf-8", f"{kind.name}.csv")


def _file(content: str | bytes, media_type: str, name: str) -> HttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=media_type, headers=disposition)
