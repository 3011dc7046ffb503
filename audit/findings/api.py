"""GET /api/v1/findings and /findings/<id>."""

import datetime
import uuid
from typing import Any, TypedDict

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.paging import PAGE_PARAMETERS, ListView, list_response, object_schema, page_schema, text_parameter
from accounts.workspaces.revisions import current_revision
from audit.findings import queries
from audit.findings.models import Finding
from lineage.inventory.reads import ASSET, KIND, kind_of
from policies.checklists.api import CHECK, FAMILY, check_of, family_of
from policies.evaluation.models import Transition
from policies.evaluation.queries import change_in_leaf


class FindingRow(TypedDict):
    """One finding."""

    id: uuid.UUID
    check: str
    family: str
    severity: str
    title: str
    asset: uuid.UUID
    kind: str
    uid: str
    name: str
    owner: str
    state: str
    grade: str
    detected_at: datetime.datetime
    due_at: datetime.datetime
    resolved_at: datetime.datetime | None
    resolution: str  # passed, not_applicable, retired; '' = open, or not recorded
    reopened: int
    reopened_after: str  # how it had ended before it last came back
    statement: uuid.UUID
    revision: int


class FindingDetail(FindingRow):
    """A finding with the facts that were read, as sealed."""

    change: dict[str, Any]


FILTERS = [
    OpenApiParameter("state", str, enum=Finding.State.values),
    OpenApiParameter("resolution", str, enum=Finding.Resolution.values, description="why it ended; passed = fixed"),
    OpenApiParameter("severity", str, enum=queries.SEVERITIES),
    FAMILY,
    CHECK,
    KIND,
    ASSET,
    OpenApiParameter("owner", str),
]


class Findings(ListView):
    """Findings, worst first."""

    rights = {"GET": Right.READ}

    @extend_schema(
        operation_id="list_findings", parameters=[*FILTERS, *PAGE_PARAMETERS], responses={200: page_schema(FindingRow)}
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List findings by severity and limit."""
        filters = {
            "state": text_parameter(request, "state"),
            "resolution": text_parameter(request, "resolution"),
            "severity": text_parameter(request, "severity"),
            "family": family_of(request),
            "check": check_of(request),
            "kind": kind_of(request),
            "owner": text_parameter(request, "owner"),
            "asset": text_parameter(request, "asset"),
        }
        return list_response(
            request,
            lambda after, limit: queries.finding_page(after, limit, **filters),
            list(FindingRow.__annotations__),
            name="findings",
            extra={"revision": current_revision()},
        )


class OneFinding(WorkspaceView):
    """One finding with its facts."""

    rights = {"GET": Right.READ}

    @extend_schema(responses={200: object_schema(FindingDetail)})
    def get(self, request: Request, finding: uuid.UUID) -> Response:
        """Return a finding and what its sealed leaf says of the change that raised it."""
        row = get_object_or_404(Finding, pk=finding)
        transition = get_object_or_404(Transition, pk=row.transition)
        return Response(queries.finding_row(row) | {"change": change_in_leaf(transition)})
