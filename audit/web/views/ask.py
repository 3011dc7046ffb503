"""Ask: a slash command and its answer, every number counted from rows; and what was asked before."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.journal.canonical.encode import encode, plain
from accounts.members.rights import Right
from audit.conversation.answer import Answer
from audit.conversation.answer import ask as answer_to
from audit.conversation.models import Question
from audit.conversation.planner.plan import TOOLS, Plan, ToolSpec
from audit.conversation.queries import question_page, questions
from audit.conversation.result import Evidence, Result
from audit.web.links import asset_href, check_href, href
from audit.web.lists import FilterForm, count_up_to, fetched, list_context
from audit.web.scope import Scope, workspace_page
from audit.web.words import shown_verdict

RECENT = 8
CITED = 20
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
_KINDS = {
    "severity": "severity", "check": "code", "verdict": "verdict", "before": "verdict", "after": "verdict",
    "grade": "grade", "passed": "number", "applicable": "number", "fail": "number", "unknown": "number",
    "number": "number", "declared_count": "number", "received_count": "number", "expected_every_hours": "number",
    "index": "number",
}  # fmt: skip
_OPENS = ("name", "title", "check", "action")  # columns whose cell opens the row's evidence
_LISTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "list_findings": (
        "findings",
        {"state": "view", "severity": "severity", "family": "family", "check": "check", "kind": "kind",
         "owner": "owner"},
    ),
    "list_verdicts": ("verdicts", {name: name for name in ("verdict", "family", "check", "kind")}),
    "list_assets": ("assets", {name: name for name in ("kind", "country", "environment", "name")}),
    "list_sources": ("sources", {}),
}  # fmt: skip
"""The list page that shows all rows of a tool, and how it calls the tool's parameters."""


