"""Receive what is due from its place, and take it in by the same door as everything: prepare, then record.

1. Claim one pull that is due, in a transaction of its own: who claims says so, so that no other fetches it too.
2. Fetch outside of any transaction: a slow place holds nothing.
3. Take in each file as its source sends it; the same content again gets the same receipt and changes nothing.
4. Note what came of it, and when it is due again: as set up, or sooner after a failure, up to that.
"""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
import urllib3.exceptions
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from accounts.errors import AuditlineError
from accounts.workspaces.isolation import current_workspace, in_workspace
from accounts.workspaces.models import Workspace
from lineage.inventory.declared.queries import vocabulary_of
from lineage.inventory.kinds.load import speaking
from lineage.inventory.pulls.models import Pull
from lineage.inventory.pulls.places.known import PLACES
from lineage.inventory.pulls.places.place import Asked, Fetched
from lineage.inventory.pulls.secrets import reveal
from lineage.inventory.reading import FULL
from lineage.inventory.receive import prepare, record

log = structlog.get_logger(__name__)
GIVEN_UP = datetime.timedelta(hours=1)
"""A pull that is still running after this was lost with its process, and is tried again."""
FIRST_RETRY = datetime.timedelta(minutes=5)
"""After a failure; twice as long after each that follows, up to the hours of the pull."""


@dataclass(frozen=True)
class Taken:
    """What came of one try: files found, rows kept, problems told; the last event."""

    files: int = 0
    accepted: int = 0
    rejected: int = 0
    event: uuid.UUID | None = None

    @property
    def text(self) -> str:
        """What came of it, for people."""
        refused = f", {self.rejected:,} problems told" if self.rejected else ""
        return f"{self.files:,} files, {self.accepted:,} rows kept{refused}" if self.files else "No file was there."


def pull_due(workspace_id: uuid.UUID) -> int:
    """Fetch everything that is due in a workspace, one after the other; return how many were tried."""
    tried = 0
    while (pull := _claim(workspace_id)) is not None:
        _try(workspace_id, pull)
        tried += 1
    return tried


def asked_of(pull: Pull, slug: str) -> Asked:
    """Return what a pull asks of its place."""
    limit: int = settings.AUDITLINE_MAX_INVENTORY_BODY
    return Asked(
        pull.address, reveal(bytes(pull.secret) if pull.secret else None), limit, pull.mode == FULL, slug, pull.options
    )


def _claim(workspace_id: uuid.UUID) -> Pull | None:
    now = timezone.now()
    with in_workspace(workspace_id):
        due = Pull.objects.filter(
            Q(running_since__isnull=True) | Q(running_since__lt=now - GIVEN_UP),
            workspace_id=workspace_id,
            removed_at__isnull=True,
            next_at__lte=now,
        )
        pull = due.select_for_update(skip_locked=True).order_by("next_at").first()
        if pull is not None:
            pull.running_since = now
            pull.save(update_fields=["running_since"])
    return pull


def _try(workspace_id: uuid.UUID, pull: Pull) -> None:
    """Fetch and take in; whatever goes wrong is the outcome of this pull, and holds up no other."""
    slug = Workspace.objects.get(pk=workspace_id).slug
    try:
        files = list(PLACES[pull.place].fetch(asked_of(pull, slug)))
        taken, failure = _take(workspace_id, pull, files), ""
    except AuditlineError as error:
        taken, failure = Taken(), error.message
    except (OSError, urllib3.exceptions.HTTPError) as error:
        taken, failure = Taken(), f"The connection failed: {_plain(error)}. It is tried again."
    except Exception:
        log.exception("pull_failed", pull=str(pull.pk))
        taken, failure = Taken(), "It failed in a way that is not known; the log has more. It is tried again."
    with in_workspace(workspace_id):
        _note(pull, taken, failure)


def _take(workspace_id: uuid.UUID, pull: Pull, files: Sequence[Fetched]) -> Taken:
    """Take the files in, all of them or none: a file that cannot be used fails the pull before any is recorded."""
    with speaking(vocabulary_of(workspace_id)):
        prepared = [
            prepare(
                file.body,
                source=pull.source,
                format_name=pull.format,
                mode=pull.mode,
                kind=pull.kind,
                filename=file.name,
                workspace=workspace_id,
            )
            for file in files
        ]
    event = None
    with in_workspace(workspace_id):
        for each in prepared:
            event = record(each, f"pull:{pull.pk}").receipt.event_id
    return Taken(
        len(prepared),
        sum(each.reading.accepted for each in prepared),
        sum(each.reading.problems for each in prepared),
        event,
    )


def _note(pull: Pull, taken: Taken, failure: str) -> None:
    now = timezone.now()
    period = datetime.timedelta(hours=pull.every_hours)
    changes: dict[str, object] = {"running_since": None, "tried_at": now, "outcome": failure or taken.text}
    if failure:
        wait = min(FIRST_RETRY * 2 ** min(pull.failures, 12), period)
        changes |= {"failures": F("failures") + 1, "next_at": now + wait}
    else:
        changes |= {"failures": 0, "next_at": now + period, "succeeded_at": now}
        changes |= {"last_event": taken.event} if taken.event else {}
    Pull.objects.filter(workspace_id=current_workspace(), pk=pull.pk).update(**changes)


def _plain(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return str(reason).rpartition(": ")[2][:300] or type(error).__name__
