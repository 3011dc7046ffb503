"""GET /api/v1/verdicts, /verdicts/changes, /posture; POST /api/v1/evaluations."""

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
from accounts.paging import (
    PAGE_PARAMETERS,
    ListView,
    list_response,
    object_schema,
    page_of,
    page_schema,
    text_parameter,
)
from accounts.workspaces.revisions import current_revision
from lineage.inventory.models import Asset
from lineage.inventory.reads import ASSET, KIND, kind_of
from policies.checklists.api import CHECK, FAMILY, check_of, family_of
from policies.evaluation import queries
from policies.evaluation.codes import word
from policies.evaluation.full import request_full
from policies.evaluation.minimum import carrier, subject_counts
from policies.evaluation.models import Transition


class VerdictRow(TypedDict):
    """One current verdict."""

    asset: uuid.UUID
    kind: str
    uid: str
    name: str
    check: str
    severity: str
    verdict: str
    stale: bool
    waived: bool
    grade: str
    judged_at: datetime.datetime
    flip_at: datetime.datetime | None
    flip_to: str | None
    stale_at: datetime.datetime | None
    version: uuid.UUID


class ChangeRow(TypedDict):
    """One change of a verdict."""

    id: uuid.UUID
    asset: uuid.UUID
    kind: str
    uid: str
    check: str
    before: str
    after: str
    grade: str
    reason: str
    judged_at: datetime.datetime
    revision: int
    statement: uuid.UUID


class TallyRow(TypedDict):
    """Subjects by verdict, with what is counted as passed and known."""

    verdicts: dict[str, int]
    passed: int
    applicable: int
    known: int
    stale: int
    waived: int
    pass_rate: float | None
    known_rate: float | None
    grades: dict[str, int]
    weakest_grade: str


class FamilyRow(TypedDict):
    """One family's posture."""

    family: str
    title: str
    total: TallyRow
    checks: dict[str, TallyRow]


class SubjectCountRow(TypedDict):
    """A check that has too few subjects, or perhaps too few; `organisation` carries the verdict, null = nobody does."""

    check: str
    needed: int
    counted: int
    undecided: int
    verdict: str
    organisation: uuid.UUID | None


class PostureAnswer(TypedDict):
    """The posture of every family as of a revision."""

    revision: int
    families: list[FamilyRow]
    too_few_subjects: list[SubjectCountRow]


class EvaluationAnswer(TypedDict):
    """What was queued."""

    queued: int


VERDICT_FILTERS = [CHECK, FAMILY, OpenApiParameter("verdict", str, enum=queries.VERDICTS), KIND, ASSET]


def _asset_of(request: Request) -> uuid.UUID | None:
    text = text_parameter(request, "asset")
    return uuid.UUID(text) if text else None


class Verdicts(ListView):
    """Current verdicts, one row per asset and check."""

    rights = {"GET": Right.READ}

    @extend_schema(parameters=[*VERDICT_FILTERS, *PAGE_PARAMETERS], responses={200: page_schema(VerdictRow)})
    def get(self, request: Request) -> HttpResponseBase:
        """List current verdicts by asset and check."""
        filters = {
            "check": check_of(request),
            "family": family_of(request),
            "verdict": text_parameter(request, "verdict"),
            "kind": kind_of(request),
            "asset": _asset_of(request),
        }
        return list_response(
            request,
            lambda after, limit: queries.verdict_page(after, limit, **filters),
            list(VerdictRow.__annotations__),
            name="verdicts",
            extra={"revision": current_revision()},
        )


class VerdictChanges(ListView):
    """The transition log, oldest first."""

    rights = {"GET": Right.READ}

    @extend_schema(parameters=[CHECK, ASSET, *PAGE_PARAMETERS], responses={200: page_schema(ChangeRow)})
    def get(self, request: Request) -> HttpResponseBase:
        """List verdict changes in the order in which they were made."""
        rows = queries.transitions(check=check_of(request), asset=_asset_of(request)).order_by()
        return list_response(
            request,
            lambda after, limit: page_of(rows, ["id"], after, limit, scope="changes").map(_change),
            list(ChangeRow.__annotations__),
            name="verdict-changes",
        )


ENTITY = OpenApiParameter(
    "entity", uuid.UUID, description="the id of an organisation, as /api/v1/assets?kind=organisation gives it"
)


class Posture(WorkspaceView):
    """Pass-rate, known-rate and grade per family and check."""

    rights = {"GET": Right.READ}

    @extend_schema(parameters=[ENTITY], responses={200: object_schema(PostureAnswer)})
    def get(self, request: Request) -> Response:
        """Return the posture from the exact roll-ups, of one entity where it is named; `too_few_subjects` is of all."""
        entity = text_parameter(request, "entity")
        only = [get_object_or_404(Asset, pk=entity, kind="organisation").pk] if entity else None
        families = [
            {
                "family": each.family,
                "title": each.title,
                "total": tally_row(each.total),
                "checks": {name: tally_row(tally) for name, tally in sorted(each.checks.items())},
            }
            for each in queries.posture(only)
        ]
        too_few = [row for row in count_rows() if row["verdict"] != "pass"]
        return Response({"revision": current_revision(), "families": families, "too_few_subjects": too_few})


class Evaluations(WorkspaceView):
    """Ask for a full evaluation."""

    rights = {"POST": Right.EVALUATE}

    @extend_schema(request=None, responses={202: object_schema(EvaluationAnswer)})
    def post(self, request: Request) -> Response:
        """Queue every asset of the workspace for evaluation; progress shows as work that waits."""
        return Response({"queued": request_full()}, status=202)


def count_rows() -> list[SubjectCountRow]:
    """Return the checks that need a number of subjects with the counts; two queries."""
    organisation = carrier()
    return [
        {
            "check": count.check.id,
            "needed": count.needed,
            "counted": count.counted,
            "undecided": count.undecided,
            "verdict": word(count.code),
            "organisation": organisation.pk if organisation is not None else None,
        }
        for count in subject_counts()
    ]


def tally_row(tally: queries.Tally) -> TallyRow:
    """Return a tally as a plain row."""
    return {
        "verdicts": tally.verdicts,
        "passed": tally.passed,
        "applicable": tally.applicable,
        "known": tally.known,
        "stale": tally.stale,
        "waived": tally.waived,
        "pass_rate": tally.pass_rate,
        "known_rate": tally.known_rate,
        "grades": tally.grades,
        "weakest_grade": tally.weakest_grade,
    }


def _change(row: Transition) -> dict[str, Any]:
    return {
        "id": row.pk,
        "asset": row.asset_id,
        "kind": row.kind,
        "uid": row.uid,
        "check": row.check_id,
        "before": word(row.old),
        "after": word(row.new),
        "grade": row.grade,
        "reason": row.reason,
        "judged_at": row.judged_at,
        "revision": row.rev,
        "statement": row.statement,
    }
