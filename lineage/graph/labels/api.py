"""The API of labels: by which path a label reaches an asset."""

import uuid
from collections.abc import Mapping
from typing import ClassVar, TypedDict

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.members.strict import BadParameter
from accounts.paging import object_schema, text_parameter
from lineage.graph import parameters
from lineage.graph.labels.order import Direction
from lineage.graph.labels.witness import (
    FAMILIES,
    Basis,
    Hop,
    Label,
    Proof,
    Witness,
    find_witness,
    proofs_of,
    read_label,
    told,
)
from lineage.inventory.as_of import AS_OF
from lineage.inventory.models import Asset


class HopRow(TypedDict):
    """One step of a path, in the direction of the flow."""

    source: dict[str, str]
    target: dict[str, str]
    job: dict[str, str] | None
    relation: str
    basis: str
    proven: bool
    masked: bool
    run: str
    event: str
    received_digest: str
    kept_digest: str


class WitnessAnswer(TypedDict):
    """The path, its revision, and whether it is proven. No path: `hops` is empty, and `says` tells so in plain words.

    `itself`: there is no path, and the asset carries the label itself; `cut`: the search was too wide.
    """

    asset: str
    label: str
    direction: str
    revision: int
    proven: bool
    cut: bool
    itself: bool
    says: str
    hops: list[HopRow]


class WitnessView(WorkspaceView):
    """Why an asset has a label."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="graph_witness",
        parameters=[
            OpenApiParameter("asset", uuid.UUID, required=True, description="the id of an asset"),
            OpenApiParameter(
                "label", str, required=True,
                description="class:<class>, environment:<environment>, country:<code>, tier:<tier>, limit or personal",
            ),
            OpenApiParameter(
                "direction", str, enum=["upstream", "downstream"],
                description="upstream (where not given): from a carrier to the asset; downstream: from it to a carrier",
            ),
            OpenApiParameter(
                "basis", str, enum=["proven", "possible"],
                description="proven: proven flows alone; else these first, then all",
            ),
            AS_OF,
        ],
        responses={200: object_schema(WitnessAnswer)},
        tags=["graph"],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Return a shortest path between the asset and what carries the label, with the run that shows each hop."""
        label, revision = _label(request), parameters.revision(request)
        direction: Direction = "downstream" if text_parameter(request, "direction") == "downstream" else "upstream"
        basis: Basis = "proven" if text_parameter(request, "basis") == "proven" else "possible"
        asset = get_object_or_404(Asset, pk=uuid.UUID(text_parameter(request, "asset")))
        found = find_witness(asset.pk, label, direction, basis, revision)
        answer: WitnessAnswer = {
            "asset": str(asset.pk), "label": str(label), "direction": direction, "revision": revision,
            "proven": found.proven, "cut": found.cut, "itself": found.itself,
            "says": told(found, label, direction, revision), "hops": _rows(found),
        }  # fmt: skip
        return Response(answer)


def _label(request: Request) -> Label:
    text = text_parameter(request, "label")
    if (label := read_label(text)) is None:
        raise BadParameter(
            f"label={text[:80]!r} is no label: expected {', '.join(FAMILIES)}, the first four with what is looked for, "
            "such as class:personal."
        )
    return label


def _rows(found: Witness) -> list[HopRow]:
    ends = {one for hop in found.hops for one in (hop.source, hop.target, hop.job) if one is not None}
    assets = Asset.objects.in_bulk(ends)
    proofs = proofs_of(found.hops)
    return [_row(hop, assets, proofs.get(hop)) for hop in found.hops]


def _row(hop: Hop, assets: Mapping[uuid.UUID, Asset], proof: Proof | None) -> HopRow:
    return {
        "source": _named(assets[hop.source]),
        "target": _named(assets[hop.target]),
        "job": _named(assets[hop.job]) if hop.job is not None else None,
        "relation": hop.relation,
        "basis": hop.basis,
        "proven": hop.proven,
        "masked": hop.masked,
        "run": proof.run_id if proof else "",
        "event": str(proof.event) if proof and proof.event else "",
        "received_digest": proof.received_digest if proof else "",
        "kept_digest": proof.kept_digest if proof else "",
    }


def _named(asset: Asset) -> dict[str, str]:
    return {"id": str(asset.pk), "kind": asset.kind, "uid": asset.uid, "name": asset.name}
