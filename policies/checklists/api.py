"""GET /api/v1/checklists and /checklists/<id>: the active versions and their checks."""

import datetime
import uuid
from typing import Any, TypedDict

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.members.strict import not_known
from accounts.paging import object_schema, text_parameter
from policies.checklists.models import Check, ChecklistVersion
from policies.checklists.queries import check_titles, ready_checklists

FAMILY = OpenApiParameter("family", str, description="Family of a shipped checklist, as in SOV")
CHECK = OpenApiParameter("check", str, description="Id of a check, as in SOV-04; one that is no longer in force too")


def family_of(request: Request) -> str:
    """Return the parameter `family`, '' where it is absent; raise BadParameter for one that there is not."""
    return text_parameter(request, FAMILY.name, ready_checklists())


def check_of(request: Request) -> str:
    """Return the parameter `check`, '' where it is absent; raise BadParameter for one that was never published."""
    name, in_force = text_parameter(request, CHECK.name), check_titles()
    if not name or name in in_force or Check.objects.filter(check_id=name).exists():
        return name
    raise not_known(CHECK.name, name, in_force)


class ChecklistRow(TypedDict):
    """One active checklist version."""

    id: uuid.UUID
    checklist: str
    title: str
    answers: str
    content_hash: str
    published_at: datetime.datetime


class ChecklistList(TypedDict):
    """All active checklists."""

    results: list[ChecklistRow]


class CheckRow(TypedDict):
    """One check as published; `waiting_for` names derived facts that nothing computes yet (then it is not judged)."""

    check: str
    kind: str
    type: str
    severity: str
    question: str
    check_hash: str
    waiting_for: list[str]
    body: dict[str, Any]


class ChecklistDetail(ChecklistRow):
    """A version with its checks."""

    checks: list[CheckRow]


class Checklists(WorkspaceView):
    """Active checklist versions."""

    rights = {"GET": Right.READ}

    @extend_schema(operation_id="list_checklists", responses={200: object_schema(ChecklistList)})
    def get(self, request: Request) -> Response:
        """List the active checklists."""
        rows = ChecklistVersion.objects.filter(active=True).order_by("checklist")
        return Response({"results": [_version(row) for row in rows]})


class ChecklistVersionDetail(WorkspaceView):
    """One checklist version with its checks."""

    rights = {"GET": Right.READ}

    @extend_schema(responses={200: object_schema(ChecklistDetail)})
    def get(self, request: Request, version: uuid.UUID) -> Response:
        """Return a version, active or not, with its checks by slot."""
        row = get_object_or_404(ChecklistVersion, pk=version)
        ready = ready_checklists().get(row.checklist)
        waiting = ready.waiting if ready else {}
        checks = Check.objects.filter(version=row).order_by("slot")
        return Response(
            _version(row) | {"checks": [_check(check, waiting.get(check.check_id, [])) for check in checks]}
        )


def _version(row: ChecklistVersion) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ChecklistRow.__annotations__}


def _check(row: Check, waiting: list[str]) -> dict[str, Any]:
    return {
        "check": row.check_id,
        "kind": row.kind,
        "type": row.type,
        "severity": row.severity,
        "question": row.question,
        "check_hash": row.check_hash,
        "waiting_for": waiting,
        "body": row.body,
    }
