"""Answer a question: plan first, then read, then render; keep what was asked and what was said.

1. Turn the words (a slash command) or the named tool and arguments into a plan. No data has been read yet.
2. Run the tool inside the asker's workspace; her rights were checked at the door.
3. Keep question, plan, revision and digest of the rows, with a statement, so that the answer can be shown again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.journal.canonical.encode import plain
from accounts.members.rights import Principal
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.revisions import current_revision
from audit.conversation.models import Question
from audit.conversation.planner.plan import TOOLS, NoPlan, Plan, plan_of
from audit.conversation.planner.slash import commands, parse
from audit.conversation.result import Result
from audit.conversation.tools import RUN

LONGEST = 2000  # characters of a question


@dataclass(frozen=True)
class Answer:
    """What is said to a question; `result` is None where it could not be grounded, and `sentence` then says why."""

    question: Question
    plan: Plan | None
    result: Result | None
    sentence: str
    suggestions: tuple[str, ...] = ()


def ask(text: str, principal: Principal) -> Answer:
    """Answer a question in words: today a slash command."""
    text = text.replace("\x00", "").strip()[:LONGEST]
    try:
        return _run(text, parse(text), principal)
    except NoPlan as refused:
        return _refuse(text, str(refused), principal)


def ask_tool(tool: str, arguments: Mapping[str, Any], principal: Principal) -> Answer:
    """Answer a form: the tool and its arguments are its own reading."""
    text = f"{tool} {dict(arguments)}"[:LONGEST]
    try:
        return _run(text, plan_of(tool, arguments), principal)
    except NoPlan as refused:
        return _refuse(text, str(refused), principal)


def _run(text: str, plan: Plan, principal: Principal) -> Answer:
    result = RUN[plan.tool](plan.arguments)
    said = {
        "sentence": result.sentence,
        "scope": result.scope,
        "total": result.total,
        "returned": len(result.rows),
        "truncated": result.truncated,
        "evidence": [[item.kind, item.id, item.label] for item in result.evidence],
        "notes": list(result.notes),
    }
    question = _keep(text, plan.as_json(), result.revision, said, result.digest(), principal)
    return Answer(question, plan, result, result.sentence)


def _refuse(text: str, reason: str, principal: Principal) -> Answer:
    question = _keep(text, {}, current_revision(), {"sentence": reason}, "", principal)
    suggestions = tuple(f"/{spec.slash}" for spec in TOOLS.values())
    return Answer(question, None, None, f"I cannot ground that. {reason}", suggestions)


def _keep(
    text: str, plan: Mapping[str, Any], revision: int, said: Mapping[str, Any], digest: str, principal: Principal
) -> Question:
    question = Question.objects.create(
        workspace_id=current_workspace(),
        text=text,
        asked_by=principal.actor,
        plan=plan,
        rev=revision,
        answer=plain(said),
        results_digest=digest,
    )
    body = {"question": question.pk, "plan": plan, "results": digest}
    append(Action.QUESTION_ANSWERED, body, actor=principal.actor, revision=revision)
    return question


def as_json(answer: Answer) -> dict[str, Any]:
    """Return an answer for the API and the command: sentence, plan, rows, citations, scope."""
    result = answer.result
    body: dict[str, Any] = {
        "id": str(answer.question.pk),
        "grounded": result is not None,
        "sentence": answer.sentence,
        "plan": answer.plan.as_json() if answer.plan else None,
        "suggestions": list(answer.suggestions),
    }
    if result is None:
        return body
    return body | {
        "columns": list(result.columns),
        "rows": [dict(row) for row in result.rows],
        "total": result.total,
        "returned": len(result.rows),
        "truncated": result.truncated,
        "scope": result.scope,
        "revision": result.revision,
        "citations": [{"kind": item.kind, "id": item.id, "label": item.label} for item in result.evidence],
        "notes": list(result.notes),
        "digest": answer.question.results_digest,
    }


__all__ = ["Answer", "as_json", "ask", "ask_tool", "commands"]
