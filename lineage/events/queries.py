"""Read what was received, and what could not be worked off."""

import datetime

from django.db.models import QuerySet

from accounts.paging import Page, page_of
from accounts.workspaces.ids import lowest_id
from accounts.workspaces.models import DeadLetter
from lineage.events.models import Event


def events(*, kind: str = "", sender: str = "", source: str = "") -> QuerySet[Event]:
    """Return events without their bodies, filtered where a value is given."""
    given = {"kind": kind, "sender": sender, "source": source}
    return Event.objects.defer("body").filter(**{name: value for name, value in given.items() if value})


def event_page(found: QuerySet[Event], after: str | None, limit: int) -> Page[Event]:
    """Return a page of events, newest first."""
    return page_of(found, ["-id"], after, limit, scope="raw-events")


def events_of_run(run_id: str) -> QuerySet[Event]:
    """Return the events of a run without their bodies, oldest first; `run_id` in any case."""
    return Event.objects.defer("body").filter(about=run_id.lower()).exclude(about="").order_by("id")


def heard_from(sender: str, since: datetime.datetime, most: int) -> list[Event]:
    """Return the newest events that a sender has sent since an instant, at most `most`, without their bodies.

    Ids tell the time, so only what came in since then is looked at, however much there was before.
    """
    return list(events(sender=sender).filter(pk__gte=lowest_id(since)).order_by("-id")[:most])


def dead_letters(*, stage: str = "", open_only: bool = False) -> QuerySet[DeadLetter]:
    """Return work that failed for good; `open_only`: not replayed since."""
    found = DeadLetter.objects.filter(stage=stage) if stage else DeadLetter.objects.all()
    return found.filter(replayed_at__isnull=True) if open_only else found


def dead_letter_page(found: QuerySet[DeadLetter], after: str | None, limit: int) -> Page[DeadLetter]:
    """Return a page of dead letters, newest first."""
    return page_of(found, ["-id"], after, limit, scope="dead-letters")
