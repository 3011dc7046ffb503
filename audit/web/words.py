"""What codes and records say, in sentences for people. Nothing here counts or reads; everything is given."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from accounts.journal.actions import Action

SEVERITIES = ["critical", "high", "medium", "low"]

_REASONS = {
    "broken": "A stored value has the wrong type, or the arithmetic has no result.",
    "disagreement": "Two engines judged it differently; that is a defect of ours, and never a pass.",
    "basis": "It holds on proven lineage and would not hold on flows that are only possible.",
    "incomplete": "It holds on the lineage that is known, which has gaps.",
    "population": "About how many subjects the check has, not about one of them.",
}
_ACTS = {
    Action.WORKSPACE_CREATED: "Workspace {name} created",
    Action.MEMBER_ADDED: "Member added as {role}",
    Action.MEMBER_CHANGED: "Member's role changed to {role}",
    Action.MEMBER_REMOVED: "Member removed, was {role}",
    Action.TOKEN_CREATED: "Token {name} made for the role {role}",
    Action.TOKEN_REVOKED: "Token {name} revoked",
    Action.ACT_PROPOSED: "Proposed: {effect}",
    Action.ACT_APPROVED: "Approved and put in force: {effect}",
    Action.ACT_REJECTED: "Rejected: {effect}",
    Action.ACT_WITHDRAWN: "Withdrawn: {effect}",
    Action.ACT_EXPIRED: "Expired without a decision: {effect}",
    Action.HOOK_CREATED: "Webhook {name} made",
    Action.HOOK_REVOKED: "Webhook {name} revoked",
    Action.KINDS_DECLARED: "Kinds declared: edition {edition}, about {kind}",
    Action.SOURCE_CHANGED: "Cadence of the source {source} taken over",
    Action.EVENTS_PROJECTED: "{count:event} projected, {assets_changed:asset} changed",
    Action.HOLD_PLACED: "Legal hold placed on {covers}",
    Action.HOLD_RELEASED: "Legal hold on {covers} released",
    Action.RETENTION_CHANGED: "Retention of {covers} set to {days:day}",
    Action.RETENTION_ENDED: "Retention of {covers} ended: nothing is deleted by it any more",
    Action.EVENTS_DELETED: "{count:event} deleted by retention",
    Action.CHECKLIST_PUBLISHED: "Checklist {checklist} published with {checks:check}",
    Action.CHECKLIST_EVALUATED: "{subjects:asset} judged, {changed} changed",
    Action.TICKET_ASSIGNED: "Ticket: {what} ({detail})",
    Action.EXPORT_MADE: "Export made, {bytes:byte}",
    Action.SCHEDULE_CHANGED: "Schedule {name} {what}",
    Action.PULL_CHANGED: "Scheduled pull of {source} {what}",
    Action.QUESTION_ANSWERED: "Question answered",
    Action.WORK_REPLAYED: "Failed work replayed ({stage})",
}
_COUNTED = {Action.FINDINGS_RAISED: ("findings", "finding"), Action.TICKETS_CHANGED: ("tickets", "ticket")}
JUDGEMENTS = [Action.CHECKLIST_EVALUATED, Action.FINDINGS_RAISED, Action.TICKETS_CHANGED]
ACTS_OF_PEOPLE = [
    Action.WORKSPACE_CREATED, Action.MEMBER_ADDED, Action.MEMBER_CHANGED, Action.MEMBER_REMOVED, Action.TOKEN_CREATED,
    Action.TOKEN_REVOKED, Action.HOOK_CREATED, Action.HOOK_REVOKED, Action.TICKET_ASSIGNED, Action.SCHEDULE_CHANGED,
    Action.QUESTION_ANSWERED, Action.WORK_REPLAYED, Action.HOLD_PLACED, Action.HOLD_RELEASED, Action.RETENTION_CHANGED,
    Action.RETENTION_ENDED, Action.ACT_PROPOSED, Action.ACT_APPROVED, Action.ACT_REJECTED, Action.ACT_WITHDRAWN,
    Action.ACT_EXPIRED, Action.PULL_CHANGED, Action.KINDS_DECLARED,
]  # fmt: skip


def shown_verdict(word: str) -> str:
    """Return the verdict as templates know it: what was never judged is "none" there."""
    return "none" if word == "not_judged" else word


def plural(number: int, noun: str) -> str:
    """Return "1 asset", "2,000 assets"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class _Number(int):
    """A number in a sentence: `{count}` gives "1,000", `{count:event}` "1,000 events"."""

    def __format__(self, noun: str) -> str:
        return plural(int(self), noun) if noun else f"{int(self):,}"


def readable_uid(kind: str, uid: str) -> str:
    """Return the key of an asset for people: "s3%3A%2F%2Flake/customers" of a dataset is "s3://lake/customers".

    That of a flow holds those of its two ends, quoted once more.
    """
    if kind == "data_flow" and "/" in uid:
        return " → ".join(unquote(unquote(end)) for end in uid.split("/"))
    return unquote(uid) if kind in ("dataset", "job") else uid


def act(action: str, body: Mapping[str, Any]) -> str:
    """Return one sentence on what a statement records; the action itself where its body is of an unknown form."""
    if action in _COUNTED:
        key, noun = _COUNTED[Action(action)]
        return f"{plural(len(body.get(key, [])), noun)} changed"
    template = _ACTS.get(Action(action)) if action in set(Action) else None
    said = {name: _Number(value) if type(value) is int else value for name, value in body.items()}
    try:
        return template.format_map(said) if template else action
    except (KeyError, IndexError, ValueError):
        return action


def value_text(value: Any) -> str | None:
    """Return a fact's value as text; None for one that is missing, which is not the same as empty."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}"  # all that the vocabulary has are amounts: no year, no port
    if isinstance(value, list):
        return ", ".join(str(each) for each in value) if value else "none (known to be empty)"
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, dict) else str(value)


def reason_sentence(change: Mapping[str, Any]) -> str:
    """Return why a verdict is what it is, in one plain sentence, from what its sealed leaf says of it."""
    word, missing = change.get("to", ""), change.get("missing", [])
    said = _reading(change.get("facts", []))
    if change.get("reason") == "missing" and missing:
        named = ", ".join(missing)
        return f"{named} is not reported, and this check asks for it." if word == "fail" else f"Not reported: {named}."
    if change.get("reason") == "population" and change.get("facts"):
        return _numbers({fact["path"].rpartition(".")[2]: fact["value"] for fact in change["facts"]})
    if text := _REASONS.get(change.get("reason", "")):
        return text
    if word == "fail":
        return f"Read {said}; the condition does not hold." if said else "The condition does not hold."
    if word == "pass":
        return f"Read {said}; the condition holds." if said else "The condition holds."
    if word == "not_applicable":
        return f"Read {said}; the check does not concern it." if said else "The check does not concern it."
    return "Nothing was read." if not said else f"Read {said}."


def _numbers(read: Mapping[str, int]) -> str:
    more = f", and of {read['undecided']:,} more nobody knows" if read["undecided"] else ""
    return f"Needs at least {plural(read['needed'], 'subject')}; {read['counted']:,} counted{more}."


def _reading(facts: Sequence[Mapping[str, Any]], most: int = 4) -> str:
    named = [f"{fact['path']} = {value_text(fact.get('value')) or 'not reported'}" for fact in facts]
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(named[:most]) + more


def short_reason(reason: str, missing: Sequence[str]) -> str:
    """Return why in a few words, for a row: the missing facts by name, or what else it is."""
    if missing:
        return f"Not reported: {', '.join(missing)}"
    return _REASONS.get(reason, "")