@workspace_page("ask", GET=Right.ASK)
def ask(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Answer the question `q`; without one, say what can be asked."""
    text = request.GET.get("q", "").strip()
    given = answer_to(text, scope.principal) if text else None
    plan = given.plan if given else None
    context = {
        "question": text,
        "answer": _card(scope, given) if given else None,
        "plan": _plan(scope, plan) if plan else None,
        "filters": _filters(scope, plan) if plan else [],
        "help": [_help(scope, spec) for spec in TOOLS.values()],
        "recent": [
            {"text": row.text, "href": href("ask", scope.slug, q=row.text), "at": row.asked_at}
            for row in question_page(None, RECENT, scope.principal.actor).rows
        ],
    }
    return render(request, "web/ask/answer.html", context)


@workspace_page("ask", GET=Right.ASK)
def ask_history(request: HttpRequest, scope: Scope) -> HttpResponse:
    """List what the member asked before, newest first."""
    form, actor = FilterForm(request.GET), scope.principal.actor
    page = fetched(request, form, lambda after, limit: question_page(after, limit, actor))
    context = {
        "questions": [_asked(scope, row) for row in page.rows],
        **list_context(request, form, page, count_up_to(questions(actor)), csv=False),
    }
    return render(request, "web/ask/history.html", context)


def _asked(scope: Scope, row: Question) -> dict[str, Any]:
    return {
        "text": row.text,
        "href": href("ask", scope.slug, q=row.text),
        "at": row.asked_at,
        "state": "answered" if row.plan else "not grounded",
        "total": row.answer.get("total"),
        "revision": row.rev,
        "digest": row.results_digest,
    }


def _help(scope: Scope, spec: ToolSpec) -> dict[str, Any]:
    example = EXAMPLES.get(spec.name, f"/{spec.slash}")
    names = ", ".join(name for name in spec.takes.model_fields if name != "limit")
    meaning = f"{spec.says} Takes {names}." if names else spec.says
    return {
        "command": f"/{spec.slash}",
        "meaning": meaning,
        "example": example,
        "href": href("ask", scope.slug, q=example),
    }


def _card(scope: Scope, answer: Answer) -> dict[str, Any]:
    result = answer.result
    chips = [{"label": each, "href": href("ask", scope.slug, q=each)} for each in answer.suggestions]
    if result is None or answer.plan is None:
        parts = [{"text": answer.sentence}]
        return {"state": "ungrounded", "parts": parts, "scope": "No data was read.", "chips": chips}
    state = "partial" if result.truncated or result.notes else "answered"
    return {
        "state": state if result.total else "nothing",
        "parts": _parts(result.sentence),
        "scope": f"{result.scope}; {len(result.rows):,} of {result.total:,} shown, revision {result.revision:,}",
        "gaps": list(result.notes),
        "table": _table(scope, answer.plan, result) if result.rows else None,
        "more_href": _more_href(scope, answer.plan),
        "citations": _citations(scope, result),
        "chips": chips,
    }


def _parts(sentence: str) -> list[dict[str, Any]]:
    """Return the sentence in pieces, its leading number strong."""
    number = re.match(r"[\d,]+", sentence)
    if number is None:
        return [{"text": sentence}]
    return [{"text": number[0], "strong": True}, {"text": sentence[number.end() :]}]


def _citations(scope: Scope, result: Result) -> list[dict[str, Any]]:
    found = list(dict.fromkeys(result.evidence))[:CITED]
    return [
        {"ref": f"E{place}", "label": item.label, "href": _opened(scope, item), "digest": ""}
        for place, item in enumerate(found, 1)
    ]


def _opened(scope: Scope, item: Evidence) -> str:
    """Return the page of what a row rests on."""
    match item.kind:
        case "asset":
            return asset_href(scope.slug, item.id)
        case "check":
            return check_href(scope.slug, item.id)
        case "family":
            return href("checklist", scope.slug, item.id)
        case "source":
            return href("sources", scope.slug)
        case _:
            return href(item.kind, scope.slug, item.id)


def _table(scope: Scope, plan: Plan, result: Result) -> dict[str, Any]:
    opens = next((name for name in _OPENS if name in result.columns), "")
    aligned = len(result.evidence) == len(result.rows)
    rows = []
    for place, row in enumerate(result.rows):
        cells = {name: _cell(name, row.get(name)) for name in result.columns}
        if opens and aligned:
            cells[opens]["href"] = _opened(scope, result.evidence[place])
        rows.append(list(cells.values()))
    return {
        "caption": TOOLS[plan.tool].says,
        "columns": [{"label": name.replace("_", " ").capitalize(), "kind": _kind(name)} for name in result.columns],
        "rows": rows,
    }


def _kind(name: str) -> str:
    return "time" if name.endswith("_at") else _KINDS.get(name, "text")


def _cell(name: str, value: Any) -> dict[str, Any]:
    kind = _kind(name)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    elif kind == "verdict" and value:
        value = shown_verdict(str(value))
    elif name.endswith("_rate") and value is not None:
        value = f"{int(value * 1000) / 10:.1f} %"
    return {"kind": kind, "value": None if value == "" and kind != "grade" else value}


def _more_href(scope: Scope, plan: Plan) -> str:
    """Return the list page with the same filters; '' where no page takes all of them."""
    if plan.tool not in _LISTS:
        return ""
    page, names = _LISTS[plan.tool]
    given = _given(plan)
    if any(name not in names for name in given):
        return ""
    return href(page, scope.slug, **{names[name]: value for name, value in given.items()})


def _given(plan: Plan) -> dict[str, Any]:
    """Return the arguments that narrow the answer."""
    named = plan.arguments.model_dump(mode="json", exclude_unset=True, exclude_none=True, exclude={"limit"})
    return {name: value for name, value in named.items() if value is not False}


def _command(plan: Plan, without: str = "") -> str:
    """Return the slash command that says the same."""
    words = [f"/{TOOLS[plan.tool].slash}"]
    for name, value in plan.arguments.model_dump(mode="json", exclude_unset=True, exclude_none=True).items():
        text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
        if name != without:
            words.append(f'{name}:"{text}"' if " " in text else f"{name}:{text}")
    return " ".join(words)


def _plan(scope: Scope, plan: Plan) -> dict[str, Any]:
    narrowed = [f"Keep those whose {name.replace('_', ' ')} is {value}." for name, value in _given(plan).items()]
    return {
        "words": [
            f"Read: {TOOLS[plan.tool].says}",
            *narrowed,
            f"Count all of them; show the first {plan.arguments.limit}.",
        ],
        "linked": [],
        "command": _command(plan),
        "edit_href": "",
        "digest": hashlib.sha256(encode(plain(plan.as_json()))).hexdigest(),
    }


def _filters(scope: Scope, plan: Plan) -> list[dict[str, Any]]:
    fields = TOOLS[plan.tool].takes.model_fields
    return [
        {
            "label": name.replace("_", " ").capitalize(),
            "value": "yes" if value is True else value,
            "remove_href": href("ask", scope.slug, q=_command(plan, without=name)),
        }
        for name, value in _given(plan).items()
        if not fields[name].is_required()
    ]
