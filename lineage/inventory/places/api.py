"""GET /api/v1/joins and /api/v1/joins/suggestions: which storage serves a namespace by an act, and which may.

Accepting and withdrawing are governed acts: POST /api/v1/approvals with the kinds join.accept and join.withdraw.
"""

from typing import ClassVar, TypedDict

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from accounts.journal.canonical.encode import instant
from accounts.members.rights import Right
from accounts.paging import PAGE_PARAMETERS, ListView, list_response, page_of, page_schema, text_parameter
from lineage.inventory.models import NamespaceJoin
from lineage.inventory.places.suggest import Suggestion, unserved_page


class CandidateRow(TypedDict):
    """A storage that may serve the namespace; `because` is the name by which it is alike."""

    storage: str
    uid: str
    name: str
    likeness: int
    because: str


class SuggestionRow(TypedDict):
    """A namespace that nothing serves, and the storages that may, the likeliest first."""

    namespace: str
    datasets: int
    candidates: list[CandidateRow]


class JoinRow(TypedDict):
    """An accepted join; `ended_at` null = in force. `act` and `ended_act` are the governed acts behind it."""

    id: str
    namespace: str
    storage: str
    uid: str
    name: str
    accepted_at: str
    act: str
    ended_at: str | None
    ended_act: str | None


class JoinsView(ListView):
    """Joins that people accepted."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="list_joins",
        parameters=[
            OpenApiParameter("state", str, enum=["active"], description="active: in force"),
            *PAGE_PARAMETERS,
        ],
        responses={200: page_schema(JoinRow)},
        tags=["inventory"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List them, newest first."""
        rows = NamespaceJoin.objects.select_related("storage")
        if text_parameter(request, "state"):
            rows = rows.filter(ended_at__isnull=True)
        return list_response(
            request,
            lambda after, limit: page_of(rows, ["-id"], after, limit, scope="joins").map(join_row),
            list(JoinRow.__annotations__),
            name="joins",
        )


class SuggestionsView(ListView):
    """Namespaces that nothing serves."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="list_join_suggestions",
        parameters=PAGE_PARAMETERS,
        responses={200: page_schema(SuggestionRow)},
        tags=["inventory"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List them with the storages that may serve them, ranked by likeness (docs/inventories.md)."""
        return list_response(
            request,
            lambda after, limit: unserved_page(after, limit).map(suggestion_row),
            list(SuggestionRow.__annotations__),
            name="join-suggestions",
        )


def suggestion_row(suggestion: Suggestion) -> SuggestionRow:
    """Return a suggestion as JSON."""
    return {
        "namespace": suggestion.namespace,
        "datasets": suggestion.datasets,
        "candidates": [
            {
                "storage": str(each.storage),
                "uid": each.uid,
                "name": each.name,
                "likeness": each.likeness,
                "because": each.because,
            }
            for each in suggestion.candidates
        ],
    }


def join_row(join: NamespaceJoin) -> JoinRow:
    """Return an accepted join as JSON."""
    return {
        "id": str(join.pk),
        "namespace": join.namespace,
        "storage": str(join.storage_id),
        "uid": join.storage.uid,
        "name": join.storage.name,
        "accepted_at": instant(join.accepted_at),
        "act": str(join.act_id),
        "ended_at": instant(join.ended_at) if join.ended_at else None,
        "ended_act": str(join.ended_act_id) if join.ended_act_id else None,
    }
