"""Set and end retention rules: how long bodies are kept, by class. Acts of a person, each with its statement."""

from django.utils import timezone

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.workspaces.isolation import current_workspace
from lineage.retention.errors import RetentionRefused
from lineage.retention.hold import require_person
from lineage.retention.models import RetentionRule
from lineage.retention.queries import LONGEST_DAYS, RuleClass, exactly, rules


def set_rule(about: RuleClass, days: int, *, reason: str, actor: str) -> RetentionRule:
    """Keep what `about` names for so many days; a former rule for the same class ends. Raises RetentionRefused."""
    require_person(actor, "set how long events are kept")
    if not 1 <= days <= LONGEST_DAYS:
        raise RetentionRefused(f"Days: got {days}, expected 1 to {LONGEST_DAYS:,}.")
    for former in rules(active=True).filter(**exactly(about)):
        _end(former, actor)
    rule = RetentionRule.objects.create(
        workspace_id=current_workspace(), **about.columns(), days=days, reason=reason, set_by=actor
    )
    rule.refresh_from_db()
    append(Action.RETENTION_CHANGED, _body(rule) | {"reason": reason}, actor=actor)
    return rule


def end_rule(rule: RetentionRule, *, actor: str) -> bool:
    """End a rule, so that nothing is deleted by it any more; return whether this call did."""
    require_person(actor, "end a retention rule")
    if not _end(rule, actor):
        return False
    append(Action.RETENTION_ENDED, _body(rule), actor=actor)
    return True


def _end(rule: RetentionRule, actor: str) -> bool:
    ending = RetentionRule.objects.filter(pk=rule.pk, ended_at__isnull=True)
    return bool(ending.update(ended_by=actor, ended_at=timezone.now()))


def _body(rule: RetentionRule) -> dict[str, object]:
    about = RuleClass(rule.kind, rule.source, rule.data_class)
    return {"rule": str(rule.pk), "covers": rule.covers, "days": rule.days, **about.columns()}
