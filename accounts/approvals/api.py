"""GET and POST /api/v1/approvals, and what becomes of a proposal: approve, reject, withdraw."""

import uuid

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.approvals.decide import approve, reject, withdraw
from accounts.approvals.models import GovernedAct
from accounts.approvals.propose import VALID_DAYS, propose
from accounts.approvals.queries import KINDS, ActRow, act_page, act_row, acts
from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.members.strict import StrictBody
from accounts.paging import PAGE_PARAMETERS, ListView, list_response, object_schema, page_schema, text_parameter


class ProposalBody(StrictBody):
    """What is proposed: a kind, what it takes, and the reason for the person who decides."""

    kind = serializers.CharField(help_text=f"one of {', '.join(KINDS)}")
    payload = serializers.DictField()
    reason = serializers.CharField()
    valid_days = serializers.IntegerField(default=VALID_DAYS, help_text="1 to 90 days, after which it expires")


class DecisionBody(StrictBody):
    """A word to the decision; `digest` makes sure that it is about what was looked at."""

    note = serializers.CharField(required=False, allow_blank=True, default="")
    digest = serializers.CharField(required=False, allow_blank=True, default="")


class WithdrawalBody(StrictBody):
    """A word to the withdrawal."""

    note = serializers.CharField(required=False, allow_blank=True, default="")


class Approvals(ListView):
    """Governed acts, newest first."""

    rights = {"GET": Right.READ, "POST": Right.PROPOSE}

    @extend_schema(
        operation_id="list_approvals",
        parameters=[
            OpenApiParameter("state", str, enum=GovernedAct.State.values),
            OpenApiParameter("kind", str, enum=KINDS),
            *PAGE_PARAMETERS,
        ],
        responses={200: page_schema(ActRow)},
        tags=["approvals"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List governed acts."""
        filters = {"state": text_parameter(request, "state"), "kind": text_parameter(request, "kind")}
        return list_response(
            request,
            lambda after, limit: act_page(after, limit, **filters),
            list(ActRow.__annotations__),
            name="approvals",
        )

    @extend_schema(
        operation_id="propose_act", request=ProposalBody, responses={201: object_schema(ActRow)}, tags=["approvals"]
    )
    def post(self, request: Request) -> Response:
        """Propose a governed act; it takes effect when another person approves it."""
        wanted = ProposalBody.read(request.data)
        act = propose(wanted["kind"], wanted["payload"], wanted["reason"], self.principal, wanted["valid_days"])
        return Response(act_row(act), 201)


class OneApproval(WorkspaceView):
    """One governed act."""

    rights = {"GET": Right.READ}

    @extend_schema(operation_id="get_approval", responses={200: object_schema(ActRow)}, tags=["approvals"])
    def get(self, request: Request, act: uuid.UUID) -> Response:
        """Return an act."""
        return Response(act_row(get_object_or_404(acts(), pk=act)))


class Approve(WorkspaceView):
    """Approve an act."""

    rights = {"POST": Right.APPROVE}

    @extend_schema(
        operation_id="approve_act", request=DecisionBody, responses={200: object_schema(ActRow)}, tags=["approvals"]
    )
    def post(self, request: Request, act: uuid.UUID) -> Response:
        """Approve it and put it in force; a signed-in person must, and another one than the proposer."""
        return Response(act_row(approve(act, self.principal, **_said(DecisionBody, request))))


class Reject(WorkspaceView):
    """Reject an act."""

    rights = {"POST": Right.APPROVE}

    @extend_schema(
        operation_id="reject_act", request=DecisionBody, responses={200: object_schema(ActRow)}, tags=["approvals"]
    )
    def post(self, request: Request, act: uuid.UUID) -> Response:
        """Reject it: nothing changes but the record."""
        return Response(act_row(reject(act, self.principal, **_said(DecisionBody, request))))


class Withdraw(WorkspaceView):
    """Withdraw one's own proposal."""

    rights = {"POST": Right.PROPOSE}

    @extend_schema(
        operation_id="withdraw_act", request=WithdrawalBody, responses={200: object_schema(ActRow)}, tags=["approvals"]
    )
    def post(self, request: Request, act: uuid.UUID) -> Response:
        """Take it back; its proposer alone may."""
        return Response(act_row(withdraw(act, self.principal, **_said(WithdrawalBody, request))))


def _said(body: type[StrictBody], request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in body.read(request.data).items()}
