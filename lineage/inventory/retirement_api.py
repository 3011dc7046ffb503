"""GET /api/v1/retirements, and dismissing one: the full inventories that would withdraw so much that a person is asked.

Confirming one is a governed act: POST /api/v1/approvals with the kind retirement.confirm.
"""

import uuid
from typing import ClassVar, TypedDict

from django.db import transaction
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.journal.canonical.encode import instant
from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.paging import (
    PAGE_PARAMETERS,
    ListView,
    list_response,
    object_schema,
    page_of,
    page_schema,
    text_parameter,
)
from lineage.inventory.models import Retirement
from lineage.inventory.retire import dismiss


class SampleRow(TypedDict):
    """An asset that would be withdrawn."""

    kind: str
    uid: str
    name: str


class RetirementRow(TypedDict):
    """A question: `withdraws` of `known` assets would go; `sample` names some. `act` confirmed it, null = none did."""

    id: str
    source: str
    state: str
    withdraws: int
    known: int
    percent: int  # rounded down
    limit_percent: int  # of the source, now
    sample: list[SampleRow]
    event: str
    full_at: str
    asked_at: str
    ended_at: str | None
    ended_by: str
    act: str | None


def retirement_row(question: Retirement) -> RetirementRow:
    """Return a question as JSON."""
    return {
        "id": str(question.pk),
        "source": question.source.name,
        "state": question.state,
        "withdraws": question.withdraws,
        "known": question.known,
        "percent": question.withdraws * 100 // max(question.known, 1),
        "limit_percent": question.source.retire_percent,
        "sample": [{"kind": kind, "uid": uid, "name": name} for kind, uid, name in question.sample],
        "event": str(question.event),
        "full_at": instant(question.full_at),
        "asked_at": instant(question.asked_at),
        "ended_at": instant(question.ended_at) if question.ended_at else None,
        "ended_by": question.ended_by,
        "act": str(question.act_id) if question.act_id else None,
    }


class RetirementsView(ListView):
    """Full inventories that ask first."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="list_retirements",
        parameters=[OpenApiParameter("state", str, enum=Retirement.State.values), *PAGE_PARAMETERS],
        responses={200: page_schema(RetirementRow)},
        tags=["inventory"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List them, newest first."""
        rows = Retirement.objects.select_related("source")
        if state := text_parameter(request, "state"):
            rows = rows.filter(state=state)
        return list_response(
            request,
            lambda after, limit: page_of(rows, ["-id"], after, limit, scope="retirements").map(retirement_row),
            list(RetirementRow.__annotations__),
            name="retirements",
        )


class DismissRetirementView(WorkspaceView):
    """The answer no."""

    rights: ClassVar[dict[str, Right]] = {"POST": Right.APPROVE}

    @extend_schema(
        operation_id="dismiss_retirement",
        request=None,
        responses={200: object_schema(RetirementRow)},
        tags=["inventory"],
    )
    def post(self, request: Request, question_id: uuid.UUID) -> Response:
        """Dismiss it: nothing of it is withdrawn, as nothing was so far. It takes no second person."""
        with transaction.atomic():
            question = get_object_or_404(
                Retirement.objects.select_for_update(of=("self",)).select_related("source"), pk=question_id
            )
            dismiss(question, self.principal.actor)
        return Response(retirement_row(question))
