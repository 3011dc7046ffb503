"""The API of the graph: directed, paged, and saying whether the answer is complete."""

import datetime
import uuid
from typing import Any, ClassVar, TypedDict

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from accounts.members.rights import Right
from accounts.members.strict import BadParameter
from accounts.paging import PAGE_PARAMETERS, ListView, Page, list_response, page_schema, text_parameter
from accounts.workspaces.revisions import current_revision, revision_at
from lineage.graph.queries import MAX_DEPTH, Node, Reach, reach
from lineage.graph.snapshot import Direction
from lineage.inventory.models import Asset

DEFAULT_DEPTH = 20


class NodeRow(TypedDict):
    """A dataset that was reached; `basis` is possible where only guessed flows lead to it."""

    id: str
    kind: str
    uid: str
    name: str
    distance: int
    basis: str
    country: str


_PARAMETERS = [
    *PAGE_PARAMETERS,
    OpenApiParameter(
        "asset", uuid.UUID, required=True, description="the id of a dataset, as /api/v1/assets?kind=dataset gives it"
    ),
    OpenApiParameter("depth", int, description=f"steps, 1 to {MAX_DEPTH}; {DEFAULT_DEPTH} where not given"),
    OpenApiParameter("basis", str, enum=["proven", "possible"], description="proven: proven flows alone"),
    OpenApiParameter("as_of", str, description="an instant (RFC 3339) or rev:N; the present where not given"),
]


class GraphView(ListView):
    """The base of both directions."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}
    direction: ClassVar[Direction]

    def answer(self, request: Request) -> HttpResponseBase:
        """List what is reached, with its revision and whether it is complete."""
        start = get_object_or_404(Asset, pk=uuid.UUID(text_parameter(request, "asset")), kind="dataset")
        found = reach(
            start.pk,
            self.direction,
            depth=_depth(request),
            proven_only=text_parameter(request, "basis") == "proven",
            revision=_revision(request),
        )
        return list_response(
            request,
            lambda after, limit: _page(found, after, limit),
            list(NodeRow.__annotations__),
            name=f"graph-{self.direction}",
            extra={
                "total": len(found.nodes),
                "revision": found.revision,
                "complete": found.complete,
                "reasons": list(found.reasons),
            },
        )


class UpstreamView(GraphView):
    """What feeds a dataset."""

    direction = "upstream"

    @extend_schema(
        operation_id="graph_upstream", parameters=_PARAMETERS, responses={200: page_schema(NodeRow)}, tags=["graph"]
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List every dataset that feeds this one."""
        return self.answer(request)


class DownstreamView(GraphView):
    """What a dataset feeds."""

    direction = "downstream"

    @extend_schema(
        operation_id="graph_downstream", parameters=_PARAMETERS, responses={200: page_schema(NodeRow)}, tags=["graph"]
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List every dataset that this one feeds."""
        return self.answer(request)


def _page(found: Reach, after: str | None, limit: int) -> Page[NodeRow]:
    """Return a page; its cursor names the revision, so that the pages of one answer fit together while others write."""
    position = _cursor(after)[1] if after else 0
    nodes = found.nodes[position : position + limit]
    assets = Asset.objects.in_bulk([node.asset_id for node in nodes])
    end = position + limit
    following = f"{found.revision}-{end}" if end < len(found.nodes) else None
    return Page(tuple(_row(node, assets[node.asset_id]) for node in nodes), following)


def _cursor(after: str) -> tuple[int, int]:
    revision, _, index = after.partition("-")
    if not (after.isascii() and revision.isdigit() and index.isdigit() and len(after) < 30):
        raise BadParameter(f"after={after[:80]!r} is no cursor of this list: send the `next` of the former answer.")
    return int(revision), int(index)


def _row(node: Node, asset: Asset) -> NodeRow:
    return {
        "id": str(asset.pk),
        "kind": asset.kind,
        "uid": asset.uid,
        "name": asset.name,
        "distance": node.distance,
        "basis": "proven" if node.proven else "possible",
        "country": asset.country,
    }


def _depth(request: Request) -> int:
    text = text_parameter(request, "depth") or str(DEFAULT_DEPTH)
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MAX_DEPTH):
        raise BadParameter(f"depth={text[:40]!r} is no number of steps: expected 1 to {MAX_DEPTH}.")
    return int(text)


def _revision(request: Request) -> int:
    """Return the revision to read: that of the cursor, of `rev:N`, the last one known at an instant, or the newest."""
    newest = current_revision()
    said = _known_revision(text_parameter(request, "as_of"), newest)
    if after := text_parameter(request, "after"):
        return _known_revision(f"rev:{_cursor(after)[0]}", newest)
    return said


def _known_revision(text: str, newest: int) -> int:
    if not text:
        return newest
    number = text.removeprefix("rev:")
    if text.startswith("rev:") and number.isascii() and number.isdigit() and len(number) < 19:
        if int(number) <= newest:
            return int(number)
        raise BadParameter(f"as_of={text[:40]!r} is not known yet: the newest revision is rev:{newest}.")
    try:
        instant: Any = datetime.datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise BadParameter(
            f"as_of={text[:40]!r} is no time: expected rev:N, or an instant such as 2026-11-01T00:00:00Z."
        ) from None
    return revision_at(instant if timezone.is_aware(instant) else instant.replace(tzinfo=datetime.UTC))
