"""Set up and remove pulls: acts of a person, in the journal, without their secrets."""

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.workspaces.isolation import current_workspace
from lineage.inventory.formats.known import format_named
from lineage.inventory.pulls.models import Pull
from lineage.inventory.pulls.places.known import PLACES
from lineage.inventory.pulls.places.place import PullFailed
from lineage.inventory.pulls.receive import asked_of
from lineage.inventory.pulls.secrets import hide
from lineage.inventory.receive import check_source

MOST_HOURS = 24 * 31


def add_pull(
    *, slug: str, source: str, place: str, address: str, options: Mapping[str, str], secret: str, format_name: str,
    kind: str, mode: str, every_hours: int, actor: str,
) -> Pull:  # fmt: skip
    """Set up a pull that is due at once. Raises PullFailed, or what its place refuses, before anything is kept."""
    check_source(source)
    known = PLACES[place]
    if format_name:
        format_named(format_name)
    if strange := sorted(set(options) - set(known.options)):
        raise PullFailed(f"{place} has no option {strange[0]!r}: expected {', '.join(known.options) or 'none'}.")
    if secret and not known.secret:
        raise PullFailed(f"{place} has no secret: leave it out.")
    pull = Pull(
        workspace_id=current_workspace(),
        source=source,
        place=place,
        address=address,
        options=dict(options),
        secret=hide(secret),
        format=format_name,
        kind=kind,
        mode=mode,
        every_hours=every_hours,
        created_by=actor,
        next_at=timezone.now(),
    )
    known.check(asked_of(pull, slug))
    try:
        with transaction.atomic():
            pull.save(force_insert=True)
    except IntegrityError:
        raise PullFailed(f"The source {source!r} is pulled already. Remove that pull first, or name another.") from None
    _say(pull, "set up", actor)
    return pull


def remove_pull(pull: Pull, *, actor: str) -> None:
    """Stop fetching and forget the secret; what was fetched stays."""
    pull.removed_at, pull.secret = timezone.now(), None
    pull.save(update_fields=["removed_at", "secret"])
    _say(pull, "removed", actor)


def pull_now(pull: Pull) -> None:
    """Make a pull due; a worker fetches it within a minute."""
    Pull.objects.filter(pk=pull.pk).update(next_at=timezone.now())


def _say(pull: Pull, what: str, actor: str) -> None:
    body = {
        "pull": pull.pk,
        "what": what,
        "source": pull.source,
        "place": pull.place,
        "address": pull.address,
        "mode": pull.mode,
        "every_hours": pull.every_hours,
    }
    append(Action.PULL_CHANGED, body, actor=actor)
