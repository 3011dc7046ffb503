"""The doors for OpenLineage events: parse, record, commit, then answer with receipts."""

from typing import Any, ClassVar

from django.db import OperationalError
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiRequest, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.errors import error_body
from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.paging import object_schema
from lineage.events.answers import BatchAnswer, ReceiptAnswer, batch_answer, receipt_answer
from lineage.events.backlog import refuse_when_behind
from lineage.events.body import read_body
from lineage.events.errors import Unavailable
from lineage.events.hooks import HookAuthentication, HookPrincipal, Message, answer_given, remember_answer
from lineage.events.receive import Batch, receive_batch, receive_event, refuse_bound
from lineage.events.record import NewEvent, store_events

_EVENT = {
    "type": "object",
    "description": "RunEvent, JobEvent or DatasetEvent of OpenLineage 2",
    "additionalProperties": True,
}
_EVENTS = {"type": "array", "items": _EVENT}


class AnswerAnyway(BaseContentNegotiation):
    """Answer in JSON whatever the sender accepts: an event must not be lost over the form of its receipt."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the only renderer."""
        return renderers[0], renderers[0].media_type


class ReceiveView(WorkspaceView):
    """The base of the doors: authenticate, read and judge the body, and only then open the transaction."""

    rights: ClassVar[dict[str, Right]] = {"POST": Right.SEND_EVENTS}
    content_negotiation_class = AnswerAnyway

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a database that is away with 503, which clients repeat, and never with a false receipt."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except OperationalError:
            message = "The database cannot be reached; nothing of this request was kept. Send it again."
            away = error_body(Unavailable.code, message)
            return JsonResponse(away, status=Unavailable.status, headers={"Retry-After": "2"})

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse while we are behind, before the body is read; enter the workspace last: a slow or bad body must not
        hold a transaction open.
        """
        self.check_method(request)
        APIView.initial(self, request, *args, **kwargs)  # not WorkspaceView's, which enters before the body is read
        refuse_when_behind(self.principal.workspace_id)
        self.receive(request)
        self.enter()

    def receive(self, request: Request) -> None:
        """Read the body and keep what `post` records; raise what the body or its sender is refused for."""
        raise NotImplementedError


class LineageView(ReceiveView):
    """One event."""

    event: NewEvent

    def receive(self, request: Request) -> None:
        """Read one event."""
        refuse_bound(self.principal)
        self.event = receive_event(read_body(request._request), self.principal)

    @extend_schema(
        operation_id="send_event",
        summary="Send one OpenLineage event",
        request=OpenApiRequest(_EVENT),
        responses={201: object_schema(ReceiptAnswer)},
        tags=["lineage"],
    )
    def post(self, request: Request) -> Response:
        """Record the event; the same content again gets the same receipt."""
        return Response({"receipt": receipt_answer(store_events([self.event])[0])}, 201)


class LineageBatchView(ReceiveView):
    """An array of events, as the specification of /lineage/batch says."""

    batch: Batch

    def receive(self, request: Request) -> None:
        """Read an array; each event is judged by itself."""
        refuse_bound(self.principal)
        self.batch = receive_batch(read_body(request._request), self.principal)

    @extend_schema(
        operation_id="send_events",
        summary="Send a batch of OpenLineage events",
        request=OpenApiRequest(_EVENTS),
        responses={200: object_schema(BatchAnswer)},
        tags=["lineage"],
    )
    def post(self, request: Request) -> Response:
        """Record the good events in one transaction and name the others with the reason."""
        return Response(batch_answer(self.batch, store_events([event for _, event in self.batch.events])))


class HookView(ReceiveView):
    """A signed message that holds one event or an array."""

    authentication_classes = [HookAuthentication]
    batch: Batch

    def receive(self, request: Request) -> None:
        """Read the content that authentication has checked."""
        content = self.message.content
        if content.lstrip()[:1] == b"[":
            self.batch = receive_batch(content, self.principal)
        else:
            self.batch = Batch(1, ((0, receive_event(content, self.principal)),), ())

    @property
    def message(self) -> Message:
        """The checked message."""
        principal = self.principal
        assert isinstance(principal, HookPrincipal)
        assert principal.message is not None
        return principal.message

    @extend_schema(
        operation_id="send_signed_events",
        summary="Send events in a message signed by Standard Webhooks",
        request=OpenApiRequest({"oneOf": [_EVENT, _EVENTS]}),
        responses={200: object_schema(BatchAnswer)},
        tags=["lineage"],
    )
    def post(self, request: Request, hook_id: object) -> Response:
        """Record the content; the same message again gets the same answer, its id with other content is refused."""
        contents = [(index, event.content_digest.hex()) for index, event in self.batch.events]
        given = answer_given(self.message, contents)
        if given is None:
            receipts = store_events([event for _, event in self.batch.events])
            given = remember_answer(self.message, contents, dict(batch_answer(self.batch, receipts)))
        return Response(given)
