"""The API of the picture: what lies around a dataset or job, cut so that it can be drawn."""

import uuid
from typing import ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.paging import object_schema, text_parameter
from lineage.graph import parameters
from lineage.graph.picture import ask
from lineage.graph.picture.answers import PictureAnswer, picture_answer
from lineage.graph.picture.draw import draw
from lineage.graph.search import KINDS
from lineage.inventory.as_of import AS_OF
from lineage.inventory.models import Asset


class NeighbourhoodView(WorkspaceView):
    """What lies around a dataset or job."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="graph_neighbourhood",
        parameters=[
            OpenApiParameter("asset", uuid.UUID, required=True, description="the id of a dataset or job"),
            *ask.FRAME,
            *parameters.FLOWS,
            AS_OF,
        ],
        responses={200: object_schema(PictureAnswer)},
        tags=["graph"],
    )
    def get(self, request: Request) -> Response:
        """Show the datasets around one, as nodes and edges, never more than can be drawn."""
        return Response(picture_asked(request))


def picture_asked(request: Request) -> PictureAnswer:
    """Return the picture that an address asks for; raise 404 where the workspace has no such dataset or job."""
    asset = get_object_or_404(Asset, pk=uuid.UUID(text_parameter(request, "asset")), kind__in=KINDS)
    picture = draw(
        asset.pk,
        asset.kind,
        ask.frame(lambda name: text_parameter(request, name)),
        revision=parameters.revision(request),
        flows=parameters.flow_filter(request),
    )
    return picture_answer(str(asset.pk), asset.kind, picture)
