"""GET /api/v1/tickets, PATCH /tickets/<id>: the work, who has it and until when."""

import datetime
import uuid
from typing import TypedDict

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.members.models import User
from accounts.members.queries import members
from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.members.strict import StrictBody
from accounts.paging import PAGE_PARAMETERS, ListView, list_response, object_schema, page_schema, text_parameter
from audit.findings.models import Finding
from audit.findings.queries import SEVERITIES
from audit.tickets import queries
from audit.tickets.models import Ticket
from audit.tickets.work_on import TicketRefused, assign, set_due
from policies.checklists.api import FAMILY, family_of


class TicketRow(TypedDict):
    """One ticket."""

    id: uuid.UUID
    number: int
    title: str
    state: str
    severity: str
    check: str
    finding: uuid.UUID
    assignee: str
    due_at: datetime.datetime
    opened_at: datetime.datetime
    closed_at: datetime.datetime | None
    resolution: str  # passed, not_applicable, retired; '' = open, or not recorded
    reopened: int


class TicketChange(StrictBody):
    """What may be changed: the assignee (a member's e-mail address, '' = nobody) and the day that ends `due_at`."""

    assignee = serializers.CharField(required=False, allow_blank=True)
    due_at = serializers.DateField(required=False)
    hint = "Nothing else is changed by hand: the passing verdict closes a ticket."


class Tickets(ListView):
    """Tickets, what is due first."""

    rights = {"GET": Right.READ}

    @extend_schema(
        operation_id="list_tickets",
        parameters=[
            OpenApiParameter("state", str, enum=Ticket.State.values),
            OpenApiParameter("resolution", str, enum=Finding.Resolution.values, description="why it was closed"),
            OpenApiParameter("severity", str, enum=SEVERITIES),
            FAMILY,
            *PAGE_PARAMETERS,
        ],
        responses={200: page_schema(TicketRow)},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List tickets by due date."""
        filters = {
            "state": text_parameter(request, "state"),
            "resolution": text_parameter(request, "resolution"),
            "severity": text_parameter(request, "severity"),
            "family": family_of(request),
        }
        return list_response(
            request,
            lambda after, limit: queries.ticket_page(after, limit, **filters),
            list(TicketRow.__annotations__),
            name="tickets",
        )


class OneTicket(WorkspaceView):
    """One ticket."""

    rights = {"GET": Right.READ, "PATCH": Right.WORK_TICKETS}

    @extend_schema(responses={200: object_schema(TicketRow)})
    def get(self, request: Request, ticket: uuid.UUID) -> Response:
        """Return a ticket."""
        return Response(queries.ticket_row(get_object_or_404(queries.tickets(), pk=ticket)))

    @extend_schema(request=TicketChange, responses={200: object_schema(TicketRow)})
    def patch(self, request: Request, ticket: uuid.UUID) -> Response:
        """Assign the ticket or set its day; only the passing verdict closes it."""
        row = get_object_or_404(queries.tickets(), pk=ticket)
        wanted = TicketChange.read(request.data)
        if "assignee" in wanted:
            assign(row, _member(wanted["assignee"]), actor=self.principal.actor)
        if "due_at" in wanted:
            set_due(row, wanted["due_at"], actor=self.principal.actor)
        return Response(queries.ticket_row(row))


def _member(email: str) -> User | None:
    if not email:
        return None
    member = members().filter(user__email=email.lower()).first()
    if member is None:  # said alike of an address that is unknown and of one known in another workspace only
        raise TicketRefused(f"Assignee: got {email!r}, expected the address of a member. Add the person first.")
    return member.user
