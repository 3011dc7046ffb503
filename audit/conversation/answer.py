"""Answer a question: plan first, then read, then render; keep what was asked and what was said.

1. Turn the words (a slash command) or the named tool and arguments into a plan. No data has been read yet.
2. Run the tool inside the asker's workspace; her rights were checked at the door.
3. Keep question, plan, revision and digest of the rows, with a statement, so that the answer can be shown again.

Showing a kept answer runs its plan once more and keeps nothing: the digest tells whether the rows are still the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from accounts.journal.actions import Action
from accounts.journal.append import append
from accounts.journal.canonical.encode import plain
from accounts.members.rights import Principal
from accounts.workspaces.isolation import current_workspace
from accounts.workspaces.revisions import current_revision
from audit.conversation.models import Question
from audit.conversation.planner.parameters import MOST_ROWS
from audit.conversation.planner.plan import TOOLS, NoPlan, Plan, plan_of, stored_plan
from audit.conversation.planner.slash import command_of, commands, parse
from audit.conversation.read_plan import read
from audit.conversation.result import Result

LONGEST = 2000  # characters of a question


@dataclass(frozen=True)
class Answer:
    """What is said to a question; `result` is None where it could not be grounded, and `sentence` then says why."""

    question: Question
    plan: Plan | None
    result: Result | None
    sentence: str
    suggestions: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the rows are no longer those that were kept."""
        return self.result is not None and self.result.digest() != self.question.results_digest


def ask(text: str, principal: Principal) -> Answer:
    """Answer a question in words: today a slash command."""
    text = _storable(text).strip()[:LONGEST]
    try:
        return _run(text, parse(text), principal)
    except NoPlan as refused:
        return _refuse(text, str(refused), principal)


def ask_tool(tool: str, arguments: Mapping[str, Any], principal: Principal) -> Answer:
    """Answer a form: the tool and its arguments are its own reading; kept as the slash command that says the same."""
    try:
        plan = plan_of(tool, arguments)
    except NoPlan as refused:
        return _refuse(f"{tool} {dict(arguments)}", str(refused), principal)
    return _run(command_of(plan)[:LONGEST], plan, principal)


def show(question: Question) -> Answer:
    """Answer a kept question again from the rows of now; nothing is kept. `result` is None where it has no plan."""
    if not question.plan:
        return _not_grounded(question, str(question.answer["sentence"]))
    try:
        plan = stored_plan(question.plan)
    except NoPlan as gone:
        return Answer(question, None, None, f"{question.answer['sentence']} {gone}")
    result = read(plan)
    return Answer(question, plan, result, result.sentence)


def all_rows(plan: Plan) -> Result:
    """Run a plan for as many rows as one answer can give; nothing is kept."""
    return read(replace(plan, arguments=plan.arguments.model_copy(update={"limit": MOST_ROWS})))


def _run(text: str, plan: Plan, principal: Principal) -> Answer:
    result = read(plan)
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
    said = {"sentence": _storable(reason)}
    return _not_grounded(_keep(_storable(text)[:LONGEST], {}, current_revision(), said, "", principal), reason)


def _not_grounded(question: Question, reason: str) -> Answer:
    suggestions = tuple(f"/{spec.slash}" for spec in TOOLS.values())
    return Answer(question, None, None, f"I cannot ground that. {reason}", suggestions)


def _storable(text: str) -> str:
    """Return the text without NUL, which no text of the database can hold."""
    return text.replace("\x00", "")


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


__all__ = ["Answer", "all_rows", "as_json", "ask", "ask_tool", "commands", "show"]
