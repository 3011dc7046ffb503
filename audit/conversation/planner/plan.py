"""A plan: which tool with which arguments. Every way of asking ends in one, before any data is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from audit.conversation.planner import parameters as given
from audit.conversation.planner.parameters import Parameters


@dataclass(frozen=True)
class ToolSpec:
    """A tool as a planner knows it: its name, slash command and parameters. A new version keeps old plans apart."""

    name: str
    slash: str
    takes: type[Parameters]
    main: str = ""  # the parameter that a word without a name fills
    version: int = 1

    @property
    def says(self) -> str:
        """What it answers, in one line."""
        return (self.takes.__doc__ or "").strip()


TOOLS = {
    spec.name: spec
    for spec in (
        ToolSpec("list_findings", "findings", given.ListFindings),
        ToolSpec("list_verdicts", "verdicts", given.ListVerdicts),
        ToolSpec("compliance_summary", "posture", given.ComplianceSummary, main="family"),
        ToolSpec("list_assets", "assets", given.ListAssets, main="kind"),
        ToolSpec("list_tickets", "tickets", given.ListTickets),
        ToolSpec("list_sources", "sources", given.ListSources),
        ToolSpec("list_changes", "changes", given.ListChanges),
        ToolSpec("will_fail", "will-fail", given.WillFail),
        ToolSpec("show_evidence", "evidence", given.ShowEvidence, main="statement"),
        ToolSpec("search_checks", "checks", given.SearchChecks, main="text"),
    )
}
BY_SLASH = {spec.slash: spec for spec in TOOLS.values()}
_SHOULD = re.compile(r"^(Input|Value|String) should (be|have|match) ")


@dataclass(frozen=True)
class Plan:
    """One call of one tool with arguments that its model has accepted."""

    tool: str
    version: int
    arguments: Parameters

    def as_json(self) -> dict[str, Any]:
        """Return the plan as stored: only the arguments that were given, so that a later default changes nothing."""
        named = self.arguments.model_dump(mode="json", exclude_unset=True)
        return {"tool": self.tool, "version": self.version, "arguments": named}


class NoPlan(ValueError):
    """The question cannot be turned into a plan; the text says why and what would do, `reasons` by parameter."""

    def __init__(self, text: str, reasons: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.reasons = dict(reasons or {})


def plan_of(tool: str, arguments: Mapping[str, Any]) -> Plan:
    """Check arguments against the tool's model. Raises NoPlan that names each argument, what was got and expected."""
    spec = TOOLS.get(tool)
    if spec is None:
        raise NoPlan(f"There is no tool {tool!r}. Known: {', '.join(sorted(TOOLS))}.")
    try:
        return Plan(spec.name, spec.version, spec.takes.model_validate(dict(arguments)))
    except ValidationError as error:
        reasons = _reasons(spec, error)
        told = "; ".join(f"{name}: {reason}{_meaning(spec, name)}" for name, reason in reasons.items())
        raise NoPlan(f"{told}.", reasons) from error


def stored_plan(kept: Mapping[str, Any]) -> Plan:
    """Return a plan as `as_json` gave it. Raises NoPlan where its tool is gone or means something else today."""
    spec = TOOLS.get(str(kept.get("tool", "")))
    if spec is None or spec.version != kept.get("version"):
        raise NoPlan("This question was answered by a tool that has changed since; ask it again.")
    return plan_of(spec.name, kept.get("arguments", {}))


def _reasons(spec: ToolSpec, error: ValidationError) -> dict[str, str]:
    """Return what is wrong by parameter."""
    reasons = {}
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"]) or spec.slash
        if problem["type"] == "extra_forbidden":
            reasons[name] = f"/{spec.slash} does not take it; it takes {', '.join(spec.takes.model_fields)}"
        elif problem["type"] == "missing":
            reasons[name] = "it is needed"
        else:
            # pydantic says "Input should be less than 5"; here every refusal says "expected less than 5".
            expected = _SHOULD.sub("expected ", problem["msg"].removeprefix("Value error, "))
            reasons[name] = f"got {problem['input']!r}, {expected}"
    return reasons


def _meaning(spec: ToolSpec, name: str) -> str:
    field = spec.takes.model_fields.get(name)
    return f" ({field.description})" if field and field.description else ""
