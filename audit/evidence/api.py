"""GET /api/v1/statements, /statements/<id> and /checkpoints: what was said, and that it is in the ledger."""

import datetime
import uuid
from typing import Any, TypedDict

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.journal.actions import Action
from accounts.journal.models import Statement
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
from audit.evidence import queries


class StatementRow(TypedDict):
    """One statement; `index` is null and `digest` empty until it is sealed."""

    id: uuid.UUID
    action: str
    actor: str
    made_at: datetime.datetime
    revision: int
    index: int | None
    sealed_at: datetime.datetime | None
    digest: str


class ProofRow(TypedDict):
    """The inclusion proof of a statement."""

    leaf_hash: str
    size: int
    root: str
    hashes: list[str]
    note: str


class StatementDetail(StatementRow):
    """A statement with its body and proof."""

    body: dict[str, Any]
    subjects: list[Any]
    proof: ProofRow | None
    assurance: str


class CheckpointRow(TypedDict):
    """One signed head of the ledger; `vkey` is the C2SP verifier key that its note is checked against."""

    size: int
    root: str
    note: str
    vkey: str
    published_at: datetime.datetime


class Statements(ListView):
    """Statements, newest first."""

    rights = {"GET": Right.READ}

    @extend_schema(
        operation_id="list_statements",
        parameters=[OpenApiParameter("action", str, enum=[str(known) for known in Action]), *PAGE_PARAMETERS],
        responses={200: page_schema(StatementRow)},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List statements."""
        action = text_parameter(request, "action")
        return list_response(
            request,
            lambda after, limit: queries.statement_page(after, limit, action=action),
            list(StatementRow.__annotations__),
            name="statements",
        )


class OneStatement(WorkspaceView):
    """One statement."""

    rights = {"GET": Right.READ}

    @extend_schema(responses={200: object_schema(StatementDetail)})
    def get(self, request: Request, statement: uuid.UUID) -> Response:
        """Return a statement with its body and the proof that the newest checkpoint covers it."""
        row = get_object_or_404(Statement, pk=statement)
        proof = queries.proof_of(row.pk)
        return Response(
            queries.statement_row(row, proof.entry if proof else None)
            | {
                "body": row.body,
                "subjects": row.subjects,
                "proof": _proof(proof) if proof else None,
                "assurance": queries.SELF_SIGNED,
            }
        )


class Checkpoints(ListView):
    """Signed heads of the ledger, newest first."""

    rights = {"GET": Right.READ}

    @extend_schema(parameters=PAGE_PARAMETERS, responses={200: page_schema(CheckpointRow)})
    def get(self, request: Request) -> HttpResponseBase:
        """List checkpoints; keep one outside to check later exports against it."""
        return list_response(
            request,
            lambda after, limit: page_of(queries.checkpoints(), ["-size"], after, limit, scope="checkpoints").map(
                queries.checkpoint_row
            ),
            list(CheckpointRow.__annotations__),
            name="checkpoints",
        )


def _proof(proof: queries.Proof) -> dict[str, Any]:
    return {
        "leaf_hash": bytes(proof.entry.leaf_hash).hex(),
        "size": proof.checkpoint.size,
        "root": bytes(proof.checkpoint.root).hex(),
        "hashes": proof.hashes,
        "note": proof.checkpoint.note,
    }
