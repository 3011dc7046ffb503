"""GET and POST /api/v1/kinds: what kinds and attributes there are, and proposing to declare more."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.approvals.kinds import ActKind
from accounts.approvals.propose import LONGEST_REASON, propose
from accounts.approvals.queries import ActRow, act_row
from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.paging import object_schema
from lineage.inventory.declared.answers import KindsAnswer, kinds_answer
from lineage.inventory.declared.govern import DeclarationBody
from lineage.inventory.kinds.load import load_vocabulary


class NewDeclarationBody(DeclarationBody):
    """What is to be declared, and why."""

    reason = serializers.CharField(max_length=LONGEST_REASON)


class KindsView(WorkspaceView):
    """The kinds of the workspace: shipped ones, and what it has declared."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ, "POST": Right.DECLARE_KINDS}

    @extend_schema(operation_id="list_kinds", responses={200: object_schema(KindsAnswer)}, tags=["inventory"])
    def get(self, request: Request) -> Response:
        """Return every kind with its attributes and relations."""
        return Response(kinds_answer(load_vocabulary()))

    @extend_schema(
        operation_id="declare_kinds",
        request=NewDeclarationBody,
        responses={201: object_schema(ActRow)},
        tags=["inventory"],
    )
    def post(self, request: Request) -> Response:
        """Propose attributes and relations of a kind, a new kind, or that attributes are retired."""
        said = NewDeclarationBody.read(request.data)
        reason = said.pop("reason")
        return Response(act_row(propose(ActKind.KINDS_DECLARE, said, reason, self.principal)), 201)
