"""GET and POST /api/v1/pulls; DELETE /api/v1/pulls/<id>; POST /api/v1/pulls/<id>/run."""

import uuid
from typing import ClassVar, TypedDict

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.journal.canonical.encode import instant
from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.members.strict import StrictBody
from accounts.paging import PAGE_PARAMETERS, ListView, Page, list_response, object_schema, page_of, page_schema
from accounts.workspaces.models import Workspace
from lineage.inventory.pulls.manage import MOST_HOURS, add_pull, pull_now, remove_pull
from lineage.inventory.pulls.models import Pull
from lineage.inventory.pulls.places.known import PLACES
from lineage.inventory.reading import DELTA, FULL


class PullRow(TypedDict):
    """A pull; what came of its last try in `outcome`. Its secret is never shown. '' = not yet."""

    id: str
    source: str
    place: str
    address: str
    options: dict[str, str]
    has_secret: bool
    format: str
    kind: str
    mode: str
    every_hours: int
    created_by: str
    created_at: str
    next_at: str
    running: bool
    tried_at: str
    outcome: str
    succeeded_at: str
    last_event: str | None
    failures: int


class NewPull(StrictBody):
    """Where to fetch the inventory of a source from, and how often."""

    source = serializers.CharField(max_length=120)  # type: ignore[assignment]  # a field of that name, no setting
    place = serializers.ChoiceField(choices=sorted(PLACES))
    address = serializers.CharField(max_length=1000, allow_blank=True)
    options = serializers.DictField(child=serializers.CharField(max_length=20_000, trim_whitespace=False), default=dict)
    secret = serializers.CharField(max_length=8000, default="", allow_blank=True, trim_whitespace=False)
    format = serializers.CharField(max_length=40, default="", allow_blank=True)
    kind = serializers.CharField(max_length=40, default="", allow_blank=True)
    mode = serializers.ChoiceField(choices=[DELTA, FULL])
    every_hours = serializers.IntegerField(min_value=1, max_value=MOST_HOURS)


class Pulls(ListView):
    """Places from which inventories are fetched."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ, "POST": Right.MANAGE_PULLS}

    @extend_schema(
        operation_id="list_pulls", parameters=PAGE_PARAMETERS, responses={200: page_schema(PullRow)}, tags=["inventory"]
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List the pulls, with what came of the last try of each."""

        def fetch(after: str | None, limit: int) -> Page[PullRow]:
            return page_of(Pull.objects.filter(removed_at__isnull=True), ("id",), after, limit, scope="pulls").map(
                pull_row
            )

        return list_response(request, fetch, list(PullRow.__annotations__), name="pulls")

    @extend_schema(
        operation_id="add_pull", request=NewPull, responses={201: object_schema(PullRow)}, tags=["inventory"]
    )
    def post(self, request: Request) -> Response:
        """Set up a pull; it is tried at once, and then every so many hours."""
        given = NewPull.read(request.data)
        pull = add_pull(
            slug=Workspace.objects.get(pk=self.principal.workspace_id).slug,
            source=given["source"],
            place=given["place"],
            address=given["address"],
            options=given["options"],
            secret=given["secret"],
            format_name=given["format"],
            kind=given["kind"],
            mode=given["mode"],
            every_hours=given["every_hours"],
            actor=self.principal.actor,
        )
        pull.refresh_from_db()
        return Response(pull_row(pull), 201)


class OnePull(WorkspaceView):
    """One pull."""

    rights: ClassVar[dict[str, Right]] = {"DELETE": Right.MANAGE_PULLS}

    @extend_schema(operation_id="remove_pull", responses={204: None}, tags=["inventory"])
    def delete(self, request: Request, pull_id: uuid.UUID) -> Response:
        """Stop fetching and forget its secret; what was fetched stays."""
        remove_pull(get_object_or_404(Pull, pk=pull_id, removed_at__isnull=True), actor=self.principal.actor)
        return Response(status=204)


class RunPull(WorkspaceView):
    """One pull, now."""

    rights: ClassVar[dict[str, Right]] = {"POST": Right.MANAGE_PULLS}

    @extend_schema(operation_id="run_pull", request=None, responses={202: object_schema(PullRow)}, tags=["inventory"])
    def post(self, request: Request, pull_id: uuid.UUID) -> Response:
        """Make it due: a worker fetches it within a minute."""
        pull = get_object_or_404(Pull, pk=pull_id, removed_at__isnull=True)
        pull_now(pull)
        pull.refresh_from_db()
        return Response(pull_row(pull), 202)


def pull_row(pull: Pull) -> PullRow:
    """Return a pull as JSON."""
    return {
        "id": str(pull.pk),
        "source": pull.source,
        "place": pull.place,
        "address": pull.address,
        "options": pull.options,
        "has_secret": pull.secret is not None,
        "format": pull.format,
        "kind": pull.kind,
        "mode": pull.mode,
        "every_hours": pull.every_hours,
        "created_by": pull.created_by,
        "created_at": instant(pull.created_at),
        "next_at": instant(pull.next_at),
        "running": pull.running_since is not None,
        "tried_at": instant(pull.tried_at) if pull.tried_at else "",
        "outcome": pull.outcome,
        "succeeded_at": instant(pull.succeeded_at) if pull.succeeded_at else "",
        "last_event": str(pull.last_event) if pull.last_event else None,
        "failures": pull.failures,
    }
