"""Retention as governed acts: setting a rule, ending one and releasing a hold take a second person.

What is deleted is gone for good, so each change of a rule is such an act, also one that keeps events for longer: a rule
for a class takes others' place there. Placing a hold is none, because it only protects (hold.py).
"""

from typing import Any

from rest_framework import serializers

from accounts.approvals.errors import ActRefused, SecondPersonNeeded
from accounts.approvals.kinds import ActKind, Kind, Payload, row_named
from accounts.approvals.models import GovernedAct
from accounts.members.rights import Right
from accounts.members.strict import StrictBody
from lineage.events.models import Event
from lineage.retention.hold import release_hold
from lineage.retention.models import DataClass, LegalHold, RetentionRule
from lineage.retention.queries import LONGEST_DAYS, RuleClass, holds, preview, rule_for, rules
from lineage.retention.retain import end_rule, lock_retention, set_rule

# ---- retention.set


class RuleBody(StrictBody):
    """The class (what is left out: any), and for how many days."""

    kind = serializers.ChoiceField(choices=Event.Kind.values, required=False)
    source = serializers.CharField(max_length=120, required=False)  # type: ignore[assignment]
    data_class = serializers.ChoiceField(choices=DataClass.values, required=False)
    days = serializers.IntegerField(min_value=1, max_value=LONGEST_DAYS)


class SetPayload(RuleBody):
    """A rule, as it was proposed."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the payload with the rule that it replaces: if another has come by then, it was not what was meant."""
        former = rule_for(class_of(attrs))
        return {**attrs, "replaces": str(former.pk) if former else None}


def class_of(payload: Payload) -> RuleClass:
    """Return the class that a payload names."""
    return RuleClass(payload.get("kind"), payload.get("source"), payload.get("data_class"))


def _former(payload: Payload) -> RetentionRule | None:
    """Return the rule that is to be replaced. Raises ActRefused where another one is in force than when proposed."""
    former = rule_for(class_of(payload))
    if (str(former.pk) if former else None) != payload["replaces"]:
        raise ActRefused(
            f"Since this was proposed the rule for {_covers(class_of(payload))} has changed: got "
            f"{_days(former.days) if former else 'no rule'}. Look at it and propose it again. Nothing was changed."
        )
    if former is not None and former.days == payload["days"]:
        raise ActRefused(f"{former.covers}: kept for {_days(former.days)} already, so there is nothing to change.")
    return former


def _covers(about: RuleClass) -> str:
    return RetentionRule(**about.columns()).covers


def _days(days: int) -> str:
    return f"{days:,} day{'' if days == 1 else 's'}"


def _set_effect(payload: Payload) -> str:
    former, about, days = _former(payload), class_of(payload), int(payload["days"])
    foreseen = preview(about, days)
    before = "No rule is in force for just these."
    if former is not None:
        how = "shorter" if days < former.days else "longer"
        before = f"That is {how} than the rule in force, {_days(former.days)}, which ends."
    gone = f"{'' if foreseen.complete else 'at least '}{foreseen.would_delete:,}"
    return (
        f"Keep the bodies of events ({_covers(about)}) for {_days(days)}, then delete them "
        f"for good. {before} As things stand, the next deletion would by this rule delete {gone} "
        f"of the {foreseen.looked_at:,} old enough to be looked at; {foreseen.held:,} are under a legal hold."
    )


def _set(act: GovernedAct) -> None:
    lock_retention()
    set_rule(act, class_of(act.payload), int(act.payload["days"]), _former(act.payload))


# ---- retention.end


class EndPayload(StrictBody):
    """Which rule ends."""

    rule = serializers.UUIDField()


def _rule(payload: Payload) -> RetentionRule:
    expected = "the id of a retention rule in force, as /api/v1/retention-rules?state=active gives it."
    return row_named(payload, "rule", rules(active=True), f"{expected} Nothing is to be ended.")


def _end_effect(payload: Payload) -> str:
    rule = _rule(payload)
    return (
        f"End the rule that keeps the bodies of events ({rule.covers}) for {_days(rule.days)}. What it covers is then "
        "kept as long as the next wider rule says, or for ever where there is none."
    )


def _end(act: GovernedAct) -> None:
    lock_retention()
    end_rule(act, _rule(act.payload))


# ---- hold.release


class ReleasePayload(StrictBody):
    """Which hold is released."""

    hold = serializers.UUIDField()


def _hold(payload: Payload) -> LegalHold:
    expected = "the id of a legal hold in force, as /api/v1/legal-holds?state=active gives it."
    return row_named(payload, "hold", holds(active=True), f"{expected} Nothing is to be released.")


def _release_effect(payload: Payload) -> str:
    hold = _hold(payload)
    matter = f", reference {hold.reference}" if hold.reference else ""
    return (
        f"Release the legal hold of {hold.placed_at:%-d %B %Y} on {hold.covers}, placed for “{hold.reason}”{matter}. "
        "From then on retention rules delete what it covers once it is old enough. Whoever placed it cannot approve "
        "this."
    )


def _release(act: GovernedAct) -> None:
    lock_retention()
    hold = _hold(act.payload)
    if hold.placed_by == act.decided_by:
        raise SecondPersonNeeded(
            "You placed this hold, and another person has to approve its release. Ask another officer or admin."
        )
    release_hold(act, hold)


KINDS = (
    Kind(
        ActKind.RETENTION_SET,
        title="Set a retention rule",
        payload=SetPayload,
        proposes=Right.MANAGE_RETENTION,
        effect=_set_effect,
        put_in_force=_set,
    ),
    Kind(
        ActKind.RETENTION_END,
        title="End a retention rule",
        payload=EndPayload,
        proposes=Right.MANAGE_RETENTION,
        effect=_end_effect,
        put_in_force=_end,
    ),
    Kind(
        ActKind.HOLD_RELEASE,
        title="Release a legal hold",
        payload=ReleasePayload,
        proposes=Right.MANAGE_RETENTION,
        effect=_release_effect,
        put_in_force=_release,
    ),
)
