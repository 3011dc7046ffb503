"""The rule behind a verdict, as pages show it."""

from collections.abc import Mapping
from typing import Any

from audit.web.links import check_href
from policies.checklists.checks import Check
from policies.checklists.queries import CheckInForce
from policies.checklists.read import shipped_frameworks
from policies.evaluation.models import Transition


def plain_condition(check: Check) -> str:
    """Return the condition in plain words: what the check asks is what has to be so."""
    if check.condition is None:
        return f"A person answers, and another one reviews: {check.question}"
    return f"The answer is yes: {check.question}"


def plain_when(check: Check) -> str:
    """Return whom the check concerns, in words; '' where it concerns every asset of its kind."""
    return f"Assets of the kind {check.subject} for which the first condition below holds" if check.when else ""


def rule_of(slug: str, change: Transition, found: CheckInForce | None) -> dict[str, Any]:
    """Return the version of the rule that made this change; without it, what the change itself kept of it."""
    shown = {"check_href": check_href(slug, change.check_id), "evaluated_at": change.judged_at}
    if found is None:
        return shown | {
            "version": "not kept", "digest": change.check_hash, "condition": "", "when": "", "plain": "",
            "basis": "house",
        }  # fmt: skip
    check = found.check
    return shown | {
        "version": found.number,
        "digest": change.check_hash,
        "condition": check.condition or "",
        "when": check.when or "",
        "plain": plain_condition(check),
        "basis": check.basis,
    }


def clauses_of(frameworks: Mapping[str, tuple[str, ...]], to_verify: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return the clauses that a check supports, by framework; `to_verify` are those not yet compared with the text."""
    known = shipped_frameworks()
    return [
        {"framework": known[key].name if key in known else key, "clause": clause, "to_verify": key in to_verify}
        for key, clauses in sorted(frameworks.items())
        for clause in clauses
    ]
