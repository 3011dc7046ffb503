"""What happened, newest first, as timelines show it (web/components/timeline.html)."""

from collections.abc import Iterable, Sequence
from typing import Any

from accounts.members.queries import actor_names
from audit.tickets.models import TicketEvent
from audit.web.links import check_href
from audit.web.words import shown_verdict
from policies.evaluation.codes import word
from policies.evaluation.models import Transition

_TICKET_ICONS = {"closed": "tick", "opened": "tickets", "reopened": "tickets", "assigned": "user"}


def verdict_events(slug: str, changes: Iterable[Transition]) -> list[dict[str, Any]]:
    """Return one event per change of a verdict, with its sealed statement."""
    return [
        {
            "at": change.judged_at,
            "text": f"{change.check_id}: {_became(change)}",
            "href": check_href(slug, change.check_id),
            "verdict": shown_verdict(word(change.new)),
            "actor": "evaluation",
            "statement_id": change.statement,
        }
        for change in changes
    ]


def _became(change: Transition) -> str:
    before, after = (word(byte).replace("_", " ") for byte in (change.old, change.new))
    return f"first judged {after}" if before == "not judged" else f"{before} became {after}"


def ticket_events(number: int, events: Sequence[TicketEvent]) -> list[dict[str, Any]]:
    """Return what happened to a ticket, with the names of who did it (two queries at most)."""
    names = actor_names(event.actor for event in events)
    return [
        {
            "at": event.at,
            "text": f"Ticket no. {number} {event.what}{f': {event.detail}' if event.detail else ''}",
            "icon": _TICKET_ICONS.get(event.what, "calendar"),
            "actor": names[event.actor],
        }
        for event in events
    ]


def newest_first(*groups: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events of all groups in one order."""
    return sorted((event for group in groups for event in group), key=lambda event: event["at"], reverse=True)
