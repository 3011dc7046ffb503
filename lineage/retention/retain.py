"""Set and end retention rules: how long bodies are kept, by class. Put in force by governed acts alone (govern.py).

The database refuses a rule, or the end of one, that no approved act asks for or that no statement tells (guards.py).
"""

from django.db import connection

from accounts.approvals.models import GovernedAct
from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.workspaces.isolation import current_workspace
from lineage.retention.models import RetentionRule
from lineage.retention.queries import RuleClass, rules


def set_rule(act: GovernedAct, about: RuleClass, days: int, replaces: RetentionRule | None) -> RetentionRule:
    """Keep what `about` names for so many days, as an act says; the rule that it replaces ends."""
    if replaces is not None:
        _end(replaces, act)
    rule = RetentionRule.objects.create(
        workspace_id=current_workspace(),
        **about.columns(),
        days=days,
        reason=act.reason,
        set_by=act.decided_by,
        act=act,
    )
    rule.refresh_from_db()
    replaced = {"replaces": str(replaces.pk), "days_before": replaces.days} if replaces else {}
    append(Action.RETENTION_CHANGED, _body(rule, act) | replaced, actor=act.decided_by)
    return rule


def end_rule(act: GovernedAct, rule: RetentionRule) -> None:
    """End a rule, so that nothing is deleted by it any more."""
    _end(rule, act)
    append(Action.RETENTION_ENDED, _body(rule, act), actor=act.decided_by)


def lock_retention() -> None:
    """Keep others from changing rules and holds, and from deleting, until this transaction is over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT auditline_lock_retention(%s)", [current_workspace()])


def _end(rule: RetentionRule, act: GovernedAct) -> None:
    rules(active=True).filter(pk=rule.pk).update(ended_by=act.decided_by, ended_at=act.decided_at, ended_act=act)


def _body(rule: RetentionRule, act: GovernedAct) -> dict[str, object]:
    return {
        "rule": str(rule.pk),
        "covers": rule.covers,
        "days": rule.days,
        **RuleClass.of(rule).columns(),
        "reason": act.reason,
        "act": str(act.pk),
        "proposed_by": act.proposed_by,
    }
