"""The API of legal holds, retention rules and what was deleted under them."""

import uuid
from typing import ClassVar

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.approvals.kinds import ActKind
from accounts.approvals.propose import LONGEST_REASON, propose
from accounts.approvals.queries import ActRow, act_row
from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.members.strict import StrictBody
from accounts.paging import PAGE_PARAMETERS, ListView, list_response, object_schema, page_schema, text_parameter
from lineage.events.models import Event
from lineage.retention import queries
from lineage.retention.answers import (
    HoldRow,
    PreviewRow,
    ReceiptRow,
    RuleRow,
    hold_row,
    preview_row,
    receipt_row,
    rule_row,
)
from lineage.retention.govern import RuleBody
from lineage.retention.hold import NewHold, place_hold
from lineage.retention.models import DataClass, LegalHold, RetentionRule
from lineage.retention.queries import RuleClass

IN_FORCE = OpenApiParameter("state", str, enum=["active"], description="active: in force")


class NewHoldBody(StrictBody):
    """A hold: its scope, what that names, and why."""

    scope = serializers.ChoiceField(choices=LegalHold.Scope.values)
    namespace = serializers.CharField(max_length=400, required=False)
    asset_kind = serializers.CharField(max_length=40, required=False)
    asset_uid = serializers.CharField(max_length=4000, required=False)
    sender = serializers.CharField(max_length=80, required=False)
    source = serializers.CharField(max_length=120, required=False)  # type: ignore[assignment]
    received_from = serializers.DateTimeField(required=False)
    received_until = serializers.DateTimeField(required=False)
    event = serializers.UUIDField(required=False)
    reason = serializers.CharField(max_length=1000)
    reference = serializers.CharField(max_length=200, required=False, default="")


class ReasonBody(StrictBody):
    """Why a hold is to be released or a rule to end."""

    reason = serializers.CharField(max_length=LONGEST_REASON)


class NewRuleBody(RuleBody):
    """A rule, and why."""

    reason = serializers.CharField(max_length=LONGEST_REASON)


class LegalHoldsView(ListView):
    """Legal holds, newest first."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ, "POST": Right.MANAGE_RETENTION}

    @extend_schema(
        operation_id="list_legal_holds",
        parameters=[*PAGE_PARAMETERS, IN_FORCE],
        responses={200: page_schema(HoldRow)},
        tags=["retention"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List holds."""
        found = queries.holds(active=text_parameter(request, "state") == "active")
        return list_response(
            request,
            lambda after, limit: queries.hold_page(found, after, limit).map(hold_row),
            list(HoldRow.__annotations__),
            name="legal-holds",
        )

    @extend_schema(
        operation_id="place_legal_hold",
        request=NewHoldBody,
        responses={201: object_schema(HoldRow)},
        tags=["retention"],
    )
    def post(self, request: Request) -> Response:
        """Place a hold: from now on nothing that it covers is deleted."""
        said = NewHoldBody.read(request.data)
        reason, reference = said.pop("reason"), said.pop("reference")
        hold = place_hold(NewHold(**said), reason=reason, reference=reference, actor=self.principal.actor)
        return Response(hold_row(hold), 201)


class ReleaseView(WorkspaceView):
    """The end of one hold."""

    rights: ClassVar[dict[str, Right]] = {"POST": Right.MANAGE_RETENTION}

    @extend_schema(
        operation_id="release_legal_hold",
        request=ReasonBody,
        responses={201: object_schema(ActRow)},
        tags=["retention"],
    )
    def post(self, request: Request, hold_id: uuid.UUID) -> Response:
        """Propose to release a hold; another person than the one who placed it approves."""
        reason = ReasonBody.read(request.data)["reason"]
        hold = get_object_or_404(LegalHold, pk=hold_id)
        act = propose(ActKind.HOLD_RELEASE, {"hold": str(hold.pk)}, reason, self.principal)
        return Response(act_row(act), 201)


class RetentionRulesView(ListView):
    """Retention rules, newest first."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ, "POST": Right.MANAGE_RETENTION}

    @extend_schema(
        operation_id="list_retention_rules",
        parameters=[*PAGE_PARAMETERS, IN_FORCE],
        responses={200: page_schema(RuleRow)},
        tags=["retention"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List rules."""
        found = queries.rules(active=text_parameter(request, "state") == "active")
        return list_response(
            request,
            lambda after, limit: queries.rule_page(found, after, limit).map(rule_row),
            list(RuleRow.__annotations__),
            name="retention-rules",
        )

    @extend_schema(
        operation_id="set_retention_rule",
        request=NewRuleBody,
        responses={201: object_schema(ActRow)},
        tags=["retention"],
    )
    def post(self, request: Request) -> Response:
        """Propose a rule; `effect` says what the next deletion would do by it."""
        said = NewRuleBody.read(request.data)
        reason = said.pop("reason")
        return Response(act_row(propose(ActKind.RETENTION_SET, said, reason, self.principal)), 201)


class PreviewView(WorkspaceView):
    """What a rule would delete if it were set now."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="preview_retention_rule",
        parameters=[
            OpenApiParameter("kind", str, enum=Event.Kind.values),
            OpenApiParameter("source", str, description="source of an inventory"),
            OpenApiParameter("data_class", str, enum=DataClass.values),
            OpenApiParameter(
                "days", int, required=True, pattern=r"[1-9][0-9]{0,4}", description="days to keep, 1 to 99999"
            ),
        ],
        responses={200: object_schema(PreviewRow)},
        tags=["retention"],
    )
    def get(self, request: Request) -> Response:
        """Look, and delete nothing."""
        named = {name: text_parameter(request, name) or None for name in ("kind", "source", "data_class")}
        return Response(preview_row(queries.preview(RuleClass(**named), int(request.query_params["days"]))))


class EndRuleView(WorkspaceView):
    """The end of one rule."""

    rights: ClassVar[dict[str, Right]] = {"POST": Right.MANAGE_RETENTION}

    @extend_schema(
        operation_id="end_retention_rule",
        request=ReasonBody,
        responses={201: object_schema(ActRow)},
        tags=["retention"],
    )
    def post(self, request: Request, rule_id: uuid.UUID) -> Response:
        """Propose to end a rule, so that nothing is deleted by it any more."""
        reason = ReasonBody.read(request.data)["reason"]
        rule = get_object_or_404(RetentionRule, pk=rule_id)
        act = propose(ActKind.RETENTION_END, {"rule": str(rule.pk)}, reason, self.principal)
        return Response(act_row(act), 201)


class DeletionReceiptsView(ListView):
    """What was deleted, oldest first: the order of the leaves under the root of a deletion's statement."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="list_deletion_receipts",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("deletion", uuid.UUID, description="the id of a deletion, as its statement says it"),
        ],
        responses={200: page_schema(ReceiptRow)},
        tags=["retention"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List receipts."""
        text = text_parameter(request, "deletion")
        found = queries.receipts(uuid.UUID(text) if text else None)
        return list_response(
            request,
            lambda after, limit: queries.receipt_page(found, after, limit).map(receipt_row),
            list(ReceiptRow.__annotations__),
            name="deletion-receipts",
        )
