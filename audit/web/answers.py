"""What a kept question and its answer look like: the sentence, the rows with their evidence, the plan behind them."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from accounts.journal.canonical.encode import encode, plain
from accounts.paging import csv_lines
from audit.conversation.answer import Answer
from audit.conversation.models import Question
from audit.conversation.planner.parameters import MOST_ROWS
from audit.conversation.planner.plan import BY_SLASH, TOOLS, Plan
from audit.conversation.planner.slash import command_of
from audit.conversation.result import Evidence, Result
from audit.web.links import asset_href, check_href, href
from audit.web.scope import Scope
from audit.web.words import plural, shown_verdict

CITED = 20
_KINDS = {
    "severity": "severity", "check": "code", "verdict": "verdict", "before": "verdict", "after": "verdict",
    "grade": "grade", "passed": "number", "applicable": "number", "fail": "number", "unknown": "number",
    "number": "number", "declared_count": "number", "received_count": "number", "expected_every_hours": "number",
    "index": "number", "pass_rate": "share", "known_rate": "share",
}  # fmt: skip
_OPENS = ("name", "title", "check", "action")  # columns whose cell opens the row's evidence
_WIDE = ("name", "title", "question")
_LISTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "list_findings": (
        "findings",
        {"state": "view", "severity": "severity", "family": "family", "check": "check", "kind": "kind",
         "owner": "owner"},
    ),
    "list_verdicts": ("verdicts", {name: name for name in ("verdict", "family", "check", "kind")}),
    "list_assets": ("assets", {name: name for name in ("kind", "country", "environment", "name")}),
    "list_tickets": ("tickets", {"state": "view", "severity": "severity", "family": "family"}),
    "list_sources": ("sources", {}),
}  # fmt: skip
"""The list page that shows all rows of a tool, and how it calls the tool's parameters."""
_WITH_CSV = {"findings", "verdicts", "assets", "tickets"}


def question_href(scope: Scope, question: Question) -> str:
    """Return the address of a kept question."""
    return href("question", scope.slug, question.pk)


def form_href(scope: Scope, plan: Plan) -> str:
    """Return the address of the tool's form, filled with the plan's arguments."""
    return href("ask", scope.slug, tool=plan.tool, **plan.as_json()["arguments"])


def tool_href(scope: Scope, slash: str) -> str:
    """Return the address of the empty form of a tool."""
    return href("ask", scope.slug, tool=BY_SLASH[slash.removeprefix("/")].name)


def card(scope: Scope, answer: Answer) -> dict[str, Any]:
    """Return the answer as components/answer_card.html shows it."""
    result, plan = answer.result, answer.plan
    chips = [{"label": each, "href": tool_href(scope, each)} for each in answer.suggestions]
    if result is None or plan is None:
        return {
            "state": "ungrounded",
            "parts": [{"text": answer.sentence}],
            "scope": "No data was read.",
            "chips": chips,
        }
    state = "partial" if result.truncated or result.notes else "answered"
    more = _list_href(scope, plan)
    return {
        "state": state if result.total else "nothing",
        "parts": _parts(result.sentence),
        "scope": scope_line(result),
        "kept": _kept(answer),
        "gaps": list(result.notes),
        "table": _table(scope, plan, result) if result.rows else None,
        "more_href": more,
        **_csv(scope, answer.question, plan, result),
        "citations": _citations(scope, result),
    }


def scope_line(result: Result) -> str:
    """Return what an answer covers, in words."""
    return f"{result.scope}; {len(result.rows):,} of {result.total:,} shown, revision {result.revision:,}"


def plan_shown(scope: Scope, plan: Plan) -> dict[str, Any]:
    """Return the plan in words, as a command, and the way to its form."""
    narrowed = [f"Keep those whose {name.replace('_', ' ')} is {value}." for name, value in _given(plan).items()]
    return {
        "words": [
            f"Read: {TOOLS[plan.tool].says}",
            *narrowed,
            f"Count all of them; show the first {plan.arguments.limit}.",
        ],
        "linked": [],
        "command": command_of(plan),
        "edit_href": form_href(scope, plan),
        "digest": hashlib.sha256(encode(plain(plan.as_json()))).hexdigest(),
    }


def filters_shown(plan: Plan) -> list[dict[str, Any]]:
    """Return what narrows the answer, each with the command that asks without it."""
    fields = TOOLS[plan.tool].takes.model_fields
    return [
        {
            "text": f"{_label(name)}: {'yes' if value is True else value}",
            "command": command_of(plan, without=name),
        }
        for name, value in _given(plan).items()
        if not fields[name].is_required()
    ]


def csv_of(result: Result) -> Iterator[str]:
    """Yield the rows of an answer as CSV: a line that says what they cover and what not, the header, the rows."""
    yield from csv_lines([" ".join([f"Scope: {scope_line(result)}.", *result.notes])], [])
    aligned = len(result.evidence) == len(result.rows)
    cited = [f"{item.kind} {item.id}" for item in result.evidence] if aligned else [""] * len(result.rows)
    rows = ({**row, "evidence": cite} for row, cite in zip(result.rows, cited, strict=True))
    yield from csv_lines([*result.columns, "evidence"], rows)


def _csv(scope: Scope, question: Question, plan: Plan, result: Result) -> dict[str, str]:
    """Return the answer as CSV: the list's, which has every row, where there is one; else as many as a tool gives."""
    if not result.total:
        return {"csv_href": "", "csv_label": ""}
    everything = _list_href(scope, plan, "_csv")
    if everything or result.total <= MOST_ROWS:
        label = f"CSV of all {plural(result.total, 'row')}" if result.total > 1 else "CSV"
    else:
        label = f"CSV of the first {MOST_ROWS} of {result.total:,} rows"
    return {"csv_href": everything or href("question_csv", scope.slug, question.pk), "csv_label": label}


def _kept(answer: Answer) -> dict[str, Any]:
    """Return how the rows of now compare with what was said when it was asked."""
    assert answer.result is not None
    return {
        "at": answer.question.asked_at,
        "revision": answer.question.rev,
        "now": answer.result.revision,
        "digest": answer.question.results_digest,
        "changed": answer.changed,
        "sentence": answer.question.answer["sentence"],
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
        "columns": [{"label": _label(name), "kind": _kind(name)} for name in result.columns],
        "rows": rows,
    }


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _kind(name: str) -> str:
    return "time" if name.endswith("_at") else _KINDS.get(name, "text")


def _cell(name: str, value: Any) -> dict[str, Any]:
    kind = _kind(name)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    elif kind == "verdict" and value:
        value = shown_verdict(str(value))
    elif kind == "share" and value is not None:
        value = f"{int(value * 1000) / 10:.1f} %"
    value = None if value == "" and kind != "grade" else value
    return {"kind": kind, "label": _label(name), "value": value, "wide": name in _WIDE}


def _list_href(scope: Scope, plan: Plan, form: str = "") -> str:
    """Return the list page with the same filters (`form` "_csv": its CSV); '' where there is none that takes all."""
    page, names = _LISTS.get(plan.tool, ("", {}))
    given = _given(plan)
    if not page or any(name not in names for name in given) or (form and page not in _WITH_CSV):
        return ""
    return href(f"{page}{form}", scope.slug, **{names[name]: value for name, value in given.items()})


def _given(plan: Plan) -> dict[str, Any]:
    """Return the arguments that narrow the answer."""
    named = plan.arguments.model_dump(mode="json", exclude_unset=True, exclude_none=True, exclude={"limit"})
    return {name: value for name, value in named.items() if value is not False and value != ""}
