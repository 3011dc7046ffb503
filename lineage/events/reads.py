"""The API for reading what was received and for replaying what failed."""

import uuid
from typing import Any, ClassVar, TypedDict

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.journal.canonical.encode import instant
from accounts.members.rights import Right
from accounts.members.scope import WorkspaceView
from accounts.paging import PAGE_PARAMETERS, ListView, list_response, object_schema, page_schema, text_parameter
from accounts.workspaces.models import DeadLetter
from accounts.workspaces.queue import Stage
from lineage.events.errors import EventDeleted
from lineage.events.models import DeletionReceipt, Event
from lineage.events.queries import dead_letter_page, dead_letters, event_page, events
from lineage.events.replay import replay


class EventRow(TypedDict):
    """An event without its body; digests in hex."""

    id: str
    kind: str
    sender: str
    source: str
    media_type: str
    event_time: str | None
    received_at: str
    received_digest: str
    kept_digest: str
    redactions: list[dict[str, Any]]
    parameters: dict[str, Any]


class EventDetail(EventRow):
    """An event with its body as text: exactly what is kept."""

    body: str


class DeadLetterRow(TypedDict):
    """Work that failed eight times."""

    id: str
    stage: str
    subject: str
    reason: str
    attempts: int
    failed_at: str
    replayed_at: str | None


class ReplayAnswer(TypedDict):
    """The letter, and whether this request queued its work."""

    replayed: bool
    letter: DeadLetterRow


def event_row(event: Event) -> EventRow:
    """Return an event as JSON, without its body."""
    return {
        "id": str(event.pk),
        "kind": event.kind,
        "sender": event.sender,
        "source": event.source,
        "media_type": event.media_type,
        "event_time": instant(event.event_time) if event.event_time else None,
        "received_at": instant(event.received_at),
        "received_digest": bytes(event.received_digest).hex(),
        "kept_digest": bytes(event.kept_digest).hex(),
        "redactions": event.redactions,
        "parameters": event.parameters,
    }


def dead_letter_row(letter: DeadLetter) -> DeadLetterRow:
    """Return a dead letter as JSON."""
    return {
        "id": str(letter.pk),
        "stage": letter.stage,
        "subject": str(letter.subject),
        "reason": letter.reason,
        "attempts": letter.attempts,
        "failed_at": instant(letter.failed_at),
        "replayed_at": instant(letter.replayed_at) if letter.replayed_at else None,
    }


def refuse_deleted(event_id: uuid.UUID) -> None:
    """Raise EventDeleted with the receipt where retention has deleted the event."""
    receipt = DeletionReceipt.objects.select_related("rule", "deletion").filter(pk=event_id).first()
    if receipt is None:
        return
    deleted_at = instant(receipt.deletion.deleted_at)
    raise EventDeleted(
        f"The body of this event was deleted at {deleted_at} by a retention rule of {receipt.rule.days} days; its "
        "digests stay. The statement named in details proves what was deleted.",
        details={
            "id": str(receipt.pk),
            "kind": receipt.kind,
            "received_at": instant(receipt.received_at),
            "received_digest": bytes(receipt.received_digest).hex(),
            "kept_digest": bytes(receipt.kept_digest).hex(),
            "deleted_at": deleted_at,
            "rule": str(receipt.rule_id),
            "deletion": str(receipt.deletion_id),
            "statement": str(receipt.deletion.statement),
        },
    )


class RawEventsView(ListView):
    """Everything that was received, newest first."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="list_raw_events",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("kind", str, enum=Event.Kind.values),
            OpenApiParameter("sender", str, description="token:<id>, hook:<id>, member:<id> or command"),
            OpenApiParameter("source", str, description="source of an inventory"),
        ],
        responses={200: page_schema(EventRow)},
        tags=["lineage"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List events."""
        found = events(
            kind=text_parameter(request, "kind"),
            sender=text_parameter(request, "sender"),
            source=text_parameter(request, "source"),
        )
        return list_response(
            request,
            lambda after, limit: event_page(found, after, limit).map(event_row),
            list(EventRow.__annotations__),
            name="raw-events",
        )


class RawEventView(WorkspaceView):
    """One event with its body."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(operation_id="get_raw_event", responses={200: object_schema(EventDetail)}, tags=["lineage"])
    def get(self, request: Request, event_id: uuid.UUID) -> Response:
        """Show one event."""
        refuse_deleted(event_id)
        event = get_object_or_404(Event, pk=event_id)
        return Response({**event_row(event), "body": bytes(event.body).decode(errors="replace")})


class DeadLettersView(ListView):
    """Work that failed for good, newest first."""

    rights: ClassVar[dict[str, Right]] = {"GET": Right.READ}

    @extend_schema(
        operation_id="list_dead_letters",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("stage", str, enum=list(Stage)),
            OpenApiParameter("state", str, enum=["open"], description="open: not replayed yet"),
        ],
        responses={200: page_schema(DeadLetterRow)},
        tags=["operations"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List dead letters."""
        found = dead_letters(
            stage=text_parameter(request, "stage"),
            open_only=text_parameter(request, "state") == "open",
        )
        return list_response(
            request,
            lambda after, limit: dead_letter_page(found, after, limit).map(dead_letter_row),
            list(DeadLetterRow.__annotations__),
            name="dead-letters",
        )


class ReplayView(WorkspaceView):
    """Try the work of one dead letter again."""

    rights: ClassVar[dict[str, Right]] = {"POST": Right.REPLAY}

    @extend_schema(
        operation_id="replay_dead_letter",
        request=None,
        responses={200: object_schema(ReplayAnswer)},
        tags=["operations"],
    )
    def post(self, request: Request, letter_id: uuid.UUID) -> Response:
        """Queue it again."""
        letter = get_object_or_404(DeadLetter, pk=letter_id)
        replayed = replay(letter, actor=self.principal.actor)
        letter.refresh_from_db()
        return Response({"replayed": replayed, "letter": dead_letter_row(letter)})
