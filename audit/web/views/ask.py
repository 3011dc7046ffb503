"""Ask: a form for each tool and a slash command for each form; every kept answer has an address of its own.

Asking is a POST, which keeps the question once and leads to its address. Opening an address keeps nothing.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from accounts.members.rights import Right
from audit.conversation.answer import all_rows, ask_tool, show
from audit.conversation.answer import ask as answer_to
from audit.conversation.models import Question
from audit.conversation.planner.plan import TOOLS, NoPlan, ToolSpec, plan_of, stored_plan
from audit.conversation.planner.slash import command_of, parse
from audit.conversation.queries import question_of, question_page, questions
from audit.evidence.queries import statement_page
from audit.web.answers import card, csv_of, filters_shown, form_href, plan_shown, question_href, tool_href
from audit.web.lists import FilterForm, count_up_to, fetched, list_context
from audit.web.scope import Scope, workspace_page
from audit.web.tool_forms import NOT_ARGUMENTS, ToolForm

RECENT = 8
EXAMPLES = {
    "list_findings": "/findings severity:critical",
    "list_verdicts": "/verdicts verdict:unknown family:sovereignty",
    "compliance_summary": "/posture sovereignty",
    "list_assets": "/assets dataset country:DE",
    "list_tickets": "/tickets unassigned",
    "list_sources": "/sources silent",
    "list_changes": "/changes check:SOV-04",
    "will_fail": "/will-fail days:30",
    "search_checks": "/checks residency",
}


@workspace_page("ask", GET=Right.ASK, POST=Right.ASK)
def ask(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Say what can be asked, and show the form of the tool that the address names; a POST asks."""
    if request.method == "POST":
        return _asked(request, scope)
    tool, text = request.GET.get("tool", ""), request.GET.get("q", "").replace("\x00", "").strip()
    if tool:
        return _page(request, scope, form=_filled(tool, request.GET))
    if not text:
        return _page(request, scope)
    try:
        plan = parse(text)
    except NoPlan as refused:
        return _page(request, scope, text=text, doubt=str(refused))
    return _page(request, scope, text=text, form=ToolForm(TOOLS[plan.tool], filled=plan))


def _asked(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Keep the question that was sent and lead to it; a form with a wrong value comes back as it was sent."""
    tool, text = request.POST.get("tool", ""), request.POST.get("q", "").strip()
    if tool:
        form = ToolForm(_spec(tool), sent=request.POST)
        if not form.is_valid() or form.plan is None:
            return _page(request, scope, form=form)
        answer = ask_tool(tool, form.plan.as_json()["arguments"], scope.principal)
    elif text:
        answer = answer_to(text, scope.principal)
    else:
        return redirect("web:ask", scope.slug)
    return redirect(question_href(scope, answer.question))


def _filled(tool: str, query: QueryDict) -> ToolForm:
    """Return the form of a tool with the arguments of an address; what is wrong with them is told."""
    spec = _spec(tool)
    arguments = {name: value for name, value in query.items() if name not in NOT_ARGUMENTS}
    if not arguments:
        return ToolForm(spec)
    try:
        return ToolForm(spec, filled=plan_of(tool, arguments))
    except NoPlan:
        return ToolForm(spec, sent=query)


def _spec(tool: str) -> ToolSpec:
    if tool not in TOOLS:
        raise Http404
    return TOOLS[tool]


def _page(
    request: HttpRequest, scope: Scope, *, form: ToolForm | None = None, text: str = "", doubt: str = ""
) -> HttpResponse:
    """Show what can be asked; `doubt` says why `text`, which nobody has sent yet, would not be answered."""
    context = {
        "question": text,
        "doubt": doubt,
        "form": form,
        "tools": [_tool(scope, spec, form) for spec in TOOLS.values()],
        "help": [] if form else [_help(scope, spec) for spec in TOOLS.values()],
        "recent": [_recent(scope, row) for row in question_page(None, RECENT, scope.principal.actor).rows],
    }
    wrong = form is not None and bool(form.errors)
    return render(request, "web/ask/ask.html", context, status=400 if wrong else 200)


def _tool(scope: Scope, spec: ToolSpec, form: ToolForm | None) -> dict[str, Any]:
    return {
        "label": spec.slash.replace("-", " ").capitalize(),
        "href": tool_href(scope, spec.slash),
        "current": form is not None and form.spec is spec,
    }


def _help(scope: Scope, spec: ToolSpec) -> dict[str, Any]:
    names = [name.replace("_", " ") for name in spec.takes.model_fields if name != "limit"]
    example = EXAMPLES.get(spec.name, "")
    if spec.name == "show_evidence":
        newest = statement_page(None, 1).rows
        example = f"/evidence {newest[0]['id']}" if newest else ""
    elif not example and not _needed(spec):
        example = f"/{spec.slash}"
    return {
        "command": f"/{spec.slash}",
        "href": tool_href(scope, spec.slash),
        "meaning": spec.says,
        "takes": ", ".join(names),
        "example": example,
        "give": "" if example else f"Needs {'; '.join(_needed(spec))}.",
    }


def _needed(spec: ToolSpec) -> Sequence[str]:
    """Return what has to be given, in words."""
    fields = spec.takes.model_fields.items()
    return [field.description or name for name, field in fields if field.is_required()]


def _recent(scope: Scope, row: Question) -> dict[str, Any]:
    return {"text": row.text, "href": question_href(scope, row), "at": row.asked_at}


@workspace_page("ask", GET=Right.ASK)
def question(request: HttpRequest, scope: Scope, question_id: uuid.UUID) -> HttpResponse:
    """Show a kept answer: its plan runs again over the rows of now, and the page says where they have changed."""
    kept = _own(scope, question_id)
    answer = show(kept)
    plan = answer.plan
    context = {
        "question": kept.text,
        "answer": card(scope, answer),
        "again": command_of(plan) if plan else kept.text,
        "plan": plan_shown(scope, plan) if plan else None,
        "filters": filters_shown(plan) if plan else [],
        "form_href": form_href(scope, plan) if plan else "",
    }
    return render(request, "web/ask/answer.html", context)


@workspace_page("ask", GET=Right.ASK)
def question_csv(request: HttpRequest, scope: Scope, question_id: uuid.UUID) -> HttpResponseBase:
    """Give the rows of a kept question as CSV, as many as its tool gives at most."""
    try:
        plan = stored_plan(_own(scope, question_id).plan)
    except NoPlan:
        raise Http404 from None
    return HttpResponse(
        "".join(csv_of(all_rows(plan))),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{scope.slug}-{TOOLS[plan.tool].slash}.csv"'},
    )


def _own(scope: Scope, question_id: uuid.UUID) -> Question:
    """Return a question of this member; nobody else's exists for her."""
    kept = question_of(question_id, scope.principal.actor)
    if kept is None:
        raise Http404
    return kept


@workspace_page("ask", GET=Right.ASK)
def ask_history(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List what the member asked before, newest first."""
    form, actor = FilterForm(request.GET), scope.principal.actor
    page = fetched(request, form, lambda after, limit: question_page(after, limit, actor))
    context = {
        "questions": [_row(scope, row) for row in page.rows],
        **list_context(request, form, page, count_up_to(questions(actor)), csv=False),
    }
    return render(request, "web/ask/history.html", context)


def _row(scope: Scope, row: Question) -> dict[str, Any]:
    return {
        **_recent(scope, row),
        "state": "answered" if row.plan else "not grounded",
        "total": row.answer.get("total"),
        "revision": row.rev,
        "digest": row.results_digest,
    }
