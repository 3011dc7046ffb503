"""Put work that failed for good back into its queue: a person's act, with its statement."""

from django.utils import timezone

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.workspaces.models import DeadLetter
from accounts.workspaces.queue import Stage, push


def replay(letter: DeadLetter, *, actor: str) -> bool:
    """Queue the work of a dead letter again; return whether this call did (a second one changes nothing)."""
    waiting = DeadLetter.objects.filter(pk=letter.pk, replayed_at__isnull=True)
    if not waiting.update(replayed_at=timezone.now()):
        return False
    push(Stage(letter.stage), [letter.subject])
    body = {"letter": str(letter.pk), "stage": letter.stage, "subject": str(letter.subject), "reason": letter.reason}
    append(Action.WORK_REPLAYED, body, actor=actor)
    return True
